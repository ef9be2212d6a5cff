"""Private elements: blocks, creators, sequences in sequences, UN of undefined length (PS3.5 6.2.2, 7.8).

A creator is written in the default repertoire and stands once in a group (PS3.5 7.8.1 a); other spellings are
damage, not a case of these.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from hypothesis import strategies as st

from harness.fuzz.nodes import Item, Node, Nodes
from harness.fuzz.objects.attributes import items_of, length_traits
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.forms import FORMS, Form
from harness.fuzz.objects.parts import Part, Setting, merged
from harness.fuzz.objects.values import HUGE, NUMBERS, SINGLE, SIZES, huge, without_value, written

GROUPS = (0x0009, 0x0011, 0x0019, 0x0021, 0x0029, 0x0043, 0x00E1, 0x2001, 0x7053, 0x7FE1, 0xFFFB)
"""Odd groups before, between and behind the standard ones, none of those barred by PS3.5 7.8.1 d."""
CREATORS = (
    ("PHTEST 1.0", ""),
    ("PHTEST 2.0", ""),
    ("phtest lower case", "private creator in lower case"),
    ("  PHTEST SPACED  ", "spaces around a private creator"),
    ("P", "private creator of one character"),
    ("PHTEST " + "X" * 57, "private creator of 64 characters"),
    ("1.2.840.10008.1.1", "private creator that looks like a UID"),
    ("PHTEST%s'\";--<&>*?^=", "private creator with odd characters"),
    ("PHTEST  TWO  SPACES", "private creator with inner spaces"),
)
BLOCKS = (0x10, 0x11, 0x12, 0x1F, 0x20, 0x7F, 0x80, 0xA0, 0xFE, 0xFF)
ELEMENT_NUMBERS = (0x00, 0x01, 0x02, 0x10, 0x7F, 0x80, 0xFE, 0xFF)
DEPTHS = (2, 3, 5, 10, 19, 20, 21, 32, 50)
MANY = (*(50,) * 8, *(256,) * 8, *(1_000,) * 2, 4_000, 10_050)

_GROUPS, _CREATORS, _BLOCKS = st.sampled_from(GROUPS), st.sampled_from(CREATORS), st.sampled_from(BLOCKS)
_ANY_BLOCK = st.one_of(_BLOCKS, st.integers(0x10, 0xFF))
_NUMBERS = st.one_of(st.sampled_from(ELEMENT_NUMBERS), st.integers(0, 0xFF))
_FORMS: st.SearchStrategy[tuple[str, Form | None]] = st.sampled_from(
    (*((vr, form) for vr in sorted(FORMS) for form in FORMS[vr]), *(("SQ", None),) * 16)
)
"""A VR and how to write it: as often as a VR has forms, so that all of them turn up."""
_COUNTS, _SINGLE_COUNTS = st.sampled_from((1, 1, 1, 0, 2, 3, 10)), st.sampled_from((1, 1, 1, 1, 0))
_DEPTHS, _MANY, _BITS = st.sampled_from(DEPTHS), st.sampled_from(MANY), st.integers(0, 0xFF)
_NOTHING = st.just(Part(()))
_HUGE, _SIZES, _SEEDS = st.sampled_from(HUGE), st.sampled_from(SIZES), st.integers(0, 0xFFFF)


def creator(group: int, block: int, name: str) -> Node:
    """The Private Creator that reserves a block."""
    return Node(group << 16 | block, "LO", padded(name.encode("ascii")))


def _in(group: int, block: int, number: int) -> int:
    return group << 16 | block << 8 | number


@st.composite
def _element(draw: st.DrawFn, setting: Setting, levels: int) -> Part:
    """One element, whose tag is but its number within the block."""
    number = draw(_NUMBERS)
    vr, form = draw(_FORMS)
    if form is None:
        return draw(_sequence(setting, levels, number)) if levels else Part((Node(number, vr, items=()),))
    count = draw(_SINGLE_COUNTS if vr in SINGLE else _COUNTS)
    value = (
        written(vr, form, setting.charset, count, draw(NUMBERS), gaps=True) if count else without_value(vr)
    )
    return Part((Node(number, vr, value.field),), value.traits)


@functools.cache
def _elements(setting: Setting, levels: int) -> st.SearchStrategy[list[Part]]:
    return st.lists(_element(setting, levels), max_size=8)


@functools.cache
def _several(setting: Setting, levels: int) -> st.SearchStrategy[list[Part]]:
    return st.lists(st.one_of(_NOTHING, blocks(setting, levels)), max_size=3)


@st.composite
def _sequence(draw: st.DrawFn, setting: Setting, levels: int, tag: int) -> Part:
    bits = draw(_BITS)
    parts = draw(_several(setting, levels - 1))
    is_unknown = setting.names_vr and bits % 4 == 3
    items = items_of((part.nodes for part in parts), bits >> 2)
    if is_unknown:
        node = Node(tag, "UN", items=items, is_delimited=True)
        traits: tuple[str, ...] = ("UN of undefined length",)
    else:
        node = Node(tag, "SQ", items=items, is_delimited=bool(bits & 1))
        traits = ("private sequence",)
    return Part(
        (node,), traits + length_traits(node) + tuple(trait for part in parts for trait in part.traits)
    )


@functools.cache
def blocks(setting: Setting, levels: int = 2) -> st.SearchStrategy[Part]:
    """One private block with its creator and some elements, sequences among them so many levels deep."""
    return _block(setting, levels)


@st.composite
def _block(draw: st.DrawFn, setting: Setting, levels: int) -> Part:
    group, block = draw(_GROUPS), draw(_ANY_BLOCK)
    name, trait = draw(_CREATORS)
    body = merged(draw(_elements(setting, levels)))
    traits = ("private block", *([trait] if trait else ()), *body.traits)
    if block != 0x10:
        traits += ("private block other than 10H",)
    if not body.nodes:
        traits += ("private block without elements",)
    placed = (replace(node, tag=_in(group, block, node.tag)) for node in body.nodes)
    return Part((creator(group, block, name), *placed), traits)


@st.composite
def several_blocks(draw: st.DrawFn, setting: Setting) -> Part:
    """Two or more creators in one group, with elements of equal numbers in their blocks."""
    group, first, bits = draw(_GROUPS), draw(_ANY_BLOCK), draw(_BITS)
    nodes: list[Node] = []
    for index in range(2 + bits % 3):
        block = 0x10 + (first - 0x10 + index * (1 + bits % 7)) % 0xF0
        nodes.append(creator(group, block, f"PHTEST BLOCK {index}"))
        text = setting.charset.text(4, index)
        nodes.append(Node(_in(group, block, 0x01), "LO", padded(text)))
        nodes.append(Node(_in(group, block, 0x02), "US", bytes((index, bits))))
    nodes.sort(key=lambda node: node.tag)
    return Part(tuple(nodes), ("several private creators in a group",))


@st.composite
def nested(draw: st.DrawFn, setting: Setting) -> Part:
    """Private sequences in each other to a depth of 50, each item with a creator of its own."""
    depth, bits = draw(_DEPTHS), draw(_BITS)
    is_unknown = setting.names_vr and bits % 8 == 7
    within: Nodes = (
        creator(0x0019, 0x10, "PHTEST NESTED"),
        Node(0x00191002, "LO", padded(b"depth %d" % depth)),
    )
    for level in range(depth):
        item = Item(within, bool(bits >> level % 5 & 1))
        sequence = Node(
            0x00191001,
            "UN" if is_unknown and level == depth - 1 else "SQ",
            items=(item,),
            is_delimited=bool(bits >> level % 7 & 1),
        )
        within = (creator(0x0019, 0x10, "PHTEST NESTED"), sequence)
    traits = (f"private sequences {depth} deep", *length_traits(within[1]))
    return Part(within, (*traits, "UN of undefined length") if is_unknown else traits)


@st.composite
def large(draw: st.DrawFn, setting: Setting) -> Part:
    """One value of kilobytes, up to 256 KiB."""
    vr, size, number = draw(_HUGE), draw(_SIZES), draw(_SEEDS)
    value = huge(vr, setting.charset, size, number)
    owner = creator(0x0035, 0x10, "PHTEST LARGE")
    return Part((owner, Node(0x00351001, vr, value.field)), value.traits)


def many() -> st.SearchStrategy[Part]:
    """Tens to thousands of elements of few bytes, in as many blocks as they need."""
    return _MANY.map(_many)


@functools.cache
def _many(count: int) -> Part:
    nodes: list[Node] = []
    for block in range(-(-count // 0x100)):
        nodes.append(creator(0x0037, 0x10 + block, f"PHTEST MANY {block}"))
    for index in range(count):
        tag = _in(0x0037, 0x10 + (index >> 8), index & 0xFF)
        nodes.append(Node(tag, "UL", (index * 2_654_435_761 & 0xFFFFFFFF).to_bytes(4, "little")))
    return Part(tuple(nodes), (f"{count} elements of a group",))
