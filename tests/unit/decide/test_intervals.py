"""Intervals of repeats."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.decide.intervals import WANTED, Change, Interval, compare, interval_of


def of(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high, 0.95, 6)


def test_few_repeats_say_how_sure_they_are() -> None:
    assert interval_of([3.0]) == Interval(3.0, 3.0, 3.0, 0.0, 1)
    assert interval_of([5, 1, 3, 2, 4]) == Interval(3, 1, 5, 1 - 2 / 32, 5)
    assert interval_of(range(1, 7)).confidence == 1 - 2 / 64  # type: ignore[arg-type]


def test_many_repeats_are_narrowed() -> None:
    # The textbook's case: of 20 the 6th smallest and the 6th largest, 95.9 %.
    found = interval_of([float(n) for n in range(1, 21)])
    assert (found.low, found.high) == (6, 15)
    assert found.confidence == pytest.approx(0.9586, abs=1e-4)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_the_median_lies_within(values: list[float]) -> None:
    found = interval_of(values)
    assert found.low <= found.median <= found.high
    assert found.confidence >= (WANTED if len(values) > 5 else 0)


def test_it_holds_as_often_as_it_says() -> None:
    chance = random.Random(1)
    true = statistics.NormalDist().inv_cdf(0.5)
    inside = 0
    for _ in range(2000):
        found = interval_of([chance.gauss(0, 1) for _ in range(11)])
        inside += found.low <= true <= found.high
    # Three standard deviations of 2,000 tosses around what it says.
    assert inside / 2000 == pytest.approx(found.confidence, abs=0.012)


def test_no_measurement_has_none() -> None:
    with pytest.raises(ValueError, match="no measurement"):
        interval_of([])


@pytest.mark.parametrize(
    ("before", "after", "more_is_better", "change"),
    [
        (of(10, 12), of(11, 15), True, Change.SAME),
        (of(10, 12), of(12, 15), True, Change.SAME),
        (of(10, 12), of(13, 15), True, Change.BETTER),
        (of(10, 12), of(13, 15), False, Change.WORSE),
        (of(10, 12), of(7, 9), True, Change.WORSE),
        (of(10, 12), of(7, 9), False, Change.BETTER),
    ],
)
def test_compared_by_interval(
    before: Interval, after: Interval, more_is_better: bool, change: Change
) -> None:
    assert compare(before, after, more_is_better=more_is_better) is change


@pytest.mark.parametrize("number", [3, 5, 6, 10])
def test_what_has_not_changed_is_seldom_called_worse(number: int) -> None:
    chance, worse = random.Random(number), 0
    for _ in range(2000):
        then, now = (interval_of([chance.lognormvariate(0, 0.15) for _ in range(number)]) for _ in "ab")
        worse += compare(then, now, more_is_better=False) is Change.WORSE
    assert worse <= 10


def test_a_single_measurement_tells_large_changes_alone() -> None:
    once = interval_of([10.0])
    assert compare(once, interval_of([15.0]), more_is_better=False) is Change.SAME
    assert compare(once, interval_of([20.0]), more_is_better=False) is Change.WORSE
    assert compare(once, interval_of([5.0]), more_is_better=False) is Change.BETTER
