"""What counts as a refusal, and what is no answer to who may come in."""

from __future__ import annotations

import pytest

from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DimseError,
    NoAnswer,
    NotAccepted,
    PeerAborted,
    Unreachable,
    UnreachableKind,
)
from harness.dimse.negotiation import UserIdentity
from harness.dimse.pdu import Abort, AssociateReject
from harness.dimse.transport import Address
from harness.scu.session import Peer, Scu
from harness.security import callers
from harness.security.callers import answer_in_words, as_user, entitled, from_address, unless_refused


def rejected(result: int) -> AssociationRejected:
    return AssociationRejected("PS3.8 9.3.4", "", "", AssociateReject(result, 1, 3))


def raising(error: DimseError) -> int:
    raise error


@pytest.mark.parametrize(
    "refusal",
    [
        rejected(1),
        PeerAborted("PS3.8 9.3.8", "", "", Abort(0, 0)),
        NotAccepted("1.2", ""),
        ConnectionClosed("PS3.8 9.1.4", "", ""),
    ],
)
def test_it_is_refused_in_every_way(refusal: DimseError) -> None:
    assert unless_refused(lambda: raising(refusal)) is None


@pytest.mark.parametrize(
    "trouble", [rejected(2), NoAnswer(1.0, "an answer"), Unreachable(UnreachableKind.REFUSED, "")]
)
def test_trouble_is_no_refusal(trouble: DimseError) -> None:
    with pytest.raises(type(trouble)):
        unless_refused(lambda: raising(trouble))


def test_what_is_served_is_given_back() -> None:
    assert unless_refused(lambda: 7) == 7


def test_the_harness_as_somebody_else_is_the_same_but_for_that() -> None:
    scu = Scu(Peer(Address("127.0.0.1", 104), "PACS", "HARNESS", user_identity=UserIdentity(1, b"anna")))
    assert entitled(scu, "OTHER").peer.calling_ae_title == "OTHER"
    assert from_address(scu, "127.0.0.2").peer.source == "127.0.0.2"
    assert as_user(scu, None).peer.user_identity is None
    assert entitled(entitled(scu, "OTHER"), "HARNESS") == scu


def test_answers_differ_in_all_that_a_caller_sees() -> None:
    answers = (AssociateReject(1, 2, 1), AssociateReject(1, 1, 1), Abort(0, 0), Abort(2, 0), None)
    assert len({answer_in_words(answer) for answer in answers}) == len(answers)


def test_congestion_tells_nothing_of_who_may_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    scu = Scu(Peer(Address("127.0.0.1", 104), "PACS", "HARNESS"))
    for answer in (AssociateReject(2, 1, 1), AssociateReject(1, 3, 2), Abort(0, 0), None):
        monkeypatch.setattr(callers, "knock", lambda scu, request, answer=answer: answer)
        assert not callers.is_let_in(scu)
    monkeypatch.setattr(callers, "knock", lambda scu, request: AssociateReject(2, 3, 1))
    with pytest.raises(AssociationRejected):
        callers.is_let_in(scu)
