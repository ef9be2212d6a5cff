"""Data sets as trees of nodes, and their bytes in every transfer syntax (PS3.5 clause 7, annex A).

Nothing is corrected on the way: what a node says is what is encoded, since pydicom would mend or refuse some
of what a product has to be shown.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.dimse.difference import turned
from harness.dimse.walker import (
    DEFLATED,
    EXPLICIT_BIG,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    LONG,
    SEQUENCE_END,
    UNDEFINED,
)

Nodes = tuple["Node", ...]

_LONG = frozenset(vr.decode("ascii") for vr in LONG)
_LONGEST_SHORT = 0xFFFE
"""Bytes, the most that a length of 16 bits says of an even value (PS3.5 6.2.2)."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a sequence, with a length or with a delimitation (PS3.5 7.5.1)."""

    nodes: Nodes = ()
    is_delimited: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A data element.

    `value` is its value field in little endian, of even length for a valid one.  `items` instead make it a
    sequence: of VR SQ, or of VR UN, whose items are then in Implicit VR Little Endian and which has undefined
    length (PS3.5 6.2.2, note on UN).  `fragments` instead make it encapsulated Pixel Data, the first of
    them the Basic Offset Table (PS3.5 A.4).  `is_delimited` says whether a sequence has undefined length.
    """

    tag: int
    vr: str
    value: bytes = b""
    items: tuple[Item, ...] | None = None
    fragments: tuple[bytes, ...] | None = None
    is_delimited: bool = False


def encode(nodes: Iterable[Node], transfer_syntax: str) -> bytes:
    """The data set as it goes on the wire.  Every syntax that is no other is Explicit VR Little Endian."""
    out = bytearray()
    _encode(
        nodes, out, is_implicit=transfer_syntax == IMPLICIT_LITTLE, is_big=transfer_syntax == EXPLICIT_BIG
    )
    return deflate(bytes(out)) if transfer_syntax == DEFLATED else bytes(out)


def deflate(plain: bytes) -> bytes:
    """A raw deflate stream of even length (PS3.5 A.5)."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = compressor.compress(plain) + compressor.flush()
    return deflated + b"\0" * (len(deflated) % 2)


def _encode(nodes: Iterable[Node], out: bytearray, *, is_implicit: bool, is_big: bool) -> None:
    order = ">" if is_big else "<"
    for node in nodes:
        if node.fragments is not None:
            _header(out, node.tag, node.vr, UNDEFINED, order, is_implicit=is_implicit)
            for fragment in node.fragments:
                out += struct.pack(f"{order}HHI", ITEM >> 16, ITEM & 0xFFFF, len(fragment)) + fragment
            out += struct.pack(f"{order}HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)
        elif node.items is not None:
            is_unknown = node.vr == "UN"
            body = bytearray()
            _encode_items(
                node.items, body, is_implicit=is_implicit or is_unknown, is_big=is_big and not is_unknown
            )
            is_delimited = node.is_delimited or is_unknown
            length = UNDEFINED if is_delimited else len(body)
            _header(out, node.tag, node.vr, length, order, is_implicit=is_implicit)
            out += body
            if is_delimited:
                # Within a sequence of VR UN little endian holds to its end.
                inner = "<" if is_unknown else order
                out += struct.pack(f"{inner}HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)
        else:
            value = turned(node.value, _shown(node.vr, len(node.value))) if is_big else node.value
            _header(out, node.tag, node.vr, len(value), order, is_implicit=is_implicit)
            out += value


def _encode_items(items: Sequence[Item], out: bytearray, *, is_implicit: bool, is_big: bool) -> None:
    order = ">" if is_big else "<"
    for item in items:
        body = bytearray()
        _encode(item.nodes, body, is_implicit=is_implicit, is_big=is_big)
        length = UNDEFINED if item.is_delimited else len(body)
        out += struct.pack(f"{order}HHI", ITEM >> 16, ITEM & 0xFFFF, length) + body
        if item.is_delimited:
            out += struct.pack(f"{order}HHI", ITEM_END >> 16, ITEM_END & 0xFFFF, 0)


def _header(out: bytearray, tag: int, vr: str, length: int, order: str, *, is_implicit: bool) -> None:
    """Tag, VR and length."""
    group, element = tag >> 16, tag & 0xFFFF
    shown = _shown(vr, length)
    if is_implicit:
        out += struct.pack(f"{order}HHI", group, element, length)
    elif shown in _LONG:
        out += struct.pack(f"{order}HH2s2xI", group, element, shown.encode("ascii"), length)
    else:
        out += struct.pack(f"{order}HH2sH", group, element, shown.encode("ascii"), length)


def _shown(vr: str, length: int) -> str:
    """The VR that an explicit transfer syntax names: UN for a value too long for a VR of short form.

    It is then in little endian, whatever is around it (PS3.5 6.2.2).
    """
    return "UN" if vr not in _LONG and length > _LONGEST_SHORT else vr
