"""Exams a year."""

from __future__ import annotations

import pytest

from harness.decide.hospital import exams_of
from harness.load.workload import load_workload

CT = {"exams": {"CT": 1.0}, "objects_per_exam": {"CT": 500.0}, "peak_hour": 0.1, "days": 250.0}


def test_of_one_modality() -> None:
    found = exams_of(50, **CT)  # type: ignore[arg-type]
    assert (found.an_hour, found.a_day, found.a_year) == (360, 3600, 900_000)
    assert "900,000 exams a year" in found.words
    assert "100% CT of 500 objects" in found.words


def test_of_a_mix() -> None:
    found = exams_of(1, {"CT": 0.25, "CR": 0.75}, {"CT": 398, "CR": 2}, 0.125, 300)
    assert found.objects_per_exam == pytest.approx(101)
    assert found.an_hour == pytest.approx(3600 / 101)


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.0, "0 exams"), (1e-4, "2 exams"), (0.0123, "220 exams"), (123.4, "2,200,000 exams")],
)
def test_no_more_digits_than_are_known(rate: float, words: str) -> None:
    assert f"what {words} a year" in exams_of(rate, **CT).words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"exams": {"CT": 0.5}}, "add up to 0.5"),
        ({"objects_per_exam": {"MR": 1.0}}, "says nothing of CT"),
        ({"peak_hour": 0.0}, "are positive"),
        ({"days": 0.0}, "are positive"),
        ({"objects_per_exam": {"CT": 0.0}}, "are positive"),
    ],
)
def test_nonsense_is_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        exams_of(1, **(CT | changed))  # type: ignore[arg-type]


def test_the_workload_that_ships_makes_sense() -> None:
    hospital = load_workload("hospital-day").hospital
    assert hospital is not None
    found = exams_of(10, hospital.exams, hospital.objects_per_exam, hospital.peak_hour, hospital.days)
    assert 10_000 < found.a_year < 10_000_000
