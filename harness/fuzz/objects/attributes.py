"""Standard attributes that any object may have in addition (PS3.2, Standard Extended SOP Class; PS3.6).

Left out is what would make an object invalid, or another one, by its mere value: what identifies or describes
it to an archive, Image Pixel and functional groups, signatures, and Code Strings, of which most have
Enumerated Values (PS3.5 6.3); these come in private elements.  Sequences are those whose items can be had
whole.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from hypothesis import strategies as st
from pydicom._dicom_dict import DicomDictionary

from harness.fuzz.nodes import Item, Node, Nodes
from harness.fuzz.objects.charsets import CharacterSet, character_sets, padded
from harness.fuzz.objects.forms import FORMS
from harness.fuzz.objects.parts import Part, Setting, merged
from harness.fuzz.objects.values import SINGLE, values

_RANGES = (
    (0x00080012, 0x00080014),
    (0x00080021, 0x00080035),
    (0x00080080, 0x00080096),
    (0x00081010, 0x00081090),
    (0x00082111, 0x00082144),
    (0x00101001, 0x00104000),
    (0x00180010, 0x0018FFFF),
    (0x00200100, 0x00200110),
    (0x00204000, 0x00209158),
    (0x00220001, 0x0024FFFF),
    (0x00320010, 0x0032FFFF),
    (0x00380010, 0x0038FFFF),
    (0x00400001, 0x00409FFF),
    (0x00440001, 0x0044FFFF),
    (0x00500001, 0x0052FFFF),
    (0x00660001, 0x0068FFFF),
)
_LEFT_OUT = frozenset((0x00189518, 0x00189519))
"""Numbers with Enumerated Values."""


def counts_of(vm: str) -> tuple[int, ...]:
    """Some numbers of values that a multiplicity of PS3.6 allows ("1", "2-2n", "1-n"), the smallest first."""
    least, _, most = vm.partition("-")
    low = int(least)
    if not most:
        return (low,)
    if most.endswith("n"):
        step = int(most[:-1] or 1)
        return (low, low + step, low + 9 * step)
    return (low, int(most))


@functools.cache
def _extra() -> dict[str, tuple[tuple[int, tuple[int, ...]], ...]]:
    """By VR: (tag, numbers of values that it may have)."""
    found: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
    for tag, (vr, vm, _, retired, _) in DicomDictionary.items():
        fits = any(low <= tag <= high for low, high in _RANGES) and tag not in _LEFT_OUT
        if fits and not retired and vr in FORMS and vr != "CS" and re.fullmatch(r"\d+(-\d*n|-\d+)?", vm):
            # No value is allowed too: the attributes are of type 3 (PS3.5 7.4.5).
            counts = (1,) if vr in SINGLE else counts_of(vm)
            found.setdefault(vr, []).append((tag, (*counts, 0)))
    return {vr: tuple(sorted(found[vr])) for vr in sorted(found)}


@functools.cache
def _drawn_attribute(vr: str) -> st.SearchStrategy[tuple[int, tuple[int, ...]]]:
    return st.sampled_from(_extra()[vr])


@functools.cache
def _drawn_vr() -> st.SearchStrategy[str]:
    # As often as a VR has forms, so that all of them turn up.
    return st.sampled_from(tuple(vr for vr in _extra() for _ in FORMS[vr]))


@st.composite
def standard(draw: st.DrawFn, setting: Setting) -> Part:
    """One standard element of the right VR and multiplicity; now and then with VR UN (PS3.5 6.2.2)."""
    vr = draw(_drawn_vr())
    tag, counts = draw(_drawn_attribute(vr))
    value = draw(values(vr, setting.charset, counts))
    if setting.names_vr and tag % 8 == 7:
        return Part((Node(tag, "UN", value.field),), (*value.traits, "UN for a standard attribute"))
    return Part((Node(tag, vr, value.field),), value.traits)


def _text(tag: int, vr: str, text: bytes) -> Node:
    return Node(tag, vr, padded(text, b"\0" if vr == "UI" else b" "))


def code(value: str, scheme: str, meaning: bytes) -> Nodes:
    """The triplet of a coded entry (PS3.3 8.8)."""
    return (
        _text(0x00080100, "SH", value.encode("ascii")),
        _text(0x00080102, "SH", scheme.encode("ascii")),
        _text(0x00080104, "LO", meaning),
    )


def _reference(number: int) -> Nodes:
    """A reference to an instance (PS3.3 10.8)."""
    return (
        _text(0x00081150, "UI", b"1.2.840.10008.5.1.4.1.1.2"),
        _text(0x00081155, "UI", b"2.25.%d" % (number + 1)),
    )


_CODES = (0x00081032, 0x00081084, 0x00082218, 0x00321064, 0x00400260)
_REFERENCES = (0x00081111, 0x00081140, 0x00082112)
"""Sequences of coded entries, and of references to instances."""
_REQUEST = 0x00400275
_SHAPES = st.sampled_from(("empty", "code", "reference", "request", "code of another character set"))
_SEQUENCES = {"code": _CODES, "reference": _REFERENCES, "empty": (*_CODES, *_REFERENCES, _REQUEST)}
_BITS = st.integers(0, 255)


def items_of(bodies: Iterable[Nodes], bits: int) -> tuple[Item, ...]:
    """Items of which the bits say which are delimited, the lowest for the first."""
    return tuple(Item(nodes, bool(bits >> index & 1)) for index, nodes in enumerate(bodies))


def length_traits(node: Node) -> tuple[str, ...]:
    """What is to be said of the form of its lengths."""
    delimited = [item.is_delimited for item in node.items or ()]
    traits = []
    if node.is_delimited:
        traits.append("sequence of undefined length")
    if any(delimited):
        traits.append("item of undefined length")
    if delimited and (all(delimited) != node.is_delimited or (not all(delimited) and any(delimited))):
        traits.append("defined and undefined lengths mixed")
    if not delimited:
        traits.append("empty sequence")
    if any(not item.nodes for item in node.items or ()):
        traits.append("empty item")
    return tuple(traits)


@st.composite
def standard_sequence(draw: st.DrawFn, setting: Setting, inside: st.SearchStrategy[Part]) -> Part:
    """A standard sequence whose items have what their macros demand, and one part of `inside` each."""
    shape = draw(_SHAPES)
    bits = draw(_BITS)
    traits: tuple[str, ...] = ("standard sequence",)
    bodies: list[Nodes] = []
    if shape == "empty":
        tag = _SEQUENCES[shape][bits % len(_SEQUENCES[shape])]
    elif shape == "request":
        tag = _REQUEST
        bodies = [
            (
                _text(0x00400007, "LO", setting.charset.text(12, bits)),
                _text(0x00400009, "SH", b"STEP"),
                _text(0x00401001, "SH", b"REQUEST %d" % (bits % 9)),
            )
        ]
    elif shape == "reference":
        tag = _REFERENCES[bits % len(_REFERENCES)]
        bodies = [_reference(bits + index) for index in range(1 + bits % 3)]
    else:
        tag = _CODES[bits % len(_CODES)]
        charset = setting.charset
        if shape == "code of another character set":
            # PS3.3 C.12.1.1.2: an item may have a character set of its own.
            charset = _other(charset, bits)
            traits += ("character set of its own in an item",)
        entry = code(str(bits), "99PHTEST", charset.text(8, bits))
        own = (_text(0x00080005, "CS", charset.value),) if charset is not setting.charset else ()
        bodies = [(*own, *entry)]
    if bodies and shape != "code of another character set":
        part = draw(inside)
        bodies[0] = merged((Part(bodies[0]), part)).nodes
        traits += part.traits + (("private elements in a standard sequence",) if part.nodes else ())
    node = Node(tag, "SQ", items=items_of(bodies, bits >> 1), is_delimited=bool(bits & 1))
    return Part((node,), traits + length_traits(node))


def _other(charset: CharacterSet, number: int) -> CharacterSet:
    others = [entry for entry in character_sets() if entry.terms and entry is not charset]
    return others[number % len(others)]
