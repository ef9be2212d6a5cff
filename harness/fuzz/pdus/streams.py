"""Mutations of a stream of PDUs, whatever these are: types, lengths, order, pieces, garbage."""

from __future__ import annotations

import msgspec

from harness.dimse.pdu import (
    ASSOCIATE_RQ,
    HEADER,
    P_DATA,
    Abort,
    AssociateReject,
    Pdu,
    ReleaseRequest,
    ReleaseResponse,
)
from harness.fuzz.pdus.changing import Choose, Mutation, changed, data_of, found, inserted, one_of, sends
from harness.fuzz.pdus.fields import What, with_number
from harness.fuzz.pdus.script import MOST_CONNECTIONS, Await, Awaited, Reset, Send, Steps

TYPES = (0x00, 0x08, 0x0A, 0x45, 0x7F, 0xFF, 1, 2, 3, 4, 5, 6, 7)
GARBAGE = (
    bytes(64),
    b"\xff" * 64,
    b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
    # A TLS 1.2 client hello with one cipher suite and no extensions.
    bytes.fromhex("160301002f0100002b0303") + bytes(32) + bytes.fromhex("000004002f00ff0100"),
    b"MSH|^~\\&|PHTEST|||||ADT^A01|1|P|2.5\r",
    b"DICM" + bytes(124),
    bytes.fromhex("0a0000000004") + bytes(4),
    bytes.fromhex("0a0000000000"),
    bytes.fromhex("ff0000000000"),
)
PIECES = 64
"""In which a PDU is sent at most; the product looks at each by itself."""
FLOODS = (1, 2, 3)
"""Further associations at once in an ordinary case; `harness.fuzz.pdus.known` goes up to the bound."""


def _lengths(length: int) -> tuple[int, ...]:
    wanted = (
        length + 1,
        length - 1,
        0,
        1,
        length + 2,
        length * 2,
        4,
        0x10000,
        0x7FFFFFFF,
        0x80000000,
        0xFFFFFFFF,
    )
    return tuple(number for number in dict.fromkeys(wanted) if 0 <= number != length)


def pdu_length(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A PDU length that is not that of the PDU (PS3.8 9.3.1)."""
    at = one_of(sends(steps), choose)
    pdu = data_of(steps, at)
    if len(pdu) < HEADER.size:
        return steps
    length = one_of(_lengths(HEADER.unpack_from(pdu)[2]), choose)
    kind, reserved, _ = HEADER.unpack_from(pdu)
    return changed(steps, at, HEADER.pack(kind, reserved, length & 0xFFFFFFFF) + pdu[HEADER.size :])


def pdu_type(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A PDU of an unknown type, or of another one than its content (PS3.8 9.3.1)."""
    at = one_of(sends(steps), choose)
    pdu = data_of(steps, at)
    kinds = [kind for kind in TYPES if kind != pdu[0]]
    return changed(steps, at, bytes((one_of(kinds, choose),)) + pdu[1:])


def swapped(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Two PDUs in each other's place."""
    places = sends(steps)
    if len(places) < 2:
        return steps
    first = choose(len(places) - 1)
    a, b = places[first], places[first + 1]
    out = list(steps)
    out[a], out[b] = out[b], out[a]
    return out


def repeated(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A PDU twice; a second A-ASSOCIATE-RQ on the open association where it is that one."""
    places = sends(steps)
    at = one_of(places, choose)
    behind = one_of([place for place in places if place >= at], choose)
    return inserted(steps, behind + 1, data_of(steps, at))


def dropped(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A PDU left out."""
    at = one_of(sends(steps), choose)
    return [*steps[:at], *steps[at + 1 :]]


def second_request(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Another A-ASSOCIATE-RQ while the association is open (PS3.8 table 9-10, AA-8)."""
    requests, others = sends(steps, ASSOCIATE_RQ), sends(steps)[1:]
    if not requests or not others:
        return steps
    return inserted(steps, one_of(others, choose), data_of(steps, requests[0]))


def unexpected(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A legal PDU that an acceptor cannot get, or not there."""
    pdus: tuple[Pdu, ...] = (
        ReleaseResponse(),
        AssociateReject(1, 1, 1),
        ReleaseRequest(),
        Abort(),
        Abort(2, 6),
        ReleaseRequest(b"\xff" * 5),
    )
    return inserted(steps, one_of(sends(steps), choose), one_of(pdus, choose).encode())


def garbage(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Another protocol, or none, in the place of a PDU or ahead of one."""
    at = one_of(sends(steps), choose)
    bytes_ = one_of(GARBAGE, choose)
    return inserted(steps, at, bytes_) if choose(2) else changed(steps, at, bytes_)


def half_sent(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The end of everything within a PDU."""
    at = one_of(sends(steps), choose)
    pdu = data_of(steps, at)
    if len(pdu) < 2:
        return steps
    return changed(steps[: at + 1], at, pdu[: 1 + choose(len(pdu) - 1)])


def byte_by_byte(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A short PDU byte by byte, a long one in a few dozen pieces, each a TCP segment of its own."""
    at = one_of(sends(steps), choose)
    step = steps[at]
    assert isinstance(step, Send)
    piece = max(one_of((1, 2, 3, 5, 7), choose), len(step.data) // PIECES)
    return [*steps[:at], msgspec.structs.replace(step, piece=piece), *steps[at + 1 :]]


def at_once(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Everything sent without waiting for an answer, from one PDU on."""
    first = one_of(sends(steps), choose)
    return [step for at, step in enumerate(steps) if at < first or not isinstance(step, Await)]


def reserved(steps: list[Steps], choose: Choose) -> list[Steps]:
    """Reserved bytes that are not zero, which nobody may test (PS3.8 9.3.1)."""
    places = found(steps, (), What.RESERVED)
    if not places:
        return steps
    at, field = one_of(places, choose)
    return changed(
        steps, at, with_number(data_of(steps, at), field, (1 << 8 * (field.end - field.start)) - 1)
    )


def bits(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A few bits turned over, anywhere."""
    at = one_of(sends(steps), choose)
    pdu = bytearray(data_of(steps, at))
    for _ in range(1 + choose(4)):
        pdu[choose(len(pdu))] ^= 1 << choose(8)
    return changed(steps, at, bytes(pdu))


def cut_off(steps: list[Steps], choose: Choose) -> list[Steps]:
    """The connection reset behind a PDU."""
    at = one_of(sends(steps), choose)
    return [*steps[: at + 1], Reset()]


def flood(steps: list[Steps], choose: Choose) -> list[Steps]:
    """More associations open at the same time."""
    requests = sends(steps, ASSOCIATE_RQ)
    used = max((step.on for step in steps), default=0)
    count = one_of(FLOODS, choose)
    if not requests or used + count >= MOST_CONNECTIONS:
        return steps
    request = steps[requests[0]]
    assert isinstance(request, Send)
    further: list[Steps] = []
    for on in range(used + 1, used + 1 + count):
        further += (
            msgspec.structs.replace(request, on=on),
            Await(what=Awaited.ASSOCIATION, is_owed=True, on=on),
        )
    behind = requests[0] + 1
    while behind < len(steps) and isinstance(steps[behind], Await):
        behind += 1
    return [*steps[:behind], *further, *steps[behind:]]


def release_inside(steps: list[Steps], choose: Choose) -> list[Steps]:
    """A release request in the middle of a message."""
    places = sends(steps, P_DATA)
    if not places:
        return steps
    at = one_of(places, choose)
    pdu = data_of(steps, at)
    if len(pdu) <= 14:
        return inserted(steps, at, ReleaseRequest().encode())
    # The PDU is cut into two fragments of one PDV each, the first of them not the last of its message.
    middle = 12 + (len(pdu) - 12) // 2
    first, second = (
        _fragment(pdu[10], pdu[11] & ~2, pdu[12:middle]),
        _fragment(pdu[10], pdu[11], pdu[middle:]),
    )
    return changed(inserted(steps, at + 1, ReleaseRequest().encode(), second), at, first)


def _fragment(context: int, control: int, data: bytes) -> bytes:
    length = len(data) + 2
    return HEADER.pack(P_DATA, 0, length + 4) + length.to_bytes(4, "big") + bytes((context, control)) + data


STREAMS: dict[str, Mutation] = {
    "wrong PDU length": pdu_length,
    "other PDU type": pdu_type,
    "PDUs swapped": swapped,
    "PDU repeated": repeated,
    "PDU left out": dropped,
    "second association request": second_request,
    "unexpected PDU": unexpected,
    "no DICOM at all": garbage,
    "half-sent PDU": half_sent,
    "byte by byte": byte_by_byte,
    "all at once": at_once,
    "reserved bytes": reserved,
    "bits turned over": bits,
    "connection reset": cut_off,
    "associations at once": flood,
    "release within a message": release_inside,
}
"""Mutations of any exchange, by what people read of them."""
