"""How a cost grows: models, words and rows."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.decide.growth import (
    NOISE,
    Model,
    fitted,
    grown,
    growth_rows,
    growth_words,
    growths,
    milliseconds,
)
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


@pytest.mark.parametrize("sizes", [SIZES, (10, 30, 90, 270), (1, 10, 100, 1000, 10_000, 100_000)])
@pytest.mark.parametrize("model", Model)
def test_a_law_is_recognised(model: Model, sizes: tuple[int, ...]) -> None:
    law = LAWS[model] if sizes == SIZES else lambda size: 1 + 3 * model.scale(size)
    found = grown("C-FIND", [(size, law(size)) for size in sizes])
    assert found.fit is not None
    assert found.fit.model is model
    assert [found.fit.at(size) for size in sizes] == pytest.approx([law(size) for size in sizes])


def test_a_law_is_recognised_through_noise() -> None:
    """A third of what is taken for noise, as often as not: seldom another law, never a claim of linear."""
    chance = random.Random(1)
    found = [
        grown("C-FIND", [(size, 0.002 * chance.gauss(1, NOISE / 3)) for size in SIZES]) for _ in range(300)
    ]
    models = [one.fit.model for one in found if one.fit is not None]
    assert models.count(Model.FLAT) > 290
    assert Model.LINEAR not in models


@given(st.lists(seconds, min_size=3, max_size=3))
def test_the_simplest_that_is_not_clearly_worse(medians: list[float]) -> None:
    """Where a model is named it is near all points, and nothing simpler is as good."""
    found = grown("C-FIND", list(zip(SIZES, medians, strict=True)))
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
    sizes = [10**number for number in range(len(medians))]
    before = [fitted(model, list(zip(sizes, medians, strict=True))) for model in Model]
    scaled = [median * factor for median in medians]
    after = [fitted(model, list(zip(sizes, scaled, strict=True))) for model in Model]
    for one, other in zip(before, after, strict=True):
        assert other.criterion == pytest.approx(one.criterion, rel=1e-6, abs=1e-6)


@given(st.lists(seconds, min_size=1, max_size=6), st.sampled_from(Model))
def test_least_squares_are_least(medians: list[float], model: Model) -> None:
    """No other parameters fit better."""
    points = [(10**number, median) for number, median in enumerate(medians)]
    fit = fitted(model, points)
    assert fit.slope >= 0

    def sum_of_squares(constant: float, slope: float) -> float:
        return sum(((constant + slope * model.scale(x) - y) / y / NOISE) ** 2 for x, y in points)

    best = sum_of_squares(fit.constant, fit.slope)
    assume(math.isfinite(best))
    for constant in (0.999, 1.001):
        for slope in (0.999, 1.001):
            other = sum_of_squares(fit.constant * constant, fit.slope * slope)
            assert other >= best * (1 - 1e-9) - 1e-9


def test_what_gets_quicker_has_not_grown_slower() -> None:
    slightly = grown("C-GET", [(10, 1.1), (100, 1.0), (1000, 0.95)])
    assert slightly.verdict == "flat"
    assert grown("C-GET", [(10, 9.0), (100, 3.0), (1000, 1.0)]).verdict == "can't be told: no model fits"


def test_what_can_not_be_told() -> None:
    two = grown("C-STORE", [(10, 1.0), (100, 2.0)])
    assert (two.ratio, two.verdict) == (2, "can't be told: fewer than 3 sizes were measured")
    square = grown("C-STORE", [(size, size**2 * 1e-6) for size in (10, 100, 1000)])
    assert square.verdict == "can't be told: it grows faster than linearly"


@pytest.mark.parametrize("points", [[], [(0, 1.0)], [(1, 0.0)]])
def test_nothing_to_fit(points: list[tuple[int, float]]) -> None:
    with pytest.raises(ValueError, match="positive"):
        grown("C-STORE", points)


def test_words() -> None:
    found = grown("C-FIND by StudyInstanceUID", [(1000, 0.0013), (10_000, 0.0013), (100_000, 0.0014)])
    assert found.words() == (
        "C-FIND by StudyInstanceUID takes 1.30 ms at 1,000 studies and 1.40 ms at 100,000 (× 1.08): flat"
    )
    alone = grown("C-STORE", [(1, 0.5)])
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
