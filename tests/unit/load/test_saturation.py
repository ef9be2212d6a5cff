"""The search for the largest sustained rate, on servers whose limit is known."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.saturation import CONFIRMATIONS, MOST_TRIALS, PRECISION, Limit, LimitedBy, Trial, find_limit


def up_to(limit: float) -> Callable[[float], Trial]:
    return lambda rate: Trial(rate, rate <= limit, "" if rate <= limit else "find p95")


@given(st.floats(0.1, 1000), st.floats(0.5, 5000))
def test_the_limit_lies_between(start: float, limit: float) -> None:
    found = find_limit(up_to(limit), start, ceiling=1e6)
    if found.sustained is None:
        assert start / 64 > limit * 0.99
        return
    assert found.broken is not None
    assert found.sustained <= limit < found.broken
    assert found.broken / found.sustained <= PRECISION * 1.0001
    assert found.by is LimitedBy.PRODUCT
    at_limit = [trial for trial in found.trials if trial.rate == found.sustained]
    assert sum(trial.is_sustained for trial in at_limit) * 2 > CONFIRMATIONS
    assert len(found.trials) < 40


def test_beyond_the_harness_it_is_at_least() -> None:
    found = find_limit(up_to(1e9), 10, ceiling=1000)
    assert (found.sustained, found.broken, found.by) == (1000, None, LimitedBy.HARNESS)
    assert (
        found.words()
        == "at least 1e+03 operations a second: the harness, or its machine could not offer more"
    )


def test_near_its_own_ceiling_the_harness_is_suspected() -> None:
    assert find_limit(up_to(800), 10, ceiling=1000).by is LimitedBy.HARNESS
    assert find_limit(up_to(500), 10, ceiling=1000).by is LimitedBy.PRODUCT


def test_not_even_a_little() -> None:
    found = find_limit(up_to(0), 10, ceiling=1000)
    assert found.sustained is None
    assert found.words() == "not even 10 operations a second are sustained"


def test_words_of_a_limit() -> None:
    found: Limit = find_limit(up_to(100), 10, ceiling=1e6)
    assert found.words() == f"{found.sustained:.3g} operations a second, and not {found.broken:.3g}"


@pytest.mark.parametrize("seed", range(20))
def test_noise_neither_misleads_nor_goes_on_for_ever(seed: int) -> None:
    """A server of 100 a second of which each trial sees between 90 and 110."""
    chance = random.Random(seed)
    found = find_limit(lambda rate: Trial(rate, rate <= chance.uniform(90, 110)), 8, ceiling=1e6)
    assert found.sustained is not None
    assert 80 <= found.sustained <= 110
    assert len(found.trials) <= MOST_TRIALS


@pytest.mark.parametrize(("start", "ceiling"), [(0, 1), (1, 0), (-1, 5)])
def test_rates_are_positive(start: float, ceiling: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        find_limit(up_to(1), start, ceiling)
