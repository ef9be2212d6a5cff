"""From one native transfer syntax to another without touching a value: PS3.5 Annex A.

Value bytes stay as they are, swapped where the byte order changes. Sequences and items get undefined
lengths and
group lengths are left out, both of which PS3.5 permits (7.2, 7.5). Streams: nothing larger than a piece is
held.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from . import encoding
from .encoding import Malformed, Syntax

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_REPRESENTATION = 0x00280103
_SWAPPED = {
    b"US": 2, b"SS": 2, b"OW": 2, b"AT": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"OF": 4, b"OL": 4,
    b"FD": 8, b"OD": 8, b"SV": 8, b"UV": 8, b"OV": 8,
}  # fmt: skip
_PIECE = 1 << 20
#: Deepest nesting that is re-encoded.
DEEPEST = 128

#: Compressed transfer syntaxes that lose nothing, so that a decompressed copy is the same image.
LOSSLESS = frozenset(
    {
        "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.5",
    }
)  # fmt: skip


class NotConvertible(ValueError):
    """An object that can't be brought into a transfer syntax without loss, or at all."""


@dataclass
class _Scope:
    """What decides ambiguous VRs within a data set or item."""

    signed: bool = False


def convert(path: Path, offset: int, stored: str, target: str) -> Iterator[bytes]:
    """The data set of a kept file in another native transfer syntax, piece by piece.

    Raises NotConvertible before the first piece or Malformed amid them, and OSError.
    """
    if target not in encoding.NATIVE:
        raise NotConvertible(f"nothing is compressed here: {target} isn't made from {stored}")
    if stored in encoding.NATIVE:
        return _converted(path, offset, stored, target)
    if stored in LOSSLESS:
        return _decompressed(path, target)
    raise NotConvertible(f"{stored} isn't decompressed: it may be lossy or unknown")


def _decompressed(path: Path, target: str) -> Iterator[bytes]:
    from pydicom import dcmread, dcmwrite

    try:
        dataset = dcmread(path)
        dataset.decompress(generate_instance_uid=False)
        plain = BytesIO()
        dcmwrite(plain, dataset, enforce_file_format=True)
        plain.seek(0)
        start = _data_set_start(plain)
    except Exception as error:
        raise NotConvertible(f"{path.name} can't be decompressed: {error}") from error
    return re_encoded(plain, start, encoding.EXPLICIT_LITTLE, target)


def _data_set_start(file: BytesIO) -> int:
    file.seek(140)
    (length,) = struct.unpack("<L", file.read(4))
    return 144 + int(length)


def _converted(path: Path, offset: int, stored: str, target: str) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from re_encoded(file, offset, stored, target)


def re_encoded(file: IO[bytes], offset: int, stored: str, target: str) -> Iterator[bytes]:
    """The rest of a stream, a data set in one native transfer syntax, in another one.  Raises Malformed."""
    source, wanted = encoding.syntax_of(stored), encoding.syntax_of(target)
    end = file.seek(0, 2)
    file.seek(offset)
    if source.deflated:
        file = encoding.inflate(file)
        end = file.seek(0, 2)
        file.seek(0)
    pieces = _Converter(file, end, source, wanted).run()
    if not wanted.deflated:
        yield from pieces
        return
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    total = 0
    for piece in pieces:
        packed = engine.compress(piece)
        total += len(packed)
        yield packed
    packed = engine.flush()
    yield packed + b"\0" * ((total + len(packed)) % 2)  # A.5: padded to an even length


class _Converter:
    def __init__(self, file: IO[bytes], end: int, source: Syntax, target: Syntax) -> None:
        self.file, self.end, self.source, self.target = file, end, source, target
        self.into = "<" if source.little else ">"
        self.out = "<" if target.little else ">"

    def run(self) -> Iterator[bytes]:
        yield from self.elements(self.end, self.source.implicit, self.target.implicit, 0)

    def tag(self) -> int:
        group, element = struct.unpack(self.into + "HH", self.exactly(4))
        return (int(group) << 16) | int(element)

    def exactly(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) != count:
            raise Malformed("data set ends within an element")
        return data

    def length(self) -> int:
        return int(struct.unpack(self.into + "L", self.exactly(4))[0])

    def elements(self, end: int | None, implicit: bool, to_implicit: bool, depth: int) -> Iterator[bytes]:
        """The elements up to `end`, or to an item delimiter when that is None."""
        scope = _Scope()
        while end is None or self.file.tell() < end:
            tag = self.tag()
            if tag == _ITEM_END and end is None:
                self.length()
                return
            vr, length = self.header(implicit)
            if tag & 0xFFFF == 0 and length != _UNDEFINED:
                for _ in self.value(length, 0, None):
                    pass  # group lengths would be wrong now, and may be left out (7.2)
                continue
            yield from self.element(tag, vr, length, implicit, to_implicit, depth, scope)

    def header(self, implicit: bool) -> tuple[bytes, int]:
        if implicit:
            return b"", self.length()
        vr = self.exactly(2)
        if vr in encoding.LONG_VRS:
            self.exactly(2)
            return vr, self.length()
        return vr, int(struct.unpack(self.into + "H", self.exactly(2))[0])

    def element(
        self, tag: int, vr: bytes, length: int, implicit: bool, to_implicit: bool, depth: int, scope: _Scope
    ) -> Iterator[bytes]:
        known = vr or _vr_of(tag, scope)
        if known == b"SQ" or (length == _UNDEFINED and known == b"UN"):
            # UN of undefined length holds items in Implicit VR Little Endian (6.2.2), and stays what it is.
            is_unknown = known == b"UN"
            yield self.head(tag, known, _UNDEFINED, to_implicit)
            around = self.into, self.out
            if is_unknown:
                self.into = self.out = "<"
            yield from self.items(length, implicit or is_unknown, to_implicit or is_unknown, depth + 1)
            yield struct.pack(self.out + "HHL", 0xFFFE, 0xE0DD, 0)
            self.into, self.out = around
            return
        if length == _UNDEFINED:
            raise Malformed("encapsulated pixel data in a native transfer syntax")
        if not to_implicit and known not in encoding.LONG_VRS and length > 0xFFFE:
            known = b"UN"  # too long for the VR's 16-bit length (6.2.2)
        yield self.head(tag, known, length, to_implicit)
        swap = _SWAPPED.get(known, 0) if self.into != self.out else 0
        yield from self.value(length, swap, scope if tag == _PIXEL_REPRESENTATION else None)

    def head(self, tag: int, vr: bytes, length: int, implicit: bool) -> bytes:
        start = struct.pack(self.out + "HH", tag >> 16, tag & 0xFFFF)
        if implicit:
            return start + struct.pack(self.out + "L", length)
        if vr in encoding.LONG_VRS:
            return start + vr + struct.pack(self.out + "2xL", length)
        return start + vr + struct.pack(self.out + "H", length)

    def value(self, length: int, swap: int, scope: _Scope | None) -> Iterator[bytes]:
        left = length
        while left:
            piece = self.exactly(min(left, _PIECE))
            left -= len(piece)
            if scope is not None:
                scope.signed = piece[:2] == struct.pack(self.into + "H", 1)
            yield _swapped(piece, swap) if swap else piece

    def items(self, length: int, implicit: bool, to_implicit: bool, depth: int) -> Iterator[bytes]:
        if depth > DEEPEST:
            raise Malformed(f"sequences are nested more than {DEEPEST} deep")
        end = None if length == _UNDEFINED else self.file.tell() + length
        while end is None or self.file.tell() < end:
            tag, size = self.tag(), self.length()
            if tag == _SEQUENCE_END:
                return
            if tag != _ITEM:
                raise Malformed("a sequence holds something that is no item")
            yield struct.pack(self.out + "HHL", 0xFFFE, 0xE000, _UNDEFINED)
            stop = None if size == _UNDEFINED else self.file.tell() + size
            yield from self.elements(stop, implicit, to_implicit, depth)
            yield struct.pack(self.out + "HHL", 0xFFFE, 0xE00D, 0)


def _swapped(data: bytes, width: int) -> bytes:
    swapped = bytearray(len(data))
    for position in range(width):
        swapped[position::width] = data[width - 1 - position :: width]
    return bytes(swapped)


def _vr_of(tag: int, scope: _Scope) -> bytes:
    """The VR of an element that came in implicit VR."""
    from pydicom.datadict import dictionary_VR

    group, element = tag >> 16, tag & 0xFFFF
    if group % 2:
        return b"LO" if 0x10 <= element <= 0xFF else b"UN"  # private creators are known to be LO (7.8.1)
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        return b"UN"
    if "OW" in vr:
        return b"OW"  # A.1: such data is OW in implicit VR
    if vr == "US or SS":
        return b"SS" if scope.signed else b"US"
    return vr.encode()[:2]
