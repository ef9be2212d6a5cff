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


class Change(enum.StrEnum):
    """How a measurement compares with an earlier one."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


def compare(before: Interval, after: Interval, *, more_is_better: bool) -> Change:
    """By interval: where they overlap nothing is known to have changed."""
    if before.low <= after.high and after.low <= before.high:
        return Change.SAME
    return Change.BETTER if (after.low > before.high) is more_is_better else Change.WORSE
