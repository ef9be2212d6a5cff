"""What scenarios compare services by: values in one form, two deliveries, several conversations at once."""

from __future__ import annotations

import threading

import pytest

from harness.dimse.command import CommandSet
from harness.scu.alike import unlike, unlike_ones
from harness.scu.entities import keys_at, normal
from harness.scu.inbox import Received
from harness.scu.together import together
from harness.scu.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    QueryLevel,
    Root,
)
from harness.synthesis import Identity, SyntheticInstance, encode_dataset, new_run_root, new_study, variant


@pytest.mark.parametrize(
    ("keyword", "one", "other"),
    [
        ("PatientName", "PHTEST^Alpha", "PHTEST^Alpha^^^ "),
        ("PatientName", "PHTEST^A=^", "PHTEST^A"),
        ("StudyTime", "0930", "093000.000000"),
        ("StudyTime", "09:30:00", "093000"),
        ("StudyDate", "2024.02.29", "20240229"),
        ("SeriesNumber", "007", "7 "),
        ("AccessionNumber", "A1", "A1 "),
    ],
)
def test_forms_of_one_value_are_equal(keyword: str, one: str, other: str) -> None:
    assert normal(keyword, one) == normal(keyword, other)


@pytest.mark.parametrize(
    ("keyword", "one", "other"),
    [
        ("PatientName", "PHTEST^Alpha", "PHTEST^^Alpha"),
        ("StudyTime", "093000", "093000.5"),
        ("StudyTime", "", "000000"),
        ("SeriesNumber", "7", "70"),
        ("AccessionNumber", "A1", "a1"),
        ("StudyID", "007", "7"),
    ],
)
def test_other_values_are_not(keyword: str, one: str, other: str) -> None:
    assert normal(keyword, one) != normal(keyword, other)


def test_the_patient_belongs_to_the_study_where_that_is_the_root() -> None:
    assert "PatientID" in keys_at(Root.STUDY, QueryLevel.STUDY)
    assert "PatientID" not in keys_at(Root.PATIENT, QueryLevel.STUDY)


def delivered(instance: SyntheticInstance, transfer_syntax: str) -> Received:
    return Received(
        instance.sop_class,
        instance.sop_instance_uid,
        transfer_syntax,
        encode_dataset(instance.attributes, transfer_syntax),
        CommandSet.of(),
        1,
    )


def test_deliveries_of_one_object_in_two_syntaxes_are_alike_until_a_value_differs() -> None:
    identity = Identity(new_run_root(), "alike")
    instance = new_study(identity).instance(0)
    explicit = delivered(instance, EXPLICIT_VR_LITTLE_ENDIAN)
    implicit = delivered(instance, IMPLICIT_VR_LITTLE_ENDIAN)
    assert unlike(explicit, implicit) == ""
    changed = variant(identity, instance, StudyDescription="Another")
    same_uid = variant(identity, changed, SOPInstanceUID=instance.sop_instance_uid)
    other = delivered(same_uid, IMPLICIT_VR_LITTLE_ENDIAN)
    assert "(0008,1030)" in unlike(explicit, other)
    assert instance.sop_instance_uid in unlike_ones([explicit], [other])
    assert unlike_ones([explicit], [delivered(changed, IMPLICIT_VR_LITTLE_ENDIAN)]) == ""


def test_tasks_run_side_by_side_and_give_their_results_in_order() -> None:
    meeting = threading.Barrier(3)
    assert together([lambda number=number: (meeting.wait(10), number)[1] for number in range(3)]) == [0, 1, 2]


def test_what_one_task_raises_is_raised_when_all_have_ended() -> None:
    ended: list[int] = []

    def fail() -> None:
        raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        together([fail, lambda: ended.append(1)])
    assert ended == [1]
