"""A data set read while it arrives: elements at the top are kept, but for big ones, which are handed on.

`harness.dimse.walker` needs the whole of it; this reads in one pass and holds nothing that is large.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Generator
from dataclasses import dataclass
from typing import Protocol

from harness.dimse.errors import DecodeError
from harness.dimse.walker import (
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    LONG,
    SEQUENCE_END,
    UNDEFINED,
    shown_tag,
)

SMALL_LIMIT = 64 * 1024 * 1024
"""Bytes of all elements together that are kept."""
_TAG = struct.Struct("<HH")
_LENGTH = struct.Struct("<I")
_SHORT = struct.Struct("<H")

Reading = Generator[None, memoryview, None]


class Receiver(Protocol):
    """Who is told of big elements as they come."""

    def begin(self, tag: int, length: int) -> None:
        """A big element begins; `length` is UNDEFINED for one in fragments."""

    def alike(self, piece: memoryview) -> int:
        """Asked before an item: how many bytes of what has come are whole items that it takes as they are."""

    def begin_item(self, length: int) -> None:
        """One of its items begins: the Basic Offset Table, then fragments."""

    def take(self, piece: memoryview) -> None:
        """The next bytes of the value, or of the item."""

    def end(self) -> None:
        """The element has come to its end."""


@dataclass(frozen=True, slots=True)
class _Head:
    tag: int
    vr: bytes
    length: int
    raw: bytes


class Parser:
    """A sink.  Only little endian that is not deflated is read (PS3.5 A.1, A.2, A.4)."""

    def __init__(self, transfer_syntax: str, big: Collection[int], receiver: Receiver) -> None:
        self._implicit = transfer_syntax == IMPLICIT_LITTLE
        self._big = frozenset(big)
        self._receiver = receiver
        self._piece = memoryview(b"")
        self._where = "before its first element"
        self.kept = bytearray()
        """The elements that are not big, as they are in the bytes."""
        self.length = 0
        """Bytes that have come."""
        self.failure: DecodeError | None = None
        """Why the rest was not read: what came is no data set."""
        self._reading = self._read()
        next(self._reading)

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes.  Never raises for what is in them; behind a failure they are only counted."""
        self.length += len(data)
        if self.failure is not None:
            return
        try:
            self._reading.send(memoryview(data))
        except DecodeError as error:
            self.failure = error

    def finish(self) -> None:
        """Nothing more comes; a data set that breaks off is a failure."""
        if self.failure is None and self._where:
            self.failure = DecodeError(
                "PS3.5 7.1", "a whole data set", f"{self.length:,} bytes, which end {self._where}"
            )
        self._reading.close()

    # ------------------------------------------------------------ bytes

    def _more(self) -> Reading:
        while not len(self._piece):
            self._piece = yield

    def _take(self, count: int) -> Generator[None, memoryview, bytes]:
        """The next `count` bytes, bounded by the caller."""
        if len(self._piece) >= count:
            taken = bytes(self._piece[:count])
            self._piece = self._piece[count:]
            return taken
        parts = []
        while count:
            if not len(self._piece):
                yield from self._more()
            part = self._piece[:count]
            parts.append(bytes(part))
            self._piece = self._piece[len(part) :]
            count -= len(part)
        return b"".join(parts)

    def _hand_on(self, count: int) -> Reading:
        while count:
            if not len(self._piece):
                yield from self._more()
            part = self._piece[:count]
            self._receiver.take(part)
            self._piece = self._piece[len(part) :]
            count -= len(part)

    def _keep(self, count: int) -> Reading:
        if len(self.kept) + count > SMALL_LIMIT:
            raise DecodeError("PS3.5 7.1", f"elements of {SMALL_LIMIT:,} bytes beside the large ones", "more")
        self.kept += yield from self._take(count)

    # ------------------------------------------------------------ elements

    def _read(self) -> Reading:
        while True:
            self._where = ""  # a data set may end here
            yield from self._more()
            self._where = "within the header of an element"
            head = yield from self._head(self._implicit)
            self._where = f"within {shown_tag(head.tag)}"
            if head.tag in self._big:
                self._receiver.begin(head.tag, head.length)
                if head.length == UNDEFINED:
                    yield from self._items()
                else:
                    yield from self._hand_on(head.length)
                self._receiver.end()
                continue
            self.kept += head.raw
            if head.length == UNDEFINED:
                yield from self._sequence(self._implicit or head.vr == b"UN")
            else:
                yield from self._keep(head.length)

    def _head(self, implicit: bool) -> Generator[None, memoryview, _Head]:
        raw = yield from self._take(8)
        group, number = _TAG.unpack_from(raw)
        tag = group << 16 | number
        if implicit or group == 0xFFFE:
            return _Head(tag, b"", _LENGTH.unpack_from(raw, 4)[0], raw)
        vr = raw[4:6]
        if not (vr.isalpha() and vr.isupper()):
            raise DecodeError("PS3.5 7.1.2", f"a VR for {shown_tag(tag)}", repr(vr), raw)
        if vr not in LONG:
            return _Head(tag, vr, _SHORT.unpack_from(raw, 6)[0], raw)
        raw += yield from self._take(4)
        return _Head(tag, vr, _LENGTH.unpack_from(raw, 8)[0], raw)

    def _items(self) -> Reading:
        """Fragments, to the delimitation that ends them (PS3.5 A.4)."""
        while True:
            if len(self._piece):
                self._piece = self._piece[self._receiver.alike(self._piece) :]
            raw = yield from self._take(8)
            group, number, length = struct.unpack("<HHI", raw)
            tag = group << 16 | number
            if tag == SEQUENCE_END and not length:
                return
            if tag != ITEM or length == UNDEFINED:
                observed = f"{shown_tag(tag)} of length {length}"
                raise DecodeError("PS3.5 A.4", "a fragment or the end of them", observed, raw)
            self._receiver.begin_item(length)
            yield from self._hand_on(length)

    def _sequence(self, implicit: bool) -> Reading:
        """What is in a sequence of undefined length, to the delimitation that ends it (PS3.5 7.5)."""
        open_: list[bool] = [implicit]
        while open_:
            head = yield from self._head(open_[-1])
            self.kept += head.raw
            if head.tag in (ITEM_END, SEQUENCE_END):
                open_.pop()
            elif head.length == UNDEFINED:
                open_.append(open_[-1] or head.vr == b"UN")
            else:
                yield from self._keep(head.length)
