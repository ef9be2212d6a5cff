"""In what two products differ over a script that was played to both: the first answer that is another one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from harness.dimse.pdu import (
    ABORT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    NAMES,
    Abort,
    AssociateAccept,
    AssociateReject,
    PData,
    ReleaseResponse,
    name_of,
)
from harness.findings import Aspect, Symptom
from harness.fuzz.answer import END
from harness.fuzz.differing.contrast import Contrast, Rows, broken
from harness.fuzz.pdus.answers import Answers, Fragment
from harness.fuzz.pdus.hearing import ScriptSeen
from harness.fuzz.pdus.played import Ending, Heard, Played
from harness.scu.status import PENDING

NOTHING = "nothing more"
_LAST = Abort | AssociateReject | ReleaseResponse
_STATUSES = {
    "C-STORE-RSP": "PS3.4 B.2.3",
    "C-FIND-RSP": "PS3.4 C.4.1.1.4",
    "C-MOVE-RSP": "PS3.4 C.4.2.1.5",
    "C-GET-RSP": "PS3.4 C.4.3.1.4",
    "C-ECHO-RSP": "PS3.7 9.1.5.1.4",
}
"""Where the statuses of a response are listed."""
_OF_SCRIPTS = frozenset((Symptom.SILENT, Symptom.ILLEGAL_ANSWER, Symptom.TOOK_IT))


def reactions(played: Played, on: int) -> tuple[str, ...]:
    """What came on a connection, PDU by PDU up to one that ends the association, or how it ended without one.

    Responses are told with their status; pending ones, whose number is that of the matches, are left out.
    """
    answers = Answers()
    out: list[str] = []
    for one in played.on(on):
        out += _words(one, answers)
        if isinstance(one.pdu, _LAST):
            return tuple(out)
    # How TCP ends is a matter of what lies unread (RFC 1122 4.2.2.13), so closed and reset are one.
    is_over = played.ending(on) in (Ending.CLOSED, Ending.RESET)
    return (*out, END if is_over else NOTHING)


def _words(one: Heard, answers: Answers) -> Iterator[str]:
    match one.pdu:
        case None:
            yield "bytes that are no PDU"
        case AssociateReject() | Abort():
            yield f"{name_of(one.pdu)}, {one.pdu.words()}"
        case PData():
            yield from (_fragment(fragment) for fragment in answers.taken(one.pdu) if _is_told(fragment))
        case _:
            yield name_of(one.pdu)


def _is_told(fragment: Fragment) -> bool:
    return not (fragment.is_response and fragment.status in PENDING)


def _fragment(fragment: Fragment) -> str:
    if fragment.violation is not None:
        return f"{fragment.name} that is damaged"
    return f"{fragment.name} {fragment.status:04X}H" if fragment.is_response else fragment.name


def differ_over_script(a: ScriptSeen, b: ScriptSeen) -> Iterator[Contrast]:
    """The difference, on the first connection that has one."""
    for on in a.case.script.connections:
        ours, theirs = reactions(a.played, on), reactions(b.played, on)
        apart = next((n for n, pair in enumerate(zip_longest(ours, theirs)) if len(set(pair)) > 1), None)
        if NAMES[ASSOCIATE_AC] in ours[:apart] and NAMES[ASSOCIATE_AC] in theirs[:apart]:
            accepted = _accepted(a.played, on), _accepted(b.played, on)
            if accepted[0] != accepted[1]:
                # What follows is about other services.
                yield _contexts(a.case.exchange, *accepted)
                return
        if apart is not None:
            yield _reaction(a, b, ours, theirs, apart)
            return


def script_rows(a: ScriptSeen, b: ScriptSeen) -> Rows:
    """What was seen of both."""
    return tuple(
        (
            f"connection {on}" if on else "answered",
            ", ".join(reactions(a.played, on)),
            ", ".join(reactions(b.played, on)),
        )
        for on in a.case.script.connections
    )


def _reaction(
    a: ScriptSeen, b: ScriptSeen, ours: tuple[str, ...], theirs: tuple[str, ...], apart: int
) -> Contrast:
    # A PDU behind which the other one had nothing to say stands against that nothing.
    one, other = (said[apart] if apart < len(said) else NOTHING for said in (ours, theirs))
    clause, breaks = broken(a.trouble, b.trouble, _OF_SCRIPTS, _clause(one, other))
    troubles = [seen.trouble for seen in (a, b) if seen.trouble is not None]
    return Contrast(
        Aspect.ANSWER,
        f"after {ours[apart - 1]}" if apart else "the first answer",
        one,
        other,
        f"{one} / {other}",
        clause,
        breaks,
        is_told_once=True,
        is_silent=any(trouble.symptom is Symptom.SILENT for trouble in troubles),
        may_be_late=NOTHING in (one, other),
    )


def _clause(one: str, other: str) -> str:
    """What lets both do so, where that is known for sure."""
    kinds = [words.partition(",")[0] for words in (one, other)]
    if kinds == [NAMES[ABORT]] * 2:
        return "PS3.8 9.3.8"
    if NAMES[ASSOCIATE_RJ] in kinds:
        return "PS3.8 9.3.4"
    if {NAMES[ABORT], END} & set(kinds):
        # Whoever serves may abort at any time, and so may what is below it.
        return "PS3.8 7.3 and 7.4"
    responses = {words.partition(" ")[0] for words in (one, other)}
    return _STATUSES.get(responses.pop(), "") if len(responses) == 1 else ""


def _accepted(played: Played, on: int) -> str:
    """The IDs of the presentation contexts that were accepted."""
    for one in played.on(on):
        if isinstance(one.pdu, AssociateAccept):
            ids = sorted(context.id for context in one.pdu.contexts if context.accepted)
            return ", ".join(map(str, ids)) or "none"
    return "none"


def _contexts(exchange: str, a: str, b: str) -> Contrast:
    return Contrast(
        Aspect.CONTEXTS,
        f"{exchange}: presentation contexts by their IDs",
        a,
        b,
        f"{exchange}: {a} / {b}",
        "PS3.8 9.3.3.2",
        is_told_once=True,
    )
