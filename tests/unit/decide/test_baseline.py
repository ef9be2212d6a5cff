"""A benchmark beside an earlier one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.decide.baseline import compared, is_comparable
from harness.decide.intervals import Change
from harness.latencies import Latencies
from harness.load.condensing import spread_of
from harness.measurement import (
    Bench,
    GrowthMeasured,
    GrowthOperation,
    LimitMeasured,
    LoadMeasured,
    OperationMeasured,
    Spread,
    TrialMeasured,
)

WORKLOAD: dict[str, Any] = {"name": "a", "about": "b", "seed": 1, "objective": []}


def load(repeat: int, rate: float, p95: float, name: str = "find", client: str = "typical") -> LoadMeasured:
    spread = Spread(10, p95 / 2, p95 / 2, p95, p95, p95, "")
    one = OperationMeasured(name, 10, {}, 0, 0, rate, spread)
    return LoadMeasured(client, repeat, 10.0, 10, 10, 0, (one,), (), ())


def bench(*loads: LoadMeasured, **workload: Any) -> Bench:
    return Bench("0", {}, {}, WORKLOAD | workload, "", "", (), {}, 0, "completed", loads)


def three(rate: float, p95: float) -> list[LoadMeasured]:
    return [load(number, rate * (1 + number / 100), p95 * (1 + number / 100)) for number in range(3)]


@pytest.mark.parametrize(
    ("rate", "p95", "changes"),
    [
        (100, 0.1, {"rate": Change.SAME, "p50": Change.SAME, "p95": Change.SAME}),
        (101, 0.101, {"rate": Change.SAME, "p50": Change.SAME, "p95": Change.SAME}),
        # No interval of then meets one of now, but a tenth is noise.
        (105, 0.107, {"rate": Change.SAME, "p50": Change.SAME, "p95": Change.SAME}),
        (150, 0.05, {"rate": Change.BETTER, "p50": Change.BETTER, "p95": Change.BETTER}),
        (50, 0.2, {"rate": Change.WORSE, "p50": Change.WORSE, "p95": Change.WORSE}),
        (150, 0.2, {"rate": Change.BETTER, "p50": Change.WORSE, "p95": Change.WORSE}),
    ],
)
def test_better_same_or_worse(rate: float, p95: float, changes: dict[str, Change]) -> None:
    found = list(compared(bench(*three(100, 0.1)), bench(*three(rate, p95))))
    assert {one.measure: one.change for one in found} == {**changes, "errors": Change.SAME}
    assert {one.operation for one in found} == {"find"}


def test_words() -> None:
    (one, *_) = compared(bench(load(1, 100, 0.1)), bench(load(1, 50, 0.1)))
    assert one.words() == (
        "find rate, typical client: worse: 100.0/s (100.0 to 100.0) before, 50.0/s (50.0 to 50.0) now"
    )


def test_only_what_both_have_is_compared() -> None:
    before = bench(load(1, 100, 0.1), load(1, 100, 0.1, client="unthrottled"))
    after = bench(load(1, 100, 0.1), load(1, 100, 0.1, name="move"))
    assert {(one.client, one.operation) for one in compared(before, after)} == {("typical", "find")}


def test_another_workload_cannot_be_compared() -> None:
    words = {"about": "other words", "objective": [{"operation": "find", "p95": 1.0}]}
    assert is_comparable(WORKLOAD, WORKLOAD | words)
    assert not is_comparable(WORKLOAD, WORKLOAD | {"seed": 2})


def test_what_fails_now_and_did_not_is_worse() -> None:
    failing = [
        msgspec.structs.replace(
            one, operations=(msgspec.structs.replace(one.operations[0], errors={"x": 5}),)
        )
        for one in three(100, 0.1)
    ]
    found = {one.measure: one for one in compared(bench(*three(100, 0.1)), bench(*failing))}
    assert found["errors"].change is Change.WORSE
    assert found["errors"].words() == (
        "find errors, typical client: worse: 0.0 % (0.0 to 0.0) before, 33.3 % (33.3 to 33.3) now"
    )


TRIAL = TrialMeasured(100.0, True, "", ())


def limited(sustained: float | None, broken: float | None) -> Bench:
    limit = LimitMeasured(sustained, broken, "the product", False, 1000.0, "", (TRIAL, TRIAL))
    return msgspec.structs.replace(bench(), limit=limit)


@pytest.mark.parametrize(
    ("sustained", "broken", "change"),
    [
        (100.0, 109.0, Change.SAME),
        (92.0, 99.0, Change.SAME),
        (50.0, 54.0, Change.WORSE),
        (None, 10.0, Change.WORSE),
        (200.0, None, Change.BETTER),
    ],
)
def test_the_largest_rate_is_compared(sustained: float | None, broken: float | None, change: Change) -> None:
    (one,) = compared(limited(100.0, 109.0), limited(sustained, broken))
    assert (one.measure, one.change) == ("rate", change)


def at_size(size: int, milliseconds: float, repeats: int = 100, **errors: int) -> GrowthMeasured:
    latencies = Latencies()
    for number in range(repeats):
        latencies.record(milliseconds / 1000 * (1 + number / repeats / 10))
    one = GrowthOperation("C-ECHO", errors, spread_of(latencies))
    return GrowthMeasured("unthrottled", size, size, 1.0, (one,))


def grown(*measured: GrowthMeasured) -> Bench:
    return msgspec.structs.replace(bench(), growth=measured)


@pytest.mark.parametrize(
    ("now", "change"), [(10.0, Change.SAME), (10.8, Change.SAME), (15, Change.WORSE), (5, Change.BETTER)]
)
def test_an_archive_that_grows_is_compared_at_each_size(now: float, change: Change) -> None:
    before, after = grown(at_size(10, 10), at_size(100, 10)), grown(at_size(100, now), at_size(1000, 99))
    found = {(one.operation, one.measure): one for one in compared(before, after)}
    assert set(found) == {("C-ECHO at 100 studies", "errors"), ("C-ECHO at 100 studies", "p50")}
    median = found["C-ECHO at 100 studies", "p50"]
    assert median.change is change
    assert median.after.low < median.after.median < median.after.high


def test_an_archive_that_fails_at_a_size_is_worse() -> None:
    failing = msgspec.structs.replace(
        at_size(10, 10), operations=(GrowthOperation("C-ECHO", {"x": 3}, None),)
    )
    (one,) = compared(grown(at_size(10, 10)), grown(failing))
    assert (one.measure, one.change, one.after.median) == ("errors", Change.WORSE, 100.0)


def test_what_was_written_is_what_is_compared() -> None:
    one = bench(*three(100, 0.1))
    again = msgspec.json.decode(msgspec.json.encode(one), type=Bench)
    assert all(found.change is Change.SAME for found in compared(one, again))
