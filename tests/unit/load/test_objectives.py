"""Objectives: judged by what was measured, and never met by silence."""

from __future__ import annotations

import pytest

from harness.load.measuring import ALL, Sample, Timeline
from harness.load.objectives import judge
from harness.load.running import Measured
from harness.load.workload import Closed, Echo, Objective, Stop, Workload


def measured(*samples: Sample, seconds: float = 10.0, never_begun: int = 0) -> Measured:
    timeline = Timeline(0.0, warm_up=2.0)
    for sample in samples:
        timeline.note(sample)
    return Measured(timeline, seconds=seconds, never_begun=never_begun)


def workload(**measures: float) -> Workload:
    objective = Objective(operation=str(measures.pop("of", "")) or "echo", **measures)
    return Workload(
        about="A test.", operation=(Echo(),), arrival=Closed(), stop=Stop(seconds=10), objective=(objective,)
    )


TEN = [Sample("echo", 3.0, n / 1000, bytes=2_000_000) for n in range(1, 11)]


@pytest.mark.parametrize(
    ("measure", "value", "better", "worse"),
    [
        ("p50", 5, 6, 4),
        ("p95", 10, 11, 9),
        ("p99", 10, 11, 9),
        ("rate", 10 / 8, 1.2, 1.3),
        ("megabytes", 20 / 8, 2.4, 2.6),
        ("errors", 0, 0.5, None),
    ],
)
def test_every_measure(measure: str, value: float, better: float, worse: float | None) -> None:
    (judged,) = judge(workload(**{measure: better}), measured(*TEN))
    assert judged.measured == pytest.approx(value, rel=0.001)
    assert judged.is_met
    if worse is not None:
        (judged,) = judge(workload(**{measure: worse}), measured(*TEN))
        assert not judged.is_met


def test_errors_are_a_share() -> None:
    failed = [Sample("echo", 3.0, 1.0, "no answer")] * 10
    (judged,) = judge(workload(errors=0.4), measured(*TEN, *failed))
    assert judged.measured == 0.5
    assert not judged.is_met
    assert judged.words() == "echo errors: 50.000%, at most 40.000% wanted"


def test_a_failure_is_no_quick_answer() -> None:
    failed = [Sample("echo", 3.0, 1e-5, "rejected")] * 90
    (judged,) = judge(workload(p50=4), measured(*TEN, *failed))
    assert judged.measured == pytest.approx(5, rel=0.001)


@pytest.mark.parametrize("measure", ["p50", "errors"])
def test_nothing_measured_is_not_met(measure: str) -> None:
    (judged,) = judge(workload(**{measure: 1}), measured())
    assert judged.measured is None
    assert not judged.is_met
    assert "nothing was measured" in judged.words()


def test_what_was_never_begun_has_failed() -> None:
    load = workload(errors=0)
    load = Workload(
        about=load.about,
        operation=load.operation,
        arrival=load.arrival,
        stop=load.stop,
        objective=(Objective(operation=ALL, errors=0.2),),
    )
    (judged,) = judge(load, measured(*TEN, never_begun=10))
    assert judged.measured == 0.5


def test_an_interrupted_load_has_no_rate_in_its_warm_up() -> None:
    (judged,) = judge(workload(rate=1), measured(seconds=1.0))
    assert judged.measured is None
