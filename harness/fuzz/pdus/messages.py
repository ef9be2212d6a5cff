"""Mutations of P-DATA-TF: fragments, contexts, command and data sets (PS3.8 9.3.5, PS3.7 6.3.1)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from harness.dimse.pdu import P_DATA, PData, Pdv
from harness.fuzz.pdus.changing import (
    Choose,
    Mutation,
    changed,
    data_of,
    found,
    inserted,
    one_of,
    place_of,
    renumbered,
    respliced,
    sends,
)
from harness.fuzz.pdus.fields import What, spliced, with_number
from harness.fuzz.pdus.script import Steps

DATA = (P_DATA,)
OTHER_CONTEXTS = (99, 2, 0, 255, 3, 1)


def numbered(steps: list[Steps], choose: Choose, what: What, numbers: Sequence[int]) -> list[Steps]:
    """A field with another number, of these or next to its own."""

    def other(own: int) -> int:
        wanted = dict.fromkeys((own + 1, own - 1, *numbers))
        return one_of([number for number in wanted if 0 <= number != own], choose)

    return renumbered(steps, place_of(steps, choose, DATA, what), other)


# ---------------------------------------------------------------- fragments


def pdv_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A PDV item length that is not its own (PS3.8 9.3.5.1)."""
    return numbered(steps, choose, What.PDV_LENGTH, (0, 1, 2, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))


def control_bits(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A message control header with its bits turned: kind, last, or the six that have to be 0 (PS3.8 E.2)."""
    bits = (0b10, 0b01, 0b11, 0b100, 0xFC, 0x80)
    place = place_of(steps, choose, DATA, What.PDV_HEADER)
    return renumbered(steps, place, lambda own: own ^ one_of(bits, choose))


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
    place = place_of(steps, choose, DATA, What.DATA)
    if place is None:
        return steps
    at, field = place
    size = one_of((0x20000, 0x40000), choose)
    padding = struct.pack("<HHI", 0xFFFC, 0xFFFC, size) + bytes(size)
    return changed(steps, at, spliced(data_of(steps, at), field.end, field.end, padding))


# ---------------------------------------------------------------- data sets


def data_cut(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A data set that breaks off, or of which nothing is left."""
    place = place_of(steps, choose, DATA, What.DATA)
    if place is None:
        return steps
    at, field = place
    start = field.start + choose(max(1, field.end - field.start))
    return changed(steps, at, spliced(data_of(steps, at), start, field.end, b""))


def data_lengths(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The length of the data set's first element: beyond it, undefined, odd (PS3.5 7.1)."""
    place = place_of(steps, choose, DATA, What.DATA)
    if place is None or place[1].end - place[1].start < 8:
        return steps
    at, field = place
    length = one_of((0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0, 1, 0x10000), choose)
    where = field.start + 4
    return changed(steps, at, spliced(data_of(steps, at), where, where + 4, struct.pack("<I", length)))


def data_twice(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A data set behind the data set: every element twice, tags no longer in order (PS3.5 7.1)."""
    place = place_of(steps, choose, DATA, What.DATA)
    return respliced(steps, place, lambda data: data * one_of((2, 50), choose))


MESSAGES: dict[str, Mutation] = {
    "wrong PDV length": pdv_length,
    "message control header": control_bits,
    "other presentation context": other_context,
    "fragments cut anew": cut_anew,
    "empty fragments": empty_fragments,
    "fragments interleaved": interleaved,
    "very long PDU": beyond_maximum,
    "data set cut": data_cut,
    "wrong data set length": data_lengths,
    "data set twice": data_twice,
}
"""Mutations of fragments and data sets, by what people read of them."""
