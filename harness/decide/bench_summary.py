"""What a benchmark comes to: a table of medians, and what it found in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.decide.intervals import Interval, interval_of
from harness.latencies import Latencies
from harness.measurement import KeptMeasured, LoadMeasured, ObjectiveMeasured, OperationMeasured

TELLING = 1.5
"""From this ratio on the difference between the two kinds of client is worth a word."""
DELAYED = 20.0
"""Milliseconds, half of what Linux waits before it acknowledges, and others wait longer. Where most objects
do not take so much more time, acknowledgements are not what the two kinds of client differ by."""
Value = Callable[[OperationMeasured, LoadMeasured], float | None]


def rate(operation: OperationMeasured, load: LoadMeasured) -> float | None:
    """Successful operations a second."""
    return operation.rate


def megabytes(operation: OperationMeasured, load: LoadMeasured) -> float | None:
    """Million bytes of data sets a second."""
    return operation.bytes / 1e6 / load.seconds if load.seconds else None


def failures(operation: OperationMeasured, load: LoadMeasured) -> float | None:
    """In per cent of what ended."""
    failed = sum(operation.errors.values())
    return 100 * failed / (operation.count + failed) if operation.count + failed else None


def latency(percentile: str) -> Value:
    """Milliseconds at ``p50``, ``p95`` or ``p99``."""

    def value(operation: OperationMeasured, load: LoadMeasured) -> float | None:
        return getattr(operation.latency, percentile) * 1000 if operation.latency else None

    return value


def over_repeats(loads: Sequence[LoadMeasured], client: str, operation: str, value: Value) -> Interval | None:
    """The median of a figure with its interval; None where no repeat has it."""
    seen = [
        figure
        for load in loads
        if load.client == client
        and (one := load.of(operation)) is not None
        and (figure := value(one, load)) is not None
    ]
    return interval_of(seen) if seen else None


@dataclass(frozen=True, slots=True)
class Row:
    """One operation with one kind of client over all repeats.  None where no repeat has the figure."""

    operation: str
    client: str
    errors: int
    rate: Interval | None
    megabytes: Interval | None
    p50: Interval | None
    p95: Interval | None
    p99: Interval | None

    @property
    def figures(self) -> tuple[Interval | None, ...]:
        """In the order of the columns: a second, MB a second, and latencies in milliseconds."""
        return self.rate, self.megabytes, self.p50, self.p95, self.p99


def rows(loads: Sequence[LoadMeasured]) -> Iterator[Row]:
    """A row for each operation and kind of client."""
    for name in dict.fromkeys(one.name for load in loads for one in load.operations):
        for client in dict.fromkeys(load.client for load in loads):
            figures = (rate, megabytes, latency("p50"), latency("p95"), latency("p99"))
            found = [over_repeats(loads, client, name, figure) for figure in figures]
            yield Row(name, client, sum(errors(loads, client, name).values()), *found)


def errors(loads: Sequence[LoadMeasured], client: str, operation: str) -> Counter[str]:
    """How often which kind came in all repeats."""
    whole: Counter[str] = Counter()
    for load in loads:
        if load.client == client and (one := load.of(operation)) is not None:
            whole.update(one.errors)
    return whole


def merged(loads: Sequence[LoadMeasured], client: str, operation: str) -> Latencies | None:
    """The latencies of all repeats in one histogram, exactly; None where nothing succeeded."""
    whole = Latencies()
    for load in loads:
        if load.client == client and (one := load.of(operation)) is not None and one.latency is not None:
            whole.add_text(one.latency.histogram)
    return whole if len(whole) else None


def findings(
    loads: Sequence[LoadMeasured], kept: Sequence[KeptMeasured], objectives: Sequence[ObjectiveMeasured]
) -> Iterator[str]:
    """What a reader has to know beside the figures."""
    yield from _stall(loads)
    acknowledged = sum(one.acknowledged for one in kept)
    if kept:
        unknown = sum(one.unknown for one in kept)
        lost = acknowledged - unknown - sum(one.found for one in kept)
        altered, compared = sum(one.altered for one in kept), sum(one.compared for one in kept)
        yield (
            f"{acknowledged:,} objects were acknowledged: {f'{lost:,}' if lost else 'none'} lost"
            f"{f', {unknown:,} not known of' if unknown else ''}; {compared:,} brought back: "
            f"{f'{altered:,}' if altered else 'none'} altered"
        )
        yield from dict.fromkeys(one.remark for one in kept if one.remark)
    yield from _broken(objectives)


def _broken(objectives: Sequence[ObjectiveMeasured]) -> Iterator[str]:
    """Each objective that broke, in the words of its worst repeat."""
    told: dict[tuple[str, str, str], list[ObjectiveMeasured]] = {}
    for one in objectives:
        told.setdefault((one.operation, one.measure, one.client), []).append(one)
    for (_, _, client), repeats in told.items():
        broken = [one for one in repeats if not one.is_met]
        if broken:
            times = "" if len(repeats) == 1 else f", in {len(broken)} of {len(repeats)} repeats"
            worst = max(
                broken, key=lambda one: math.inf if one.measured is None else abs(one.measured - one.wanted)
            )
            yield f"not met with {client} clients{times}: {worst.words}"


def _stall(loads: Sequence[LoadMeasured]) -> Iterator[str]:
    """Where an ordinary client is held back by how the product writes its responses."""
    typical, unthrottled = (over_repeats(loads, kind, "store", rate) for kind in ("typical", "unthrottled"))
    medians = [over_repeats(loads, kind, "store", latency("p50")) for kind in ("typical", "unthrottled")]
    slow, quick = (one.median if one else 0.0 for one in medians)
    if typical and unthrottled and unthrottled.low > TELLING * typical.high and slow - quick >= DELAYED:
        yield (
            f"an ordinary client stores {typical.median:,.1f} objects a second where "
            f"{unthrottled.median:,.1f} would be possible: the product writes its responses in pieces that "
            "wait for each other's "
            "acknowledgement (Nagle's algorithm against the client's delayed acknowledgement); setting "
            f"TCP_NODELAY on its side would gain {unthrottled.median - typical.median:,.1f} objects a second"
        )
