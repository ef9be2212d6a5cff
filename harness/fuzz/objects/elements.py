"""Standard elements by their keyword, with the VR of PS3.6."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable

from pydicom.datadict import dictionary_VR, tag_for_keyword

from harness.fuzz.nodes import Item, Node, Nodes
from harness.fuzz.objects.charsets import padded

_CODES = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "UL": "I", "US": "H"}
"""How one value of a binary VR is packed (PS3.5 6.2)."""


@functools.cache
def tag_of(keyword: str) -> int:
    """ValueError for what is no keyword of PS3.6."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword!r} is no keyword of PS3.6")
    return tag


@functools.cache
def text(keyword: str, value: str) -> Node:
    """An element of a VR of characters; an empty sequence where its VR is SQ."""
    vr = dictionary_VR(tag_of(keyword))
    if vr == "SQ":
        return Node(tag_of(keyword), vr, items=())
    return Node(tag_of(keyword), vr, padded(value.encode("ascii"), b"\0" if vr == "UI" else b" "))


def texts(values: dict[str, str]) -> Nodes:
    """The elements by these keywords."""
    return tuple(text(keyword, value) for keyword, value in values.items())


def numbers(keyword: str, *values: float, vr: str = "") -> Node:
    """An element of a binary VR, `vr` where PS3.6 leaves a choice; a tag is one value."""
    vr = vr or dictionary_VR(tag_of(keyword))
    if vr == "AT":
        packed = b"".join(struct.pack("<HH", int(tag) >> 16, int(tag) & 0xFFFF) for tag in values)
    else:
        packed = struct.pack(f"<{len(values)}{_CODES[vr]}", *values)
    return Node(tag_of(keyword), vr, packed)


def data(keyword: str, vr: str, value: bytes) -> Node:
    """An element of a VR of bytes or words, made even (PS3.5 7.1.1)."""
    return Node(tag_of(keyword), vr, padded(value, b"\0"))


def sequence(keyword: str, bodies: Iterable[Iterable[Node]], bits: int = 0) -> Node:
    """A standard sequence; see `sequence_at`."""
    return sequence_at(tag_of(keyword), bodies, bits)


def sequence_at(tag: int, bodies: Iterable[Iterable[Node]], bits: int = 0) -> Node:
    """A sequence of items, each put in order.

    The lowest bit says whether it has undefined length, the others which of its items have (PS3.5 7.5.1).
    """
    items = tuple(Item(ascending(nodes), bool(bits >> index & 1)) for index, nodes in enumerate(bodies, 1))
    return Node(tag, "SQ", items=items, is_delimited=bool(bits & 1))


def ascending(nodes: Iterable[Node]) -> Nodes:
    """By their tags, as a data set has them (PS3.5 7.1)."""
    return tuple(sorted(nodes, key=lambda node: node.tag))
