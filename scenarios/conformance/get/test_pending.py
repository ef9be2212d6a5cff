"""C-GET: pending responses and sub-operation counts (PS3.4 C.4.3.1.5 to C.4.3.1.8)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy, get_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.answered import REFUSED, Answers
from harness.scu.get import storage_for
from harness.scu.retrieve import ill_counted, keys_for
from harness.scu.session import Scu
from harness.scu.status import SUCCESS
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

TOTAL = 30


@pytest.fixture(scope="module")
def thirty(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of thirty objects."""
    return store_study(corpus.new_study("CT", series=3, instances=TOTAL // 3))


@requirement("PS3.4 C.4.3.1.5", SHALL, "Pending responses have all four counts, and these go only one way.")
def test_counters(scu: Scu, thirty: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, thirty)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(thirty.instances), keys)
    if not got.retrieval.pending:
        raise not_supported("the product sends no pending responses, which are optional (PS3.4 C.4.3.3.1)")
    wrong = ill_counted(got.retrieval.pending, TOTAL)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.1.5", SHALL, "A final response other than Canceled has no number of remaining ones."
)
@pytest.mark.parametrize("refused", [0, 3, TOTAL])
def test_no_remaining_at_end(scu: Scu, thirty: SyntheticStudy, refused: int) -> None:
    answers = Answers(lambda turn: REFUSED if turn < refused else SUCCESS)
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, thirty)
    storage = storage_for(thirty.instances)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys, status_of=answers)
    wrong = got.retrieval.remaining_at_end()
    assert not wrong, wrong
