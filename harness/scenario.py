"""What a scenario module imports: `requirement`, the levels, and helpers that state a judgement.

A scenario is a pytest function that carries exactly one requirement::

    @requirement("PS3.4 C.2.2.2.4", SHALL, "'*' in a key matches any run of characters, an empty one too")
    def test_star_matches_any_run(scu, stored_study):
        ...

Its fixtures are those of `harness.plugin.fixtures`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import ConnectionClosed, NoAnswer, PeerViolation
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest, Pdu
from harness.plugin.outcomes import NotSupported, NotTested
from harness.verdict import Level

SHALL, SHOULD, MAY, QUALITY = Level.SHALL, Level.SHOULD, Level.MAY, Level.QUALITY

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

    Raises PeerViolation for anything else, NoAnswer for silence.
    """
    association.send_pdu(request)
    return answer_from(association)


def answer_from(association: Association) -> AssociateAccept | AssociateReject | Abort:
    """The answer to an A-ASSOCIATE-RQ that has been sent already."""
    pdu = association.receive_pdu()
    if not isinstance(pdu, AssociateAccept | AssociateReject | Abort):
        raise PeerViolation(
            "PS3.8 9.2.3", "A-ASSOCIATE-AC, A-ASSOCIATE-RJ or A-ABORT", f"{type(pdu).__name__}"
        )
    return pdu


def expect_abort(association: Association) -> Abort:
    """Wait for A-ABORT, as the state machine demands of the product now (PS3.8 9.2.3).

    P-DATA that was under way before is passed over.  A connection that is reset instead gives NotTested: the
    reset may have swallowed the abort.  An orderly close without an abort is a PeerViolation.
    """
    for _ in range(10_000):
        try:
            pdu = association.receive_pdu()
        except ConnectionClosed as closed:
            if "reset" in closed.observed:
                raise NotTested("the connection was reset, which may have swallowed the A-ABORT") from closed
            raise PeerViolation(
                "PS3.8 9.2.3", "A-ABORT, then the end of the connection", closed.observed, closed.raw
            ) from None
        if isinstance(pdu, Abort):
            return pdu
        if type(pdu).__name__ != "PData":
            raise PeerViolation("PS3.8 9.2.3", "A-ABORT", f"{type(pdu).__name__}")
    raise PeerViolation("PS3.8 9.2.3", "A-ABORT", "10,000 P-DATA-TF PDUs")


def expect_closed(association: Association, what: str) -> list[Pdu]:
    """Wait until the product closes the connection; what came before.  ``what`` says why it should."""
    try:
        return association.wait_closed()
    except NoAnswer as silence:
        raise NoAnswer(silence.seconds, f"the end of the connection, {what}") from None
