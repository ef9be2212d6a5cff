"""Sizes, and what is stored so that every question has one answer at each of them."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.filling import ALONE, Stored
from harness.load.growth import BY_DATE, LARGEST, MOST_SIZES, growth_workload, name_of, read_sizes
from harness.load.supply import POPULATION, WEEKS, Study

ROOT = "2.25.1234567"


@pytest.mark.parametrize(
    ("text", "sizes"),
    [("1e3,1e4,1e5", (1000, 10_000, 100_000)), ("5", (5,)), (" 1, 20 ,1e7", (1, 20, 10_000_000))],
)
def test_sizes(text: str, sizes: tuple[int, ...]) -> None:
    assert read_sizes(text) == sizes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no number of studies; give them as in 1e3,1e4,1e5"),
        ("10,many", "'many' is no number of studies"),
        ("0", "0 is no number of studies from 1 to 10,000,000"),
        ("1.5", "1.5 is no number of studies from 1"),
        ("nan", "nan is no number of studies from 1"),
        ("inf", "inf is no number of studies from 1"),
        ("1e3,2e7", "2e7 is no number of studies from 1"),
        ("100,10", "sizes rise: 10 comes after 100"),
        ("10,10", "sizes rise: 10 comes after 10"),
        ("1,2,3,4,5,6,7,8,9", "9 sizes are too many: 8 at most"),
    ],
)
def test_no_sizes(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        read_sizes(text)


def test_names() -> None:
    assert [name_of(one) for one in growth_workload(5).operation] == [
        "C-FIND by PatientID",
        "C-FIND by StudyDate",
        "C-FIND by StudyInstanceUID",
        "C-STORE",
        "C-GET of a study",
        "C-MOVE of a study",
        "C-ECHO",
    ]


@given(st.lists(st.integers(0, 3 * ALONE), min_size=1, max_size=4))
def test_each_question_has_one_answer_at_every_size(fills: list[int]) -> None:
    stored = Stored(ROOT)
    there: list[Study] = []
    for number in fills:
        more = list(stored.more(number))
        assert len(more) == number
        there += more
        stored.filled += number
        one = stored.one_more()
        stored.timed += 1
        there.append(one)
        assert stored.held == len(there)
        dates = sorted(study.study_date for study in there)
        for lonely in random.Random(number).sample(stored.alone, min(len(stored.alone), 5)):
            first, last = lonely.study_week.split("-")
            assert [date for date in dates if first <= date <= last] == [lonely.study_date]
        if number:
            assert stored.any(random.Random(1)).study_uid in {study.study_uid for study in more + there}
    assert (
        len({study.study_uid for study in there}) == len({study.patient_id for study in there}) == len(there)
    )
    assert bool(stored.alone) is any(fills)


def test_they_are_spread_over_each_fill_and_lie_before_all_others() -> None:
    stored = Stored(ROOT, WEEKS - MOST_SIZES * ALONE)
    for _ in range(MOST_SIZES):
        places = [study.number for study in stored.more(50 * ALONE) if study.week is not None]
        assert len(places) == ALONE
        assert {after - before for before, after in itertools.pairwise(places)} == {50}
        stored.filled += 50 * ALONE
    earliest = min(Study(ROOT, number, number).study_date for number in range(4000))
    assert stored.alone[-1].week == WEEKS - 1
    assert stored.alone[-1].study_week < "1980" < earliest


def test_numbers_do_not_meet() -> None:
    assert LARGEST <= POPULATION
    assert len(Study(ROOT, LARGEST, LARGEST).accession_number) == 16
    assert "{study_week}" in BY_DATE.keys["StudyDate"]
