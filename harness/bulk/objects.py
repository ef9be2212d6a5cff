"""Large objects: what they are, their exact length, and their bytes as often as they are needed.

Only what stands before the pixel data is in memory; the rest are `rows`, made while they are sent.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from pydicom import Dataset

from harness.bulk import heads
from harness.bulk.rows import BLOCK, Arithmetic, Literal, Part, Rows, blocks_of, length_of, pattern_of
from harness.dimse.fragments import STREAMED, Stream
from harness.dimse.walker import IMPLICIT_LITTLE, ITEM, PIXEL_DATA, SEQUENCE_END, UNDEFINED
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import Identity, SyntheticInstance, instance_of
from harness.synthesis.pixels import bitstream_bytes, bitstreams

LONGEST = 0xFFFFFFFE
"""The longest value of defined length (PS3.5 7.1.1: even; FFFFFFFFH means undefined)."""
LONGEST_OFFSET = 0xFFFFFFFF
"""The last offset that a Basic Offset Table can tell (PS3.5 A.4)."""
EXTENDED_OFFSETS, EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
ITEM_HEADER = 8
"""Bytes of an item's tag and length."""
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
MOST_FRAMES = 2**31 - 1
"""Number of Frames is an IS (PS3.5 6.2)."""
SMALLEST = 128 * 1024
TILE, FRAGMENT = 16 * 1024, 4 * 1024
"""Bytes of a compressed tile, and of a fragment where one frame is in many."""
_PAGE = 4096
"""Bytes of pixels with one number in them, which is a whole number of them in a frame."""
_SIDE, _SMALL_SIDE = 1024, 256
"""Rows and columns of a frame, and of one of an object of few."""
_RING = STREAMED // BLOCK + 2
"""Blocks in use while an object is sent: those that may be on their way, the one before and the next."""
_MOST_SIDE = 65535
"""Rows and Columns are US."""


class Kind(enum.StrEnum):
    """How an object comes to be large."""

    FRAMES = "frames"
    """Multi-frame Secondary Capture, native."""
    TILES = "tiles"
    """Whole Slide Microscopy: a fragment for each tile, and a table of their offsets."""
    ELEMENT = "element"
    """One native frame as large as they can be: one value of a length near the end of 32 bits."""
    FRAGMENTS = "fragments"
    """One compressed frame in very many fragments, without a table."""


WORDS = {
    Kind.FRAMES: "multi-frame Secondary Capture, native",
    Kind.TILES: "whole slide of JPEG tiles",
    Kind.ELEMENT: "one native frame in one value",
    Kind.FRAGMENTS: "one JPEG frame in many fragments",
}


@dataclass(frozen=True, slots=True)
class Fragments:
    """Encapsulated pixel data: a Basic Offset Table, and fragments that all but the last have `size` bytes.

    `true_table` is the one that may be there as well (PS3.5 A.4, note 2); None where none may be.  `bodies`
    are the fragments without their item headers, `items` with them.
    """

    table: Part
    true_table: Part | None
    count: int
    size: int
    last: int
    bodies: tuple[Part, ...]
    items: tuple[Part, ...]
    frames: int

    def size_of(self, number: int) -> int:
        """Bytes of a fragment, by its number from 0."""
        return self.size if number < self.count - 1 else self.last


@dataclass(frozen=True, slots=True)
class Big:
    """An element that is never held whole: a value, or fragments."""

    tag: int
    vr: str
    content: tuple[Part, ...] | Fragments

    @property
    def length(self) -> int:
        """Its length field; UNDEFINED for fragments."""
        return UNDEFINED if isinstance(self.content, Fragments) else length_of(self.content)

    def parts(self, transfer_syntax: str) -> tuple[Part, ...]:
        """The whole element, from its tag to its end."""
        head = struct.pack("<HH", self.tag >> 16, self.tag & 0xFFFF)
        if transfer_syntax != IMPLICIT_LITTLE:
            head += self.vr.encode("ascii") + b"\0\0"
        head += struct.pack("<I", self.length)
        if not isinstance(self.content, Fragments):
            return (Literal(head), *self.content)
        table = self.content.table
        return (
            Literal(head + item_header(table.length)),
            table,
            *self.content.items,
            Literal(struct.pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)),
        )


@dataclass(frozen=True, slots=True)
class LargeObject:
    """An object of any size.  `small` is it without its big elements, which stand behind all others."""

    kind: Kind
    small: SyntheticInstance
    big: tuple[Big, ...]

    @property
    def transfer_syntax(self) -> str:
        return self.small.transfer_syntax

    @property
    def parts(self) -> tuple[Part, ...]:
        """The data set in order."""
        rest = (part for one in self.big for part in one.parts(self.transfer_syntax))
        return (Literal(self.small.dataset), *rest)

    @property
    def length(self) -> int:
        """Bytes of its data set."""
        return length_of(self.parts)

    @property
    def pieces(self) -> str:
        """What it is made of, in words."""
        ds = self.small.attributes
        content = self.big[-1].content
        if isinstance(content, Fragments):
            what = "tiles" if self.kind is Kind.TILES else "fragments"
            extended = ", Extended Offset Table" if len(self.big) > 1 else ""
            return f"{content.count:,} {what} of {content.size:,} bytes{extended}"
        frames = int(ds.get("NumberOfFrames", 1))
        of = f"{frames:,} frames of " if frames > 1 else "one frame of "
        return f"{of}{ds.Columns:,} × {ds.Rows:,} pixels"

    def buffers(self, ring: int = 0) -> Iterator[bytearray]:
        """The data set, block by block; see `Rows.blocks`."""
        return blocks_of(self.parts, ring=ring)

    def stream(self) -> Stream:
        """The data set for `Association.send_message`."""
        return Stream(self.length, self.buffers(_RING))

    def encoded_in(self, transfer_syntax: str) -> LargeObject:
        """The same native object in the other native transfer syntax."""
        return replace(self, small=instance_of(self.small.attributes, transfer_syntax))


def item_header(length: int) -> bytes:
    """The tag and length of an item (PS3.5 7.5)."""
    return struct.pack("<HHI", ITEM >> 16, ITEM & 0xFFFF, length)


def large_object(kind: Kind, size: int, identity: Identity) -> LargeObject:
    """An object of at most `size` bytes, and of little less.  ValueError in one line where there is none."""
    if size < SMALLEST:
        raise ValueError(f"a large object has {SMALLEST:,} bytes or more, not {size:,}")
    if kind in (Kind.FRAMES, Kind.ELEMENT) and size > LONGEST + SMALLEST:
        raise ValueError(
            f"native pixel data of {size:,} bytes cannot be: a value has at most {LONGEST:,} (PS3.5 7.1.1); "
            f"larger ones are compressed, see the kinds {Kind.TILES} and {Kind.FRAGMENTS}"
        )
    return {
        Kind.FRAMES: _frames,
        Kind.TILES: _tiles,
        Kind.ELEMENT: _element,
        Kind.FRAGMENTS: _fragments,
    }[kind](size, identity)


def _noise(length: int) -> bytes:
    """Bytes that nothing compresses, the same each time, none of them FFH."""
    return np.random.default_rng(11).integers(0, 255, length, dtype=np.uint8).tobytes()


def _native(kind: Kind, ds: Dataset, width: int, count: int) -> LargeObject:
    rows = Rows(_noise(max(1, BLOCK // width) * width), width, 0, count)
    content: tuple[Part, ...] = (rows, Literal(b"\0")) if rows.length % 2 else (rows,)
    small = instance_of(ds, EXPLICIT_VR_LITTLE_ENDIAN)
    return LargeObject(kind, small, (Big(PIXEL_DATA, "OB", content),))


def _frames(size: int, identity: Identity) -> LargeObject:
    room = min(size - 4096, LONGEST)
    side = _SIDE if room >= 8 * _SIDE * _SIDE else _SMALL_SIDE
    frames = room // (side * side)
    ds = heads.multi_frame(identity, side, side, frames)
    return _native(Kind.FRAMES, ds, _PAGE, frames * side * side // _PAGE)


def _element(size: int, identity: Identity) -> LargeObject:
    room = min(size - 4096, LONGEST)
    columns = min(math.isqrt(room), _MOST_SIDE)
    rows = min(room // columns, _MOST_SIDE)
    ds = heads.secondary_capture(identity, rows, columns, None)
    return _native(Kind.ELEMENT, ds, columns, rows)


def _comment(length: int) -> bytes:
    """The start of a JPEG comment segment of so many bytes, its marker among them (ISO 10918-1, B.2.4.5)."""
    return b"\xff\xfe" + struct.pack(">H", length - 2)


def _tiles(size: int, identity: Identity) -> LargeObject:
    """Each tile is the same JPEG frame with another comment, which holds its number."""
    frame = bitstream_bytes(bitstreams()["jpeg-baseline"])
    padded = frame[2:] + b"\0" * (len(frame) % 2)
    filler = TILE - 2 - len(padded)
    tile = frame[:2] + _comment(filler) + _noise(filler - 4) + padded
    # With the item's header, and its part of a table of eight bytes for each of offset and length.
    wanted = min(max(1, (size - 16384) // (TILE + ITEM_HEADER + 16)), MOST_FRAMES)
    across = max(1, math.isqrt(wanted))
    down = wanted // across
    count = across * down
    ds = heads.whole_slide(identity, across, down, bitstreams()["jpeg-baseline"])
    width = TILE + ITEM_HEADER
    is_extended = (count - 1) * width > LONGEST_OFFSET
    offsets = Arithmetic(count, width, 4)
    stamp = 6
    content = Fragments(
        table=Literal(b"") if is_extended else offsets,
        # Beside an Extended Offset Table the basic one has to be empty (PS3.5 A.4, note 3).
        true_table=None if is_extended else offsets,
        count=count,
        size=TILE,
        last=TILE,
        bodies=(Rows(pattern_of(tile), TILE, stamp, count),),
        items=(Rows(pattern_of(item_header(TILE) + tile), width, ITEM_HEADER + stamp, count),),
        frames=count,
    )
    extended = (
        Big(EXTENDED_OFFSETS, "OV", (Arithmetic(count, width, 8),)),
        Big(EXTENDED_LENGTHS, "OV", (Arithmetic(count, 0, 8, start=TILE),)),
    )
    pixels = Big(PIXEL_DATA, "OB", content)
    small = instance_of(ds, JPEG_BASELINE)
    return LargeObject(Kind.TILES, small, (*extended, pixels) if is_extended else (pixels,))


def _fragments(size: int, identity: Identity) -> LargeObject:
    """The frame has comments before its tables, a fragment each, and itself in the last one."""
    frame = bitstream_bytes(bitstreams()["jpeg-baseline"])
    last = frame[2:] + b"\0" * (len(frame) % 2)
    full = max(2, (size - 16384) // (FRAGMENT + ITEM_HEADER))
    first = frame[:2] + _comment(FRAGMENT - 2) + _noise(FRAGMENT - 6)
    row = _comment(FRAGMENT) + _noise(FRAGMENT - 4)
    bodies = Rows(pattern_of(row), FRAGMENT, 4, full - 1, first=1)
    items = Rows(
        pattern_of(item_header(FRAGMENT) + row), FRAGMENT + ITEM_HEADER, ITEM_HEADER + 4, full - 1, first=1
    )
    content = Fragments(
        table=Literal(b""),
        true_table=Literal(bytes(4)),
        count=full + 1,
        size=FRAGMENT,
        last=len(last),
        bodies=(Literal(first), bodies, Literal(last)),
        items=(
            Literal(item_header(FRAGMENT) + first),
            items,
            Literal(item_header(len(last)) + last),
        ),
        frames=1,
    )
    bitstream = bitstreams()["jpeg-baseline"]
    ds = heads.secondary_capture(identity, bitstream.rows, bitstream.columns, bitstream)
    return LargeObject(Kind.FRAGMENTS, instance_of(ds, JPEG_BASELINE), (Big(PIXEL_DATA, "OB", content),))
