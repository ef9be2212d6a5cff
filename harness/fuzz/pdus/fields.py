"""The fields of a PDU by offset: what a mutation takes hold of, in damaged PDUs too (PS3.8 9.3, PS3.7 6.3.1).

Nothing is judged here.  A length that reaches too far ends with the PDU.
"""

from __future__ import annotations

import enum
import functools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.dimse.negotiation import Item
from harness.dimse.pdu import ASSOCIATE_AC, ASSOCIATE_RQ, HEADER, P_DATA, PDV_HEADER

FIXED = 74
"""Bytes of an A-ASSOCIATE PDU ahead of its items."""
_NESTED = {
    Item.PROPOSED_CONTEXT: 4,
    Item.ANSWERED_CONTEXT: 4,
    Item.USER_INFORMATION: 0,
}
"""Items that hold sub-items, and the bytes ahead of these."""


class What(enum.Enum):
    """Kinds of fields.  The last four are wholes that consist of others."""

    PDU_TYPE = enum.auto()
    PDU_LENGTH = enum.auto()
    RESERVED = enum.auto()
    PROTOCOL_VERSION = enum.auto()
    CALLED_TITLE = enum.auto()
    CALLING_TITLE = enum.auto()
    ITEM_TYPE = enum.auto()
    ITEM_LENGTH = enum.auto()
    ITEM_VALUE = enum.auto()
    PROPOSED_ID = enum.auto()
    PDV_LENGTH = enum.auto()
    PDV_CONTEXT = enum.auto()
    PDV_HEADER = enum.auto()
    TAG = enum.auto()
    ELEMENT_LENGTH = enum.auto()
    ELEMENT_VALUE = enum.auto()
    GROUP_LENGTH = enum.auto()
    """The value of Command Group Length (0000,0000)."""
    DATA = enum.auto()
    """Bytes of a data set."""
    BODY = enum.auto()
    """What follows the header of a PDU of no kind above."""
    ITEM = enum.auto()
    PDV = enum.auto()
    ELEMENT = enum.auto()
    COMMAND = enum.auto()
    """All elements of a command set in one PDV."""


LENGTHS = frozenset(
    (What.PDU_LENGTH, What.ITEM_LENGTH, What.PDV_LENGTH, What.ELEMENT_LENGTH, What.GROUP_LENGTH)
)
_LITTLE = frozenset((What.TAG, What.ELEMENT_LENGTH, What.ELEMENT_VALUE, What.GROUP_LENGTH))


@dataclass(frozen=True, slots=True)
class Field:
    """Bytes `start` to `end` of a PDU.

    `number` is the item type, the element's tag or the presentation context id that it belongs to.
    `counted` is, for a length, where the bytes that it counts begin and end.  Lengths of elements are little
    endian, all others big.
    """

    what: What
    start: int
    end: int
    number: int = 0
    counted: tuple[int, int] = (0, 0)

    @property
    def order(self) -> Literal["little", "big"]:
        """Of its bytes, where it is a number."""
        return "little" if self.what in _LITTLE else "big"

    def value(self, pdu: bytes) -> bytes:
        """Its bytes."""
        return pdu[self.start : self.end]

    def integer(self, pdu: bytes) -> int:
        """Its bytes as a number."""
        return int.from_bytes(self.value(pdu), self.order)


@functools.lru_cache(maxsize=256)
def fields(pdu: bytes) -> tuple[Field, ...]:
    """The fields of a PDU, in the order in which they begin; wholes ahead of what they consist of."""
    if len(pdu) < HEADER.size:
        return (Field(What.BODY, 0, len(pdu)),)
    found = [
        Field(What.PDU_TYPE, 0, 1),
        Field(What.RESERVED, 1, 2),
        Field(What.PDU_LENGTH, 2, 6, counted=(6, len(pdu))),
    ]
    if pdu[0] in (ASSOCIATE_RQ, ASSOCIATE_AC) and len(pdu) >= FIXED:
        found += (
            Field(What.PROTOCOL_VERSION, 6, 8),
            Field(What.RESERVED, 8, 10),
            Field(What.CALLED_TITLE, 10, 26),
            Field(What.CALLING_TITLE, 26, 42),
            Field(What.RESERVED, 42, 74),
        )
        found += _items(pdu, FIXED, len(pdu))
    elif pdu[0] == P_DATA:
        found += _pdvs(pdu)
    elif len(pdu) > HEADER.size:
        found.append(Field(What.BODY, HEADER.size, len(pdu)))
    return tuple(found)


def of(pdu: bytes, *kinds: What) -> list[Field]:
    """The fields of these kinds."""
    return [field for field in fields(pdu) if field.what in kinds]


def spliced(pdu: bytes, start: int, end: int, new: bytes) -> bytes:
    """`pdu` with `new` for its bytes `start` to `end`, and every length around them made right again.

    Lengths wrap where their field ends, as a careless sender's do.
    """
    delta = len(new) - (end - start)
    out = bytearray(pdu)
    if delta:
        for field in fields(pdu):
            if field.what in LENGTHS and field.counted[0] <= start and end <= field.counted[1]:
                written = (field.integer(pdu) + delta) % (1 << 8 * (field.end - field.start))
                _put(out, field, written)
    out[start:end] = new
    return bytes(out)


def with_number(pdu: bytes, field: Field, number: int) -> bytes:
    """`pdu` with this number in a field, and nothing else changed."""
    out = bytearray(pdu)
    _put(out, field, number % (1 << 8 * (field.end - field.start)))
    return bytes(out)


def _put(out: bytearray, field: Field, number: int) -> None:
    out[field.start : field.end] = number.to_bytes(field.end - field.start, field.order)


def _items(pdu: bytes, at: int, end: int) -> Iterator[Field]:
    while at + 4 <= end:
        kind, _, length = struct.unpack_from(">BBH", pdu, at)
        inner, after = at + 4, min(end, at + 4 + length)
        yield Field(What.ITEM, at, after, kind)
        yield Field(What.ITEM_TYPE, at, at + 1, kind)
        yield Field(What.RESERVED, at + 1, at + 2, kind)
        yield Field(What.ITEM_LENGTH, at + 2, at + 4, kind, (inner, after))
        ahead = _NESTED.get(kind)
        if ahead is None:
            yield Field(What.ITEM_VALUE, inner, after, kind)
        elif inner + ahead <= after:
            if ahead:
                yield Field(What.PROPOSED_ID, inner, inner + 1, pdu[inner])
            yield from _items(pdu, inner + ahead, after)
        at = after


def _pdvs(pdu: bytes) -> Iterator[Field]:
    at = HEADER.size
    while at + PDV_HEADER.size <= len(pdu):
        length, context, control = PDV_HEADER.unpack_from(pdu, at)
        after = min(len(pdu), at + 4 + max(2, length))
        yield Field(What.PDV, at, after, context)
        yield Field(What.PDV_LENGTH, at, at + 4, context, (at + 4, after))
        yield Field(What.PDV_CONTEXT, at + 4, at + 5, context)
        yield Field(What.PDV_HEADER, at + 5, at + 6, context)
        data = at + PDV_HEADER.size
        if control & 1:
            yield Field(What.COMMAND, data, after, context)
            yield from _elements(pdu, data, after)
        else:
            yield Field(What.DATA, data, after, context)
        at = after


def _elements(pdu: bytes, at: int, end: int) -> Iterator[Field]:
    while at + 8 <= end:
        group, element, length = struct.unpack_from("<HHI", pdu, at)
        tag = group << 16 | element
        after = min(end, at + 8 + length)
        yield Field(What.ELEMENT, at, after, tag)
        yield Field(What.TAG, at, at + 4, tag)
        yield Field(What.ELEMENT_LENGTH, at + 4, at + 8, tag, (at + 8, after))
        if tag == 0 and after - at == 12:
            yield Field(What.GROUP_LENGTH, at + 8, after, tag, (after, end))
        else:
            yield Field(What.ELEMENT_VALUE, at + 8, after, tag)
        at = after
