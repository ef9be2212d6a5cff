"""Bytes without end that are made again wherever they are needed: equal rows, each with its number in it.

What is sent is not kept for the comparison.  It is made a second time, which costs as much as copying memory
and, other than a digest, tells where a difference is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 1024 * 1024
"""Bytes that are made at once, about."""
STAMP = 8
"""Bytes of a row's number: seven bits in each, the lowest first, so that none looks like a JPEG marker."""
_SHIFTS = np.arange(STAMP, dtype=np.uint64) * np.uint64(7)


@dataclass(frozen=True, slots=True)
class Rows:
    """`count` rows of `width` bytes, numbered from `first`.

    `pattern` holds some rows, which are taken in turn; a row's number overwrites its bytes from `stamp` on.
    """

    pattern: bytes
    width: int
    stamp: int
    count: int
    first: int = 0

    def __post_init__(self) -> None:
        if not self.pattern or len(self.pattern) % self.width or self.stamp + STAMP > self.width:
            raise ValueError(f"a pattern of {len(self.pattern)} bytes for rows of {self.width}")

    @property
    def length(self) -> int:
        """Bytes of all rows."""
        return self.width * self.count

    def blocks(self, start: int = 0, *, ring: int = 0) -> Iterator[bytearray]:
        """The rows from a byte on, many at a time.

        Each block is its receiver's own, or, with a ring, overwritten when so many more have been asked for:
        memory that is new costs more than what is written to it.
        """
        per_block = len(self.pattern) // self.width
        begun, within = divmod(start, len(self.pattern))
        blocks: list[bytearray] = []
        for turn, first in enumerate(range(begun * per_block, self.count, per_block)):
            number = min(per_block, self.count - first)
            if ring and turn >= ring:
                block = blocks[turn % ring]
            else:
                block = bytearray(self.pattern)
                blocks += [block] * bool(ring)
            self._stamp(block, self.first + first)
            end = number * self.width
            yield block if end - within == len(block) else block[within:end]
            within = 0

    def _stamp(self, block: bytearray, first: int) -> None:
        number = len(block) // self.width
        numbers = np.arange(first, first + number, dtype=np.uint64)
        rows = np.frombuffer(block, np.uint8).reshape(number, self.width)
        rows[:, self.stamp : self.stamp + STAMP] = (numbers[:, None] >> _SHIFTS) & np.uint64(0x7F)


def pattern_of(row: bytes) -> bytes:
    """A pattern of about BLOCK bytes of one row."""
    return row * max(1, BLOCK // len(row))


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`count` whole numbers, little endian, of `size` bytes (4 or 8): 0, `step`, 2 × `step` …

    With `step` 0 they are all `start`.
    """

    count: int
    step: int
    size: int
    start: int = 0

    @property
    def length(self) -> int:
        """Bytes of all numbers."""
        return self.count * self.size

    def blocks(self, start: int = 0, *, ring: int = 0) -> Iterator[bytearray]:
        """The numbers from a byte on, many at a time."""
        per_block = BLOCK // self.size
        begun, within = divmod(start, BLOCK)
        for first in range(begun * per_block, self.count, per_block):
            turns = np.arange(first, min(first + per_block, self.count), dtype=np.uint64)
            numbers = (turns * np.uint64(self.step) + np.uint64(self.start)).astype(f"<u{self.size}")
            yield bytearray(numbers.tobytes()[within:])
            within = 0


@dataclass(frozen=True, slots=True)
class Literal:
    """A few bytes as they are."""

    value: bytes

    @property
    def length(self) -> int:
        """How many they are."""
        return len(self.value)

    def blocks(self, start: int = 0, *, ring: int = 0) -> Iterator[bytearray]:
        """Those from `start` on."""
        if start < len(self.value):
            yield bytearray(self.value[start:])


Part = Rows | Arithmetic | Literal
"""A stretch of bytes of known length."""


def length_of(parts: tuple[Part, ...]) -> int:
    """Bytes of these parts together."""
    return sum(part.length for part in parts)


def blocks_of(parts: tuple[Part, ...], start: int = 0, *, ring: int = 0) -> Iterator[bytearray]:
    """The parts one after the other, from a byte of them on, in blocks; see `Rows.blocks`."""
    for part in parts:
        if start < part.length:
            yield from part.blocks(start, ring=ring)
        start = max(0, start - part.length)
