"""What was committed is there (PS3.4 J.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.plugin.arranging import StoreStudy
from harness.plugin.committing import Committer
from harness.plugin.fixtures import Corpus
from harness.plugin.results import one_by_one
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.commitment import references_to
from harness.scu.inbox import Received
from harness.scu.retrieved import damaged, odd_ones
from harness.synthesis import SyntheticInstance

Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]


@requirement("PS3.4 J.1.1", SHALL, "Every object that was committed can be retrieved.")
def test_agrees_with_retrieve(
    commit: Committer, corpus: Corpus, store_study: StoreStudy, retrieved: Bring
) -> None:
    study = store_study(corpus.new_study("CT", instances=3))
    result = commit(references_to(study.instances), release=True).result
    named = {reference.sop_instance_uid for reference in result.committed}
    committed = [instance for instance in study.instances if instance.sop_instance_uid in named]
    if not committed:
        raise not_tested("the product commits to none of three objects; see commitment.result.all-committed")
    received = one_by_one(retrieved, committed)
    wrong = odd_ones(committed, received) or damaged(committed, received)
    assert not wrong, f"of {len(committed)} objects that were committed {wrong}"
