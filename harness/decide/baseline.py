"""A benchmark beside an earlier one: better, same or worse, by interval and not by point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.decide.bench_summary import failures, latency, over_repeats, rate
from harness.decide.growth import median_of
from harness.decide.intervals import WANTED, Interval, compare
from harness.measurement import Bench, Compared, GrowthOperation, LimitMeasured

COMPARED = (
    ("rate", rate, True),
    ("p50", latency("p50"), False),
    ("p95", latency("p95"), False),
    ("errors", failures, False),
)
"""Name, figure, and whether more of it is better."""


def compared(before: Bench, after: Bench) -> Iterator[Compared]:
    """Every figure that both have, of loads, of the largest rate, and of an archive that grows."""
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
    if before.limit is not None and after.limit is not None:
        then, now = _between(before.limit), _between(after.limit)
        yield Compared(
            "unthrottled", "largest sustained", "rate", then, now, compare(then, now, more_is_better=True)
        )
    yield from _grown(before, after)


def is_comparable(workload: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether they ask the same, whatever is good enough, and in whatever words."""
    return _asked(workload) == _asked(other)


def _between(limit: LimitMeasured) -> Interval:
    """From the largest rate that was sustained to the smallest that was not, which a search confirms."""
    low = limit.sustained or 0.0
    return Interval(low, low, limit.broken or low, WANTED, len(limit.trials))


def _grown(before: Bench, after: Bench) -> Iterator[Compared]:
    """Medians and failures at the sizes that both were measured at."""
    for at_size in after.growth:
        for then in before.growth:
            if (then.client, then.studies) != (at_size.client, at_size.studies):
                continue
            for one in at_size.operations:
                if (same := then.of(one.name)) is not None:
                    name = f"{one.name} at {at_size.studies:,} studies"
                    yield from _at_a_size(at_size.client, name, same, one)


def _at_a_size(client: str, name: str, before: GrowthOperation, after: GrowthOperation) -> Iterator[Compared]:
    pairs = [("errors", _failed(before), _failed(after))]
    if before.latency and after.latency:
        pairs.append(("p50", median_of(before.latency), median_of(after.latency)))
    for measure, then, now in pairs:
        yield Compared(client, name, measure, then, now, compare(then, now, more_is_better=False))


def _failed(operation: GrowthOperation) -> Interval:
    """In per cent of what was asked; an operation that failed too often was left early."""
    failed = sum(operation.errors.values())
    asked = failed + (operation.latency.count if operation.latency else 0)
    share = 100 * failed / asked if asked else 0.0
    return Interval(share, share, share, 0.0, asked)


def _asked(workload: Mapping[str, Any]) -> dict[str, object]:
    left_out = ("about", "name", "objective", "hospital")
    return {key: value for key, value in workload.items() if key not in left_out}
