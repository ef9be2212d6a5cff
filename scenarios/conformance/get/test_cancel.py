"""C-GET: C-CANCEL (PS3.4 C.4.3.3.1, PS3.7 9.1.3.2), and what comes after a get on its association."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy, open_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.brought import Brought
from harness.scu.get import get_with, storage_for
from harness.scu.identifier import keys_of
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.status import CANCEL, describe
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

TOTAL = 40
BEFORE = 3
"""Objects that arrive before the C-CANCEL."""


@pytest.fixture(scope="module")
def many(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return store_study(corpus.new_study("CT", instances=TOTAL))


def _judge(got: Brought) -> None:
    # In synchronous mode each further object waits for a response that lies behind the C-CANCEL on the
    # connection: that the product had no time to see it can't be said of the last of so many.
    words = f"final status {describe(got.retrieval.final)}"
    arrived = len(got.received)
    if arrived < BEFORE:
        raise not_tested(f"only {arrived} objects came before the get ended: {words}")
    assert got.status == CANCEL, f"{words}; {arrived} of {TOTAL} objects were sent, cancelled after {BEFORE}"
    counts = got.retrieval.counts
    assert (counts.completed or 0) <= arrived, f"{counts} in the response; {arrived} objects had arrived"
    listed = got.retrieval.failed_uids() if got.retrieval.final.has_data_set else ()
    taken = {item.sop_instance_uid for item in got.received}
    assert not taken & set(listed), f"{words}: the list of failed objects names some that were taken"


@requirement(
    "PS3.4 C.4.3.3.1", SHALL, "A C-CANCEL stops the sub-operations and the get ends as Canceled, FE00H."
)
def test_status(scu: Scu, many: SyntheticStudy) -> None:
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, many))
    with open_agreed(scu, Root.STUDY, storage_for(many.instances)) as association:
        got = get_with(association, Root.STUDY.get, keys, cancel_after=BEFORE)
    _judge(got)


@requirement(
    "PS3.7 9.1.3.2", SHALL, "A C-CANCEL during a sub-operation, before its response, is obeyed as well."
)
def test_during_suboperation(scu: Scu, many: SyntheticStudy) -> None:
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, many))
    with open_agreed(scu, Root.STUDY, storage_for(many.instances)) as association:
        got = get_with(association, Root.STUDY.get, keys, cancel_after=BEFORE, cancel_before_response=True)
    _judge(got)


@requirement(
    "PS3.7 9.1.3.2", SHALL, "After a get, and after one that was cancelled, its association is usable."
)
@pytest.mark.parametrize("cancelled", [False, True])
def test_association_lives_on(scu: Scu, many: SyntheticStudy, cancelled: bool) -> None:
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, many))
    with open_agreed(scu, Root.STUDY, storage_for(many.instances)) as association:
        get_with(association, Root.STUDY.get, keys, cancel_after=BEFORE if cancelled else None)
        got = get_with(association, Root.STUDY.get, keys)
    wrong = got.other_than(many.instances)
    assert not wrong, wrong
