"""Encapsulated pixel data by its frames (PS3.5 A.4): how these are cut into fragments is free."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from harness.dimse.walker import PIXEL_DATA, Element, walk

RLE = "1.2.840.10008.1.2.5"
VIDEO = tuple(f"1.2.840.10008.1.2.4.{number}" for number in range(100, 109))
"""MPEG2, MPEG-4 and HEVC: one stream holds all frames (PS3.5 8.2.5 to 8.2.8)."""
_TAG_AND_LENGTH = 8
_LONG = 4


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """The items of encapsulated pixel data."""

    offsets: tuple[int, ...]
    """The Basic Offset Table, empty where it has no value."""
    table_length: int
    """The table's length in bytes."""
    fragments: tuple[bytes, ...]

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each fragment's Item Tag is, from that of the first: what an offset table refers to."""
        found, at = [], 0
        for fragment in self.fragments:
            found.append(at)
            at += _TAG_AND_LENGTH + len(fragment)
        return tuple(found)

    def cut(self) -> list[bytes]:
        """The frames, by an offset table whose offsets are among `starts`."""
        turns = [self.starts.index(offset) for offset in self.offsets]
        return [
            b"".join(self.fragments[turn:end])
            for turn, end in zip(turns, [*turns[1:], len(self.fragments)], strict=True)
        ]


def pixel_items(dataset: bytes, transfer_syntax: str) -> list[bytes]:
    """The Basic Offset Table, then the fragments; none where pixel data is not in fragments.  DecodeError."""
    return [
        bytes(element.value)
        for element in walk(dataset, transfer_syntax)
        if element.is_item and element.depth == 1 and _is_pixel_data(element.parent)
    ]


def encapsulated(dataset: bytes, transfer_syntax: str) -> Encapsulated | None:
    """The pixel data of a data set, None where it is not in fragments.  DecodeError."""
    items = pixel_items(dataset, transfer_syntax)
    if not items:
        return None
    table, *fragments = items
    count = len(table) // _LONG
    return Encapsulated(struct.unpack(f"<{count}I", table[: count * _LONG]), len(table), tuple(fragments))


def _is_pixel_data(element: Element | None) -> bool:
    return element is not None and element.tag == PIXEL_DATA and element.depth == 0


def reframed(before: bytes, after: bytes, transfer_syntax: str, frames: int) -> str:
    """How the frames of one data set are not those of another in the same transfer syntax, in words.

    Fragments may be cut otherwise, the offset table may come and go, and the last fragment of a frame may be
    padded (PS3.5 A.4); each frame's bytes have to be there, in order, and a table has to fit the fragments.
    """
    stored, came = encapsulated(before, transfer_syntax), encapsulated(after, transfer_syntax)
    if stored is None:
        return ""
    count = 0 if came is None else len(came.fragments)
    if came is None or not count:
        return "the pixel data has no fragments"
    if (count < frames and transfer_syntax not in VIDEO) or (count != frames and transfer_syntax == RLE):
        return f"{frames} frames in {count} fragments"
    if came.table_length and (wrong := _unfit_table(came, frames)):
        return wrong
    expected = _frames_of(stored, frames)
    if len(expected) == frames and (came.table_length or count == frames):
        return _unlike_one_by_one(expected, came.cut() if came.table_length else came.fragments)
    return _unlike_joined(expected, b"".join(came.fragments))


def _frames_of(pixels: Encapsulated, frames: int) -> list[bytes]:
    """The frames of what the harness made itself, or all as one where they can't be told apart."""
    if len(pixels.offsets) == frames:
        return pixels.cut()
    return list(pixels.fragments) if len(pixels.fragments) == frames else [b"".join(pixels.fragments)]


def _unfit_table(came: Encapsulated, frames: int) -> str:
    if came.table_length != _LONG * frames:
        return f"an offset table of {came.table_length} bytes for {frames} frames"
    starts = came.starts
    if came.offsets[0] != 0 or list(came.offsets) != sorted(set(came.offsets)):
        return f"the offset table begins {', '.join(map(str, came.offsets[:4]))}"
    lost = [offset for offset in came.offsets if offset not in starts]
    return f"the offset table has {lost[0]}, where no fragment begins" if lost else ""


def _unlike_one_by_one(expected: Sequence[bytes], came: Sequence[bytes]) -> str:
    for number, (frame, other) in enumerate(zip(expected, came, strict=True), 1):
        length = _matched(frame, other, 0)
        if length is None or other[length:].strip(b"\0"):
            return f"frame {number} has {len(other)} bytes, not the {len(frame)} that were stored"
    return ""


def _unlike_joined(expected: Sequence[bytes], joined: bytes) -> str:
    """Where nobody can tell the frames apart: one behind the other, with nothing but padding between."""
    at = 0
    for number, frame in enumerate(expected, 1):
        while number > 1 and at < len(joined) and joined[at] == 0 and frame[0] != 0:
            at += 1
        end = _matched(frame, joined, at)
        if end is None:
            return f"{len(joined)} bytes, in which frame {number} is not the {len(frame)} that were stored"
        at = end
    return f"{len(joined) - at} bytes behind the last frame" if joined[at:].strip(b"\0") else ""


def _matched(frame: bytes, data: bytes, at: int) -> int | None:
    """Where the frame ends that begins there: whole, or but for the one byte that pads it to even length."""
    if data.startswith(frame, at):
        return at + len(frame)
    bare = frame[:-1] if frame.endswith(b"\0") else frame
    return at + len(bare) if data.startswith(bare, at) else None
