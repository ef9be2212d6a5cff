"""From what happened in a scenario to an Outcome: one pure function, `judge`."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from harness.dimse.errors import AssociationRejected, NoAnswer, NotAccepted, PeerViolation, Unreachable
from harness.scu.uids import service_of
from harness.verdict import Level, Outcome


class NotSupported(Exception):
    """The product lacks something that the standard leaves to its choice."""


class NotTested(Exception):
    """The question could not be put to this product, or its answer could not be read."""


class ClaimNotKept(Exception):
    """The product's own claims promise what it does not do: FAIL wherever it is noticed."""


class ArrangementFailed(Exception):
    """A fixture could not bring about what scenarios build on.

    ``reported_by`` is the id of the requirement under which the cause is reported.
    """

    def __init__(self, reported_by: str, cause: str) -> None:
        super().__init__(reported_by, cause)
        self.reported_by = reported_by
        self.cause = cause

    def __str__(self) -> str:
        return f"blocked by {self.reported_by}: {self.cause}"


class LostTarget(Exception):
    """The product no longer answers C-ECHO."""


class Phase(enum.Enum):
    """pytest's three phases of a scenario."""

    SETUP = "setup"
    CALL = "call"
    TEARDOWN = "teardown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """An outcome and the words for it."""

    outcome: Outcome
    reason: str = ""
    expected: str = ""
    observed: str = ""


def judge(
    level: Level,
    text: str,
    phase: Phase,
    error: BaseException | None,
    *,
    in_scenario: bool,
    promised: frozenset[str] = frozenset(),
) -> Judgement:
    """The judgement of one case of a requirement.

    ``in_scenario``: the innermost frame of the error lies in a scenario module.  ``promised``: the services
    that the target's claims name.  Errors of the teardown never change a verdict: don't ask about them.
    """
    if error is None:
        return Judgement(Outcome.PASS)
    if isinstance(error, ClaimNotKept):
        return Judgement(Outcome.FAIL, str(error), text, str(error))
    if isinstance(error, NotAccepted):
        return _not_accepted(text, error, promised)
    if isinstance(error, NotSupported):
        return Judgement(Outcome.NOT_SUPPORTED, str(error))
    if isinstance(error, LostTarget):
        return Judgement(Outcome.NOT_TESTED, f"target lost: {error}")
    if isinstance(error, NotTested | ArrangementFailed):
        return Judgement(Outcome.NOT_TESTED, str(error))
    if isinstance(error, AssociationRejected) and error.transient:
        return Judgement(Outcome.NOT_TESTED, f"the product had no room for the association: {error.observed}")
    if isinstance(error, Unreachable):
        # A dead target is noticed by its echo; a live one that refused a connection has judged nothing.
        return Judgement(Outcome.NOT_TESTED, f"no connection for this scenario: {error}")
    if phase is Phase.SETUP:
        if isinstance(error, PeerViolation | NoAnswer):
            return Judgement(Outcome.NOT_TESTED, f"the arrangement failed: {error}")
        return _ours(error)
    if isinstance(error, PeerViolation):
        reason = f"{error.observed} instead of {error.expected} ({error.clause})"
        return _violated(level, error.expected, error.observed, reason)
    if isinstance(error, NoAnswer):
        return _violated(level, f"an answer: {error.awaited}", str(error), str(error))
    if isinstance(error, AssertionError) and in_scenario:
        observed = stated(error)
        return _violated(level, text, observed, observed.splitlines()[0])
    return _ours(error)


def product_ended(level: Level, text: str, judgement: Judgement, came_back: str) -> Judgement:
    """The judgement of a case after which the product no longer answers C-ECHO: that is no pass.

    ``came_back``: how it serves again, in words; empty where it does not.
    """
    words = "the product no longer answers" + (f"; {came_back}" if came_back else "")
    if judgement.outcome is Outcome.PASS:
        return _violated(level, text, words, f"it is answered as it should be, but then {words}")
    return replace(judgement, reason=f"{judgement.reason}; then {words}")


def stated(error: AssertionError) -> str:
    """What a scenario says of its failed assertion, without what pytest adds to explain the expression.

    A scenario that says nothing is shown by its expression.
    """
    message, separator, _ = str(error).strip().partition("\nassert ")
    if separator or not message.startswith("assert "):
        return message.strip() or "the condition does not hold"
    return message.splitlines()[0]


def _violated(level: Level, expected: str, observed: str, reason: str) -> Judgement:
    if level is Level.MAY:
        return Judgement(Outcome.NOT_SUPPORTED, reason, expected, observed)
    outcome = Outcome.FAIL if level is Level.SHALL else Outcome.WARN
    return Judgement(outcome, reason, expected, observed)


def _not_accepted(text: str, error: NotAccepted, promised: frozenset[str]) -> Judgement:
    service, words = service_of(error.abstract_syntax)
    # A storage context may be refused for its class or its transfer syntax alone, of which a claim of the
    # service does not speak: storage.acknowledge.study-is-stored judges that claim.
    if service in promised and service != "storage":
        reason = f"the claims promise {service}, but {words} is not accepted"
        return Judgement(Outcome.FAIL, reason, text, str(error))
    return Judgement(Outcome.NOT_SUPPORTED, f"the product does not accept {words}")


def _ours(error: BaseException) -> Judgement:
    words = f"{type(error).__name__}: {error}".splitlines()[0]
    return Judgement(Outcome.ERROR, f"a fault of the harness, not of the product: {words}")
