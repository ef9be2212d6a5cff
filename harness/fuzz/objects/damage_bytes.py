"""Damage to the bytes of an encoded data set: lengths, delimitations, ends, nesting.

Each function takes the bytes before they are deflated, the transfer syntax that they are in, and a number
that varies what is done; None where there is nothing that it could damage.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Collection

from harness.dimse.walker import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Element,
    walk,
)
from harness.fuzz.nodes import Node, encode
from harness.fuzz.objects.charsets import padded

Damage = Callable[[bytes, str, int], bytes | None]

_LAST_TAG = 0xFFFB1001
"""Of an element that may stand behind all others."""
_DEPTHS = (1_000, 3_000, 10_000, 30_000)
_CHUNK = 1 << 20
_BOMBS = (_CHUNK, 16 * _CHUNK, 63 * _CHUNK)
"""Bytes that an element of zeros inflates to: with all else less than 64 MiB."""
_BY = {"too long": (2, 8, 0x1000, 0x7FFF_0000), "too short": (-2, -4, -8), "odd": (1, -1)}


def _bare(tag: int, length: int, syntax: str) -> bytes:
    """A delimitation or item with this length."""
    return struct.pack(">HHI" if syntax == EXPLICIT_BIG else "<HHI", tag >> 16, tag & 0xFFFF, length)


def _opened(tag: int, syntax: str) -> bytes:
    """The header of a sequence of undefined length."""
    return encode((Node(tag, "SQ", items=()),), syntax)[:-4] + b"\xff" * 4


def _with_length(plain: bytes, element: Element, length: int) -> bytes:
    """The bytes with another number in an element's length field."""
    order = ">" if element.big else "<"
    if element.is_item or element.vr is None:
        at, code, most = element.offset + 4, "I", UNDEFINED
    elif element.header_length == 12:
        at, code, most = element.offset + 8, "I", UNDEFINED
    else:
        at, code, most = element.offset + 6, "H", 0xFFFF
    changed = bytearray(plain)
    struct.pack_into(order + code, changed, at, max(0, min(length, most)))
    return bytes(changed)


def _changed_length(how: str, *, items: bool, plain: bytes, syntax: str, number: int) -> bytes | None:
    found = [
        element
        for element in walk(plain, syntax)
        if element.is_item == items
        and element.length != UNDEFINED
        and (how != "too short" or element.length > 1)
    ]
    if not found:
        return None
    element = found[number % len(found)]
    if how == "undefined":
        return _with_length(plain, element, UNDEFINED)
    return _with_length(plain, element, element.length + _BY[how][number % len(_BY[how])])


def _of(how: str, *, items: bool = False) -> Damage:
    return lambda plain, syntax, number: _changed_length(
        how, items=items, plain=plain, syntax=syntax, number=number
    )


def cut_off(plain: bytes, syntax: str, number: int) -> bytes:
    """Less of it, down to nothing."""
    return plain[: len(plain) * number // 0x10000]


def undelimited(plain: bytes, syntax: str, number: int) -> bytes:
    """A sequence or item of undefined length that nothing delimits."""
    marks = [_bare(tag, 0, syntax) for tag in (SEQUENCE_END, ITEM_END)]
    found = [mark for mark in marks if mark in plain]
    if not found:
        return plain + _opened(_LAST_TAG, syntax) + (_bare(ITEM, UNDEFINED, syntax) if number % 2 else b"")
    return plain.replace(found[number % len(found)], b"", 1)


def undue_delimitation(plain: bytes, syntax: str, number: int) -> bytes:
    """A delimitation or an item where no sequence is open."""
    starts = [element.offset for element in walk(plain, syntax) if not element.depth]
    at = starts[number % len(starts)]
    tag = (SEQUENCE_END, ITEM_END, ITEM)[number % 3]
    return plain[:at] + _bare(tag, 0 if number % 5 else 4, syntax) + plain[at:]


def deeply_nested(plain: bytes, syntax: str, number: int) -> bytes:
    """Sequences in sequences thousands deep, delimited or open to the end."""
    depth = _DEPTHS[number % len(_DEPTHS)]
    way_in = _opened(_LAST_TAG, syntax) + _bare(ITEM, UNDEFINED, syntax)
    way_out = _bare(ITEM_END, 0, syntax) + _bare(SEQUENCE_END, 0, syntax)
    return plain + way_in * depth + (way_out * depth if number % 2 else b"")


def flipped(plain: bytes, syntax: str, number: int, spared: Collection[range] = ()) -> bytes:
    """Some bits turned, but none of the spared ranges of bytes."""
    chance = random.Random(number)
    changed = bytearray(plain)
    for _ in range(1 + number % 8):
        at = chance.randrange(len(changed))
        if not any(at in kept for kept in spared):
            changed[at] ^= 1 << chance.randrange(8)
    return bytes(changed)


def trailing_bytes(plain: bytes, syntax: str, number: int) -> bytes:
    """Bytes behind the last element that are none."""
    return plain + (b"\0" * 7, b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n", bytes(4096), b"\x08")[number % 5]


def nothing(plain: bytes, syntax: str, number: int) -> bytes:
    """An empty data set."""
    return b""


BYTES: dict[str, Damage] = {
    "cut off": cut_off,
    "an element's length too long": _of("too long"),
    "an element's length too short": _of("too short"),
    "an element's length odd": _of("odd"),
    "undefined length where it is not allowed": _of("undefined"),
    "an item's or fragment's length too long": _of("too long", items=True),
    "an item's or fragment's length too short": _of("too short", items=True),
    "an item's or fragment's length odd": _of("odd", items=True),
    "an item or fragment of undefined length that is not delimited": _of("undefined", items=True),
    "a sequence or item without its delimitation": undelimited,
    "a delimitation or item outside of a sequence": undue_delimitation,
    "sequences thousands deep": deeply_nested,
    "bytes behind the last element": trailing_bytes,
    "no byte at all": nothing,
}


def damaged_deflate(deflated: bytes, number: int) -> bytes:
    """A deflate stream that breaks off, has a turned bit, or has more behind it."""
    if number % 3 == 0:
        return deflated[: len(deflated) * (number // 3 % 0x100) // 0x100]
    if number % 3 == 1:
        return flipped(deflated, "", number)
    return deflated + b"\xff" * 32


def bomb(plain: bytes, number: int) -> bytes:
    """A short deflated data set that inflates to as much as 64 MiB, by an element of zeros."""
    size = _BOMBS[number % len(_BOMBS)]
    owner = encode((Node(_LAST_TAG & 0xFFFF0000 | 0x10, "LO", b"PHTEST"),), EXPLICIT_LITTLE)
    header = encode((Node(_LAST_TAG, "OB"),), EXPLICIT_LITTLE)[:-4] + struct.pack("<I", size)
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    parts = [compressor.compress(plain + owner + header)]
    parts += [compressor.compress(bytes(_CHUNK)) for _ in range(size // _CHUNK)]
    return padded(b"".join(parts) + compressor.flush(), b"\0")


def relabelled(syntax: str, number: int) -> str:
    """A transfer syntax that is not the one that is said."""
    others = [other for other in (EXPLICIT_BIG, IMPLICIT_LITTLE, EXPLICIT_LITTLE) if other != syntax]
    return others[number % len(others)]
