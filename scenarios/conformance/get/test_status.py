"""C-GET: the final response (PS3.4 C.4.3.1.3.2, C.4.3.1.4, C.4.3.3.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.plugin.arranging import StoreStudy, get_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.answered import COERCED, REFUSED, Answered, Answers, take_all
from harness.scu.get import storage_for
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.status import SUB_OPERATIONS_FAILED, SUCCESS
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@pytest.fixture(scope="module")
def ten(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of ten objects."""
    return store_study(corpus.new_study("CT", series=2, instances=5))


def _get(scu: Scu, study: SyntheticStudy, by_turn: Callable[[int], int] = take_all) -> Answered:
    """Get a study; the object that comes first is answered with ``by_turn(0)``, and so on."""
    answers = Answers(by_turn)
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    storage = storage_for(study.instances)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys, status_of=answers)
    if not answers.given:
        raise not_tested("nothing arrived; see get.level.study")
    return Answered(got.retrieval, answers.given, study)


@requirement("PS3.4 C.4.3.3.1", SHALL, "If every sub-operation succeeded the final status is Success.")
def test_all_succeed(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten)
    wrong = gotten.ended_other_than(SUCCESS)
    assert not wrong, wrong


@requirement("PS3.4 C.4.3.3.1", SHALL, "If some sub-operations failed the final status is Warning, B000H.")
def test_some_fail(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten, lambda turn: REFUSED if turn in (1, 2, 3) else SUCCESS)
    wrong = gotten.ended_other_than(SUB_OPERATIONS_FAILED)
    assert not wrong, wrong


@requirement("PS3.4 C.4.3.3.1", SHALL, "An object that the requestor refuses doesn't keep back the others.")
def test_goes_on(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten, lambda turn: REFUSED if turn == 1 else SUCCESS)
    wrong = gotten.gave_up()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.3.1", SHALL, "If every sub-operation failed the final status is Failure or Refused."
)
def test_all_fail(scu: Scu, ten: SyntheticStudy) -> None:
    gotten = _get(scu, ten, lambda turn: REFUSED)
    wrong = gotten.ended_without_failure()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.3.1", SHALL, "Sub-operations with a warning are counted so, and make the final Warning."
)
@pytest.mark.parametrize("count", [2, 10])
def test_warnings_counted(scu: Scu, ten: SyntheticStudy, count: int) -> None:
    gotten = _get(scu, ten, lambda turn: COERCED if turn < count else SUCCESS)
    wrong = gotten.ended_other_than(SUB_OPERATIONS_FAILED)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.1.3.2", SHALL, "The final response lists the objects that failed, those and no other."
)
@pytest.mark.parametrize("count", [3, 9])
def test_failed_list(scu: Scu, ten: SyntheticStudy, count: int) -> None:
    statuses = [COERCED] + [REFUSED] * count
    gotten = _get(scu, ten, lambda turn: statuses[turn] if turn < len(statuses) else SUCCESS)
    wrong = gotten.ill_listed()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.1.3.2", SHALL, "Pending responses, and a final one without failures, have no data set."
)
def test_no_dataset_otherwise(scu: Scu, ten: SyntheticStudy) -> None:
    wrong = _get(scu, ten).retrieval.needless_data_set()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.2.1", QUALITY, "The final response counts the sub-operations: completed, failed, warning."
)
def test_counts_are_given(scu: Scu, ten: SyntheticStudy) -> None:
    # C.4.3.2.1 has the SCU read them, C.4.3.1.6 to C.4.3.1.8 leave them open: so no more than a remark.
    wrong = _get(scu, ten).retrieval.uncounted()
    assert not wrong, wrong
