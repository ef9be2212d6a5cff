"""Cases whose answer comes by a timer of the product, if at all: played apart, many at a time.

Where the standard demands the end of the connection it does not say when: ARTIM has no value (PS3.8 9.1.5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from harness.dimse.pdu import ASSOCIATE_RQ, HEADER, P_DATA
from harness.fuzz.fields import What, of, with_number
from harness.fuzz.pdus import PduCase
from harness.fuzz.recorded import echo, message, opening
from harness.fuzz.script import MOST_CONNECTIONS, Await, Awaited, Open, Script, Send, Steps, with_titles
from harness.fuzz.streams import GARBAGE
from harness.scu.uids import VERIFICATION

PAUSE = 0.02
"""Seconds between two bytes of a slow sender."""


def waiting_cases(called: str, calling: str) -> tuple[PduCase, ...]:
    """All of them, for a target's AE title and our own.  Raises MisuseError for titles that are none."""
    return tuple(
        PduCase("waiting", Script(tuple(steps), called, calling, must_wait=True), (about,))
        for about, steps in _cases((called, calling))
    )


def _cases(titles: tuple[str, str]) -> Iterator[tuple[str, list[Steps]]]:
    opened = opening(titles, VERIFICATION)
    request = opened[0]
    assert isinstance(request, Send)
    # An A-ABORT ends this wait too: who has sent it may leave the closing to us (PS3.8 table 9-10, Sta13).
    end = Await(what=Awaited.RELEASE, is_owed=True)
    left = Await(what=Awaited.END)
    yield "nothing at all", [Open(), end]
    yield "half of a request", [_shortened(request, len(request.data) // 2, titles), end]
    yield "a request without its last byte", [_shortened(request, len(request.data) - 1, titles), end]
    yield "the header of a request", [Send(data=request.data[:6]), end]
    yield "one byte", [Send(data=request.data[:1]), end]
    for length in (0x7FFFFFFF, 0xFFFFFFFF):
        header = HEADER.pack(ASSOCIATE_RQ, 0, length)
        yield f"the header of a request of {length} bytes", [Send(data=header), end]
    yield "a request of length 0", [Send(data=HEADER.pack(ASSOCIATE_RQ, 0, 0)), end]
    item = of(request.data, What.ITEM_LENGTH)[0]
    beyond = msgspec.structs.replace(request, data=with_number(request.data, item, 0xFFFF))
    yield "a request with an item beyond it", [beyond, end]
    for data in GARBAGE:
        yield f"{data[:8]!r} … instead of a request", [Send(data=data), end]
    yield "an unknown PDU on an association", [*opened, Send(data=GARBAGE[-1]), end]
    yield "a second request on an association", [*opened, request, end]
    beyond_pdu = HEADER.pack(P_DATA, 0, 14) + struct.pack(">IBB", 0x100, 1, 3) + bytes(8)
    yield "a fragment beyond its PDU", [*opened, Send(data=beyond_pdu), end]
    half = next(step.data for step in message(echo()) if isinstance(step, Send))[:-4]
    yield "half of a message", [*opened, Send(data=half), left]
    yield "an association without a message", [*opened, left]
    slow = [msgspec.structs.replace(request, piece=1, pause=PAUSE), opened[1]]
    yield "a request byte by byte, slowly", slow
    many: list[Steps] = [Open(on=on) for on in range(MOST_CONNECTIONS)]
    yield f"{MOST_CONNECTIONS} connections without a word", [*many, left]
    halves: list[Steps] = [
        msgspec.structs.replace(_shortened(request, 80, titles), on=on) for on in range(MOST_CONNECTIONS)
    ]
    yield f"{MOST_CONNECTIONS} halves of a request", [*halves, left]


def _shortened(request: Send, size: int, titles: tuple[str, str]) -> Send:
    return with_titles(msgspec.structs.replace(request, data=request.data[:size]), *titles)
