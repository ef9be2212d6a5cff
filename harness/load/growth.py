"""How an archive slows down as it grows: filled to a size, measured while it is quiet, filled to the next.

Every question has one answer at every size, so that nothing but the archive's size grows: a patient has one
study, a study one small object, and some studies are each alone in a week of their own (`Study.week`), about
which the queries by a range of dates ask.  What the archive held before is not counted.

C-ECHO, which no archive's size changes, is asked too: where it takes longer, the machine was busier.

One client asks, on one association that is kept.  What is timed is the span from a request to its final
response (`Phase.RESPONSE`), so setting up associations is never part of it.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.latencies import Latencies
from harness.load.benching import (
    ClientKind,
    Outcome,
    Step,
    TargetGone,
    Wanted,
    gone,
    note_studies,
    refused_or_gone,
)
from harness.load.client import Asked
from harness.load.condensing import spread_of
from harness.load.filling import ALONE, FILLERS, Heard, Stored, client_for, fill, free_week
from harness.load.fitting import fitted_workload
from harness.load.plan import Plan
from harness.load.running import LoadFailed, ProductLost, Told
from harness.load.sink import Sink
from harness.load.supply import Study, Template, template_of
from harness.load.workload import (
    Closed,
    DatasetRecipe,
    Echo,
    Find,
    Get,
    Kept,
    Move,
    Operation,
    Stop,
    Store,
    Workload,
)
from harness.measurement import GrowthMeasured, GrowthOperation
from harness.plugin.context import peer_of
from harness.scu.session import Scu
from harness.target import Target

LARGEST, MOST_SIZES = 10_000_000, 8
REPEATS = 100
"""Of each operation at each size, where nothing else is said."""
GIVE_UP = 3
"""What failed so often at a size is not asked again there: each failure may take a whole deadline."""
POLL = 0.2
"""Seconds between two looks for what was stored last."""
DATASET = "small"
BY_UID = Find(keys={"StudyInstanceUID": "{study_uid}", "PatientID": "", "StudyDate": ""})
BY_DATE = Find(keys={"StudyDate": "{study_week}", "PatientID": "", "StudyInstanceUID": ""})
BY_PATIENT = Find(keys={"PatientID": "{patient_id}", "StudyInstanceUID": "", "StudyDate": ""})


def read_sizes(text: str) -> tuple[int, ...]:
    """Rising numbers of studies, as in ``1e3,1e4,1e5``.  Raises ValueError in one line."""
    sizes: list[int] = []
    for part in text.split(","):
        try:
            number = float(part)
        except ValueError:
            raise ValueError(
                f"{part.strip()!r} is no number of studies; give them as in 1e3,1e4,1e5"
            ) from None
        if not (number.is_integer() and 1 <= number <= LARGEST):
            raise ValueError(f"{part.strip()} is no number of studies from 1 to {LARGEST:,}")
        if sizes and number <= sizes[-1]:
            raise ValueError(f"sizes rise: {number:,.0f} comes after {sizes[-1]:,}")
        sizes.append(int(number))
    if len(sizes) > MOST_SIZES:
        raise ValueError(f"{len(sizes)} sizes are too many: {MOST_SIZES} at most")
    return tuple(sizes)


def growth_workload(repeats: int) -> Workload:
    """What is asked at each size, so many times each; no archive's size matters to C-ECHO, the control."""
    operations = (BY_PATIENT, BY_DATE, BY_UID, Store(dataset=DATASET), Get(), Move(), Echo())
    return Workload(
        about="Small studies fill the archive; at each size one client finds, stores and retrieves.",
        operation=operations,
        arrival=Closed(clients=1, association=Kept.CLIENT),
        stop=Stop(operations=repeats * len(operations)),
        dataset={DATASET: DatasetRecipe(rows=16, columns=16)},
        name="growth",
    )


def name_of(operation: Operation) -> str:
    """What an operation is called in figures: DIMSE service, and by what it finds."""
    if isinstance(operation, Find):
        return "C-FIND by " + ", ".join(keyword for keyword, text in operation.keys.items() if text)
    service = f"C-{str(operation.__struct_config__.tag).upper()}"
    return f"{service} of a study" if isinstance(operation, Get | Move) else service


def grow(
    target: Target,
    wanted: Wanted,
    root: str,
    folder: Path,
    outcome: Outcome,
    on_step: Callable[[Step], None] = lambda step: None,
    on_told: Callable[[Told], None] = lambda told: None,
) -> None:
    """Fill and measure into ``outcome``, size by size, so that it keeps what was measured before an error.

    C-MOVE is measured where the target file has a destination.  ``folder`` gets ``stored.csv``, a line for
    each study that was stored.  Ctrl-C ends it early.  Raises ProductRefused at the first study of a fill
    that is not acknowledged, ProductLost where one is not found afterwards, TargetGone where nothing is
    answered any more.
    """
    (kind,) = wanted.clients
    workload = fitted_workload(Scu(peer_of(target)), wanted.workload, root)
    plan = Plan(target, workload, root, quickack=kind is ClientKind.UNTHROTTLED)
    template = template_of(plan.workload.dataset[DATASET], root)
    listed = folder / "stored.csv"
    sink = _sink(target)
    try:
        stored = Stored(root, free_week(plan, template, ALONE * len(wanted.sizes)))
        for size in wanted.sizes:
            seconds, number = 0.0, max(size - stored.held, 0)
            if number:
                on_step(Step(f"{number:,} studies are stored, so that {stored.held + number:,} are there"))
                began = time.perf_counter()
                with refused_or_gone(target, f"on the way from {stored.held:,} to {size:,} studies"):
                    fill(replace(plan, quickack=True), template, stored, number, listed, on_told)
                seconds = time.perf_counter() - began
                on_step(Step(f"{number / seconds:,.0f} studies a second were acknowledged"))
            on_step(Step(f"{stored.held:,} studies: {wanted.repeats} of each operation", kind))
            held, asking = stored.held, _Asking(plan, template, stored, sink)
            try:
                asking.wait_until_visible()
                asking.measure(wanted.repeats, on_told)
            finally:
                asking.client.end()
                note_studies(listed, [(one.study_uid, one.patient_id, 1) for one in asking.sent])
                if asking.is_telling:
                    outcome.growth.append(GrowthMeasured(kind, held, number, seconds, asking.measured()))
            if asking.has_failed and (why := gone(target)):
                raise TargetGone(f"the product no longer answers at {held:,} studies: {why}")
    except KeyboardInterrupt:
        outcome.interrupted = True
    finally:
        if sink is not None:
            sink.stop()


def _sink(target: Target) -> Sink | None:
    if not target.destinations:
        return None
    first = target.destinations[0]
    try:
        return Sink(first.ae_title, first.host, first.port)
    except OSError as error:
        raise LoadFailed(
            f"the destination {first.ae_title} cannot be listened for at {first.host}:{first.port}: "
            f"{error.strerror or error}; another program may have the port"
        ) from None


class _Asking:
    """One client that asks about a quiet archive, and what it measured."""

    def __init__(self, plan: Plan, template: Template, stored: Stored, sink: Sink | None) -> None:
        self._visible_within = plan.target.dimse.visible_within
        self._there = stored
        self._sink = sink
        self._chance = random.Random(f"{plan.workload.seed} {stored.held}")
        self._operations = tuple(
            one for one in plan.workload.operation if sink is not None or not isinstance(one, Move)
        )
        self._heard = Heard()
        self.client = client_for(plan, template, self._operations, self._heard, sink)
        self._latencies = {name_of(one): Latencies() for one in self._operations}
        self._errors: dict[str, Counter[str]] = {name_of(one): Counter() for one in self._operations}
        self.sent: dict[Study, None] = {}
        """What was sent to be stored, in order; whoever cleans up looks for what was not acknowledged too."""

    @property
    def has_failed(self) -> bool:
        """Whether anything has."""
        return any(self._errors.values())

    @property
    def is_telling(self) -> bool:
        """Whether anything was measured, or failed."""
        return any(map(len, self._latencies.values())) or self.has_failed

    def measured(self) -> tuple[GrowthOperation, ...]:
        """The figures so far."""
        return tuple(
            GrowthOperation(name, dict(self._errors[name]), spread_of(latencies))
            for name, latencies in self._latencies.items()
        )

    def wait_until_visible(self) -> None:
        """Many products index behind the acknowledgement.  Raises ProductLost where the last don't appear.

        Where queries fail there is nothing to wait for; they will be counted as failed.
        """
        ends = time.monotonic() + self._visible_within
        for number in range(max(0, self._there.filled - FILLERS), self._there.filled):
            study = self._there.numbered(number)
            while self._ask(BY_UID, study) and not self._heard.error and not self._heard.objects:
                if time.monotonic() >= ends:
                    raise ProductLost(
                        f"study {study.study_uid} was acknowledged, and is not found "
                        f"{self._visible_within:g} s later"
                    )
                time.sleep(POLL)

    def measure(self, repeats: int, on_told: Callable[[Told], None]) -> None:
        """So many rounds, after one that only warms up: all operations, each time in another order."""
        began, done = time.perf_counter(), 0
        for round_ in range(repeats + 1):
            for operation in self._chance.sample(self._operations, len(self._operations)):
                name = name_of(operation)
                if self._errors[name].total() >= GIVE_UP:
                    continue
                error = self._ask(operation, self._study_for(operation))
                done += 1
                if error:
                    self._errors[name][error] += 1
                elif round_:
                    self._latencies[name].record(self._heard.response)
            on_told(Told(time.perf_counter() - began, done, done, 1, 0))

    def _study_for(self, operation: Operation) -> Study:
        if isinstance(operation, Store):
            return self._there.one_more()
        return (
            self._chance.choice(self._there.alone) if operation == BY_DATE else self._there.any(self._chance)
        )

    def _ask(self, operation: Operation, study: Study) -> str:
        """Ask; what was wrong, empty where nothing was."""
        received = self._sink.objects if self._sink else 0
        if isinstance(operation, Store):
            self.sent[study] = None
        self.client.do(Asked(operation, self.client.clock(), study))
        if self._heard.error:
            return self._heard.error
        number = self._heard.objects
        if isinstance(operation, Store):
            self._there.timed += 1
        if isinstance(operation, Move) and self._sink:
            number = self._sink.objects - received  # the response need not say
        if isinstance(operation, Echo) or number == 1:
            return ""
        return f"{number} {'matches' if isinstance(operation, Find) else 'objects'}"
