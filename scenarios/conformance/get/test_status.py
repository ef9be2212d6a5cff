"""C-GET: the final response (PS3.4 C.4.3.1.3.2, C.4.3.1.4, C.4.3.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness.plugin.arranging import StoreStudy, open_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.get import get_with, storage_for
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received
from harness.scu.retrieve import Retrieval, keys_for
from harness.scu.session import Scu
from harness.scu.status import SUB_OPERATIONS_FAILED, SUCCESS, describe, is_failure
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

REFUSED = 0xA900
"""Failure: the data set doesn't match the SOP class (PS3.4 B.2.3), which says nothing on other objects."""
COERCED = 0xB000
"""Warning: coercion of data elements (PS3.4 B.2.3)."""


@dataclass(frozen=True)
class Gotten:
    """A get and the statuses with which its objects were answered, by SOP Instance UID."""

    answer: Retrieval
    answers: dict[str, int]
    total: int

    def with_status(self, status: int) -> set[str]:
        return {uid for uid, given in self.answers.items() if given == status}

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def words(self) -> str:
        taken, refused = len(self.with_status(SUCCESS)), len(self.with_status(REFUSED))
        told = (
            f"{taken} objects were taken, {len(self.with_status(COERCED))} with a warning, {refused} refused"
        )
        return f"{told}, of {self.total}; final status {describe(self.answer.final)}"

    def miscounted(self) -> str:
        """What the final counts say wrongly; an object that was never sent is one that failed."""
        taken, warned = len(self.with_status(SUCCESS)), len(self.with_status(COERCED))
        return self.answer.miscounted(taken, self.total - taken - warned, warned)


@pytest.fixture(scope="module")
def ten(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of ten objects."""
    return store_study(corpus.new_study("CT", series=2, instances=5))


def _get(
    scu: Scu, study: SyntheticStudy, status_by_turn: Callable[[int], int] = lambda turn: SUCCESS
) -> Gotten:
    """Get a study; the object that comes first is answered with ``status_by_turn(0)``, and so on."""
    answers: dict[str, int] = {}

    def status_of(received: Received) -> int:
        return answers.setdefault(received.sop_instance_uid, status_by_turn(len(answers)))

    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, study))
    with open_agreed(scu, Root.STUDY, storage_for(study.instances)) as association:
        got = get_with(association, Root.STUDY.get, keys, status_of=status_of)
    if not answers:
        raise not_tested("nothing arrived; see get.level.study")
    return Gotten(got.retrieval, answers, len(study.instances))


@requirement("PS3.4 C.4.3.3.1", SHALL, "If every sub-operation succeeded the final status is Success.")
def test_all_succeed(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten)
    assert gotten.status == SUCCESS, gotten.words
    wrong = gotten.miscounted()
    assert not wrong, f"{wrong}; {gotten.words}"


@requirement("PS3.4 C.4.3.3.1", SHALL, "If some sub-operations failed the final status is Warning, B000H.")
def test_some_fail(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten, lambda turn: REFUSED if turn in (1, 2, 3) else SUCCESS)
    assert gotten.status == SUB_OPERATIONS_FAILED, gotten.words
    wrong = gotten.miscounted()
    assert not wrong, f"{wrong}; {gotten.words}"


@requirement("PS3.4 C.4.3.3.1", SHALL, "An object that the requestor refuses doesn't keep back the others.")
def test_goes_on(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten, lambda turn: REFUSED if turn == 1 else SUCCESS)
    assert len(gotten.answers) == gotten.total, gotten.words


@requirement(
    "PS3.4 C.4.3.3.1", SHALL, "If every sub-operation failed the final status is Failure or Refused."
)
def test_all_fail(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten, lambda turn: REFUSED)
    assert is_failure(gotten.status), gotten.words
    wrong = gotten.miscounted() if gotten.answer.counts.failed else ""
    assert not wrong, f"{wrong}; {gotten.words}"


@requirement(
    "PS3.4 C.4.3.3.1", SHALL, "Sub-operations with a warning are counted so, and make the final Warning."
)
@pytest.mark.parametrize("count", [2, 10])
def test_warnings_counted(scu: Scu, ten: SyntheticStudy, count: int) -> None:
    gotten = _get(scu, ten, lambda turn: COERCED if turn < count else SUCCESS)
    assert gotten.status == SUB_OPERATIONS_FAILED, gotten.words
    wrong = gotten.miscounted()
    assert not wrong, f"{wrong}; {gotten.words}"


@requirement(
    "PS3.4 C.4.3.1.3.2", SHALL, "The final response lists the objects that failed, those and no other."
)
@pytest.mark.parametrize("count", [3, 9])
def test_failed_list(scu: Scu, ten: SyntheticStudy, count: int) -> None:
    statuses = [COERCED] + [REFUSED] * count
    gotten = _get(scu, ten, lambda turn: statuses[turn] if turn < len(statuses) else SUCCESS)
    listed = set(gotten.answer.failed_uids())
    taken = gotten.with_status(SUCCESS) | gotten.with_status(COERCED)
    strange = listed - ({instance.sop_instance_uid for instance in ten.instances} - taken)
    missing = gotten.with_status(REFUSED) - listed
    assert not missing, f"{len(missing)} refused objects are not in the list, {min(missing)}; {gotten.words}"
    assert not strange, f"the list names {len(strange)} objects that did not fail; {gotten.words}"


@requirement(
    "PS3.4 C.4.3.1.3.2", SHALL, "Pending responses, and a final one without failures, have no data set."
)
def test_no_dataset_otherwise(scu: Scu, ten: SyntheticStudy) -> None:
    answer = _get(scu, ten).answer
    for response in answer.pending:
        assert not response.has_data_set, "a pending response has a data set"
    assert not answer.final.has_data_set, f"the final response has a data set: {describe(answer.final)}"


@requirement(
    "PS3.4 C.4.3.2.1", QUALITY, "The final response counts the sub-operations: completed, failed, warning."
)
def test_counts_are_given(scu: Scu, ten: SyntheticStudy) -> None:
    # C.4.3.2.1 has the SCU read them, C.4.3.1.6 to C.4.3.1.8 leave them open: so no more than a remark.
    counts = _get(scu, ten).answer.counts
    numbers = {"completed": counts.completed, "failed": counts.failed, "warning": counts.warning}
    absent = [name for name, number in numbers.items() if number is None]
    assert not absent, f"the final response has no number of {', '.join(absent)} sub-operations"
