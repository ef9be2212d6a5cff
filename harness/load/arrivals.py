"""When operations are due: schedules as iterators of seconds from the start, the same for the same seed.

They are intended times.  A load that falls behind them does not move them: what a product keeps waiting
counts as its latency (no coordinated omission).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate, count, takewhile

from harness.load.workload import Arrival, Closed, Constant, Daily, Poisson, Ramp


def intended(arrival: Arrival, seconds: float | None, seed: int) -> Iterator[float] | None:
    """Rising seconds from the start, all before ``seconds``; None for a closed load, which has no schedule.

    Raises ValueError where the schedule is spread over a time and none is given.
    """
    if isinstance(arrival, Closed):
        return None
    due = _unbounded(arrival, seconds, random.Random(seed))
    return due if seconds is None else takewhile(lambda time: time < seconds, due)


def mean_rate(arrival: Arrival, seconds: float | None) -> float | None:
    """Operations a second on average; None for a closed load."""
    match arrival:
        case Constant() | Poisson():
            return arrival.rate
        case Ramp():
            return (arrival.first + arrival.last) / 2
        case Daily():
            return sum(_rates(arrival)) / len(arrival.curve)
    return None


def _unbounded(arrival: Arrival, seconds: float | None, chance: random.Random) -> Iterator[float]:
    match arrival:
        case Constant():
            return (number / arrival.rate for number in count())
        case Poisson():
            return accumulate(chance.expovariate(arrival.rate) for _ in count())
        case Ramp():
            return _ramp(arrival, _given(seconds))
        case Daily():
            return _daily(arrival, _given(seconds), chance)
    raise ValueError(f"{arrival} has no schedule")


def _given(seconds: float | None) -> float:
    if seconds is None:
        raise ValueError("a schedule that is spread over a time needs one")
    return seconds


def _ramp(ramp: Ramp, seconds: float) -> Iterator[float]:
    """The times at which the integral of the rate, ``first·t + (last - first)·t² / 2·seconds``, is whole."""
    slope = (ramp.last - ramp.first) / seconds
    for number in count():
        inside = ramp.first**2 + 2 * slope * number
        if inside < 0:
            return  # a falling rate has reached 0
        # The root in the form that holds for a slope of 0 too.
        divisor = ramp.first + inside**0.5
        if number and not divisor:
            return
        yield 2 * number / divisor if number else 0.0


def _daily(daily: Daily, seconds: float, chance: random.Random) -> Iterator[float]:
    """Unit-rate arrivals, stretched by the inverse of the summed curve."""
    hour = seconds / len(daily.curve)
    due = chance.expovariate(1.0)
    passed = 0.0
    for number, rate in enumerate(_rates(daily)):
        expected = rate * hour
        while due < passed + expected:
            yield (number + (due - passed) / expected) * hour
            due += chance.expovariate(1.0)
        passed += expected


def _rates(daily: Daily) -> list[float]:
    """Operations a second in each hour of the curve."""
    most = max(daily.curve)
    return [daily.peak * share / most for share in daily.curve]
