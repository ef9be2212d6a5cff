"""A benchmark beside an earlier one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.decide.baseline import compared
from harness.decide.intervals import Change
from harness.measurement import Bench, LoadMeasured, OperationMeasured, Spread

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
        (150, 0.05, {"rate": Change.BETTER, "p50": Change.BETTER, "p95": Change.BETTER}),
        (50, 0.2, {"rate": Change.WORSE, "p50": Change.WORSE, "p95": Change.WORSE}),
        (150, 0.2, {"rate": Change.BETTER, "p50": Change.WORSE, "p95": Change.WORSE}),
    ],
)
def test_better_same_or_worse(rate: float, p95: float, changes: dict[str, Change]) -> None:
    found = list(compared(bench(*three(100, 0.1)), bench(*three(rate, p95))))
    assert {one.measure: one.change for one in found} == changes
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
    with pytest.raises(ValueError, match="different workloads"):
        list(compared(bench(load(1, 1, 1)), bench(load(1, 1, 1), seed=2)))
    words = bench(load(1, 1, 1), about="other words", objective=[{"operation": "find", "p95": 1.0}])
    assert list(compared(bench(load(1, 1, 1)), words))


def test_what_was_written_is_what_is_compared() -> None:
    one = bench(*three(100, 0.1))
    again = msgspec.json.decode(msgspec.json.encode(one), type=Bench)
    assert all(found.change is Change.SAME for found in compared(one, again))
