"""Orderly release (PS3.8 7.2)."""

from __future__ import annotations

from harness.dimse.association import Association
from harness.dimse.capture import Recorder
from harness.dimse.errors import ConnectionClosed, PeerViolation
from harness.dimse.pdu import Abort, Pdu, ReleaseRequest, ReleaseResponse, name_of
from harness.plugin.waiting import Watched, waiting
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.echo import echo
from harness.scu.inbox import Ending
from harness.scu.move import move
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import SyntheticStudy


def idle(scu: Scu) -> Association:
    """An association on which nothing is said any more."""
    association = scu.open(VERIFICATION)
    echo(association)
    return association


@requirement("PS3.8 7.2.2", SHALL, "A release request is answered affirmatively.")
def test_affirmed(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    try:
        echo(association)
        association.send_pdu(ReleaseRequest())
        answer = association.receive_pdu()
    finally:
        association.close()
    assert isinstance(answer, ReleaseResponse), f"A-RELEASE-RQ was answered with {name_of(answer)}"


@waiting(idle, accepted=True)
@requirement("PS3.7 A.5", SHALL, "The acceptor does not release an association, however long it is idle.")
def test_not_by_acceptor(left_alone: Watched) -> None:
    ending = left_alone.ending()
    asked = [name_of(pdu) for pdu in ending.pdus if isinstance(pdu, ReleaseRequest)]
    assert not asked, f"{asked[0]} came from the acceptor on an idle association; A-ABORT would end it"


@requirement("PS3.8 7.2.2", QUALITY, "Release requests that cross end the association all the same.")
def test_collision(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    answers: list[Pdu | ConnectionClosed] = []

    def cross(association: Association) -> Ending:
        association.send_pdu(ReleaseRequest())
        try:
            answers.append(association.receive_pdu())
        except ConnectionClosed as closed:
            answers.append(closed)
        if isinstance(answers[0], ReleaseResponse):
            association.send_pdu(ReleaseResponse())
        return Ending.RELEASED

    keys = {"StudyInstanceUID": stored_study.study_uid}
    with destination.inbox(recorder, on_release=cross) as inbox:
        move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
        inbox.wait_for(lambda box: bool(answers or box.faults), scu.peer.deadline)
    if not answers:
        raise not_tested("the association of the sub-operations was not released")
    if isinstance(answers[0], ConnectionClosed):
        if "reset" in answers[0].observed:
            raise not_tested("the connection was reset, which may have swallowed an A-ABORT")
        raise PeerViolation("PS3.8 9.2.3", "A-RELEASE-RP or A-ABORT", answers[0].observed)
    # The product is the requestor: it answers first (action AR-9 of PS3.8 9.2.2), or it aborts.
    assert isinstance(answers[0], ReleaseResponse | Abort), (
        f"A-RELEASE-RQ that crossed the product's own was answered with {name_of(answers[0])}"
    )
