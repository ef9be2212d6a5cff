"""How a cost grows: models, words and rows."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.decide.growth import (
    Model,
    Point,
    fitted,
    grown,
    growth_rows,
    growth_words,
    growths,
    milliseconds,
    point_of,
)
from harness.decide.intervals import NOISE
from harness.latencies import Latencies
from harness.load.condensing import spread_of
from harness.measurement import GrowthMeasured, GrowthOperation

SIZES = (1_000, 10_000, 100_000)
LAWS = {
    Model.FLAT: lambda size: 0.0013,
    Model.LOGARITHMIC: lambda size: 0.001 + 0.001 * math.log10(size / 1000),
    Model.LINEAR: lambda size: 0.001 + 2e-7 * size,
}
seconds = st.floats(1e-4, 10)


def points_of(sizes: Iterable[int], medians: Iterable[float], doubt: float = 0.0) -> list[Point]:
    return [Point(size, median, doubt) for size, median in zip(sizes, medians, strict=True)]


def powers(medians: list[float]) -> list[Point]:
    """At sizes of 1, 10, 100 and so on."""
    return points_of([10**number for number in range(len(medians))], medians)


@pytest.mark.parametrize("sizes", [SIZES, (10, 30, 90, 270), (1, 10, 100, 1000, 10_000, 100_000)])
@pytest.mark.parametrize("model", Model)
def test_a_law_is_recognised(model: Model, sizes: tuple[int, ...]) -> None:
    law = LAWS[model] if sizes == SIZES else lambda size: 1 + 3 * model.scale(size)
    found = grown("C-FIND", points_of(sizes, map(law, sizes)))
    assert found.fit is not None
    assert found.fit.model is model
    assert [found.fit.at(size) for size in sizes] == pytest.approx([law(size) for size in sizes])


def test_a_law_is_recognised_through_noise() -> None:
    """A third of what is taken for noise, as often as not: seldom another law, never a claim of linear."""
    chance = random.Random(1)
    found = [
        grown("C-FIND", points_of(SIZES, [0.002 * chance.gauss(1, NOISE / 3) for _ in SIZES]))
        for _ in range(300)
    ]
    models = [one.fit.model for one in found if one.fit is not None]
    assert models.count(Model.FLAT) > 290
    assert Model.LINEAR not in models


@given(st.lists(seconds, min_size=3, max_size=3))
def test_the_simplest_that_is_not_clearly_worse(medians: list[float]) -> None:
    """Where a model is named it is near all points, and nothing simpler is as good."""
    found = grown("C-FIND", points_of(SIZES, medians))
    if found.fit is None:
        assert found.verdict.startswith("can't be told: ")
        return
    assert all(
        abs(found.fit.at(size) - median) <= 3 * NOISE * median
        for size, median in zip(SIZES, medians, strict=True)
    )
    for model in Model:
        other = fitted(model, found.points)
        assert other.criterion >= found.fit.criterion - 2.0000001
        if list(Model).index(model) < list(Model).index(found.fit.model):
            assert other.criterion > found.fit.criterion


@given(st.lists(seconds, min_size=3, max_size=6), st.floats(0.01, 100))
def test_the_unit_does_not_matter(medians: list[float], factor: float) -> None:
    before = [fitted(model, powers(medians)) for model in Model]
    after = [fitted(model, powers([median * factor for median in medians])) for model in Model]
    for one, other in zip(before, after, strict=True):
        assert other.criterion == pytest.approx(one.criterion, rel=1e-6, abs=1e-6)


@given(st.lists(seconds, min_size=1, max_size=6), st.sampled_from(Model))
def test_least_squares_are_least(medians: list[float], model: Model) -> None:
    """No other parameters fit better."""
    points = powers(medians)
    fit = fitted(model, points)
    assert fit.slope >= 0

    def sum_of_squares(constant: float, slope: float) -> float:
        return sum(
            ((constant + slope * model.scale(one.size) - one.median) / one.unit) ** 2 for one in points
        )

    best = sum_of_squares(fit.constant, fit.slope)
    assume(math.isfinite(best))
    for constant in (0.999, 1.001):
        for slope in (0.999, 1.001):
            other = sum_of_squares(fit.constant * constant, fit.slope * slope)
            assert other >= best * (1 - 1e-9) - 1e-9


def test_what_gets_quicker_has_not_grown_slower() -> None:
    slightly = grown("C-GET", points_of([10, 100, 1000], [1.1, 1.0, 0.95]))
    assert slightly.verdict == "flat"
    assert (
        grown("C-GET", points_of([10, 100, 1000], [9.0, 3.0, 1.0])).verdict == "can't be told: no model fits"
    )


def test_what_is_in_doubt_is_no_growth() -> None:
    """Of few repeats, or of ones that differ much, the median may be anywhere."""
    medians = (1.0, 1.4, 1.8)
    assert grown("C-GET", points_of(SIZES, medians)).verdict == "logarithmic"
    assert grown("C-GET", points_of(SIZES, medians, doubt=0.3)).verdict == "flat"


def test_the_doubt_of_a_median() -> None:
    chance, latencies = random.Random(1), Latencies()
    for _ in range(400):
        latencies.record(chance.uniform(0.5, 1.5))
    spread = spread_of(latencies)
    assert spread is not None
    # Of n values from 0.5 to 1.5 the median's standard error is 1 / (2 sqrt n) = 0.025.
    assert point_of(10, spread).doubt == pytest.approx(0.025, rel=0.4)
    single = Latencies()
    single.record(1.0)
    spread = spread_of(single)
    assert spread is not None
    assert point_of(10, spread).doubt == 1


def test_what_can_not_be_told() -> None:
    two = grown("C-STORE", points_of([10, 100], [1.0, 2.0]))
    assert (two.ratio, two.verdict) == (2, "can't be told: fewer than 3 sizes were measured")
    square = grown("C-STORE", points_of((10, 100, 1000), (1e-4, 1e-2, 1.0)))
    assert square.verdict == "can't be told: it grows faster than linearly"


@pytest.mark.parametrize("points", [[], points_of([0], [1.0]), points_of([1], [0.0])])
def test_nothing_to_fit(points: list[Point]) -> None:
    with pytest.raises(ValueError, match="positive"):
        grown("C-STORE", points)


def test_words() -> None:
    found = grown("C-FIND by StudyInstanceUID", points_of([1000, 10_000, 100_000], [0.0013, 0.0013, 0.0014]))
    assert found.words() == (
        "C-FIND by StudyInstanceUID takes 1.30 ms at 1,000 studies and 1.40 ms at 100,000 (× 1.08): flat"
    )
    alone = grown("C-STORE", points_of([1], [0.5]))
    assert alone.words() == (
        "C-STORE takes 500 ms at 1 studies: can't be told: fewer than 3 sizes were measured"
    )
    assert [milliseconds(value) for value in (1.2345, 0.012345, 0.0012345)] == ["1,234", "12.3", "1.23"]


def measured(studies: int, **medians: float | None) -> GrowthMeasured:
    operations = []
    for name, median in medians.items():
        latencies = Latencies()
        if median is not None:
            latencies.record(median)
        errors = {"no answer": 3} if median is None else {}
        operations.append(GrowthOperation(name, errors, spread_of(latencies)))
    return GrowthMeasured("unthrottled", studies, studies, 1.0, tuple(operations))


def test_a_row_for_each_operation_that_was_answered() -> None:
    sizes = [measured(10, find=0.001, get=None, move=None), measured(100, find=0.001, get=0.02, move=None)]
    assert [one.operation for one in growths(sizes)] == ["find", "get"]
    untold = "can't be told: fewer than 3 sizes were measured"
    assert list(growth_rows(sizes)) == [
        ("find", "1.00 / 1.00", "1.00 / 1.00", "1.00", untold),
        ("get", "–", "20.0 / 20.0", "1.00", untold),
    ]
    words = list(growth_words(sizes))
    assert "get failed 3 times at 10 studies: no answer" in words
    assert "move failed 3 times at 100 studies: no answer" in words
    assert len(words) == 5


def test_nothing_was_measured() -> None:
    assert list(growth_rows([])) == list(growth_words([])) == []
