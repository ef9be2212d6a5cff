"""Unusual but legal encodings of data elements, byte for byte, which no library writes on request (PS3.5 7).

All in Explicit VR Little Endian; `in_implicit` takes the VRs away.  Private ones reserve their block with a
creator.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

UNDEFINED = 0xFFFFFFFF
_LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT")
GROUP = 0x0029
"""The private group that is used where a group is not what matters."""
CREATOR = b"PHTEST SHAPES"
_CREATOR_TAG = GROUP << 16 | 0x10

Shape = Mapping[int, bytes]
"""Whole encoded elements by tag."""
Private = tuple[int, str, bytes]
"""A private element: its number within the block, VR and value."""


def element(tag: int, vr: str, value: bytes, *, undefined: bool = False) -> bytes:
    """One element; with ``undefined`` its length is, and a sequence delimitation ends it."""
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB", "UN") else b" "
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    length = UNDEFINED if undefined else len(value)
    head += struct.pack("<HI", 0, length) if vr in _LONG else struct.pack("<H", length)
    return head + value + (_delimiter(0xE0DD) if undefined else b"")


def implicit(tag: int, value: bytes, *, undefined: bool = False) -> bytes:
    """One element in Implicit VR, as the items of a UN of undefined length have them (PS3.5 6.2.2)."""
    if len(value) % 2:
        value += b" "
    length = UNDEFINED if undefined else len(value)
    head = struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length)
    return head + value + (_delimiter(0xE0DD) if undefined else b"")


def item(content: bytes, *, undefined: bool = False) -> bytes:
    """One item of a sequence."""
    length = UNDEFINED if undefined else len(content)
    return struct.pack("<HHI", 0xFFFE, 0xE000, length) + content + (_delimiter(0xE00D) if undefined else b"")


def _delimiter(number: int) -> bytes:
    return struct.pack("<HHI", 0xFFFE, number, 0)


def shape(*elements: bytes) -> Shape:
    """Encoded elements by their tags."""
    made = {}
    for one in elements:
        group, number = struct.unpack_from("<HH", one)
        made[group << 16 | number] = one
    return made


def block(creator: bytes, *elements: Private, group: int = GROUP, number: int = 0x10) -> Shape:
    """Private elements, and the creator that reserves their block (PS3.5 7.8.1)."""
    reserving = element(group << 16 | number, "LO", creator)
    own = (element(group << 16 | number << 8 | low, vr, value) for low, vr, value in elements)
    return shape(reserving, *own)


def _private(*elements: bytes) -> Shape:
    return shape(element(_CREATOR_TAG, "LO", CREATOR), *elements)


def content(*shapes: Shape) -> bytes:
    """These elements in order of their tags: what is in an item, say."""
    merged = {tag: one for part in shapes for tag, one in part.items()}
    return b"".join(merged[tag] for tag in sorted(merged))


def reference(number: int) -> bytes:
    """A reference to one of many CT images: what is in an item (PS3.3 table 10-11)."""
    return element(0x00081150, "UI", b"1.2.840.10008.5.1.4.1.1.2") + element(
        0x00081155, "UI", f"1.2.3.{number}".encode()
    )


def code(value: bytes, meaning: bytes) -> bytes:
    """What is in an item of a code sequence (PS3.3 table 8.8-1)."""
    parts = ((0x00080100, "SH", value), (0x00080102, "SH", b"99PHTEST"), (0x00080104, "LO", meaning))
    return b"".join(element(*part) for part in parts)


def _nested(depth: int) -> bytes:
    inner = element(0x00080100, "SH", b"DEEPEST")
    for _ in range(depth):
        inner = element(_CREATOR_TAG, "LO", CREATOR) + element(
            0x00291004, "SQ", item(inner, undefined=True), undefined=True
        )
    return element(0x00291004, "SQ", item(inner, undefined=True), undefined=True)


def sequences_of_undefined_length() -> Shape:
    """A sequence, and its items, that end by delimitation (PS3.5 7.5.2)."""
    items = b"".join(item(reference(n), undefined=True) for n in range(3))
    return {0x00081140: element(0x00081140, "SQ", items, undefined=True)}


def sequences_of_defined_length() -> Shape:
    """Lengths everywhere, and both mixed forms (PS3.5 7.5.1)."""
    plain, delimited = item(reference(1)), item(reference(2), undefined=True)
    return {
        0x00081140: element(0x00081140, "SQ", plain + item(reference(3))),
        0x00082112: element(0x00082112, "SQ", delimited + plain + delimited),
        0x0008114A: element(0x0008114A, "SQ", plain + plain, undefined=True),
    }


def empty_sequence_and_empty_items() -> Shape:
    """A sequence without items, and two with one item that has nothing in it."""
    return _private(
        element(0x00291001, "SQ", b""),
        element(0x00291002, "SQ", item(b"")),
        element(0x00291003, "SQ", item(b"", undefined=True), undefined=True),
    )


def deep_sequences() -> Shape:
    """Eight levels of private sequences of undefined length."""
    return _private(_nested(8))


def un_of_defined_length() -> Shape:
    """A UN value of every byte there is."""
    return _private(element(0x00291001, "UN", bytes(range(256))), element(0x00291002, "LO", b"behind it"))


def un_of_undefined_length() -> Shape:
    """A UN of undefined length: a sequence whose items are in Implicit VR, nested twice (PS3.5 6.2.2)."""
    inner = item(implicit(0x00291006, b"innermost"), undefined=True)
    content = (
        implicit(_CREATOR_TAG, CREATOR)
        + implicit(0x00291005, inner, undefined=True)
        + implicit(0x00291007, b"behind the inner one")
    )
    return _private(
        element(0x00291001, "UN", item(content, undefined=True), undefined=True),
        element(0x00291002, "LO", b"behind the outer one"),
    )


def un_of_standard_tags() -> Shape:
    """A text and a code sequence of the standard that come as UN."""
    code = item(
        implicit(0x00080100, b"CODE") + implicit(0x00080102, b"99PHTEST") + implicit(0x00080104, b"A code")
    )
    return {
        0x00181030: element(0x00181030, "UN", b"A protocol name "),
        0x00081032: element(0x00081032, "UN", code),
    }


def very_long_values() -> Shape:
    """Values beyond 64 KiB, whose VRs have a length of 32 bits."""
    return _private(
        element(0x00291001, "UT", b"0123456789" * 20_000),
        element(0x00291002, "OB", bytes(range(256)) * 4096),
        element(0x00291003, "UC", b"abcdefg" * 10_000),
    )


def group_length(group: bytes, number: int) -> Shape:
    """The retired group length element for the encoded elements of a group (PS3.5 7.2)."""
    return shape(element(number << 16, "UL", struct.pack("<I", len(group))))


def with_elements(dataset: bytes, *shapes: Shape) -> bytes:
    """A data set in Explicit VR Little Endian with these elements in their places, or in others' place.

    Only its top level is read, whose sequences must have defined lengths.
    """
    return content({tag: dataset[start:end] for tag, start, end in top_level(dataset)}, *shapes)


def in_implicit(dataset: bytes) -> bytes:
    """The elements of a data set in Explicit VR Little Endian without their VRs, as PS3.5 A.1 has them.

    ValueError where one is a UN, which Implicit VR does not have, or encapsulated.
    """
    return _elements(dataset, 0, len(dataset))[0]


def _elements(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """Elements up to ``end`` or to an item delimitation, and where what follows begins."""
    made = []
    while at < end:
        tag, vr = data[at : at + 4], data[at + 4 : at + 6].decode("ascii", "replace")
        if tag == _delimiter(0xE00D)[:4]:
            at += 8
            break
        if vr in _LONG:
            length, at = struct.unpack_from("<I", data, at + 8)[0], at + 12
        else:
            length, at = struct.unpack_from("<H", data, at + 6)[0], at + 8
        if vr == "UN" or (vr != "SQ" and length == UNDEFINED):
            raise ValueError(f"{vr} of {length} bytes has no form in Implicit VR")
        is_open = length == UNDEFINED
        if vr == "SQ":
            value, at = _items(data, at, len(data) if is_open else at + length)
        else:
            value, at = data[at : at + length], at + length
        made += [tag, struct.pack("<I", UNDEFINED if is_open else len(value)), value]
        made += [_delimiter(0xE0DD)] if is_open else []
    return b"".join(made), at


def _items(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """Items up to ``end`` or to a sequence delimitation, and where what follows begins."""
    made = []
    while at < end:
        _, number, length = struct.unpack_from("<HHI", data, at)
        at += 8
        if number == 0xE0DD:
            break
        is_open = length == UNDEFINED
        inner, after = _elements(data, at, len(data) if is_open else at + length)
        made.append(item(inner, undefined=is_open))
        at = after
    return b"".join(made), at


def top_level(dataset: bytes) -> Iterator[tuple[int, int, int]]:
    """(tag, where it begins, where it ends) of each element; ValueError for an undefined length."""
    at = 0
    while at < len(dataset):
        group, number = struct.unpack_from("<HH", dataset, at)
        if dataset[at + 4 : at + 6].decode("ascii") in _LONG:
            length, header = struct.unpack_from("<I", dataset, at + 8)[0], 12
        else:
            length, header = struct.unpack_from("<H", dataset, at + 6)[0], 8
        if length == UNDEFINED:
            raise ValueError(f"({group:04X},{number:04X}) has an undefined length")
        yield group << 16 | number, at, at + header + length
        at += header + length
