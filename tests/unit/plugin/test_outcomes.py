"""The table of outcomes (docs/ARCHITECTURE.md): every cause, in every phase, at every level."""

from __future__ import annotations

import pytest

from harness.dimse.errors import (
    AssociationRejected,
    NoAnswer,
    NotAccepted,
    PeerViolation,
    Unreachable,
    UnreachableKind,
)
from harness.dimse.pdu import AssociateReject
from harness.plugin.outcomes import (
    ArrangementFailed,
    ClaimNotKept,
    Judgement,
    LostTarget,
    NotSupported,
    NotTested,
    Phase,
    judge,
    product_ended,
)
from harness.scu.uids import STUDY_ROOT_GET
from harness.verdict import Level, Outcome

VIOLATION = PeerViolation("PS3.7 9.3", "a Status", "none")
SILENCE = NoAnswer(30.0, "a C-ECHO response")
REJECTED = AssociationRejected("PS3.8 9.3.4", "acceptance", "rejected", AssociateReject(1, 1, 1))
BUSY = AssociationRejected("PS3.8 9.3.4", "acceptance", "rejected", AssociateReject(2, 3, 2))
NO_GET = NotAccepted(STUDY_ROOT_GET, "not accepted")

CASES = [
    (None, Phase.CALL, Level.SHALL, True, Outcome.PASS),
    (AssertionError("seen"), Phase.CALL, Level.SHALL, True, Outcome.FAIL),
    (AssertionError("seen"), Phase.CALL, Level.SHOULD, True, Outcome.WARN),
    (AssertionError("seen"), Phase.CALL, Level.QUALITY, True, Outcome.WARN),
    (AssertionError("seen"), Phase.CALL, Level.MAY, True, Outcome.NOT_SUPPORTED),
    (AssertionError("ours"), Phase.CALL, Level.SHALL, False, Outcome.ERROR),
    (AssertionError("ours"), Phase.SETUP, Level.SHALL, True, Outcome.ERROR),
    (VIOLATION, Phase.CALL, Level.SHALL, False, Outcome.FAIL),
    (VIOLATION, Phase.CALL, Level.QUALITY, False, Outcome.WARN),
    (VIOLATION, Phase.SETUP, Level.SHALL, False, Outcome.NOT_TESTED),
    (SILENCE, Phase.CALL, Level.SHALL, False, Outcome.FAIL),
    (SILENCE, Phase.SETUP, Level.SHALL, False, Outcome.NOT_TESTED),
    (REJECTED, Phase.CALL, Level.SHALL, False, Outcome.FAIL),
    (BUSY, Phase.CALL, Level.SHALL, False, Outcome.NOT_TESTED),
    (NO_GET, Phase.CALL, Level.SHALL, False, Outcome.NOT_SUPPORTED),
    (NotSupported("no relational queries"), Phase.CALL, Level.SHALL, True, Outcome.NOT_SUPPORTED),
    (NotTested("no destination"), Phase.SETUP, Level.SHALL, False, Outcome.NOT_TESTED),
    (ArrangementFailed("storage.x", "refused"), Phase.SETUP, Level.SHALL, False, Outcome.NOT_TESTED),
    (ClaimNotKept("promised"), Phase.SETUP, Level.SHALL, False, Outcome.FAIL),
    (LostTarget("after x"), Phase.SETUP, Level.SHALL, False, Outcome.NOT_TESTED),
    (KeyError("PatientID"), Phase.CALL, Level.SHALL, True, Outcome.ERROR),
    (Unreachable(UnreachableKind.REFUSED, "refused"), Phase.CALL, Level.SHALL, False, Outcome.NOT_TESTED),
]


@pytest.mark.parametrize(("error", "phase", "level", "in_scenario", "outcome"), CASES)
def test_outcome(
    error: BaseException | None, phase: Phase, level: Level, in_scenario: bool, outcome: Outcome
) -> None:
    judgement = judge(level, "the requirement", phase, error, in_scenario=in_scenario)
    assert judgement.outcome is outcome
    assert outcome is Outcome.PASS or judgement.reason


def test_a_promised_service_that_is_not_accepted_fails() -> None:
    judgement = judge(
        Level.SHALL, "text", Phase.SETUP, NO_GET, in_scenario=False, promised=frozenset({"get"})
    )
    assert judgement.outcome is Outcome.FAIL
    assert "promise" in judgement.reason


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("2 found\nassert [1, 2] == [1]\n  Use -v to get more diff", "2 found"),
        ("assert 1 == 2\n  + where 1 = f()", "assert 1 == 2"),
        ("", "the condition does not hold"),
    ],
)
def test_what_pytest_adds_is_left_out(message: str, words: str) -> None:
    judgement = judge(Level.SHALL, "text", Phase.CALL, AssertionError(message), in_scenario=True)
    assert judgement.observed == words


def test_a_blocked_scenario_names_the_requirement_that_reports_the_cause() -> None:
    judgement = judge(
        Level.SHALL, "text", Phase.SETUP, ArrangementFailed("storage.x", "0xA700"), in_scenario=False
    )
    assert judgement.reason == "blocked by storage.x: 0xA700"


@pytest.mark.parametrize(
    ("level", "before", "after"),
    [
        (Level.SHALL, Outcome.PASS, Outcome.FAIL),
        (Level.QUALITY, Outcome.PASS, Outcome.WARN),
        (Level.SHALL, Outcome.NOT_TESTED, Outcome.NOT_TESTED),
        (Level.QUALITY, Outcome.WARN, Outcome.WARN),
    ],
)
def test_a_product_that_ended_has_not_passed(level: Level, before: Outcome, after: Outcome) -> None:
    judgement = product_ended(
        level, "text", Judgement(before, "cut off" if before is not Outcome.PASS else ""), "it was restarted"
    )
    assert judgement.outcome is after
    assert judgement.reason.endswith("then the product no longer answers; it was restarted")
    assert judgement.reason.startswith("cut off" if before is not Outcome.PASS else "it is answered")
