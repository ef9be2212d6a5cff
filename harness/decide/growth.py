"""How what an operation costs grows with the size of an archive: flat, with its logarithm, or with itself.

Three models are fitted to the medians by least squares.  Deviations are counted in shares of what was
measured, since what disturbs a measurement disturbs a long one more, and in units of NOISE, which is what
medians of the same thing differ by on a machine that others use too; so how well a model fits is a number
with a meaning (chi-square) even for three sizes.  Akaike's criterion charges a model for its second
parameter, and the simplest model wins unless another one is better by more than TELLING.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.measurement import GrowthMeasured

NOISE = 0.1
"""Share by which the median of the same thing differs from time to time."""
TELLING = 2.0
"""Of two models whose criteria differ by less, neither is known to be better (Burnham and Anderson)."""
POOR = 3.0
"""A model that is off by more than so many times NOISE at any size does not describe what was measured."""
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
class Fit:
    """A model with its parameters: ``constant + slope * model.scale(size)`` seconds."""

    model: Model
    constant: float
    slope: float
    """Never negative: an archive that gets quicker as it grows has not grown slower."""
    deviations: tuple[float, ...]
    """At each size, as shares of what was measured, in units of NOISE."""

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
    points: tuple[tuple[int, float], ...]
    """Size in studies and median in seconds, by rising size."""
    fit: Fit | None
    """None where it can't be told."""
    why_not: str = ""
    """Why it can't be told."""

    @property
    def ratio(self) -> float:
        """The last median over the first."""
        return self.points[-1][1] / self.points[0][1]

    @property
    def verdict(self) -> str:
        """Flat, logarithmic, linear or why none of them."""
        return str(self.fit.model) if self.fit else f"can't be told: {self.why_not}"

    def words(self) -> str:
        """For people, in one sentence."""
        (first, before), (last, after) = self.points[0], self.points[-1]
        said = f"{self.operation} takes {milliseconds(before)} ms at {first:,} studies"
        if len(self.points) > 1:
            said += f" and {milliseconds(after)} ms at {last:,} (× {self.ratio:.2f})"
        return f"{said}: {self.verdict}"


def fitted(model: Model, points: Sequence[tuple[int, float]]) -> Fit:
    """A model's best parameters.  ValueError where there is no point, or one isn't positive."""
    if not points or any(size <= 0 or seconds <= 0 for size, seconds in points):
        raise ValueError("fitting needs positive sizes and times")
    weights = [1 / seconds**2 for _, seconds in points]
    scaled = [model.scale(size) for size, _ in points]
    whole = sum(weights)
    middle = sum(w * x for w, x in zip(weights, scaled, strict=True)) / whole
    mean = sum(w * seconds for w, (_, seconds) in zip(weights, points, strict=True)) / whole
    spread = sum(w * (x - middle) ** 2 for w, x in zip(weights, scaled, strict=True))
    slope = 0.0
    if spread > 0:
        both = zip(weights, scaled, points, strict=True)
        slope = max(sum(w * (x - middle) * (y - mean) for w, x, (_, y) in both) / spread, 0.0)
    constant = mean - slope * middle
    deviations = tuple(
        (constant + slope * x - seconds) / seconds / NOISE
        for x, (_, seconds) in zip(scaled, points, strict=True)
    )
    return Fit(model, constant, slope, deviations)


def grown(operation: str, points: Sequence[tuple[int, float]]) -> Growth:
    """What is known of an operation's growth, from sizes in studies and medians in seconds.

    ValueError where there is no point, or one isn't positive.
    """
    ordered = tuple(sorted(points))
    fits = [fitted(model, ordered) for model in Model]
    if len({size for size, _ in ordered}) < FEWEST:
        return Growth(operation, ordered, None, f"fewer than {FEWEST} sizes were measured")
    best = min(fit.criterion for fit in fits)
    chosen = next(fit for fit in fits if fit.criterion <= best + TELLING)
    if max(map(abs, chosen.deviations)) > POOR:
        worse = ordered[-1][1] > fits[-1].at(ordered[-1][0])
        why = "it grows faster than linearly" if worse and chosen.model is Model.LINEAR else "no model fits"
        return Growth(operation, ordered, None, why)
    return Growth(operation, ordered, chosen)


def growths(measured: Sequence[GrowthMeasured]) -> Iterator[Growth]:
    """Every operation that was answered at any size."""
    for name in dict.fromkeys(one.name for at_size in measured for one in at_size.operations):
        points = [
            (at_size.studies, one.latency.p50)
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
