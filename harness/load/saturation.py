"""The largest rate that a product sustains: step up until an objective breaks, bisect, confirm.

A trial is a load at one offered rate; whether it is sustained its objectives say.  One trial proves little,
so the rate that is reported has been sustained in most of several trials, and the next one above it has not.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

FACTOR = 2.0
"""Between two steps up."""
PRECISION = 1.1
"""The ratio of the lowest rate that breaks to the highest that holds, at which bisection ends."""
CONFIRMATIONS = 3
"""Trials at the rate that is reported; more than half of them have to hold."""
CEILING_SHARE = 0.7
"""Beyond this share of what the harness itself reaches, it may be what limits."""
MOST_TRIALS = 60


class LimitedBy(enum.StrEnum):
    """Who would not go further."""

    PRODUCT = "the product"
    HARNESS = "the harness, or its machine"
    """More could not be offered: the product sustains at least this."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A load at one rate."""

    rate: float
    """Offered: operations a second."""
    is_sustained: bool
    words: str = ""
    """The objective that broke."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What the search came to."""

    sustained: float | None
    """The largest rate that was confirmed; None where even the first one was not sustained."""
    broken: float | None
    """The smallest rate that was not sustained; None where none was found."""
    by: LimitedBy
    trials: tuple[Trial, ...]

    def words(self) -> str:
        """For people."""
        if self.sustained is None:
            return f"not even {self.trials[0].rate:g} operations a second are sustained"
        if self.by is LimitedBy.HARNESS:
            return f"at least {self.sustained:.3g} operations a second: {self.by} could not offer more"
        return f"{self.sustained:.3g} operations a second, and not {self.broken:.3g}"


def find_limit(measure: Callable[[float], Trial], start: float, ceiling: float) -> Limit:
    """Search from a first rate.  `ceiling` is what the harness itself reaches on a server that does nothing.

    Raises ValueError for rates that are not positive.
    """
    if start <= 0 or ceiling <= 0:
        raise ValueError("rates are positive")
    search = _Search(measure, ceiling)
    good, bad = search.step_up(start)
    if good is None and bad is not None:
        good = search.step_down(bad)
        if good is None:
            return Limit(None, bad, LimitedBy.PRODUCT, tuple(search.trials))
    assert good is not None
    while True:
        if bad is not None:
            good, bad = search.bisect(good, bad)
        if search.is_confirmed(good):
            break
        bad, good = good, good / PRECISION
        if len(search.trials) >= MOST_TRIALS:
            return Limit(None, bad, LimitedBy.PRODUCT, tuple(search.trials))
    # Where the harness is near its own end a broken objective may be its fault.
    near = good > CEILING_SHARE * ceiling
    return Limit(
        good, bad, LimitedBy.HARNESS if near or bad is None else LimitedBy.PRODUCT, tuple(search.trials)
    )


class _Search:
    def __init__(self, measure: Callable[[float], Trial], ceiling: float) -> None:
        self._measure = measure
        self._ceiling = ceiling
        self.trials: list[Trial] = []

    def holds(self, rate: float) -> bool:
        trial = self._measure(rate)
        self.trials.append(trial)
        return trial.is_sustained

    def step_up(self, start: float) -> tuple[float | None, float | None]:
        """The last rate that holds and the first that does not; None where there is none."""
        good: float | None = None
        rate = min(start, self._ceiling)
        while self.holds(rate):
            good = rate
            if rate >= self._ceiling:
                return good, None
            rate = min(rate * FACTOR, self._ceiling)
        return good, rate

    def step_down(self, bad: float) -> float | None:
        """A rate below that holds, within six steps."""
        for _ in range(6):
            bad /= FACTOR
            if self.holds(bad):
                return bad
        return None

    def bisect(self, good: float, bad: float) -> tuple[float, float]:
        """Closer together, up to PRECISION; the middle is that of ratios."""
        while bad / good > PRECISION:
            middle = (good * bad) ** 0.5
            if self.holds(middle):
                good = middle
            else:
                bad = middle
        return good, bad

    def is_confirmed(self, rate: float) -> bool:
        """Whether most trials at this rate hold, those of the search included."""
        while True:
            seen = [trial.is_sustained for trial in self.trials if trial.rate == rate]
            held, broke = sum(seen), len(seen) - sum(seen)
            if held * 2 > CONFIRMATIONS:
                return True
            if broke * 2 > CONFIRMATIONS:
                return False
            self.holds(rate)
