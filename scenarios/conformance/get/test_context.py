"""C-GET: objects for which the requestor has no presentation context (PS3.4 C.4.3.3.1)."""

from __future__ import annotations

from harness.plugin.arranging import StoreStudy, get_agreed, study_of
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.get import storage_for
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Kind
from harness.synthesis.recipe import SeriesRecipe


@requirement("PS3.4 C.4.3.3.1", SHALL, "An object for whose class no context was offered is one that failed.")
def test_missing_class(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(study_of(corpus, SeriesRecipe(Kind.MR, 2), SeriesRecipe(Kind.CT, 3)))
    others, cts = study.series[0].instances, study.series[1].instances
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(cts), keys)
    wrong = got.other_than(cts) or got.failed_other_than(others)
    assert not wrong, f"CT is offered, MR is not: {wrong}"
