"""What may come back for what was sent: the state machine of the acceptor as an oracle (PS3.8 9.2).

Only what leaves no doubt is a trouble.  A-ABORT, A-ASSOCIATE-RJ, a failure status and the end of the
connection are always allowed to whoever got something odd.  All of it is pure: a script, and what was played.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    ReleaseResponse,
    name_of,
)
from harness.findings import Symptom, Weight
from harness.fuzz.pdus.answers import Answers, Fragment
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.owing import Due, due
from harness.fuzz.pdus.played import Ending, Heard, Played
from harness.fuzz.pdus.reading import Sent, sent
from harness.fuzz.pdus.script import Await, Awaited, Script, Steps
from harness.fuzz.trouble import Trouble
from harness.scu.status import PENDING, SUCCESS


class Reaction(enum.StrEnum):
    """What a product can do on a connection."""

    ACCEPTED = "A-ASSOCIATE-AC"
    REJECTED = "A-ASSOCIATE-RJ"
    DATA = "P-DATA-TF"
    RELEASED = "A-RELEASE-RP"
    RELEASE_ASKED = "A-RELEASE-RQ"
    ABORTED = "A-ABORT"
    ENDED = "the end of the connection"
    SILENT = "silence"


def legal(script: Script, on: int = 0) -> frozenset[Reaction]:
    """What may come back on a connection (PS3.8 tables 9-6 to 9-10).

    A-ABORT and the end of the connection always may.  A-ASSOCIATE-AC and -RJ answer an A-ASSOCIATE-RQ that is
    whole and comes first (AE-6, AE-7, AE-8); messages and a release need that association (DT-1, AR-1, AR-4);
    silence is legal where nothing is due.
    """
    one = sent(script.steps, on)
    may = {Reaction.ABORTED, Reaction.ENDED}
    if one.asks:
        may |= {Reaction.ACCEPTED, Reaction.REJECTED, Reaction.DATA, Reaction.RELEASE_ASKED}
        if one.releases:
            may.add(Reaction.RELEASED)
    if not any(_owed(script, on)):
        may.add(Reaction.SILENT)
    return frozenset(may)


def judged(case: PduCase, played: Played) -> Trouble | None:
    """The worst trouble in what came back; None where all of it is allowed."""
    troubles = [
        trouble for on in case.script.connections for trouble in _on_connection(case.script, played, on)
    ]
    order = (Symptom.TOOK_IT, Symptom.ILLEGAL_ANSWER, Symptom.SILENT)
    return min(troubles, key=lambda trouble: order.index(trouble.symptom), default=None)


def _on_connection(script: Script, played: Played, on: int) -> Iterator[Trouble]:
    one = sent(script.steps, on)
    heard = played.on(on)
    yield from _states(one, heard, legal(script, on), played.ending(on))
    yield from _messages(one, heard)
    yield from _silence(script, played, on)


# ---------------------------------------------------------------- the state machine


def _states(one: Sent, heard: Iterable[Heard], may: frozenset[Reaction], ending: Ending) -> Iterator[Trouble]:
    """PDUs that the state at their time cannot send."""
    came: list[Reaction] = []
    for item in heard:
        if item.pdu is None:
            # A PDU that the end of the connection cut in two is what TCP does to an abort.
            if ending not in (Ending.CLOSED, Ending.RESET):
                yield _illegal("PS3.8 9.3.1", "a PDU", item.why, "bytes that are no PDU")
            return
        if isinstance(item.pdu, AssociateRequest):
            yield _illegal(
                "PS3.8 9.2", "an acceptor's PDU", "A-ASSOCIATE-RQ", "A-ASSOCIATE-RQ from an acceptor"
            )
            continue
        reaction = Reaction(name_of(item.pdu))
        yield from _state(one, reaction, came, may)
        if isinstance(item.pdu, AssociateAccept):
            yield from _accepted(one, item.pdu)
        came.append(reaction)


def _state(
    one: Sent, reaction: Reaction, came: list[Reaction], may: frozenset[Reaction]
) -> Iterator[Trouble]:
    if reaction not in may:
        yield from _not_allowed(one, reaction)
    if reaction not in may or reaction is Reaction.ABORTED:
        return
    # Sta13 sends nothing but A-ABORT (PS3.8 table 9-10, AA-6 and AA-7).
    over = next((past for past in came if past in _OVER), None)
    if over is not None:
        yield _illegal(
            "PS3.8 9.2.3, Sta13",
            "the end of the connection",
            f"{reaction} after {over}",
            f"{reaction} after {over}",
        )
    elif reaction in (Reaction.ACCEPTED, Reaction.REJECTED):
        if Reaction.ACCEPTED in came:
            observed = f"{reaction} on an association that was accepted before"
            yield _illegal("PS3.8 9.2.3, Sta6, AA-8", "A-ABORT", observed, f"{reaction} after A-ASSOCIATE-AC")
    elif Reaction.ACCEPTED not in came:
        expected = "A-ASSOCIATE-AC, A-ASSOCIATE-RJ or A-ABORT first"
        yield _illegal(
            "PS3.8 9.2.3, Sta2 and Sta3", expected, str(reaction), f"{reaction} before A-ASSOCIATE-AC"
        )


_OVER = (Reaction.REJECTED, Reaction.RELEASED, Reaction.ABORTED)


def _not_allowed(one: Sent, reaction: Reaction) -> Iterator[Trouble]:
    if reaction is Reaction.RELEASED:
        observed = "A-RELEASE-RP, and no release was asked for"
        yield _illegal("PS3.8 9.2.3, AR-4", "no A-RELEASE-RP", observed, "A-RELEASE-RP that nobody asked for")
        return
    first = one.frames[0].name if one.frames else "nothing"
    if one.frames and not one.frames[0].is_whole:
        first += " that is not complete"
    observed = f"{reaction} in answer to {first}"
    if reaction is Reaction.ACCEPTED:
        clause = "PS3.8 9.2.3, Sta2, AA-1" if one.frames and one.frames[0].is_whole else "PS3.8 9.3.1"
        yield _took(clause, "A-ABORT, or a wait for the rest", observed, f"accepted: {first}")
    else:
        yield _illegal("PS3.8 9.2.3, Sta2, AA-1", "A-ABORT", observed, f"{reaction} for {first}")


def _accepted(one: Sent, pdu: AssociateAccept) -> Iterator[Trouble]:
    """An acceptance names contexts that were proposed, and no others (PS3.8 9.3.3.2)."""
    if one.request is None:
        return
    proposed = {context.id for context in one.request.contexts}
    foreign = sorted({context.id for context in pdu.contexts if context.accepted} - proposed)
    if foreign:
        observed = f"accepted presentation contexts that were not proposed: {foreign}"
        yield _illegal(
            "PS3.8 9.3.3.2", "the proposed presentation contexts", observed, "foreign contexts accepted"
        )


# ---------------------------------------------------------------- messages


def _messages(one: Sent, heard: Iterable[Heard]) -> Iterator[Trouble]:
    """Responses to what was never sent, on contexts that are none, or to what had to be aborted."""
    answers = Answers()
    known = {command.message_id: command for command in one.commands}
    fields = {command.field for command in one.commands}
    contexts: frozenset[int] | None = None
    for item in heard:
        if isinstance(item.pdu, AssociateAccept) and contexts is None:
            contexts = frozenset(context.id for context in item.pdu.contexts if context.accepted)
        if not isinstance(item.pdu, PData) or contexts is None:
            continue
        for fragment in answers.taken(item.pdu):
            if fragment.violation is not None:
                violation = fragment.violation
                signature = f"{fragment.name}: {violation.clause}, {violation.expected}"
                yield _illegal(violation.clause, violation.expected, violation.observed, signature)
                return
            if not fragment.is_response:
                continue
            is_served = fragment.status in (SUCCESS, *PENDING)
            if fragment.context_id not in contexts:
                if is_served:
                    yield _took_context(fragment)
                continue
            if not one.are_certain:
                continue
            asked = known.get(fragment.answered)
            if asked is None or fragment.command_field not in {(field or 0) | 0x8000 for field in fields}:
                observed = f"{fragment.name} to message {fragment.answered}"
                expected = "a response to a message that was sent"
                yield _illegal("PS3.7 9.3", expected, observed, f"{fragment.name} to what was never sent")
                continue
            if not is_served:
                continue
            same = [command for command in one.commands if command.message_id == fragment.answered]
            if all(command.context_id not in contexts for command in same):
                yield _took_context(fragment)
            elif one.end is not None and all(command.frame > one.end for command in same):
                ended = one.frames[one.end].name
                observed = f"{fragment.name} with status {fragment.status:04X}H to a message behind {ended}"
                yield _took(
                    "PS3.8 9.2.3, AA-6 and AA-8",
                    f"no service behind {ended}",
                    observed,
                    f"served behind {ended}",
                )


def _took_context(fragment: Fragment) -> Trouble:
    observed = f"{fragment.name} with status {fragment.status:04X}H on a context that was not accepted"
    expected = "A-ABORT, or no service, on presentation contexts that were not accepted"
    return _took("PS3.8 9.3.5.1", expected, observed, f"{fragment.name}: context not accepted")


# ---------------------------------------------------------------- silence


def _owed(script: Script, on: int) -> Iterator[tuple[int, Due, Sent]]:
    """The waits in which something has to come, with what was sent before them."""
    for at, step in enumerate(script.steps):
        if isinstance(step, Await) and step.on == on and step.is_owed:
            so_far = sent(script.steps[:at], on)
            yield at, due(so_far), so_far


def _silence(script: Script, played: Played, on: int) -> Iterator[Trouble]:
    """Nothing at all where the clause leaves no doubt that something is due."""
    for at, owes, so_far in _owed(script, on):
        if at not in played.unanswered:
            continue
        if any(isinstance(item.pdu, _LAST) for item in played.on(on)) and owes is not Due.NOTHING:
            continue
        if any(fragment.is_request for fragment in _fragments(played.on(on))):
            continue  # it waits for an answer to a request of its own, which scripts do not give
        trouble = _silent(script.steps[at], owes, so_far, played.patience)
        # No clause has a product serve an association beside another one: who takes them in turn has not yet
        # taken this one, and DICOM sets no time for that.
        is_beside = any(step.on != on for step in script.steps[:at])
        yield replace(trouble, weight=Weight.OBSERVATION) if is_beside else trouble
        return


def _fragments(heard: Iterable[Heard]) -> Iterator[Fragment]:
    answers = Answers()
    for item in heard:
        if isinstance(item.pdu, PData):
            yield from answers.taken(item.pdu)


_LAST = Abort | AssociateReject | ReleaseResponse


def _silent(step: Steps, owes: Due, so_far: Sent, patience: float) -> Trouble:
    within = f"within {patience:g} s"
    if so_far.violation is not None:
        frame = so_far.frames[so_far.violation]
        state, action = ("Sta2", "AA-1") if so_far.violation == 0 else ("Sta6", "AA-8")
        clause, expected = f"PS3.8 9.2.3, {state}, {action}", "A-ABORT, or the end of the connection"
        what, weight = frame.name, Weight.FAILURE
    elif owes is Due.NOTHING:
        # Nobody says how long ARTIM is (PS3.8 9.1.5), so late cannot be told from never.
        clause, expected = "PS3.8 9.2.3, Sta2, AA-2", "the end of the connection once ARTIM has expired"
        what = so_far.frames[-1].name + " that is not complete" if so_far.frames else "silence"
        weight = Weight.OBSERVATION
    else:
        last = so_far.frames[-1]
        what = so_far.commands[-1].name if so_far.commands and last.name == Reaction.DATA else last.name
        is_message = isinstance(step, Await) and step.what is Awaited.RESPONSE
        clause = "PS3.7 9.1" if is_message else "PS3.8 9.2.3"
        expected = "an answer, A-ABORT, or the end of the connection"
        # What a product makes of a request that can be read, and is odd, is its choice.
        is_odd = owes is Due.PERHAPS and so_far.request is not None
        weight = Weight.OBSERVATION if is_odd else Weight.FAILURE
    observed = f"nothing {within}, and an open connection, after {what}"
    return Trouble(Symptom.SILENT, clause, expected, observed, f"after {what}", weight)


def _illegal(clause: str, expected: str, observed: str, detail: str) -> Trouble:
    return Trouble(Symptom.ILLEGAL_ANSWER, clause, expected, observed, detail)


def _took(clause: str, expected: str, observed: str, detail: str) -> Trouble:
    return Trouble(Symptom.TOOK_IT, clause, expected, observed, detail)
