"""C-MOVE: a requestor that goes away (PS3.4 C.4.2.3.1, note)."""

from __future__ import annotations

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.destination import Destination
from harness.scu.identifier import keys_of
from harness.scu.move import begin_move, move_to
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@requirement("PS3.4 C.4.2.3.1", QUALITY, "A requestor that aborts during its move does the next one no harm.")
def test_gone(
    scu: Scu,
    corpus: Corpus,
    store_study: StoreStudy,
    stored_study: SyntheticStudy,
    destination: Destination,
    recorder: Recorder,
) -> None:
    study = store_study(corpus.new_study("CT", instances=30))
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, study))
    with destination.inbox(recorder) as inbox:
        association = scu.open(Root.STUDY.move)
        begin_move(association, Root.STUDY.move, destination.ae_title, keys)
        inbox.wait_for(lambda box: len(box.received) >= 3, scu.peer.deadline)
        association.abort()
    # Whether the sub-operations of the first move go on is undefined: they may arrive among these.
    keys_of_next = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys_of_next)
    own = {instance.sop_instance_uid for instance in stored_study.instances}
    odd = odd_ones(stored_study.instances, [one for one in brought.received if one.sop_instance_uid in own])
    assert not odd, f"{odd}; {brought.words}"
