"""What a benchmark comes to: a table of medians, and what it found in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.decide.intervals import Interval, interval_of
from harness.measurement import KeptMeasured, LoadMeasured, ObjectiveMeasured, OperationMeasured

TELLING = 1.5
"""From this ratio on the difference between the two kinds of client is worth a word."""
Value = Callable[[OperationMeasured, LoadMeasured], float | None]


def rate(operation: OperationMeasured, load: LoadMeasured) -> float | None:
    """Successful operations a second."""
    return operation.rate


def megabytes(operation: OperationMeasured, load: LoadMeasured) -> float | None:
    """Million bytes of data sets a second."""
    return operation.bytes / 1e6 / load.seconds if load.seconds else None


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


def rows(loads: Sequence[LoadMeasured]) -> Iterator[tuple[str, ...]]:
    """A line for each operation and kind of client: medians of the repeats."""
    names = dict.fromkeys(one.name for load in loads for one in load.operations)
    for name in names:
        for client in dict.fromkeys(load.client for load in loads):
            figures = (rate, megabytes, latency("p50"), latency("p95"), latency("p99"))
            found = [over_repeats(loads, client, name, figure) for figure in figures]
            errors = sum(
                sum(one.errors.values())
                for load in loads
                if load.client == client and (one := load.of(name)) is not None
            )
            yield (name, client, *(f"{one.median:,.1f}" if one else "–" for one in found), str(errors))


def findings(
    loads: Sequence[LoadMeasured], kept: Sequence[KeptMeasured], objectives: Sequence[ObjectiveMeasured]
) -> Iterator[str]:
    """What a reader has to know beside the figures."""
    yield from _stall(loads)
    acknowledged = sum(one.acknowledged for one in kept)
    if kept:
        lost = acknowledged - sum(one.found for one in kept)
        altered, compared = sum(one.altered for one in kept), sum(one.compared for one in kept)
        yield (
            f"{acknowledged:,} objects were acknowledged: {lost or 'none'} lost; {compared:,} brought back: "
            f"{altered or 'none'} altered"
        )
        yield from dict.fromkeys(one.remark for one in kept if one.remark)
    for judged in objectives:
        if not judged.is_met:
            yield f"not met, {judged.client} client, repeat {judged.repeat}: {judged.words}"


def _stall(loads: Sequence[LoadMeasured]) -> Iterator[str]:
    """Where an ordinary client is held back by how the product writes its responses."""
    typical, unthrottled = (over_repeats(loads, kind, "store", rate) for kind in ("typical", "unthrottled"))
    if typical and unthrottled and unthrottled.low > TELLING * typical.high:
        yield (
            f"an ordinary client stores {typical.median:,.1f} objects a second where "
            f"{unthrottled.median:,.1f} would be possible: the product writes its responses in pieces that "
            "wait for each other's "
            "acknowledgement (Nagle's algorithm against the client's delayed acknowledgement); setting "
            f"TCP_NODELAY on its side would gain {unthrottled.median - typical.median:,.1f} objects a second"
        )
