"""What a workload's rate is in exams."""

from __future__ import annotations

import msgspec
import pytest

from harness.latencies import Latencies
from harness.load.condensing import spread_of
from harness.load.exams import exams_at_limit, exams_of_loads, mix_of, peak_hour_of
from harness.load.workload import Closed, Constant, Hospital, Workload, load_workload
from harness.measurement import (
    LimitMeasured,
    LoadMeasured,
    ObjectiveMeasured,
    OperationMeasured,
    TrialMeasured,
)

DAY = load_workload("hospital-day")
"""18 of 60 operations store an exam, at most 2 operations a second."""


def operation(name: str, rate: float, seconds: float = 0.0) -> OperationMeasured:
    latencies = Latencies()
    if seconds:
        latencies.record(seconds)
    return OperationMeasured(name, 1, {}, 0, 0, rate, spread_of(latencies))


def load(*operations: OperationMeasured, repeat: int = 1, never_begun: int = 0) -> LoadMeasured:
    return LoadMeasured("typical", repeat, 600, 1, 1, never_begun, operations, (), ())


def missed(repeat: int) -> ObjectiveMeasured:
    return ObjectiveMeasured("typical", repeat, "find", "p95", 100, 200, False, "find p95: 200 ms")


def test_the_mix_is_that_of_the_store_operations() -> None:
    mix = {one.modality: (round(one.share, 3), one.objects) for one in mix_of(DAY)}
    assert mix == {"CR": (0.444, 2), "CT": (0.222, 300), "MR": (0.167, 200), "US": (0.167, 10)}


def test_the_busiest_hour() -> None:
    assert peak_hour_of(DAY) == pytest.approx(28 / 285)
    assert peak_hour_of(msgspec.structs.replace(DAY, hospital=Hospital(peak_hour=0.2))) == 0.2
    assert peak_hour_of(msgspec.structs.replace(DAY, hospital=None)) is None


def test_a_day_that_was_kept_up_with() -> None:
    found = exams_of_loads(DAY, [load(operation("move", 0.3, 0.5))], [])
    assert found is not None
    assert found.at_least
    assert found.an_hour == pytest.approx(2 * 18 / 60 * 3600)
    assert "a prior study of 10 objects has it in 500 ms" in found.details[-1]


@pytest.mark.parametrize(("arrival", "a_second"), [(Constant(rate=6), 6 * 18 / 60), (Closed(clients=4), 0.7)])
def test_of_other_arrivals(arrival: Closed | Constant, a_second: float) -> None:
    workload: Workload = msgspec.structs.replace(DAY, arrival=arrival, hospital=Hospital(peak_hour=0.1))
    loads = [load(operation("study", rate)) for rate in (0.7, 0.5, 0.9)]
    found = exams_of_loads(workload, loads, [])
    assert found is not None
    assert found.an_hour == pytest.approx(a_second * 3600)


@pytest.mark.parametrize(
    ("loads", "objectives"),
    [([], []), ([load(never_begun=1)], []), ([load(), load(repeat=2)], [missed(2)])],
)
def test_what_was_not_kept_up_with_is_no_rate(
    loads: list[LoadMeasured], objectives: list[ObjectiveMeasured]
) -> None:
    assert exams_of_loads(DAY, loads, objectives) is None


def test_what_was_kept_up_for_a_moment_says_nothing_of_an_hour() -> None:
    short = msgspec.structs.replace(load(operation("move", 0.3, 0.5)), seconds=24 * 19)
    assert exams_of_loads(DAY, [short], []) is None
    limit = LimitMeasured(8.0, 8.5, "the product", False, 1000, "", (TrialMeasured(8, True, ""),))
    assert exams_at_limit(DAY, limit, 19) is None
    assert exams_at_limit(DAY, limit, 20) is not None


def test_at_the_limit() -> None:
    trials = (
        TrialMeasured(4, True, "", (operation("get", 1, 1.0),)),
        TrialMeasured(8, True, "", (operation("get", 1, 2.0),)),
        TrialMeasured(8, False, "find p95", (operation("get", 1, 9.0),)),
    )
    found = exams_at_limit(DAY, LimitMeasured(8.0, 8.5, "the product", False, 1000, "", trials), 20)
    assert found is not None
    assert not found.at_least
    assert found.an_hour == pytest.approx(8 * 18 / 60 * 3600)
    assert "has it in 2 s" in found.details[-1]
    assert exams_at_limit(DAY, LimitMeasured(None, 8.0, "the product", False, 1000, "", trials), 20) is None
    ordinary = load_workload("ci-gate")
    assert (
        exams_at_limit(ordinary, LimitMeasured(8.0, 8.5, "the product", False, 1000, "", trials), 20) is None
    )
