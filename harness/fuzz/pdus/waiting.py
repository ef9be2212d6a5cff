"""Cases whose answer comes by a timer of the product, if at all: played apart, many at a time.

Where the standard demands the end of the connection it does not say when: ARTIM has no value (PS3.8 9.1.5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec

from harness.dimse.errors import DimseError
from harness.dimse.pdu import ASSOCIATE_RQ, HEADER, P_DATA, AssociateAccept
from harness.dimse.transport import connect
from harness.fuzz.pdus.fields import What, of, with_number
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.ordinary import echo
from harness.fuzz.pdus.played import Played
from harness.fuzz.pdus.playing import play
from harness.fuzz.pdus.recorded import message, opening
from harness.fuzz.pdus.script import MOST_CONNECTIONS, Await, Awaited, Open, Script, Send, Steps, with_titles
from harness.fuzz.pdus.streams import GARBAGE
from harness.scu.session import Peer
from harness.scu.uids import VERIFICATION

AT_ONCE = 16
"""Scripts that wait which are played at the same time."""
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


def play_waiting(
    scripts: Sequence[Script], peer: Peer, *, patience: float, at_once: int = AT_ONCE
) -> list[Played | DimseError]:
    """What the product does with scripts whose answers come by a timer, `at_once` of them at a time.

    One at a time where `serves_beside_silence` says no: silent connections would wait for each other there.
    What could not be played is the error in its place.
    """

    def one(script: Script) -> Played | DimseError:
        try:
            return play(script, peer, patience=patience, grace=patience)
        except DimseError as error:
            return error

    with ThreadPoolExecutor(max_workers=max(1, min(at_once, len(scripts)))) as pool:
        return list(pool.map(one, scripts))


def serves_beside_silence(peer: Peer, ordinary: Script, *, within: float = 3.0) -> bool:
    """Whether an ordinary exchange is served while another connection keeps silent.  Raises Unreachable."""
    silent = connect(peer.address, peer.deadline, peer.tls, peer.server_hostname)
    with silent:
        played = play(ordinary, replace(peer, deadline=within), patience=within)
    return not played.unanswered and any(isinstance(one.pdu, AssociateAccept) for one in played.heard)
