"""What is said when there is no room for another association (PS3.8 9.1.4, 9.3.4)."""

from __future__ import annotations

import contextlib

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import ConnectionClosed, NoAnswer, PeerViolation, Unreachable
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, name_of
from harness.scenario import SHOULD, answer_from, not_supported, requirement
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION

MOST = 100
"""Associations at a time, at most: what has room for all of them shows no limit here."""
TRANSIENT = 2
"""The result of a rejection that may be asked again (PS3.8 table 9-21)."""


def one_more(scu: Scu, held: list[Association]) -> AssociateAccept | AssociateReject | Abort:
    """The answer to a request beside those held, which it joins."""
    association = scu.connect()
    held.append(association)
    association.send_pdu(scu.request(VERIFICATION))
    try:
        return answer_from(association)
    except ConnectionClosed as closed:
        raise PeerViolation(
            "PS3.8 9.1.4", f"A-ASSOCIATE-RJ beside {len(held) - 1} associations", closed.observed
        ) from None
    except NoAnswer:
        # Others are served one after the other: this one then has to be, once there is room.
        for other in held[:-1]:
            other.abort()
        return answer_from(association)


@pytest.mark.intrusive
@requirement("PS3.8 9.1.4", SHOULD, "Who has no room for another association says so by a rejection.")
def test_is_rejected(scu: Scu) -> None:
    held: list[Association] = []
    answer: AssociateAccept | AssociateReject | Abort | None = None
    try:
        while len(held) < MOST:
            answer = one_more(scu, held)
            if not isinstance(answer, AssociateAccept):
                break
    except Unreachable:
        return  # Refusing the connection itself is allowed by the note.
    finally:
        for association in held:
            with contextlib.suppress(PeerViolation):
                association.abort()
    if isinstance(answer, AssociateAccept):
        raise not_supported(f"there is room for {MOST} associations at once: no limit was met")
    asked = f"the request after {len(held) - 1} associations"
    assert isinstance(answer, AssociateReject), f"{asked} was answered with {name_of(answer)}"
    assert answer.result == TRANSIENT, f"{asked} was rejected as {answer.words()}"
