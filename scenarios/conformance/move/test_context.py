"""C-MOVE: objects for which the destination accepts no presentation context (PS3.4 C.4.2.3.1)."""

from __future__ import annotations

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy, study_of
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.destination import Destination
from harness.scu.inbox import answering
from harness.scu.move import move_to
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
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
    only = answering(classes=(CT_IMAGE_STORAGE,))
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, answer=only)
    wrong = brought.other_than(cts) or brought.failed_other_than(others)
    assert not wrong, f"CT is accepted, MR is not: {wrong}"
