"""Mutations of command sets: elements, their lengths, their order, their values (PS3.7 6.3.1 and E)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from harness.dimse.command import TAGS
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
from harness.fuzz.pdus.fields import What
from harness.fuzz.pdus.messages import DATA, numbered
from harness.fuzz.pdus.script import Steps

COMMAND_FIELDS = (
    0x0031,
    0x0FFF,
    0x8030,
    0x8001,
    0x0000,
    0xFFFF,
    0x0150,
    0x0140,
    0x0110,
    0x0100,
    0x0020,
    0x0001,
)
LONG_VALUE = 0x20000
"""Bytes of a huge value in a command set."""


def element_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A length in the command set that is not that of its value: odd, huge, undefined."""
    lengths = (0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
    return numbered(steps, choose, What.ELEMENT_LENGTH, lengths)


def group_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A Command Group Length (0000,0000) that is wrong (PS3.7 6.3.1)."""
    return numbered(steps, choose, What.GROUP_LENGTH, (0, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))


def element_missing(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A command element left out."""
    return respliced(steps, place_of(steps, choose, DATA, What.ELEMENT), lambda element: b"")


def element_twice(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A command element twice, or many times."""
    place = place_of(steps, choose, DATA, What.ELEMENT)
    return respliced(steps, place, lambda element: element * one_of((2, 3, 300), choose))


def elements_out_of_order(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The elements of a command set turned round."""
    place = place_of(steps, choose, DATA, What.COMMAND)
    if place is None:
        return steps
    at, whole = place
    pdu = data_of(steps, at)
    elements = [field.value(pdu) for _, field in found([steps[at]], DATA, What.ELEMENT)]
    first = choose(max(1, len(elements)))
    turned = b"".join(elements[first:] + elements[:first]) if choose(2) else b"".join(reversed(elements))
    if len(turned) != whole.end - whole.start:
        return steps
    return changed(steps, at, pdu[: whole.start] + turned + pdu[whole.end :])


def element_value(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Another value in the command set: empty, odd, huge, of characters that are not allowed."""

    def other(old: bytes) -> bytes:
        values = (
            b"",
            old + b"\0",
            old + b"\0\0",
            b"\xff" * len(old),
            bytes(len(old)),
            b"1.2.3.4.5.6.7.8",
            b"1." * 32 + b"1",
            b"../../../../PHTEST",
            b"%s%n%x%s%n%x",
            b"'; DROP TABLE x--",
            b"9" * LONG_VALUE,
        )
        return one_of(values, choose)

    return respliced(steps, place_of(steps, choose, DATA, What.ELEMENT_VALUE), other)


def command_field(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Another Command Field: unknown, a response, a request of another service (PS3.7 E.1)."""
    return _element(steps, choose, TAGS["CommandField"], COMMAND_FIELDS)


def data_set_type(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A Command Data Set Type that says other than what follows (PS3.7 E.1)."""
    return _element(steps, choose, TAGS["CommandDataSetType"], (0x0101, 0x0000, 0xFFFF, 0x0001))


def _element(steps: list[Steps], choose: Choose, tag: int, numbers: Sequence[int]) -> list[Steps]:
    place = place_of(steps, choose, DATA, What.ELEMENT_VALUE, numbers=(tag,))
    return renumbered(steps, place, lambda own: one_of([one for one in numbers if one != own], choose))


def foreign_element(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An element more in the command set: of another group, private, retired, unknown (PS3.7 6.3.1, E)."""
    tags = (0x00080018, 0x00090010, 0x00000001, 0x0000FFFF, 0x00020010, 0xFFFEE000, 0x00000900)

    def followed(element: bytes) -> bytes:
        tag = one_of(tags, choose)
        return element + struct.pack("<HHI", tag >> 16, tag & 0xFFFF, 8) + b"PHTEST  "

    return respliced(steps, place_of(steps, choose, DATA, What.ELEMENT), followed)


COMMANDS: dict[str, Mutation] = {
    "wrong command length": element_length,
    "wrong group length": group_length,
    "command element left out": element_missing,
    "command element twice": element_twice,
    "command elements out of order": elements_out_of_order,
    "command element with another value": element_value,
    "other Command Field": command_field,
    "contrary Data Set Type": data_set_type,
    "foreign command element": foreign_element,
}
"""Mutations of command sets, by what people read of them."""
