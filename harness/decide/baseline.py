"""A benchmark beside an earlier one: better, same or worse, by interval and not by point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.decide.bench_summary import latency, over_repeats, rate
from harness.decide.intervals import Change, Interval, compare
from harness.measurement import Bench

COMPARED = (("rate", rate, True), ("p50", latency("p50"), False), ("p95", latency("p95"), False))
"""Name, figure, and whether more of it is better."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure, then and now."""

    client: str
    operation: str
    measure: str
    before: Interval
    after: Interval
    change: Change

    def words(self) -> str:
        """For people.  Rates a second, latencies in milliseconds."""
        unit = "/s" if self.measure == "rate" else " ms"
        before, after = (
            f"{one.median:,.1f}{unit} ({one.low:,.1f} to {one.high:,.1f})"
            for one in (self.before, self.after)
        )
        what = f"{self.operation} {self.measure}, {self.client} client"
        return f"{what}: {self.change}: {before} before, {after} now"


def compared(before: Bench, after: Bench) -> Iterator[Compared]:
    """Every figure that both have.  Raises ValueError where they measured different workloads."""
    if _workload(before) != _workload(after):
        raise ValueError("the two benchmarks ran different workloads: their figures can't be compared")
    clients = dict.fromkeys(load.client for load in after.loads)
    names = dict.fromkeys(one.name for load in after.loads for one in load.operations)
    for client in clients:
        for name in names:
            for measure, figure, more_is_better in COMPARED:
                then = over_repeats(before.loads, client, name, figure)
                now = over_repeats(after.loads, client, name, figure)
                if then is not None and now is not None:
                    change = compare(then, now, more_is_better=more_is_better)
                    yield Compared(client, name, measure, then, now, change)


def _workload(bench: Bench) -> dict[str, object]:
    """What has to be the same: all but what is good enough, and words."""
    left_out = ("about", "name", "objective", "hospital")
    return {key: value for key, value in bench.workload.items() if key not in left_out}
