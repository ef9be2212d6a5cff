"""One load from outside of its engine: the population beforehand, the engine's process, what it tells."""

from __future__ import annotations

import contextlib
import json
import math
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from harness.documents import owner_only
from harness.load.client import Asked, Client
from harness.load.drawing import population_of
from harness.load.measuring import ALL, STUDY, Sample, Second, Timeline
from harness.load.plan import Plan
from harness.load.supply import Study, study_numbered, template_of
from harness.load.workload import Kept, Store
from harness.plugin.context import peer_of


class LoadFailed(Exception):
    """A load could not be run: one line that says what happened and what to do."""


class ProductRefused(LoadFailed):
    """The product did not take what a load needs to be there."""


class ProductLost(LoadFailed):
    """What the product had acknowledged is not there."""


@dataclass(frozen=True, slots=True)
class Told:
    """How far a load is."""

    at: float
    """Seconds since its start."""
    begun: int
    ended: int
    busy: int
    waiting: int
    """Operations that are due, and for which no client is free."""
    errors: int = 0
    """Since the last time, as all that follows."""
    p99: float | None = None
    """Seconds; None where nothing succeeded."""


@dataclass
class Measured:
    """What a load measured."""

    timeline: Timeline
    seconds: float = 0.0
    """How long it ran, the warm-up included, until the last operation was answered."""
    begun: int = 0
    ended: int = 0
    never_begun: int = 0
    """Operations that were due, and not begun when it ended."""
    stored: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By number of a study: the operation that stored it, and how many of its objects were acknowledged."""
    interrupted: bool = False
    """Whether it was ended early, by Ctrl-C or from Locust's page."""
    broken: str = ""
    """Which worker was lost, in a line: then this is what the others measured, and no result."""
    started: float = math.inf
    """When it began, by `time.monotonic` of this process."""

    @property
    def measured_seconds(self) -> float:
        """How long was measured."""
        return max(self.seconds - self.timeline.warm_up, 0.0)


def store_population(plan: Plan) -> int:
    """Store what has to be there; the number of its objects.

    Raises ProductRefused at the first object that is not acknowledged.
    """
    population = plan.workload.population
    if population is None:
        return 0
    template = template_of(plan.workload.dataset[population.dataset], plan.root)
    wrong: list[Sample] = []
    stored = 0

    def note(sample: Sample) -> None:
        nonlocal stored
        if sample.error:
            wrong.append(sample)
        stored += sample.operation != STUDY and not sample.error

    client = Client(
        peer_of(plan.target),
        template.proposals,
        Kept.CLIENT,
        quickack=True,
        templates={population.dataset: template},
        population=None,
        sink=None,
        note=note,
        note_phase=lambda name, phase, seconds: None,
        new_uid=lambda: plan.root,
    )
    store = Store(dataset=population.dataset, objects=population.objects)
    try:
        for study in population_of(plan.workload, plan.root):
            client.do(Asked(store, client.clock(), study))
            if wrong:
                raise ProductRefused(
                    f"the population could not be stored: object {stored + 1} ended as {wrong[0].error!r}; "
                    "see that the product takes its class and transfer syntax"
                )
    finally:
        client.end()
    return stored


def run_load(plan: Plan, on_told: Callable[[Told], None], log: Path) -> Measured:
    """Run it to its end.  Ctrl-C ends it early, and what was measured is returned all the same.

    ``log`` takes what the engine writes beside its documents.  Raises LoadFailed where the engine dies.
    """
    measured = Measured(Timeline(0.0, plan.workload.stop.warm_up))
    is_over = False
    with (
        open(log, "ab", opener=owner_only) as errors,
        _engine(errors) as process,
        _interruptible(process, measured),
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump(plan, process.stdin)
        process.stdin.close()
        for line in process.stdout:
            document = json.loads(line)
            if "failed" in document:
                raise LoadFailed(document["failed"])
            if document.get("over"):
                is_over = True
                measured.interrupted |= document["stopped"]
                measured.broken = document.get("broken", "")
            on_told(_take(document, measured))
        code = process.wait()
    if not is_over and not (measured.interrupted and code == -signal.SIGTERM):
        raise LoadFailed(f"the load engine ended with code {code}; {log} says why")
    return measured


@contextlib.contextmanager
def _interruptible(process: subprocess.Popen[bytes], measured: Measured) -> Iterator[None]:
    """The first Ctrl-C ends the load, and the second us.

    By a handler and no exception, which could come in the middle of counting.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        if measured.interrupted:
            raise KeyboardInterrupt
        measured.interrupted = True
        process.terminate()

    # SIGTERM too where it is an interrupt, as on the command line.
    before = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is signal.default_int_handler
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _engine(errors: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    # A session of its own: Ctrl-C comes to us, and the engine ends when we say so.
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.load.engine"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _take(document: dict[str, Any], measured: Measured) -> Told:
    latest = Second()
    for share in document.get("shares", (document,)):
        measured.timeline.put(share)
        for second in share["seconds"].get(ALL, {}).values():
            latest.add(Second.from_json(second))
        for number, operation, acknowledged in share["stored"]:
            measured.stored[number] = (operation, acknowledged)
    told = Told(
        document["at"],
        document["begun"],
        document["ended"],
        document["busy"],
        document["waiting"],
        latest.errors.total(),
        latest.latencies.percentile(99) if latest.count else None,
    )
    measured.started = min(measured.started, time.monotonic() - told.at)
    measured.seconds = max(measured.seconds, told.at)
    measured.begun, measured.ended, measured.never_begun = told.begun, told.ended, told.waiting
    return told


def stored_studies(plan: Plan, measured: Measured) -> Iterator[tuple[Study, Store, int]]:
    """Who was stored by which operation, and how many of its objects were acknowledged."""
    for number, (operation, acknowledged) in sorted(measured.stored.items()):
        store = plan.workload.operation[operation]
        assert isinstance(store, Store)
        yield study_numbered(plan.root, number), store, acknowledged
