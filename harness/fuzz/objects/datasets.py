"""Valid data sets of wide reach: a bare object and a drawn number of unusual parts."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass

from hypothesis import strategies as st

from harness.dimse.walker import DEFLATED, EXPLICIT_LITTLE, TRAILING_PADDING
from harness.fuzz.cases import DataSetCase, Sendable
from harness.fuzz.nodes import Node, Nodes, deflate, encode
from harness.fuzz.objects.attributes import standard, standard_sequence
from harness.fuzz.objects.bare import bare, is_known
from harness.fuzz.objects.beside import Image, additions, image_of
from harness.fuzz.objects.charsets import character_sets
from harness.fuzz.objects.identities import identities_of
from harness.fuzz.objects.modules import CT, ENHANCED_CT, MR, SECONDARY_CAPTURE, ULTRASOUND_MULTI_FRAME
from harness.fuzz.objects.parts import Part, Setting, merged
from harness.fuzz.objects.private import blocks, large, many, nested, several_blocks
from harness.fuzz.objects.vendors import vendors

EXTRAS = 12
"""Parts that are added to a bare object at most."""
WEIGHT = 2
"""How often a common kind comes, against an odd one."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An object before it is encoded: it has placeholders for its identities."""

    sop_class: str
    transfer_syntax: str
    nodes: Nodes
    traits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """An object's bytes as they are before anything is deflated, and the case that names it."""

    plain: bytes
    case: DataSetCase


def sealed(draft: Draft, seed_root: str, *, damage: str = "", salt: bytes = b"") -> Sealed:
    """The case of a draft; its identities follow from its bytes, `seed_root`, `damage` and `salt`."""
    inner = EXPLICIT_LITTLE if draft.transfer_syntax == DEFLATED else draft.transfer_syntax
    encoded = encode(draft.nodes, inner)
    who = identities_of(seed_root, draft.transfer_syntax, damage, salt, encoded)
    plain = who.placed(encoded)
    case = DataSetCase(
        sop_class=draft.sop_class,
        sop_instance_uid=who.sop_instance_uid,
        study_uid=who.study_uid,
        series_uid=who.series_uid,
        patient_id=who.patient_id,
        transfer_syntax=draft.transfer_syntax,
        dataset=deflate(plain) if draft.transfer_syntax == DEFLATED else plain,
        traits=draft.traits,
        damage=damage,
    )
    return Sealed(plain, case)


def data_sets(sendable: Sendable, seed_root: str) -> st.SearchStrategy[DataSetCase]:
    """Valid objects of the classes and transfer syntaxes that the product takes and `objects` knows.

    UIDs and Patient ID follow from the object's other bytes and `seed_root`: equal ones for equal objects of
    one root, and others for all others.  ValueError where nothing of `sendable` is known.
    """
    return drafts(sendable).map(lambda draft: sealed(draft, seed_root).case)


def drafts(sendable: Sendable) -> st.SearchStrategy[Draft]:
    """Valid objects before they are encoded.  ValueError where nothing of `sendable` is known."""
    pairs = tuple(pair for pair in sendable.pairs if is_known(*pair))
    if not pairs:
        raise ValueError(
            "the product takes none of the SOP classes in a transfer syntax that can be generated"
        )
    return _drafts(pairs)


@functools.cache
def _kinds(setting: Setting, image: Image | None) -> tuple[st.SearchStrategy[Part], ...]:
    """What a part is drawn from; the common kinds stand there several times."""
    private = blocks(setting)
    usual = [standard(setting), private, standard_sequence(setting, blocks(setting, 1))]
    if image is not None and image.sop_class == ENHANCED_CT:
        # Many a standard attribute has its place in a functional group there (PS3.3 A.38.1.4).
        usual = [private] * 3
    return (
        *usual * WEIGHT,
        several_blocks(setting),
        vendors(),
        nested(setting),
        large(setting),
        many(),
        *((st.one_of(additions(image, setting)),) * 3 if image is not None else ()),
    )


@st.composite
def _extra(draw: st.DrawFn, kinds: tuple[st.SearchStrategy[Part], ...]) -> Part:
    """One part.  By its place: of equal strategies `one_of` would take one alone."""
    return draw(kinds[draw(st.integers(0, len(kinds) - 1))])


_ODD_SETS = tuple(charset for charset in character_sets() if charset.has_odd)
_CHARSETS = st.sampled_from((*character_sets(), *_ODD_SETS * 2))
"""Those in which bytes look like delimiters more often: they are what parsers stumble over."""
_USUAL = (SECONDARY_CAPTURE, CT, MR, ULTRASOUND_MULTI_FRAME)
"""Classes of which archives hold most, and of which there are objects in most transfer syntaxes."""
_ENDINGS = st.sampled_from(("", "", "", "", "group lengths", "trailing padding", "both"))
_PADDINGS = st.sampled_from((0, 2, 126, 2_048))


@st.composite
def _drafts(draw: st.DrawFn, pairs: tuple[tuple[str, str], ...]) -> Draft:
    classes = tuple(dict.fromkeys(sop_class for sop_class, _ in pairs))
    sop_class = draw(st.sampled_from((*(one for one in classes if one in _USUAL), *classes)))
    syntax = draw(st.sampled_from(tuple(known for taken, known in pairs if taken == sop_class)))
    setting = Setting(draw(_CHARSETS), syntax)
    core = draw(bare(sop_class, setting))
    extras = draw(st.lists(_extra(_kinds(setting, image_of(sop_class, core.nodes))), max_size=EXTRAS))
    whole = merged((core, *extras))
    ending = draw(_ENDINGS)
    nodes, traits = whole.nodes, whole.traits
    if ending in ("group lengths", "both"):
        nodes = with_group_lengths(nodes, syntax)
        traits += ("group lengths",)
    if ending in ("trailing padding", "both"):
        nodes = (*nodes, Node(TRAILING_PADDING, "OB", bytes(draw(_PADDINGS))))
        traits += ("Data Set Trailing Padding",)
    return Draft(sop_class, syntax, nodes, traits)


def with_group_lengths(nodes: Nodes, transfer_syntax: str) -> Nodes:
    """With an element (gggg,0000) before each group, right for this transfer syntax (PS3.5 7.2)."""
    inner = EXPLICIT_LITTLE if transfer_syntax == DEFLATED else transfer_syntax
    groups: dict[int, list[Node]] = {}
    for node in nodes:
        groups.setdefault(node.tag >> 16, []).append(node)
    out: list[Node] = []
    for group, members in groups.items():
        length = len(encode(members, inner))
        out += (Node(group << 16, "UL", struct.pack("<I", length)), *members)
    return tuple(out)
