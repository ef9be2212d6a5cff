"""What may come back, judged on made-up answers: each trouble is seen, and what is allowed is none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from harness.dimse.command import NO_DATA_SET, Command, CommandSet
from harness.dimse.negotiation import AnsweredContext
from harness.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    Pdu,
    Pdv,
    ReleaseRequest,
    ReleaseResponse,
    decode_pdu,
)
from harness.findings import Symptom, Weight
from harness.fuzz.pdus.judging import Reaction, judged, legal
from harness.fuzz.pdus.mutated import PduCase, ended
from harness.fuzz.pdus.ordinary import echo
from harness.fuzz.pdus.played import Ending, Heard, Played
from harness.fuzz.pdus.recorded import message, opening, recorded, releasing
from harness.fuzz.pdus.script import Await, Awaited, Open, Script, Send, Steps
from harness.fuzz.pdus.waiting import waiting_cases
from harness.scu.uids import VERIFICATION

TITLES = ("CALLED", "CALLING")
OPENED = opening(TITLES, VERIFICATION)
ACCEPT = AssociateAccept(*TITLES, contexts=(AnsweredContext(1, 0, "1.2.840.10008.1.2"),))
REFUSED = AssociateAccept(*TITLES, contexts=(AnsweredContext(1, 3, "1.2.840.10008.1.2"),))
UNKNOWN = Send(data=bytes.fromhex("0a0000000000"))


def response(
    message_id: int = 1, *, context: int = 1, field: int = Command.C_ECHO_RSP, **more: int | bytes | None
) -> PData:
    values = {
        "AffectedSOPClassUID": VERIFICATION,
        "CommandField": field,
        "MessageIDBeingRespondedTo": message_id,
        "CommandDataSetType": NO_DATA_SET,
        "Status": 0,
        **more,
    }
    return PData((Pdv(context, True, True, CommandSet.of(**values).encode()),))


def case(*steps: Steps) -> PduCase:
    return PduCase("made up", ended(steps, *TITLES))


ECHO = case(*OPENED, *message(echo()), *releasing())
BARE = case(*OPENED, *message(echo()))


def played(
    one: PduCase,
    pdus: Sequence[Pdu | bytes],
    *,
    ending: Ending = Ending.CLOSED,
    unanswered: tuple[int, ...] = (),
) -> Played:
    heard = tuple(
        Heard(0, 1, pdu, None, "not a PDU") if isinstance(pdu, bytes) else Heard(0, 1, pdu.encode(), pdu)
        for pdu in pdus
    )
    return Played(heard, ((0, ending),), unanswered, 5.0, 0.1)


def symptom(one: PduCase, *pdus: Pdu | bytes, ending: Ending = Ending.CLOSED) -> Symptom | None:
    trouble = judged(one, played(one, pdus, ending=ending))
    if trouble is not None:
        assert trouble.clause.startswith("PS3.")
        assert trouble.expected
        assert trouble.observed
        assert trouble.signature
    return trouble and trouble.symptom


ALLOWED: dict[str, tuple[PduCase, tuple[Pdu, ...]]] = {
    "all as it should be": (ECHO, (ACCEPT, response(), ReleaseResponse())),
    "a rejection": (ECHO, (AssociateReject(1, 1, 1),)),
    "an abort at once": (ECHO, (Abort(),)),
    "an abort of the provider later": (ECHO, (ACCEPT, response(), Abort(2, 1))),
    "the end without a word": (ECHO, ()),
    "a failure": (ECHO, (ACCEPT, response(Status=0x0122), ReleaseResponse())),
    "a release that the product asks for": (ECHO, (ACCEPT, ReleaseRequest(), ReleaseResponse())),
    "two aborts, as after a second request (AA-7)": (ECHO, (ACCEPT, Abort(2, 2), Abort(2, 2))),
    "a failure on a context that was not accepted": (ECHO, (REFUSED, response(Status=0x0122))),
    "an abort for an unknown PDU": (case(UNKNOWN), (Abort(),)),
    "a request of the product's own": (
        ECHO,
        (ACCEPT, PData((Pdv(1, True, True, echo(9).encode()),)), response(), ReleaseResponse()),
    ),
    "a response before an abort for what came behind": (
        case(*OPENED, *message(echo()), UNKNOWN),
        (ACCEPT, response(), Abort(2, 1)),
    ),
    "any id where the command had none": (
        case(*OPENED, *message(echo().replace(MessageID=None)), *releasing()),
        (ACCEPT, response(0), ReleaseResponse()),
    ),
    "pending, then success": (ECHO, (ACCEPT, response(Status=0xFF00), response(), ReleaseResponse())),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed_is_no_trouble(name: str) -> None:
    one, pdus = ALLOWED[name]
    assert symptom(one, *pdus) is None


UNASKED = AssociateRequest(*TITLES)
FRAGMENT = PData((Pdv(1, False, True, b"AB"),))
ILLEGAL: dict[str, tuple[PduCase, tuple[Pdu | bytes, ...]]] = {
    "bytes that are no PDU": (ECHO, (ACCEPT, b"HTTP/1.1 400")),
    "data before the acceptance": (ECHO, (response(), ACCEPT)),
    "a release before the acceptance": (ECHO, (ReleaseRequest(),)),
    "a release that nobody asked for": (BARE, (ACCEPT, ReleaseResponse())),
    "two releases": (ECHO, (ACCEPT, response(), ReleaseResponse(), ReleaseResponse())),
    "two acceptances": (ECHO, (ACCEPT, ACCEPT)),
    "a rejection after the acceptance": (ECHO, (ACCEPT, AssociateReject(1, 1, 1))),
    "an acceptance after the rejection": (ECHO, (AssociateReject(1, 1, 1), ACCEPT)),
    "data after the abort": (ECHO, (ACCEPT, Abort(), response())),
    "data after the release": (ECHO, (ACCEPT, ReleaseResponse(), response())),
    "a request from an acceptor": (ECHO, (UNASKED,)),
    "a rejection of what is no request": (case(UNKNOWN), (AssociateReject(1, 1, 1),)),
    "a foreign context": (
        ECHO,
        (AssociateAccept(*TITLES, contexts=(AnsweredContext(9, 0, "1.2.840.10008.1.2"),)),),
    ),
    "an answer to another message": (ECHO, (ACCEPT, response(77))),
    "an answer to another command": (ECHO, (ACCEPT, response(field=Command.C_STORE_RSP))),
    "an answer without Status": (ECHO, (ACCEPT, response(Status=None))),
    "an answer that breaks off": (ECHO, (ACCEPT, PData((Pdv(1, True, True, echo().encode()[:-3]),)))),
    "an answer with a wrong group length": (
        ECHO,
        (ACCEPT, PData((Pdv(1, True, True, b"\0\0\0\0\4\0\0\0\1\0\0\0" + response().encode()[24:]),))),
    ),
    "data where a command is due": (ECHO, (ACCEPT, FRAGMENT)),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_what_no_state_sends_is_an_illegal_answer(name: str) -> None:
    one, pdus = ILLEGAL[name]
    assert symptom(one, *pdus, ending=Ending.OURS) is Symptom.ILLEGAL_ANSWER


HALF = case(Send(data=decode_pdu(OPENED[0].data).encode()[:-9])) if isinstance(OPENED[0], Send) else BARE
TAKEN: dict[str, tuple[PduCase, tuple[Pdu, ...]]] = {
    "an unknown PDU accepted": (case(UNKNOWN), (ACCEPT,)),
    "half a request accepted": (HALF, (ACCEPT,)),
    "a context that was not accepted": (ECHO, (REFUSED, response())),
    "a context that was not accepted, pending": (ECHO, (REFUSED, response(Status=0xFF00))),
    "a context never proposed, answered on another": (
        case(*OPENED, *message(echo(), context=99), *releasing()),
        (ACCEPT, response(), ReleaseResponse()),
    ),
    "a message behind an unknown PDU": (
        case(*OPENED, UNKNOWN, *message(echo()), *releasing()),
        (ACCEPT, response(), ReleaseResponse()),
    ),
    "a message behind a second request": (case(*OPENED, OPENED[0], *message(echo())), (ACCEPT, response())),
    "a message behind the release": (
        case(*OPENED, *releasing(), *message(echo())),
        (ACCEPT, response(), ReleaseResponse()),
    ),
    "a message behind an abort": (
        case(*OPENED, Send(data=Abort().encode()), *message(echo())),
        (ACCEPT, response()),
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_served_and_must_not_be_was_taken(name: str) -> None:
    one, pdus = TAKEN[name]
    assert symptom(one, *pdus) is Symptom.TOOK_IT


def silence(one: PduCase, *pdus: Pdu) -> tuple[Symptom, Weight] | None:
    """Every wait unanswered, the connection open."""
    waits = tuple(at for at, step in enumerate(one.script.steps) if isinstance(step, Await))
    trouble = judged(one, played(one, pdus, ending=Ending.OPEN, unanswered=waits))
    return trouble and (trouble.symptom, trouble.weight)


def test_silence_after_what_is_ordinary_is_a_failure() -> None:
    assert silence(ECHO) == (Symptom.SILENT, Weight.FAILURE)
    assert silence(ECHO, ACCEPT) == (Symptom.SILENT, Weight.FAILURE)
    assert silence(BARE, ACCEPT) == (Symptom.SILENT, Weight.FAILURE)


def test_who_serves_one_association_after_the_other_breaks_no_clause() -> None:
    second = [msgspec.structs.replace(step, on=1) for step in OPENED]
    one = case(*OPENED, *second)
    at = next(n for n, step in enumerate(one.script.steps) if isinstance(step, Await) and step.on == 1)
    seen = Played(
        (Heard(0, 1, ACCEPT.encode(), ACCEPT),), ((0, Ending.OPEN), (1, Ending.OPEN)), (at,), 5.0, 5.0
    )
    trouble = judged(one, seen)
    assert trouble is not None
    assert (trouble.symptom, trouble.weight) == (Symptom.SILENT, Weight.OBSERVATION)


def test_silence_after_an_abort_is_none() -> None:
    assert silence(ECHO, Abort()) is None


def test_silence_of_who_awaits_an_answer_of_its_own_is_none() -> None:
    later = case(*OPENED, *message(echo()), *message(echo(2)))
    waits = tuple(at for at, step in enumerate(later.script.steps) if isinstance(step, Await))[2:]
    own = PData((Pdv(1, True, True, echo(9).encode()),))
    found = played(later, (ACCEPT, response(), own), ending=Ending.OPEN, unanswered=waits)
    assert judged(later, found) is None


def test_silence_after_what_is_damaged_is_none_in_an_ordinary_case() -> None:
    assert silence(case(UNKNOWN)) is None
    assert silence(HALF) is None


WAITING = {one.traits[0]: one for one in waiting_cases(*TITLES)}


@pytest.mark.parametrize(
    ("about", "weight"),
    [
        ("nothing at all", Weight.OBSERVATION),
        ("half of a request", Weight.OBSERVATION),
        ("a request of length 0", Weight.FAILURE),
        ("a request with an item beyond it", Weight.FAILURE),
        ("an unknown PDU on an association", Weight.FAILURE),
        ("a second request on an association", Weight.FAILURE),
        ("a fragment beyond its PDU", Weight.FAILURE),
    ],
)
def test_silence_of_cases_that_wait(about: str, weight: Weight) -> None:
    one = WAITING[about]
    waits = (len(one.script.steps) - 1,)
    pdus = (ACCEPT,) if "association" in about or "fragment" in about else ()
    trouble = judged(one, played(one, pdus, ending=Ending.OPEN, unanswered=waits))
    assert trouble is not None
    assert (trouble.symptom, trouble.weight) == (Symptom.SILENT, weight)
    assert judged(one, played(one, pdus)) is None


def test_legal_reactions_follow_the_state_machine() -> None:
    always = {Reaction.ABORTED, Reaction.ENDED}
    assert legal(case(UNKNOWN).script) == always | {Reaction.SILENT}
    assert legal(Script((Open(),), *TITLES)) == always | {Reaction.SILENT}
    answers = {Reaction.ACCEPTED, Reaction.REJECTED, Reaction.DATA, Reaction.RELEASE_ASKED}
    assert legal(BARE.script) == always | answers
    assert legal(ECHO.script) == always | answers | {Reaction.RELEASED}


def test_a_signature_does_not_change_with_the_case() -> None:
    first = judged(ECHO, played(ECHO, (ACCEPT, response(77))))
    other = judged(ECHO, played(ECHO, (ACCEPT, response(78))))
    assert first is not None
    assert other is not None
    assert first.signature == other.signature
    assert first.observed != other.observed


def test_troubles_of_every_connection_are_seen() -> None:
    steps = [*OPENED, *(step for step in opening(TITLES, VERIFICATION))]
    two = PduCase("two", Script((*steps[:2], *(_on(step, 1) for step in steps[2:])), *TITLES))
    heard = (Heard(0, 1, b"", ACCEPT), Heard(1, 3, b"", ACCEPT), Heard(1, 3, b"", ACCEPT))
    trouble = judged(two, Played(heard, ((0, Ending.CLOSED), (1, Ending.CLOSED)), (), 5.0, 0.1))
    assert trouble is not None
    assert trouble.symptom is Symptom.ILLEGAL_ANSWER


def _on(step: Steps, on: int) -> Steps:
    if isinstance(step, Send):
        return Send(data=step.data, on=on)
    return Await(what=Awaited.ASSOCIATION, on=on)


def test_recorded_exchanges_are_all_judged_without_trouble_when_nothing_comes() -> None:
    for exchange in recorded(*TITLES):
        one = PduCase(exchange.name, ended(exchange.script.steps, *TITLES))
        assert judged(one, played(one, ())) is None
