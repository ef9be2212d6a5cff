"""C-MOVE: the final response (PS3.4 C.4.2.1.4.2, C.4.2.1.5, C.4.2.3.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.answered import COERCED, FULL, REFUSED, Answered, Answers, take_all
from harness.scu.destination import Destination
from harness.scu.move import move_to
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.status import SUB_OPERATIONS_FAILED, SUCCESS
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@pytest.fixture(scope="module")
def ten(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of ten objects."""
    return store_study(corpus.new_study("CT", series=2, instances=5))


def _move(
    scu: Scu,
    study: SyntheticStudy,
    destination: Destination,
    recorder: Recorder,
    by_turn: Callable[[int], int] = take_all,
) -> Answered:
    """Move a study; the object that comes first is answered with ``by_turn(0)``, and so on."""
    answers = Answers(by_turn)
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, status_of=answers)
    if not answers.given:
        raise not_tested("nothing arrived; see move.level.study")
    return Answered(brought.retrieval, answers.given, study)


@requirement("PS3.4 C.4.2.3.1", SHALL, "If every sub-operation succeeded the final status is Success.")
def test_all_succeed(scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    moved = _move(scu, ten, destination, recorder)
    wrong = moved.ended_other_than(SUCCESS)
    assert not wrong, wrong


@requirement("PS3.4 C.4.2.3.1", SHALL, "If some sub-operations failed the final status is Warning, B000H.")
def test_some_fail(scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    moved = _move(scu, ten, destination, recorder, lambda turn: REFUSED if turn in (1, 2, 3) else SUCCESS)
    wrong = moved.ended_other_than(SUB_OPERATIONS_FAILED)
    assert not wrong, wrong


@requirement("PS3.4 C.4.2.3.1", SHALL, "An object that the destination refuses doesn't keep back the others.")
def test_goes_on(scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    moved = _move(scu, ten, destination, recorder, lambda turn: REFUSED if turn == 1 else SUCCESS)
    wrong = moved.gave_up()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "Objects for which the destination has no room are failed, sent or not."
)
def test_out_of_resources(
    scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    # Whether a product sends the others is its affair, and A702H may tell why it did not.
    moved = _move(scu, ten, destination, recorder, lambda turn: FULL if turn >= 4 else SUCCESS)
    wrong = moved.hides_failures()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "If every sub-operation failed the final status is Failure or Refused."
)
def test_all_fail(scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    moved = _move(scu, ten, destination, recorder, lambda turn: REFUSED)
    wrong = moved.ended_without_failure()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "Sub-operations with a warning are counted so, and make the final Warning."
)
@pytest.mark.parametrize("count", [2, 10])
def test_warnings_counted(
    scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder, count: int
) -> None:
    moved = _move(scu, ten, destination, recorder, lambda turn: COERCED if turn < count else SUCCESS)
    wrong = moved.ended_other_than(SUB_OPERATIONS_FAILED)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.1.4.2", SHALL, "The final response lists the objects that failed, those and no other."
)
@pytest.mark.parametrize("count", [3, 9])
def test_failed_list(
    scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder, count: int
) -> None:
    statuses = [COERCED] + [REFUSED] * count
    moved = _move(
        scu, ten, destination, recorder, lambda turn: statuses[turn] if turn < len(statuses) else SUCCESS
    )
    wrong = moved.ill_listed()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.1.4.2", SHALL, "Pending responses, and a final one without failures, have no data set."
)
def test_no_list_without_failure(
    scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    wrong = _move(scu, ten, destination, recorder).retrieval.needless_data_set()
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.3.1", QUALITY, "The final response counts the sub-operations: completed, failed, warning."
)
def test_counts_are_given(
    scu: Scu, ten: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    # C.4.2.3.1 demands the counts, C.4.2.1.7 to C.4.2.1.9 leave them open: so no more than a remark.
    wrong = _move(scu, ten, destination, recorder).retrieval.uncounted()
    assert not wrong, wrong
