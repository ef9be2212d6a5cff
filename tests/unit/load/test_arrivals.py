"""Schedules: right on average, rising, bounded, and the same for the same seed."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.arrivals import intended, mean_rate
from harness.load.workload import Arrival, Closed, Constant, Daily, Poisson, Ramp

SECONDS = 200.0
OPEN: list[Arrival] = [
    Constant(rate=7),
    Poisson(rate=7),
    Ramp(first=0, last=14),
    Ramp(first=14, last=0),
    Ramp(first=3, last=3),
    Daily(peak=20, curve=(0, 1, 4, 10, 0)),
]


def times(arrival: Arrival, seconds: float | None = SECONDS, seed: int = 1) -> list[float]:
    due = intended(arrival, seconds, seed)
    assert due is not None
    return list(due)


def test_a_closed_load_has_no_schedule() -> None:
    assert intended(Closed(clients=3), 10, 1) is None
    assert mean_rate(Closed(), 10) is None


@pytest.mark.parametrize("arrival", OPEN, ids=repr)
def test_as_many_as_the_mean_rate_says(arrival: Arrival) -> None:
    expected = mean_rate(arrival, SECONDS) * SECONDS  # type: ignore[operator]
    # Four standard deviations of a Poisson process.
    assert abs(len(times(arrival)) - expected) <= 4 * expected**0.5


@pytest.mark.parametrize("arrival", OPEN, ids=repr)
def test_rising_and_bounded(arrival: Arrival) -> None:
    due = times(arrival)
    assert all(one <= other for one, other in pairwise(due))
    assert due[0] >= 0
    assert due[-1] < SECONDS


@pytest.mark.parametrize("arrival", OPEN, ids=repr)
def test_the_same_seed_gives_the_same(arrival: Arrival) -> None:
    assert times(arrival) == times(arrival)


def test_another_seed_gives_another() -> None:
    assert times(Poisson(rate=7), seed=1) != times(Poisson(rate=7), seed=2)


def test_a_ramp_rises() -> None:
    due = times(Ramp(first=0, last=10))
    first, second = (sum(low <= time < low + SECONDS / 2 for time in due) for low in (0, SECONDS / 2))
    assert abs(second / first - 3) < 0.1


def test_a_day_follows_its_curve() -> None:
    curve = (1.0, 5.0, 0.0, 2.0)
    due = times(Daily(peak=50, curve=curve))
    hour = SECONDS / len(curve)
    counts = [sum(n * hour <= time < (n + 1) * hour for time in due) for n in range(len(curve))]
    assert counts[2] == 0
    for found, share in zip(counts, curve, strict=True):
        expected = 50 * share / 5 * hour
        assert abs(found - expected) <= 4 * expected**0.5


@given(st.floats(0, 100), st.floats(0, 100), st.floats(1, 100))
def test_any_ramp_is_in_order(first: float, last: float, seconds: float) -> None:
    due = intended(Ramp(first=first, last=last), seconds, 1)
    assert due is not None
    few = list(islice(due, 500))
    assert all(0 <= one <= other < seconds for one, other in pairwise(few))


@pytest.mark.parametrize("arrival", [Ramp(first=1, last=2), Daily(peak=1, curve=(1, 1))])
def test_what_is_spread_needs_a_time(arrival: Arrival) -> None:
    with pytest.raises(ValueError, match="needs one"):
        intended(arrival, None, 1)


def test_without_an_end_a_rate_goes_on() -> None:
    due = intended(Constant(rate=4), None, 1)
    assert due is not None
    assert list(islice(due, 3)) == [0.0, 0.25, 0.5]
