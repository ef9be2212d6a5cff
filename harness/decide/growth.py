"""How what an operation costs grows with the size of an archive: flat, with its logarithm, or with itself.

Three models are fitted to the medians by least squares.  A deviation is counted in units of what the median
may be off by: how sure it is of its own repeats, and NOISE, by which medians of the same thing differ on a
machine that others use too.  So how well a model fits is a number with a meaning (chi-square) even for three
sizes.  Akaike's criterion charges a model for its second parameter, and the simplest model wins unless
another one is better by more than TELLING.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.decide.intervals import NOISE, WANTED, Interval
from harness.latencies import decode
from harness.measurement import GrowthMeasured, Spread

TELLING = 2.0
"""Of two models whose criteria differ by less, neither is known to be better (Burnham and Anderson)."""
POOR = 3.0
"""A model that is off by more than so many units at any size does not describe what was measured."""
FEWEST = 3
"""With fewer sizes every model fits."""


class Model(enum.StrEnum):
    """How a cost depends on size, the simplest first."""

    FLAT = "flat"
    LOGARITHMIC = "logarithmic"
    LINEAR = "linear"

    @property
    def scale(self) -> Callable[[float], float]:
        """What the cost is proportional to, beside a constant part."""
        return {Model.FLAT: lambda _: 0.0, Model.LOGARITHMIC: math.log10, Model.LINEAR: float}[self]


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at one size."""

    size: int
    """In studies."""
    median: float
    """In seconds."""
    doubt: float = 0.0
    """The standard error of the median, as a share of it."""

    @property
    def unit(self) -> float:
        """Seconds by which a good model may well be off."""
        return self.median * math.hypot(NOISE, self.doubt)


@dataclass(frozen=True, slots=True)
class Fit:
    """A model with its parameters: ``constant + slope * model.scale(size)`` seconds."""

    model: Model
    constant: float
    slope: float
    """Never negative: an archive that gets quicker as it grows has not grown slower."""
    deviations: tuple[float, ...]
    """At each size, in its `Point.unit`."""

    @property
    def criterion(self) -> float:
        """Akaike's information criterion; less is better."""
        parameters = 1 if self.model is Model.FLAT else 2
        return sum(one * one for one in self.deviations) + 2 * parameters

    def at(self, size: float) -> float:
        """Seconds that the model says."""
        return self.constant + self.slope * self.model.scale(size)


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of an operation as the archive grew."""

    operation: str
    points: tuple[Point, ...]
    """By rising size."""
    fit: Fit | None
    """None where it can't be told."""
    why_not: str = ""
    """Why it can't be told."""

    @property
    def ratio(self) -> float:
        """The last median over the first."""
        return self.points[-1].median / self.points[0].median

    @property
    def verdict(self) -> str:
        """Flat, logarithmic, linear or why none of them."""
        return str(self.fit.model) if self.fit else f"can't be told: {self.why_not}"

    def words(self) -> str:
        """For people, in one sentence."""
        first, last = self.points[0], self.points[-1]
        said = f"{self.operation} takes {milliseconds(first.median)} ms at {first.size:,} studies"
        if len(self.points) > 1:
            said += f" and {milliseconds(last.median)} ms at {last.size:,} (× {self.ratio:.2f})"
        return f"{said}: {self.verdict}"


def fitted(model: Model, points: Sequence[Point]) -> Fit:
    """A model's best parameters.  ValueError where there is no point, or one isn't positive."""
    if not points or any(one.size <= 0 or one.median <= 0 for one in points):
        raise ValueError("fitting needs positive sizes and times")
    # Least squares of (constant + slope * x - y) / unit.
    rows = [(1 / one.unit**2, model.scale(one.size), one.median) for one in points]
    whole = sum(weight for weight, _, _ in rows)
    middle = sum(weight * x for weight, x, _ in rows) / whole
    mean = sum(weight * y for weight, _, y in rows) / whole
    spread = sum(weight * (x - middle) ** 2 for weight, x, _ in rows)
    along = sum(weight * (x - middle) * (y - mean) for weight, x, y in rows)
    slope = max(along / spread, 0.0) if spread > 0 else 0.0
    constant = mean - slope * middle
    deviations = [(constant + slope * model.scale(one.size) - one.median) / one.unit for one in points]
    return Fit(model, constant, slope, tuple(deviations))


def grown(operation: str, points: Sequence[Point]) -> Growth:
    """What is known of an operation's growth.  ValueError where there is no point, or one isn't positive."""
    ordered = tuple(sorted(points, key=lambda one: one.size))
    fits = [fitted(model, ordered) for model in Model]
    if len({one.size for one in ordered}) < FEWEST:
        return Growth(operation, ordered, None, f"fewer than {FEWEST} sizes were measured")
    best = min(fit.criterion for fit in fits)
    chosen = next(fit for fit in fits if fit.criterion <= best + TELLING)
    if max(map(abs, chosen.deviations)) <= POOR:
        return Growth(operation, ordered, chosen)
    # Weighted by the square of what was measured, the small sizes draw the line: the last one lies above it.
    bends = chosen.model is Model.LINEAR and ordered[-1].median > chosen.at(ordered[-1].size)
    why = "it grows faster than linearly" if bends else "no model fits"
    return Growth(operation, ordered, None, why)


def point_of(size: int, spread: Spread) -> Point:
    """The median of what was measured at a size, and its doubt."""
    if spread.count < 2:
        return Point(size, spread.p50, 1.0)  # a single one says nothing of others
    low, high = _around_the_median(spread, 1.0)
    return Point(size, spread.p50, (high - low) / 2 / spread.p50)


def median_of(spread: Spread) -> Interval:
    """The median with the interval in which it lies 95 times of 100.  Milliseconds."""
    low, high = _around_the_median(spread, 1.96)
    return Interval(spread.p50 * 1000, low * 1000, high * 1000, WANTED, spread.count)


def _around_the_median(spread: Spread, errors: float) -> tuple[float, ...]:
    """So many standard errors below and above it: of n repeats, that of its rank is half the root of n."""
    ranks = min(errors * 50 / math.sqrt(spread.count), 50.0)
    return decode(spread.histogram).percentiles(50 - ranks, 50 + ranks)


def growths(measured: Sequence[GrowthMeasured]) -> Iterator[Growth]:
    """Every operation that was answered at any size."""
    for name in dict.fromkeys(one.name for at_size in measured for one in at_size.operations):
        points = [
            point_of(at_size.studies, one.latency)
            for at_size in measured
            if (one := at_size.of(name)) is not None and one.latency is not None
        ]
        if points:
            yield grown(name, points)


def growth_words(measured: Sequence[GrowthMeasured]) -> Iterator[str]:
    """What a reader has to know: a sentence for each operation, and what failed."""
    for one in growths(measured):
        yield one.words()
    for at_size in measured:
        for operation in at_size.operations:
            for kind, number in operation.errors.items():
                yield f"{operation.name} failed {number} times at {at_size.studies:,} studies: {kind}"


def growth_rows(measured: Sequence[GrowthMeasured]) -> Iterator[tuple[str, ...]]:
    """A line for each operation: median and 95th percentile in milliseconds by size, ratio, and growth."""
    for growth in growths(measured):
        cells = []
        for at_size in measured:
            one = at_size.of(growth.operation)
            spread = one.latency if one else None
            cells.append(f"{milliseconds(spread.p50)} / {milliseconds(spread.p95)}" if spread else "–")
        yield (growth.operation, *cells, f"{growth.ratio:.2f}", growth.verdict)


def milliseconds(seconds: float) -> str:
    """In milliseconds, to three digits: more would pretend."""
    value = seconds * 1000
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
