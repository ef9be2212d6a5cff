"""Where a product saturates: the search of `harness.load.saturation` with real loads."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.load.objectives import AT_LEAST, judge
from harness.load.plan import Plan
from harness.load.running import LoadFailed, Measured, Told, run_load
from harness.load.saturation import Limit, Trial, find_limit
from harness.load.workload import Closed, Commit, Poisson, Stop, Workload

CEILING_SECONDS = 5.0
LEFT_WAITING = 0.01
"""At most this share of what was due may be waiting when a load ends; more is a queue that grows."""
FIRST_SHARE = 0.01
"""The search begins at this share of the harness's own ceiling."""


def ceiling(plan: Plan, log: Path) -> float:
    """Operations a second that the harness itself reaches, on a server that does nothing.

    Storage commitment is left out: its results come from the product.  Raises LoadFailed.
    """
    operations = tuple(one for one in plan.workload.operation if not isinstance(one, Commit))
    if not operations:
        raise LoadFailed(
            "a workload of storage commitment alone has no ceiling: its results are the product's"
        )
    arrival = Closed(clients=plan.workload.arrival.clients, association=plan.workload.arrival.association)
    workload = msgspec.structs.replace(
        plan.workload, operation=operations, arrival=arrival, stop=Stop(seconds=CEILING_SECONDS, warm_up=1.0)
    )
    with null_sink() as port:
        dimse = replace(plan.target.dimse, host="127.0.0.1", port=port, tls=None)
        target = replace(plan.target, dimse=dimse)
        measured = run_load(replace(plan, target=target, workload=workload), lambda told: None, log)
    if measured.broken:
        raise LoadFailed(measured.broken)
    if not measured.measured_seconds:
        raise LoadFailed(f"the harness's own ceiling could not be measured; {log} may say why")
    return measured.ended / measured.seconds


@contextlib.contextmanager
def null_sink() -> Iterator[int]:
    """A server in a process of its own, and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.load.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


def search(
    plan: Plan,
    own: float,
    seconds: float,
    log: Path,
    on_trial: Callable[[Trial, Measured], None],
    on_told: Callable[[Told], None] = lambda told: None,
) -> Limit:
    """The largest rate of the workload's operations that its objectives hold at, for so many seconds each.

    ``own`` is the harness's own ceiling; ``on_trial`` hears of every load.  Raises LoadFailed, and
    KeyboardInterrupt where a load was interrupted.
    """
    first = plan.first

    def measure(rate: float) -> Trial:
        nonlocal first
        now = replace(plan, workload=at_rate(plan.workload, rate, seconds), first=first)
        measured = run_load(now, on_told, log)
        first += measured.begun + measured.never_begun + plan.workload.arrival.clients
        trial = judged(now.workload, measured, rate)
        on_trial(trial, measured)
        if measured.interrupted:
            raise KeyboardInterrupt
        if measured.broken:
            raise LoadFailed(measured.broken)
        return trial

    return find_limit(measure, own * FIRST_SHARE, own)


def at_rate(workload: Workload, rate: float, seconds: float) -> Workload:
    """The same operations, so many a second on average, for so long."""
    arrival = Poisson(rate=rate, clients=workload.arrival.clients, association=workload.arrival.association)
    stop = Stop(seconds=seconds, warm_up=min(workload.stop.warm_up, seconds / 4))
    return msgspec.structs.replace(workload, arrival=arrival, stop=stop)


def judged(workload: Workload, measured: Measured, rate: float) -> Trial:
    """Whether a load was sustained: objectives met, and no queue that grows."""
    if measured.broken:
        return Trial(rate, False, measured.broken)
    due = measured.begun + measured.never_begun
    if due and measured.never_begun > max(LEFT_WAITING * due, 1):
        return Trial(rate, False, f"{measured.never_begun} of {due} operations were never begun")
    # How much is carried at least is no question where so much is offered as the search says.
    judgements = (one for one in judge(workload, measured) if one.measure not in AT_LEAST)
    broken = next((one for one in judgements if not one.is_met), None)
    return Trial(rate, broken is None, broken.words() if broken else "")
