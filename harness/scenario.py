"""What a scenario module imports: `requirement`, `safeguard`, the levels, and helpers that state a judgement.

A scenario is a pytest function that carries exactly one requirement::

    @requirement("PS3.4 C.2.2.2.4", SHALL, "'*' in a key matches any run of characters, an empty one too")
    def test_star_matches_any_run(scu, stored_study):
        ...

Its fixtures are those of `harness.plugin.fixtures`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

import pytest

from harness.dimse.association import Association
from harness.dimse.command import CommandSet
from harness.dimse.errors import ConnectionClosed, NoAnswer, PeerAborted, PeerViolation, Unreachable
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest, PData, Pdu, name_of
from harness.plugin.outcomes import NotSupported, NotTested
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.status import response_to
from harness.scu.uids import VERIFICATION
from harness.target import SECURITY_PROFILES
from harness.verdict import Level, Severity

SHALL, SHOULD, MAY, QUALITY = Level.SHALL, Level.SHOULD, Level.MAY, Level.QUALITY
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

_PASSED_OVER = 10_000
"""P-DATA-TF PDUs under way that a wait for A-ABORT passes over."""

_Function = TypeVar("_Function", bound=Callable[..., None])


def requirement(
    clause: str, level: Level, text: str, *, formerly: str | None = None
) -> Callable[[_Function], _Function]:
    """Tie a scenario to the clause that it judges.

    `text` is the requirement in one sentence of our own; `formerly` is the id under which it was known
    before its function was renamed or moved, and then stays its id.
    """

    def decorate(function: _Function) -> _Function:
        marked: _Function = pytest.mark.requirement(clause=clause, level=level, text=text, formerly=formerly)(
            function
        )
        return marked

    return decorate


def safeguard(
    clause: str,
    severity: Severity,
    text: str,
    *,
    remedy: str,
    profiles: Collection[str] = (),
    formerly: str | None = None,
) -> Callable[[_Function], _Function]:
    """Tie a scenario of the group ``security`` to the clause that it judges.

    DICOM demands security of nobody who does not claim a profile of it (PS3.15 2): the level is QUALITY, and
    SHALL where ``[claims] security_profiles`` names one of `profiles` (`harness.target.SECURITY_PROFILES`).
    `remedy` is what to do where the safeguard is missing, in a sentence or two.
    """
    unknown = set(profiles) - set(SECURITY_PROFILES)
    if unknown:
        raise ValueError(f"no such security profile: {', '.join(sorted(unknown))}")

    def decorate(function: _Function) -> _Function:
        marked: _Function = pytest.mark.requirement(
            clause=clause,
            level=QUALITY,
            text=text,
            formerly=formerly,
            severity=severity,
            remedy=remedy,
            profiles=tuple(profiles),
        )(function)
        return marked

    return decorate


def not_supported(reason: str) -> NotSupported:
    """To be raised where the product lacks what the standard leaves to its choice."""
    return NotSupported(reason)


def not_tested(reason: str) -> NotTested:
    """To be raised where the question cannot be put to this product."""
    return NotTested(reason)


def reply_to(
    association: Association, request: AssociateRequest
) -> AssociateAccept | AssociateReject | Abort:
    """Send A-ASSOCIATE-RQ and give back which of the three legal answers came (PS3.8 9.2.3, state 5).

    Raises PeerViolation for anything else, NoAnswer for silence.  What was accepted is not in force on
    `association`: use `Scu.negotiate` to go on with it.
    """
    association.send_pdu(request)
    return answer_from(association)


def answer_from(association: Association) -> AssociateAccept | AssociateReject | Abort:
    """The answer to an A-ASSOCIATE-RQ that has been sent already."""
    awaited = "A-ASSOCIATE-AC, A-ASSOCIATE-RJ or A-ABORT"
    pdu = association.receive_pdu(awaited=awaited)
    if not isinstance(pdu, AssociateAccept | AssociateReject | Abort):
        raise PeerViolation("PS3.8 9.2.3", awaited, name_of(pdu))
    return pdu


def expect_abort(association: Association) -> Abort:
    """Wait for A-ABORT, as the state machine demands of the product now (PS3.8 9.2.3).

    P-DATA that was under way before is passed over.  A connection that is reset instead gives NotTested: the
    reset may have swallowed the abort.  An orderly close without an abort is a PeerViolation.  The product
    may keep the connection open after it until its ARTIM timer ends (state 13), so nobody waits for that.
    """
    for _ in range(_PASSED_OVER):
        pdu = _abort_or_pdu(association, "A-ABORT")
        if isinstance(pdu, Abort):
            return pdu
        if not isinstance(pdu, PData):
            raise PeerViolation("PS3.8 9.2.3", "A-ABORT", name_of(pdu))
    raise PeerViolation("PS3.8 9.2.3", "A-ABORT", f"{_PASSED_OVER:,} P-DATA-TF PDUs")


def expect_no_association(association: Association, awaited: str) -> AssociateReject | Abort | None:
    """Wait until the product has turned a request down: A-ASSOCIATE-RJ, A-ABORT, or None for a plain end.

    Whether a plain end is enough is for the scenario to say.  A-ASSOCIATE-AC is a PeerViolation.
    """
    try:
        pdu = association.receive_pdu(awaited=awaited)
    except ConnectionClosed:
        return None
    if isinstance(pdu, AssociateReject | Abort):
        return pdu
    raise PeerViolation("PS3.8 9.2.3", awaited, name_of(pdu))


def answer_or_abort(association: Association, request: CommandSet | None) -> CommandSet | Abort:
    """The response to `request`, or the A-ABORT that a product may prefer for what it cannot serve.

    None takes whatever message comes.  A reset gives NotTested as in `expect_abort`.
    """

    def answer() -> CommandSet:
        message = association.receive_message()
        return message.command if request is None else response_to(request, message)

    return or_abort(answer)


def or_abort(answer: Callable[[], CommandSet]) -> CommandSet | Abort:
    """What `answer` gives, or the A-ABORT that comes in its place; a reset gives NotTested."""
    try:
        return answer()
    except PeerAborted as aborted:
        return aborted.abort
    except ConnectionClosed as closed:
        raise _without_abort(closed, "a response or A-ABORT") from None


def expect_closed(association: Association, what: str) -> list[Pdu]:
    """Wait until the product closes the connection; what came before.  ``what`` says why it should."""
    try:
        return association.wait_closed()
    except NoAnswer as silence:
        raise NoAnswer(silence.seconds, f"the end of the connection, {what}") from None


def expect_service(scu: Scu, after: str) -> None:
    """The product takes a new association and answers C-ECHO on it.  PeerViolation with `after` in words."""
    try:
        with scu.open(VERIFICATION) as association:
            status = echo(association).integer("Status")
    except (Unreachable, PeerViolation) as error:
        raise PeerViolation(
            "PS3.8 9.2.1", f"C-ECHO answered on a new association after {after}", str(error)
        ) from None
    if status != 0:
        expected = f"C-ECHO answered with Success after {after}"
        raise PeerViolation("PS3.7 9.3.5.2", expected, f"status 0x{status:04X}")


def _abort_or_pdu(association: Association, expected: str) -> Pdu:
    try:
        return association.receive_pdu(awaited=expected)
    except ConnectionClosed as closed:
        raise _without_abort(closed, expected) from None


def _without_abort(closed: ConnectionClosed, expected: str) -> Exception:
    """What it means that the connection ended where an A-ABORT was due."""
    if "reset" in closed.observed:
        return NotTested("the connection was reset, which may have swallowed the A-ABORT")
    return PeerViolation(
        "PS3.8 9.2.3", f"{expected}, then the end of the connection", closed.observed, closed.raw
    )
