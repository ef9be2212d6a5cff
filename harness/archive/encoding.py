"""The structure of an encoded data set, read without decoding a value: is what came whole and well-formed?

PS3.5 chapter 7 and Annex A. Iterative, seeks over values, so that neither depth nor size of an object
matters.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import IO

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
#: Those between which a data set is re-encoded without touching its pixels.
NATIVE = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED)

#: VRs with a 32-bit length in explicit VR (PS3.5 7.1.2).
LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
#: Tag, and the four bytes after it: a length, or a VR and a short length.
_HEADER = {True: struct.Struct("<HH4s"), False: struct.Struct(">HH4s")}
_LONG = {True: struct.Struct("<L"), False: struct.Struct(">L")}
_SHORT = {True: struct.Struct("<H"), False: struct.Struct(">H")}
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA, _PIXEL_DATA_GROUP = 0x7FE00010, 0x7FE00000
#: Largest deflated data set that the archive inflates for its index, in bytes.
INFLATED_LIMIT = 256 * 1024 * 1024


class Malformed(ValueError):
    """A data set whose structure breaks PS3.5."""


class NotHeld(Exception):
    """What has to be read lies beyond the bytes that are at hand."""


@dataclass(frozen=True)
class Syntax:
    """How a transfer syntax encodes elements."""

    implicit: bool
    little: bool
    deflated: bool = False


def syntax_of(transfer_syntax: str) -> Syntax:
    """The encoding of a transfer syntax; explicit little endian for all compressed and unknown ones (PS3.5
    A.4).
    """
    return {
        IMPLICIT_LITTLE: Syntax(True, True),
        EXPLICIT_BIG: Syntax(False, False),
        DEFLATED: Syntax(False, True, True),
    }.get(transfer_syntax, Syntax(False, True))


def inflate(stream: IO[bytes], limit: int = INFLATED_LIMIT) -> BytesIO:
    """The inflated rest of a deflated data set (PS3.5 A.5). Raises Malformed, also beyond `limit` bytes."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = BytesIO()
    try:
        while not engine.eof and (chunk := stream.read(65_536)):
            while chunk and not engine.eof:
                plain.write(engine.decompress(chunk, 1 << 20))
                chunk = engine.unconsumed_tail
                if plain.tell() > limit:
                    raise Malformed(f"deflated, it is longer than {limit} bytes")
    except zlib.error as error:
        raise Malformed(f"deflated data set can't be inflated: {error}") from error
    if not engine.eof:
        raise Malformed("deflated data set ends too early")
    plain.seek(0)
    return plain


@dataclass(slots=True)
class _Open:
    """A sequence or an item being read: where it ends (None: by a delimiter), and the last tag in it.

    `limit` is where the nearest one around it ends whose end is known, or its own.
    """

    is_sequence: bool
    end: int | None
    last: int = -1
    implicit: bool = False
    little: bool = True
    limit: int = 0


class _Walker:
    def __init__(self, stream: IO[bytes], end: int, syntax: Syntax, held: int) -> None:
        self.stream, self.end, self.held = stream, end, held
        self.position = stream.tell()
        self.has_unknown = False
        self.open: list[_Open] = [
            _Open(False, end, implicit=syntax.implicit, little=syntax.little, limit=end)
        ]

    def read(self, count: int) -> bytes:
        data = self.stream.read(count)
        if len(data) != count:
            if self.held < self.end:
                raise NotHeld
            raise Malformed(f"data set ends within an element at offset {self.position}")
        self.position += count
        return data

    def skip(self, length: int, tag: int) -> None:
        limit = self.open[-1].limit
        if length > limit - self.position:
            raise Malformed(f"{_name(tag)} says {length} bytes, {limit - self.position} are left")
        if length % 2:
            raise Malformed(f"{_name(tag)} has the odd length {length} (PS3.5 7.1.1)")
        self.position += length
        if self.position > self.held and (tag < _PIXEL_DATA_GROUP or len(self.open) > 1):
            raise NotHeld
        self.stream.seek(length, 1)

    def header(self, level: _Open) -> tuple[int, bytes]:
        group, element, rest = _HEADER[level.little].unpack(self.read(8))
        return (int(group) << 16) | int(element), rest

    def walk(self) -> None:
        while True:
            level = self.open[-1]
            if level.end is not None and self.position >= level.end:
                if self.position > level.end:
                    raise Malformed(f"content of a sequence or item passes its end at offset {level.end}")
                if len(self.open) == 1:
                    return
                self.open.pop()
                continue
            tag, rest = self.header(level)
            if tag >> 16 == 0xFFFE:
                self.delimiter(tag, rest, level)
            elif level.is_sequence:
                raise Malformed(f"{_name(tag)} stands in a sequence outside of any item")
            else:
                self.element(tag, rest, level)

    def delimiter(self, tag: int, rest: bytes, level: _Open) -> None:
        (length,) = _LONG[level.little].unpack(rest)
        if tag == _ITEM and level.is_sequence:
            end = None if length == _UNDEFINED else self.position + length
            self.nest(_Open(False, end, implicit=level.implicit, little=level.little))
        elif level.end is None and not length and tag == (_SEQUENCE_END if level.is_sequence else _ITEM_END):
            self.open.pop()
        else:
            raise Malformed(f"{_name(tag)} stands where it can't (PS3.5 7.5)")

    def nest(self, level: _Open) -> None:
        limit = self.open[-1].limit
        if level.end is not None and level.end > limit:
            raise Malformed(f"sequence or item at offset {self.position} is longer than what holds it")
        level.limit = limit if level.end is None else level.end
        self.open.append(level)

    def element(self, tag: int, rest: bytes, level: _Open) -> None:
        if tag <= level.last:
            raise Malformed(f"{_name(tag)} doesn't follow {_name(level.last)} (PS3.5 7.1)")
        level.last = tag
        vr, length = self.vr_and_length(tag, rest, level)
        if vr == b"SQ" or (length == _UNDEFINED and not (tag == _PIXEL_DATA and vr in (b"OB", b"OW"))):
            if vr not in (b"SQ", b"UN", b""):
                raise Malformed(f"{_name(tag)} has undefined length with VR {vr.decode('ascii', 'replace')}")
            # UN of undefined length: Implicit VR Little Endian within, whatever is around it (PS3.5 6.2.2).
            is_unknown = vr == b"UN"
            self.has_unknown |= is_unknown
            end = None if length == _UNDEFINED else self.position + length
            self.nest(
                _Open(True, end, implicit=level.implicit or is_unknown, little=level.little or is_unknown)
            )
        elif length == _UNDEFINED:
            self.fragments(level)
        else:
            self.skip(length, tag)

    def vr_and_length(self, tag: int, rest: bytes, level: _Open) -> tuple[bytes, int]:
        if level.implicit:
            return b"", int(_LONG[level.little].unpack(rest)[0])
        vr = rest[:2]
        if vr in _SHORT_VRS:
            return vr, int(_SHORT[level.little].unpack_from(rest, 2)[0])
        if vr not in LONG_VRS:
            raise Malformed(f"{_name(tag)} has no known VR: {vr!r}")
        return vr, int(_LONG[level.little].unpack(self.read(4))[0])

    def fragments(self, level: _Open) -> None:
        """Encapsulated pixel data, PS3.5 A.4."""
        while True:
            tag, rest = self.header(level)
            (length,) = _LONG[level.little].unpack(rest)
            if tag == _SEQUENCE_END and not length:
                return
            if tag != _ITEM or length == _UNDEFINED:
                raise Malformed("encapsulated pixel data holds something that is no fragment")
            self.skip(length, _ITEM)


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def check_structure(stream: IO[bytes], end: int, syntax: Syntax, held: int | None = None) -> bool:
    """Walk a data set from where `stream` stands to offset `end`. Raises Malformed.

    Whether it holds sequences of VR UN, which are little endian in a big endian data set too.

    Where the stream ends before, at `held`, NotHeld is raised unless all that is beyond is passed over with
    pixel data.
    """
    walker = _Walker(stream, end, syntax, end if held is None else held)
    walker.walk()
    return walker.has_unknown
