"""Objectives: whether what was measured is good enough."""

from __future__ import annotations

from dataclasses import dataclass

from harness.load.measuring import ALL
from harness.load.running import Measured
from harness.load.workload import MEASURES, Objective, Workload

AT_LEAST = ("rate", "megabytes")
"""Measures of which more is better."""
PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


@dataclass(frozen=True, slots=True)
class Judged:
    """One measure of an objective.  Latencies in milliseconds, rates a second, errors as a share."""

    operation: str
    measure: str
    wanted: float
    measured: float | None
    """None where nothing was measured that it could be judged by."""

    @property
    def is_met(self) -> bool:
        """Nothing measured is not met: silence is no success."""
        if self.measured is None:
            return False
        if self.measure in AT_LEAST:
            return self.measured >= self.wanted
        return self.measured <= self.wanted

    def words(self) -> str:
        """For people, with the unit."""
        limit = "at least" if self.measure in AT_LEAST else "at most"
        seen = "nothing was measured" if self.measured is None else _shown(self.measure, self.measured)
        return f"{self.operation} {self.measure}: {seen}, {limit} {_shown(self.measure, self.wanted)} wanted"


def _shown(measure: str, value: float) -> str:
    if measure == "errors":
        return f"{value:.3%}"
    unit = {"rate": "/s", "megabytes": " MB/s"}.get(measure, " ms")
    return f"{value:,.1f}{unit}"


def judge(workload: Workload, measured: Measured) -> tuple[Judged, ...]:
    """Every measure of every objective."""
    return tuple(
        Judged(objective.operation, name, wanted, _value(objective, name, measured))
        for objective in workload.objective
        for name in MEASURES
        if (wanted := getattr(objective, name)) is not None
    )


def _value(objective: Objective, measure: str, measured: Measured) -> float | None:
    whole = measured.timeline.whole(objective.operation)
    failed = whole.errors.total()
    if objective.operation == ALL:
        failed += measured.never_begun  # who waits for what is never begun is not served
    if measure == "errors":
        return failed / (whole.count + failed) if whole.count + failed else None
    if measure in PERCENTILES:
        return whole.latencies.percentile(PERCENTILES[measure]) * 1000 if whole.count else None
    if not measured.measured_seconds:
        return None
    amount = whole.bytes / 1e6 if measure == "megabytes" else whole.count
    return amount / measured.measured_seconds
