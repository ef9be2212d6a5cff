"""C-MOVE: C-CANCEL (PS3.4 C.4.2.3.1, PS3.7 9.1.4.2), and what comes after a move on its association."""

from __future__ import annotations

import threading

import pytest

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received
from harness.scu.move import begin_move, cancel_move, finish_move, move_with
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.status import CANCEL, describe
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

TOTAL = 40
BEFORE = 3
"""Objects that are answered before the C-CANCEL; the next is answered behind it."""
PACE = 0.05
"""Seconds that a slow destination takes for each object after the C-CANCEL: time to notice it."""


@pytest.fixture(scope="module")
def many(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return store_study(corpus.new_study("CT", instances=TOTAL))


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "A C-CANCEL stops the sub-operations and the move ends as Canceled, FE00H."
)
def test_status(scu: Scu, many: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    cancelled, ended = threading.Event(), threading.Event()
    late: list[int] = []

    def status_of(received: Received) -> int:
        if cancelled.is_set():
            late.append(received.association)
            ended.wait(PACE)
        elif len(inbox.uids()) > BEFORE:
            cancelled.wait(scu.peer.deadline)
        return 0

    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, many))
    with destination.inbox(recorder, status_of=status_of) as inbox, scu.open(Root.STUDY.move) as association:
        request = begin_move(association, Root.STUDY.move, destination.ae_title, keys)
        if not inbox.wait_for(lambda box: len(box.received) > BEFORE, scu.peer.deadline):
            answer = finish_move(association, request)
            raise not_tested(f"the move ended before it could be cancelled: {describe(answer.final)}")
        cancel_move(association, request)
        cancelled.set()
        answer = finish_move(association, request)
        ended.set()
    if answer.status == CANCEL:
        counts, arrived = answer.counts, len(set(inbox.uids()))
        assert (counts.completed or 0) <= arrived, f"{counts} in the response; {arrived} objects had arrived"
        return
    words = f"final status {describe(answer.final)}"
    assert set(inbox.uids()) == {instance.sop_instance_uid for instance in many.instances}, (
        f"{words} though the move was cancelled after {len(inbox.received)} of {TOTAL} objects"
    )
    # Everything was sent: on many associations at once the cancel may have come too late.
    further = len(late) / max(1, len(inbox.associations))
    if further < TOTAL / 4:
        raise not_tested(f"{len(inbox.associations)} associations had sent everything when the C-CANCEL came")
    raise AssertionError(f"{words}: {len(late)} more objects were sent after the C-CANCEL, all there are")


@requirement(
    "PS3.7 9.1.4.2", SHALL, "After a move, and after one that was cancelled, its association is usable."
)
def test_association_lives_on(
    scu: Scu,
    many: SyntheticStudy,
    stored_study: SyntheticStudy,
    destination: Destination,
    recorder: Recorder,
) -> None:
    first = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, many))
    second = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, stored_study))
    with scu.open(Root.STUDY.move) as association:
        with destination.inbox(recorder):
            request = begin_move(association, Root.STUDY.move, destination.ae_title, first)
            cancel_move(association, request)
            finish_move(association, request)
        for _ in range(2):
            with destination.inbox(recorder) as inbox:
                answer = move_with(association, Root.STUDY.move, destination.ae_title, second)
            odd = odd_ones(stored_study.instances, inbox.received)
            assert not odd, f"{odd}; final status {describe(answer.final)}"
