"""Latencies: three digits kept, nothing lost in adding and in text."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.latencies import LONGEST, Latencies, decode

SECONDS = st.lists(st.floats(1e-6, LONGEST), min_size=1, max_size=200)


def of(seconds: list[float]) -> Latencies:
    latencies = Latencies()
    for one in seconds:
        latencies.record(one)
    return latencies


@given(SECONDS, st.floats(1, 100))
def test_percentiles_are_within_three_digits(seconds: list[float], percent: float) -> None:
    latencies = of(seconds)
    rank = max(1, -(-len(seconds) * percent // 100))
    # The library rounds half a count up, so the neighbour below may be meant.
    near = [sorted(seconds)[int(max(rank - 2, 0))], sorted(seconds)[int(rank) - 1]]
    found = latencies.percentile(percent)
    assert near[0] * 0.998 - 1e-6 <= found <= near[1] * 1.002 + 1e-6


@given(SECONDS, SECONDS)
def test_adding_is_counting_together(first: list[float], second: list[float]) -> None:
    both, added = of(first + second), of(first)
    added.add(of(second))
    assert len(added) == len(first) + len(second)
    assert both.percentiles(1, 50, 95, 99, 100) == added.percentiles(1, 50, 95, 99, 100)


@given(SECONDS)
def test_text_and_back(seconds: list[float]) -> None:
    latencies = of(seconds)
    again = decode(latencies.encode())
    assert len(again) == len(latencies)
    assert again.percentiles(1, 50, 99, 100) == latencies.percentiles(1, 50, 99, 100)


@given(SECONDS)
def test_the_mean_is_within_three_digits(seconds: list[float]) -> None:
    assert of(seconds).mean == pytest.approx(sum(seconds) / len(seconds), rel=0.002, abs=1e-6)


@pytest.mark.parametrize("text", ["", "nothing", "HISTF" * 9, "ü"])
def test_other_text_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text)


def test_extremes_are_kept_within_bounds() -> None:
    latencies = of([0.0, 1e9])
    assert len(latencies) == 2
    assert latencies.percentile(1) <= 2e-6
    assert latencies.longest == pytest.approx(LONGEST, rel=0.002)


def test_nothing_recorded_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Latencies().percentile(50)


def test_the_distribution_ends_at_the_longest() -> None:
    chance = random.Random(1)
    latencies = of([chance.lognormvariate(-5, 1) for _ in range(5000)])
    points = list(latencies.distribution())
    assert points[-1].percent == 100
    assert points[-1].seconds == pytest.approx(latencies.longest, rel=0.002)
    assert all(a.percent <= b.percent and a.seconds <= b.seconds for a, b in pairwise(points))


def test_after_a_reset_there_is_nothing() -> None:
    latencies = of([1.0])
    latencies.reset()
    assert len(latencies) == 0
