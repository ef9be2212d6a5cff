"""C-MOVE: two moves at the same time (PS3.4 C.4.2.1.3)."""

from __future__ import annotations

import threading

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received
from harness.scu.move import begin_move, finish_move
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.status import describe
from harness.scu.uids import QueryLevel, Root

OVERLAP = 1.0
"""Seconds that the first move is held up, for the second to begin; a product that takes turns needn't."""


@requirement(
    "PS3.4 C.4.2.1.3", SHALL, "Two moves at the same time bring each destination what was meant for it."
)
def test_two_destinations(
    scu: Scu,
    corpus: Corpus,
    store_study: StoreStudy,
    destinations: tuple[Destination, ...],
    recorder: Recorder,
) -> None:
    if len(destinations) < 2:
        raise not_tested("the target file registers one [[destination]] only; this needs two")
    studies = [store_study(corpus.new_study("CT", instances=4)) for _ in range(2)]
    keys = [keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, study)) for study in studies]
    second_arrives = threading.Event()
    later = {instance.sop_instance_uid for instance in studies[1].instances}

    def status_of(received: Received) -> int:
        if received.sop_instance_uid in later:
            second_arrives.set()
        else:
            second_arrives.wait(OVERLAP)
        return 0

    first, second = destinations[:2]
    model = Root.STUDY.move
    with (
        first.inbox(recorder, status_of=status_of) as one,
        second.inbox(recorder, status_of=status_of) as two,
        scu.open(model) as early,
        scu.open(model) as late,
    ):
        early_request = begin_move(early, model, first.ae_title, keys[0])
        one.wait_for(lambda box: bool(box.received), scu.peer.deadline)
        late_request = begin_move(late, model, second.ae_title, keys[1])
        answers = finish_move(early, early_request), finish_move(late, late_request)
    for study, inbox, answer in zip(studies, (one, two), answers, strict=True):
        odd = odd_ones(study.instances, inbox.received)
        assert not odd, f"{odd}; final status {describe(answer.final)}"
