"""What the search asks of each load."""

from __future__ import annotations

import pytest

from harness.load.limit import at_rate, judged
from harness.load.measuring import Sample, Timeline
from harness.load.running import Measured
from harness.load.workload import Closed, Echo, Kept, Objective, Poisson, Stop, Workload

WORKLOAD = Workload(
    about="A test.",
    operation=(Echo(),),
    arrival=Closed(clients=7, association=Kept.CLIENT, think=3),
    stop=Stop(operations=5, warm_up=30),
    objective=(Objective(operation="echo", p95=100, errors=0.1, rate=1e6),),
)


def measured(latency: float, begun: int = 100, never_begun: int = 0, failed: int = 0) -> Measured:
    timeline = Timeline(0.0)
    for number in range(begun):
        timeline.note(Sample("echo", 1.0, latency, "rejected" if number < failed else ""))
    return Measured(timeline, 10.0, begun, begun, never_begun)


def test_at_a_rate() -> None:
    asked = at_rate(WORKLOAD, 12.5, 20)
    assert asked.arrival == Poisson(rate=12.5, clients=7, association=Kept.CLIENT)
    assert asked.stop == Stop(seconds=20, warm_up=5)
    assert (asked.operation, asked.objective) == (WORKLOAD.operation, WORKLOAD.objective)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (measured(0.05), ""),
        (measured(0.05, never_begun=1), ""),
        (measured(0.2), "echo p95: 200"),
        (measured(0.05, failed=20), "echo errors: 20.000%"),
        (measured(0.05, never_begun=5), "5 of 105 operations were never begun"),
    ],
)
def test_judged(load: Measured, words: str) -> None:
    trial = judged(WORKLOAD, load, 3.0)
    assert trial.rate == 3
    assert trial.is_sustained is not bool(words)
    assert trial.words.startswith(words)
