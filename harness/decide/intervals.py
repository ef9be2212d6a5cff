"""What repeats say: the median with an interval that needs no assumption about how measurements are spread.

The interval is made of order statistics: whether a measurement lies below the true median is a coin toss, so
the binomial distribution says how surely the median lies between the k-th smallest and the k-th largest.
"""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

WANTED = 0.95
"""How surely the median is to lie inside; fewer than six repeats can't say it that surely."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A median of repeats."""

    median: float
    low: float
    high: float
    confidence: float
    """How surely the true median lies within, 0 for a single measurement."""
    repeats: int


def interval_of(values: Sequence[float]) -> Interval:
    """The narrowest interval with WANTED, or all there is, and how sure it is.  ValueError for no values."""
    if not values:
        raise ValueError("no measurement")
    ordered = sorted(values)
    number = len(ordered)
    left_out = 0
    while 2 * (left_out + 1) < number and _confidence(number, left_out + 1) >= WANTED:
        left_out += 1
    return Interval(
        statistics.median(ordered),
        ordered[left_out],
        ordered[number - 1 - left_out],
        _confidence(number, left_out),
        number,
    )


def _confidence(number: int, left_out: int) -> float:
    """How surely the median lies between what remains of so many, with some left out on either side."""
    outside = sum(math.comb(number, count) for count in range(left_out + 1))
    return 1.0 - 2 * outside / float(2**number)


NOISE = 0.1
"""Share by which the median of the same thing differs from time to time, however often it is repeated: other
programs use the machine too."""

SINGLE = 0.25
"""Share by which a measurement that was not repeated may be off."""


class Change(enum.StrEnum):
    """How a measurement compares with an earlier one."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


def compare(before: Interval, after: Interval, *, more_is_better: bool) -> Change:
    """By interval: where they overlap, or the medians differ by no more than NOISE, nothing has changed."""
    (low, high), (low_now, high_now) = _surely(before), _surely(after)
    if low <= high_now and low_now <= high:
        return Change.SAME
    if abs(after.median - before.median) <= NOISE * before.median:
        return Change.SAME
    return Change.BETTER if (after.low > before.high) is more_is_better else Change.WORSE


def _surely(interval: Interval) -> tuple[float, float]:
    """Where the median lies, wider on both sides the less sure its repeats are of it.

    Of the ranges of three repeats each one pair in ten does not overlap though nothing has changed, and a
    benchmark compares many figures.  With what is added here it is one in several hundred.
    """
    if interval.repeats < 2:
        margin = SINGLE * interval.median
    elif interval.confidence < WANTED:
        margin = (interval.high - interval.low) * (1 - interval.confidence) / (1 - _confidence(3, 0))
    else:
        margin = 0.0
    return interval.low - margin, interval.high + margin
