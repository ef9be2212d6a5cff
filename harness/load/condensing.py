"""From what an engine told to what a benchmark keeps: figures, and stretches of time for a chart."""

from __future__ import annotations

import math

from harness.latencies import Latencies
from harness.load.measuring import Second, Timeline
from harness.load.running import Measured
from harness.measurement import LoadMeasured, Moment, OperationMeasured, PhaseMeasured, Spread
from harness.watching import Watched

STRETCHES = 120
"""At most so many stretches of time."""


def condensed(measured: Measured, watched: Watched, client: str, repeat: int) -> LoadMeasured:
    """The figures of one load, with what it cost the server."""
    timeline = measured.timeline
    return LoadMeasured(
        client=client,
        repeat=repeat,
        seconds=measured.measured_seconds,
        begun=measured.begun,
        ended=measured.ended,
        never_begun=measured.never_begun,
        operations=operations_of(measured),
        phases=tuple(
            PhaseMeasured(operation, str(phase), spread)
            for (operation, phase), latencies in sorted(timeline.phases().items())
            if (spread := spread_of(latencies)) is not None
        ),
        moments=_moments(timeline, measured.seconds),
        server=watched.server,
        resources=watched.moments(measured.started),
    )


def operations_of(measured: Measured) -> tuple[OperationMeasured, ...]:
    """The figures of each operation of a load."""
    timeline = measured.timeline
    return tuple(_operation(name, timeline, measured.measured_seconds) for name in timeline.operations())


def spread_of(latencies: Latencies) -> Spread | None:
    """Its figures; None where nothing was recorded."""
    if not len(latencies):
        return None
    p50, p95, p99 = latencies.percentiles(50, 95, 99)
    return Spread(len(latencies), latencies.mean, p50, p95, p99, latencies.longest, latencies.encode())


def _operation(name: str, timeline: Timeline, seconds: float) -> OperationMeasured:
    whole = timeline.whole(name)
    return OperationMeasured(
        name=name,
        count=whole.count,
        errors=dict(whole.errors),
        bytes=whole.bytes,
        objects=whole.objects,
        rate=whole.count / seconds if seconds else 0.0,
        latency=spread_of(whole.latencies),
    )


def _moments(timeline: Timeline, seconds: float) -> tuple[Moment, ...]:
    """Stretches of as many whole seconds as STRETCHES of them need."""
    span = max(1, math.ceil(seconds / STRETCHES))
    moments = []
    for name in timeline.operations():
        stretches: dict[int, Second] = {}
        for number, second in sorted(timeline.seconds(name).items()):
            stretches.setdefault(number // span, Second()).add(second)
        for number, stretch in stretches.items():
            latencies = stretch.latencies
            p50, p95, p99 = latencies.percentiles(50, 95, 99) if len(latencies) else (None, None, None)
            moments.append(
                Moment(
                    at=float(number * span),
                    span=float(span),
                    operation=name,
                    count=stretch.count,
                    errors=dict(stretch.errors),
                    bytes=stretch.bytes,
                    p50=p50,
                    p95=p95,
                    p99=p99,
                )
            )
    return tuple(moments)
