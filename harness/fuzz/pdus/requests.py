"""Mutations of A-ASSOCIATE-RQ: items, presentation contexts, titles (PS3.8 9.3.2, PS3.7 D.3.3)."""

from __future__ import annotations

import struct

from harness.dimse.items import item
from harness.dimse.negotiation import Item
from harness.dimse.pdu import ASSOCIATE_RQ, HEADER
from harness.fuzz.pdus.changing import (
    Choose,
    Mutation,
    changed,
    data_of,
    found,
    one_of,
    place_of,
    renumbered,
    respliced,
)
from harness.fuzz.pdus.fields import FIXED, What, spliced
from harness.fuzz.pdus.script import Steps

REQUESTS = (ASSOCIATE_RQ,)
UNKNOWN_ITEMS = (0x00, 0x11, 0x22, 0x31, 0x41, 0x5A, 0x60, 0x80, 0xFF)
HUGE = 0xFF00
"""Bytes in an item that is as long as its length field allows, with room for what it is in."""
CONTEXT_COUNTS = (128, 129, 255, 600)
"""Further contexts in an ordinary case; `harness.fuzz.pdus.known` has thousands."""


def item_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The length of an item or sub-item that is not its own."""

    def other(length: int) -> int:
        wanted = dict.fromkeys((length + 1, length - 1, 0, 1, length + 4, 0x7FFF, 0x8000, 0xFFFF))
        return one_of([number for number in wanted if 0 <= number != length], choose)

    return renumbered(steps, place_of(steps, choose, REQUESTS, What.ITEM_LENGTH), other)


def item_type(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An item of unknown type in the place of a known one, or of another known type."""
    kinds = (*UNKNOWN_ITEMS, *map(int, Item))
    place = place_of(steps, choose, REQUESTS, What.ITEM_TYPE)
    return renumbered(steps, place, lambda own: one_of([kind for kind in kinds if kind != own], choose))


def unknown_item(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An item of unknown type more; a receiver ignores it (PS3.8 9.3.1)."""

    def preceded(known: bytes) -> bytes:
        value = one_of((b"", b"PHTEST", bytes(1024), b"\xff" * HUGE), choose)
        return item(one_of(UNKNOWN_ITEMS, choose), value) + known

    return respliced(steps, place_of(steps, choose, REQUESTS, What.ITEM), preceded)


def item_twice(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An item or sub-item twice, or many times."""
    place = place_of(steps, choose, REQUESTS, What.ITEM)
    return respliced(steps, place, lambda known: known * one_of((2, 3, 201), choose))


def item_missing(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An item or sub-item left out."""
    return respliced(steps, place_of(steps, choose, REQUESTS, What.ITEM), lambda known: b"")


def items_in_other_order(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An item or sub-item at the beginning of all items, or at their end."""
    place = place_of(steps, choose, REQUESTS, What.ITEM)
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    rest = spliced(pdu, field.start, field.end, b"")
    moved = [rest[FIXED:], field.value(pdu)]
    if choose(2):
        moved.reverse()
    # As many bytes as before, so that the length of the PDU stays.
    return changed(steps, at, pdu[: HEADER.size] + rest[HEADER.size : FIXED] + b"".join(moved))


def item_value(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A name or number of an item: empty, huge, of other characters, of extreme numbers."""

    def other(old: bytes) -> bytes:
        values = (
            b"",
            old + b"\0",
            old + b" ",
            b"1" * 65,
            b"1." * 2000 + b"1",
            b"9" * HUGE,
            b"../" * 20,
            b"%s%n%x" * 10,
            b"\0" * len(old),
            b"\xff" * len(old),
            struct.pack(">I", 1),
            struct.pack(">I", 7),
            old[: len(old) // 2],
        )
        return one_of(values, choose)

    return respliced(steps, place_of(steps, choose, REQUESTS, What.ITEM_VALUE), other)


def application_context(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Another application context name than that of DICOM (PS3.7 A.2.1)."""
    names = (b"1.2.840.10008.3.1.1.2", b"1.2.3", b"", b"DICOM", b"1" * HUGE)
    place = place_of(steps, choose, REQUESTS, What.ITEM_VALUE, numbers=(Item.APPLICATION_CONTEXT,))
    return respliced(steps, place, lambda name: one_of(names, choose))


def protocol_version(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Other bits of the protocol version; bit 0 alone counts (PS3.8 9.3.2)."""
    place = place_of(steps, choose, REQUESTS, What.PROTOCOL_VERSION)
    return renumbered(steps, place, lambda own: one_of((3, 0, 2, 0xFFFF, 0x8000), choose))


def title(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An AE title that is none, or of characters that are not allowed (PS3.5 6.2, AE)."""
    titles = (
        b"",
        bytes(16),
        b"\xff" * 16,
        b"A\\B",
        b"../../../etc",
        b"%s%s%n%n",
        b"\x1b[2J",
        b"'; DROP--",
        b"PH\0TEST",
    )
    place = place_of(steps, choose, REQUESTS, What.CALLED_TITLE, What.CALLING_TITLE)
    return respliced(steps, place, lambda own: one_of(titles, choose).ljust(16))


def context_id(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An even presentation context id, 0, or one that another context has (PS3.8 9.3.2.2)."""
    numbers = (2, 0, 1, 3, 254, 255)
    place = place_of(steps, choose, REQUESTS, What.PROPOSED_ID)
    return renumbered(steps, place, lambda own: one_of([one for one in numbers if one != own], choose))


def never_accepted(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A presentation context that nobody has, and is used all the same."""
    kinds = (Item.ABSTRACT_SYNTAX, Item.TRANSFER_SYNTAX)
    place = place_of(steps, choose, REQUESTS, What.ITEM_VALUE, numbers=kinds)
    return respliced(steps, place, lambda name: b"1.2.3.4.5.6.7.8.9.10")


def many_contexts(steps: list[Steps], choose: Choose) -> list[Steps]:
    """More presentation contexts than an association can have: ids come again (PS3.8 9.3.2.2: 128)."""
    places = found(steps, REQUESTS, What.ITEM)
    contexts = [(at, field) for at, field in places if field.number == Item.PROPOSED_CONTEXT]
    if not contexts:
        return steps
    at, field = contexts[-1]
    pdu = data_of(steps, at)
    one = bytearray(field.value(pdu))
    if len(one) < 8:
        return steps
    more = bytearray()
    for number in range(one_of(CONTEXT_COUNTS, choose)):
        one[4] = (2 * number + 5) & 0xFF
        more += one
    return changed(steps, at, spliced(pdu, field.start, field.end, field.value(pdu) + more))


def sub_item_beyond(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A sub-item whose inner count reaches beyond it: roles, identity and the like (PS3.7 D.3.3)."""
    kinds = (
        Item.ROLE_SELECTION,
        Item.EXTENDED_NEGOTIATION,
        Item.COMMON_EXTENDED_NEGOTIATION,
        Item.USER_IDENTITY,
    )

    def reaching_beyond(information: bytes) -> bytes:
        kind = one_of(kinds, choose)
        value = b"\1\0" if kind == Item.USER_IDENTITY else b""
        value += struct.pack(">H", one_of((0xFFFF, 0x8000, 0x7FFF, 0x100), choose)) + b"1.2.840.10008.1.1"
        return item(Item.USER_INFORMATION, information[4:] + item(kind, value))

    place = place_of(steps, choose, REQUESTS, What.ITEM, numbers=(Item.USER_INFORMATION,))
    return respliced(steps, place, reaching_beyond)


ASSOCIATIONS: dict[str, Mutation] = {
    "wrong item length": item_length,
    "other item type": item_type,
    "unknown item": unknown_item,
    "item twice": item_twice,
    "item left out": item_missing,
    "items in another order": items_in_other_order,
    "item with another value": item_value,
    "other application context": application_context,
    "other protocol version": protocol_version,
    "odd AE title": title,
    "odd context id": context_id,
    "context that nobody accepts": never_accepted,
    "thousands of contexts": many_contexts,
    "sub-item beyond its item": sub_item_beyond,
}
"""Mutations of an association request, by what people read of them."""
