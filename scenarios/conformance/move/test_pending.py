"""C-MOVE: pending responses and sub-operation counts (PS3.4 C.4.2.1.6 to C.4.2.1.9)."""

from __future__ import annotations

import pytest

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_supported, requirement
from harness.scu.answered import REFUSED, Answers
from harness.scu.destination import Destination
from harness.scu.move import move_to
from harness.scu.retrieve import counts_of, ill_counted, keys_for
from harness.scu.session import Scu
from harness.scu.status import SUCCESS
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

TOTAL = 30


@pytest.fixture(scope="module")
def thirty(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of thirty objects."""
    return store_study(corpus.new_study("CT", series=3, instances=TOTAL // 3))


@requirement("PS3.4 C.4.2.1.6", SHALL, "Pending responses have all four counts, and these go only one way.")
def test_counters(scu: Scu, thirty: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, thirty)
    answer = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys).retrieval
    if not answer.pending:
        raise not_supported("the product sends no pending responses, which are optional (PS3.4 C.4.2.3.1)")
    wrong = ill_counted(answer.pending, TOTAL)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.1.6", QUALITY, "The four counts of a pending response add up to all sub-operations."
)
def test_sum(scu: Scu, thirty: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, thirty)
    answer = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys).retrieval
    if not answer.pending:
        raise not_supported("the product sends no pending responses, which are optional (PS3.4 C.4.2.3.1)")
    for response in answer.pending:
        counts = counts_of(response)
        parts = (counts.remaining, counts.completed, counts.failed, counts.warning)
        assert sum(part or 0 for part in parts) == TOTAL, f"{counts} of {TOTAL} sub-operations"


@requirement(
    "PS3.4 C.4.2.1.6", SHALL, "A final response other than Canceled has no number of remaining ones."
)
@pytest.mark.parametrize("refused", [0, 3, TOTAL])
def test_no_remaining_at_end(
    scu: Scu, thirty: SyntheticStudy, destination: Destination, recorder: Recorder, refused: int
) -> None:
    answers = Answers(lambda turn: REFUSED if turn < refused else SUCCESS)
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, thirty)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, status_of=answers)
    wrong = brought.retrieval.remaining_at_end()
    assert not wrong, wrong
