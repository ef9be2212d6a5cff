"""Compressed streams inside of files: zlib and gzip wherever they begin, deflated data sets (PS3.5 A.5)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 65_536
MOST_INFLATED = 16 * 2**20
"""Bytes that one stream is followed for."""
_BEGINNING = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_PREFIX_END = 132
_GROUP_LENGTH_END = 144


def beginnings(window: bytes) -> Iterator[int]:
    """Offsets at which a zlib (RFC 1950) or gzip (RFC 1952) stream may begin."""
    return (found.start() for found in _BEGINNING.finditer(window))


def dataset_of(head: bytes) -> int | None:
    """Where the data set of a DICOM file begins (PS3.10 7.1); None where the file is none."""
    if len(head) < _GROUP_LENGTH_END or head[128:_PREFIX_END] != b"DICM":
        return None
    return _GROUP_LENGTH_END + int.from_bytes(head[140:_GROUP_LENGTH_END], "little")


def inflated(file: BinaryIO, offset: int, *, raw: bool = False) -> Iterator[bytes]:
    """What a stream that may begin there holds, piece by piece; nothing where there is none.

    `raw` is for deflate without a header (RFC 1951).  Moves the file's position.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
    left = MOST_INFLATED
    file.seek(offset)
    data = file.read(PIECE)
    try:
        while data and left > 0 and not inflater.eof:
            piece = inflater.decompress(data, min(PIECE, left))
            left -= len(piece)
            if piece:
                yield piece
            data = inflater.unconsumed_tail or file.read(PIECE)
    except zlib.error:
        return  # two bytes that looked like a beginning, or a stream that is damaged from here on
