"""Mutations of P-DATA-TF: fragments, contexts, command and data sets (PS3.8 9.3.5, PS3.7 6.3.1)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from harness.dimse.command import TAGS
from harness.dimse.pdu import P_DATA, PData, Pdv
from harness.fuzz.changing import Choose, Mutation, changed, data_of, found, inserted, one_of, sends
from harness.fuzz.fields import Field, What, spliced, with_number
from harness.fuzz.script import Steps

DATA = (P_DATA,)
OTHER_CONTEXTS = (99, 2, 0, 255, 3, 1)
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


def _field(steps: list[Steps], choose: Choose, *kinds: What) -> tuple[int, Field] | None:
    places = found(steps, DATA, *kinds)
    return one_of(places, choose) if places else None


def _numbered(steps: list[Steps], choose: Choose, what: What, numbers: Sequence[int]) -> list[Steps]:
    """A field with another number, of these or next to its own."""
    place = _field(steps, choose, what)
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    own = field.integer(pdu)
    others = [number for number in dict.fromkeys((own + 1, own - 1, *numbers)) if 0 <= number != own]
    return changed(steps, at, with_number(pdu, field, one_of(others, choose)))


# ---------------------------------------------------------------- fragments


def pdv_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A PDV item length that is not its own (PS3.8 9.3.5.1)."""
    return _numbered(steps, choose, What.PDV_LENGTH, (0, 1, 2, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))


def control_bits(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A message control header with its bits turned: kind, last, or the six that have to be 0 (PS3.8 E.2)."""
    place = _field(steps, choose, What.PDV_HEADER)
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    turned = field.integer(pdu) ^ one_of((0b10, 0b01, 0b11, 0b100, 0xFC, 0x80), choose)
    return changed(steps, at, with_number(pdu, field, turned))


def other_context(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A PDV, or all of them, on a context that was never proposed or is another's (PS3.8 9.3.5.1)."""
    places = found(steps, DATA, What.PDV_CONTEXT)
    if not places:
        return steps
    context = one_of(OTHER_CONTEXTS, choose)
    if choose(2):
        places = [one_of(places, choose)]
    for at, field in places:
        steps = changed(steps, at, with_number(data_of(steps, at), field, context))
    return steps


def cut_anew(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A fragment in pieces of one byte or a few, each in its own PDU or all in one; empty ones between."""
    places = [at for at in sends(steps, P_DATA) if len(data_of(steps, at)) > 12]
    if not places:
        return steps
    at = one_of(places, choose)
    pdu = data_of(steps, at)
    context, control, data = pdu[10], pdu[11], pdu[12:]
    size = one_of((1, 2, 3, 7, 64), choose)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    if choose(2):
        pieces = [part for piece in pieces for part in (piece, b"")]
    is_command = bool(control & 1)
    pdvs = [Pdv(context, is_command, is_last=False, data=piece) for piece in pieces[:-1]]
    pdvs.append(Pdv(context, is_command, bool(control & 2), pieces[-1]))
    pdus = [PData(tuple(pdvs))] if choose(2) else [PData((pdv,)) for pdv in pdvs]
    return changed(steps, at, *(one.encode() for one in pdus))


def empty_fragments(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Fragments without a byte, or a P-DATA-TF without a fragment (PS3.8 9.3.5)."""
    places = sends(steps, P_DATA)
    if not places:
        return steps
    at = one_of(places, choose)
    context = (data_of(steps, at)[10:11] or b"\1")[0]
    empty = (
        PData((Pdv(context, True, False, b""),)),
        PData((Pdv(context, True, True, b""),)),
        PData((Pdv(context, False, True, b""),)),
        PData((Pdv(context, False, False, b""),)),
        PData(()),
    )
    pdu = one_of(empty, choose).encode()
    return inserted(steps, at + choose(2), *[pdu] * one_of((1, 2, 500), choose))


def interleaved(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The fragments of a message in turns: data ahead of the command or between its parts (PS3.8 E.1)."""
    places = [at for at in sends(steps, P_DATA) if len(data_of(steps, at)) > 13]
    if not places:
        return steps
    at = one_of(places, choose)
    pdu = data_of(steps, at)
    context, control, data = pdu[10], pdu[11], pdu[12:]
    middle = len(data) // 2
    is_command, is_last = bool(control & 1), bool(control & 2)
    other = one_of(
        (
            Pdv(context, not is_command, False, bytes(8)),
            Pdv(3, is_command, False, bytes(8)),
            Pdv(3, is_command, True, data),
            Pdv(context, not is_command, True, bytes(8)),
        ),
        choose,
    )
    parts = (
        Pdv(context, is_command, False, data[:middle]),
        other,
        Pdv(context, is_command, is_last, data[middle:]),
    )
    pdus = [PData(parts)] if choose(2) else [PData((part,)) for part in parts]
    return changed(steps, at, *(one.encode() for one in pdus))


def beyond_maximum(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A P-DATA-TF longer than most products take: a data set with padding behind it (PS3.8 D.1)."""
    place = _field(steps, choose, What.DATA)
    if place is None:
        return steps
    at, field = place
    size = one_of((0x20000, 0x40000), choose)
    padding = struct.pack("<HHI", 0xFFFC, 0xFFFC, size) + bytes(size)
    return changed(steps, at, spliced(data_of(steps, at), field.end, field.end, padding))


# ---------------------------------------------------------------- command sets


def element_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A length in the command set that is not that of its value: odd, huge, undefined."""
    lengths = (0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
    return _numbered(steps, choose, What.ELEMENT_LENGTH, lengths)


def group_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A Command Group Length (0000,0000) that is wrong (PS3.7 6.3.1)."""
    return _numbered(steps, choose, What.GROUP_LENGTH, (0, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))


def element_missing(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A command element left out."""
    place = _field(steps, choose, What.ELEMENT)
    if place is None:
        return steps
    at, field = place
    return changed(steps, at, spliced(data_of(steps, at), field.start, field.end, b""))


def element_twice(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A command element twice, or many times."""
    place = _field(steps, choose, What.ELEMENT)
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    times = one_of((2, 3, 300), choose)
    return changed(steps, at, spliced(pdu, field.start, field.end, field.value(pdu) * times))


def elements_out_of_order(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The elements of a command set turned round."""
    place = _field(steps, choose, What.COMMAND)
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
    place = _field(steps, choose, What.ELEMENT_VALUE)
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    old = field.value(pdu)
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
    return changed(steps, at, spliced(pdu, field.start, field.end, one_of(values, choose)))


def command_field(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Another Command Field: unknown, a response, a request of another service (PS3.7 E.1)."""
    return _element(steps, choose, TAGS["CommandField"], COMMAND_FIELDS)


def data_set_type(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A Command Data Set Type that says other than what follows (PS3.7 E.1)."""
    return _element(steps, choose, TAGS["CommandDataSetType"], (0x0101, 0x0000, 0xFFFF, 0x0001))


def _element(steps: list[Steps], choose: Choose, tag: int, numbers: Sequence[int]) -> list[Steps]:
    places = [one for one in found(steps, DATA, What.ELEMENT_VALUE) if one[1].number == tag]
    if not places:
        return steps
    at, field = one_of(places, choose)
    pdu = data_of(steps, at)
    others = [number for number in numbers if number != field.integer(pdu)]
    return changed(steps, at, with_number(pdu, field, one_of(others, choose)))


def foreign_element(steps: list[Steps], choose: Choose) -> list[Steps]:
    """An element more in the command set: of another group, private, retired, unknown (PS3.7 6.3.1, E)."""
    place = _field(steps, choose, What.ELEMENT)
    if place is None:
        return steps
    at, field = place
    tag = one_of((0x00080018, 0x00090010, 0x00000001, 0x0000FFFF, 0x00020010, 0xFFFEE000, 0x00000900), choose)
    extra = struct.pack("<HHI", tag >> 16, tag & 0xFFFF, 8) + b"PHTEST  "
    pdu = data_of(steps, at)
    return changed(steps, at, spliced(pdu, field.start, field.end, field.value(pdu) + extra))


# ---------------------------------------------------------------- data sets


def data_cut(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A data set that breaks off, or of which nothing is left."""
    place = _field(steps, choose, What.DATA)
    if place is None:
        return steps
    at, field = place
    start = field.start + choose(max(1, field.end - field.start))
    return changed(steps, at, spliced(data_of(steps, at), start, field.end, b""))


def data_lengths(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The length of the data set's first element: beyond it, undefined, odd (PS3.5 7.1)."""
    place = _field(steps, choose, What.DATA)
    if place is None or place[1].end - place[1].start < 8:
        return steps
    at, field = place
    length = one_of((0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0, 1, 0x10000), choose)
    where = field.start + 4
    return changed(steps, at, spliced(data_of(steps, at), where, where + 4, struct.pack("<I", length)))


def data_twice(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A data set behind the data set: every element twice, tags no longer in order (PS3.5 7.1)."""
    place = _field(steps, choose, What.DATA)
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    return changed(
        steps, at, spliced(pdu, field.start, field.end, field.value(pdu) * one_of((2, 50), choose))
    )


MESSAGES: dict[str, Mutation] = {
    "wrong PDV length": pdv_length,
    "message control header": control_bits,
    "other presentation context": other_context,
    "fragments cut anew": cut_anew,
    "empty fragments": empty_fragments,
    "fragments interleaved": interleaved,
    "very long PDU": beyond_maximum,
    "wrong command length": element_length,
    "wrong group length": group_length,
    "command element left out": element_missing,
    "command element twice": element_twice,
    "command elements out of order": elements_out_of_order,
    "command element with another value": element_value,
    "other Command Field": command_field,
    "contrary Data Set Type": data_set_type,
    "foreign command element": foreign_element,
    "data set cut": data_cut,
    "wrong data set length": data_lengths,
    "data set twice": data_twice,
}
"""Mutations of messages, by what people read of them."""
