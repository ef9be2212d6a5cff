"""A retrieval of which objects were refused: which ends are right, and what is said of the others."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from harness.dimse.command import CommandSet
from harness.scu.answered import COERCED, FULL, REFUSED, Answered, Answers
from harness.scu.brought import Brought
from harness.scu.identifier import encode_identifier
from harness.scu.inbox import Received
from harness.scu.retrieve import Retrieval
from harness.scu.suboperations import ill_prioritised, mislabelled
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import Identity, SyntheticInstance, SyntheticStudy, new_run_root, new_study

WARNING, FAILED = 0xB000, 0xC000


@pytest.fixture(scope="module")
def study() -> SyntheticStudy:
    return new_study(Identity(new_run_root(), "answered"), instances=4)


def received(instance: SyntheticInstance, **command: int) -> Received:
    return Received(
        instance.sop_class,
        instance.sop_instance_uid,
        instance.transfer_syntax,
        instance.dataset,
        CommandSet.of(**command),
        1,
        instance.sop_class,
    )


def retrieval(status: int, counts: tuple[int, int, int] | None, listed: tuple[str, ...] = ()) -> Retrieval:
    completed, failed, warning = counts or (None, None, None)
    final = CommandSet.of(
        Status=status,
        NumberOfCompletedSuboperations=completed,
        NumberOfFailedSuboperations=failed,
        NumberOfWarningSuboperations=warning,
    )
    data = None
    if listed:
        identifier = Dataset()
        identifier.FailedSOPInstanceUIDList = list(listed)
        data = encode_identifier(identifier, EXPLICIT_VR_LITTLE_ENDIAN)
    return Retrieval((), final, data, EXPLICIT_VR_LITTLE_ENDIAN)


def answered(
    study: SyntheticStudy,
    statuses: list[int],
    end: int,
    counts: tuple[int, int, int] | None = None,
    listed: tuple[str, ...] = (),
) -> Answered:
    answers = Answers(lambda turn: statuses[turn])
    for instance in study.instances[: len(statuses)]:
        answers(received(instance))
    return Answered(retrieval(end, counts, listed), answers.given, study)


def test_an_object_that_comes_again_gets_its_status_again(study: SyntheticStudy) -> None:
    answers = Answers(lambda turn: (0, REFUSED, 0)[turn])
    first, second, *_ = (received(instance) for instance in study.instances)
    assert [answers(one) for one in (first, second, first, second)] == [0, REFUSED, 0, REFUSED]


@pytest.mark.parametrize(
    ("statuses", "end", "counts", "is_right"),
    [
        ([0, 0, 0, 0], 0, (4, 0, 0), True),
        ([0, 0, 0, 0], 0, None, True),
        ([0, 0, 0, 0], 0, (3, 0, 0), False),
        ([0, 0, 0, 0], WARNING, (4, 0, 0), False),
        ([0, REFUSED, COERCED, 0], WARNING, (2, 1, 1), True),
        ([0, REFUSED, COERCED, 0], WARNING, (3, 1, 0), False),
        ([0, REFUSED], WARNING, (1, 3, 0), True),
        ([0, REFUSED], WARNING, (1, 1, 0), False),
    ],
)
def test_status_and_counts_at_the_end(
    study: SyntheticStudy,
    statuses: list[int],
    end: int,
    counts: tuple[int, int, int] | None,
    is_right: bool,
) -> None:
    due = WARNING if any(statuses) else 0
    assert (answered(study, statuses, end, counts).ended_other_than(due) == "") is is_right


@pytest.mark.parametrize(
    ("end", "counts", "is_right"),
    [
        (FAILED, None, True),
        (0xA702, (0, 0, 0), True),
        (FAILED, (0, 4, 0), True),
        (FAILED, (1, 3, 0), False),
        (WARNING, (0, 4, 0), False),
        (0, None, False),
    ],
)
def test_all_refused(
    study: SyntheticStudy, end: int, counts: tuple[int, int, int] | None, is_right: bool
) -> None:
    assert (answered(study, [REFUSED] * 4, end, counts).ended_without_failure() == "") is is_right


@pytest.mark.parametrize(
    ("end", "counts", "is_right"),
    [(WARNING, (1, 3, 0), True), (0xA702, (1, 3, 0), True), (FAILED, None, True), (0, (4, 0, 0), False)],
)
def test_failures_are_not_hidden(
    study: SyntheticStudy, end: int, counts: tuple[int, int, int] | None, is_right: bool
) -> None:
    assert (answered(study, [0, FULL], end, counts).hides_failures() == "") is is_right


def test_what_was_not_sent_may_be_listed_but_what_was_taken_may_not(study: SyntheticStudy) -> None:
    taken, refused, third, fourth = (instance.sop_instance_uid for instance in study.instances)
    for listed in ((refused,), (refused, third, fourth)):
        assert answered(study, [0, REFUSED], WARNING, listed=listed).ill_listed() == ""
    assert refused in answered(study, [0, REFUSED], WARNING, listed=(third,)).ill_listed()
    assert taken in answered(study, [0, REFUSED], WARNING, listed=(refused, taken)).ill_listed()


def test_objects_that_were_never_sent_are_counted(study: SyntheticStudy) -> None:
    assert "2 objects were not sent" in answered(study, [0, REFUSED], WARNING).gave_up()
    assert answered(study, [0, REFUSED, 0, 0], WARNING).gave_up() == ""


def test_what_could_not_be_sent_makes_a_warning(study: SyntheticStudy) -> None:
    sent, unsent = study.instances[:3], study.instances[3:]
    uid = unsent[0].sop_instance_uid
    came = tuple(received(instance) for instance in sent)
    assert Brought(retrieval(WARNING, (3, 1, 0), (uid,)), came).failed_other_than(unsent) == ""
    for wrong in (
        retrieval(0, (3, 1, 0), (uid,)),
        retrieval(WARNING, (3, 0, 0), (uid,)),
        retrieval(WARNING, (3, 1, 0), (sent[0].sop_instance_uid,)),
    ):
        assert Brought(wrong, came).failed_other_than(unsent) != ""


def test_requests_name_what_they_carry(study: SyntheticStudy) -> None:
    one, other, *_ = study.instances
    assert mislabelled([received(one), received(other)]) == ""
    item = received(one)
    swapped = Received(item.sop_class, other.sop_instance_uid, *_rest(item))
    assert f"its data set {one.sop_class}, {one.sop_instance_uid}" in mislabelled([swapped])


def _rest(item: Received) -> tuple[str, bytes, CommandSet, int, str]:
    return item.transfer_syntax, item.dataset, item.command, item.context_id, item.abstract_syntax


def test_one_priority_of_three(study: SyntheticStudy) -> None:
    one, other, *_ = study.instances
    assert ill_prioritised([received(one, Priority=1), received(other, Priority=1)]) == ""
    assert "0, 1" in ill_prioritised([received(one, Priority=0), received(other, Priority=1)])
    assert ill_prioritised([received(one, Priority=3)]) == "priority 3"
