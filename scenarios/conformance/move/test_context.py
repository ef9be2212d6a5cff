"""C-MOVE: objects for which the destination accepts no presentation context (PS3.4 C.4.2.3.1)."""

from __future__ import annotations

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy, study_of
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.destination import Destination
from harness.scu.inbox import answering
from harness.scu.move import move
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.status import SUB_OPERATIONS_FAILED, describe
from harness.scu.uids import CT_IMAGE_STORAGE, QueryLevel, Root
from harness.synthesis import Kind
from harness.synthesis.recipe import SeriesRecipe


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "An object whose class the destination doesn't accept is one that failed."
)
def test_class_not_accepted(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, destination: Destination, recorder: Recorder
) -> None:
    study = store_study(study_of(corpus, SeriesRecipe(Kind.MR, 2), SeriesRecipe(Kind.CT, 3)))
    others, cts = study.series[0].instances, study.series[1].instances
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    with destination.inbox(recorder, answer=answering(classes=(CT_IMAGE_STORAGE,))) as inbox:
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
    odd = odd_ones(cts, inbox.received)
    assert not odd, f"CT is accepted, MR is not: {odd}; final status {describe(answer.final)}"
    words = f"two MR objects were not accepted; final status {describe(answer.final)}"
    assert answer.status == SUB_OPERATIONS_FAILED, words
    wrong = answer.miscounted(3, 2, 0)
    assert not wrong, wrong
    listed = set(answer.failed_uids())
    assert listed == {instance.sop_instance_uid for instance in others}, (
        f"Failed SOP Instance UID List {', '.join(sorted(listed)) or 'is empty'}"
    )
