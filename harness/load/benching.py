"""A benchmark: a workload, run so many times with each kind of client, and nothing lost in it."""

from __future__ import annotations

import contextlib
import csv
import enum
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.documents import appended
from harness.foreign_text import csv_cell
from harness.load.condensing import condensed, operations_of
from harness.load.drawing import population_of
from harness.load.exams import exams_at_limit, exams_of_loads
from harness.load.fitting import fitted_workload
from harness.load.limit import ceiling, search
from harness.load.measuring import Timeline
from harness.load.objectives import judge
from harness.load.plan import ALONE, Crew, Listener, Plan
from harness.load.running import (
    LoadFailed,
    Measured,
    ProductRefused,
    Told,
    run_load,
    store_population,
    stored_studies,
)
from harness.load.saturation import LimitedBy, Trial
from harness.load.verifying import POLL, Verified, unseen, verify
from harness.load.workload import Commit, Move, Workload
from harness.measurement import (
    ExamsMeasured,
    GrowthMeasured,
    KeptMeasured,
    LimitMeasured,
    LoadMeasured,
    ObjectiveMeasured,
    TrialMeasured,
)
from harness.plugin.context import peer_of
from harness.preflight import PreflightBlocked, first_echo
from harness.scu.session import Scu
from harness.target import Target, TargetError
from harness.watching import watching


class ClientKind(enum.StrEnum):
    """How a client's system acknowledges what it receives."""

    TYPICAL = "typical"
    """As modalities have it: the kernel delays its acknowledgements."""
    UNTHROTTLED = "unthrottled"
    """At once (TCP_QUICKACK), so that nothing but the product is measured."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured."""

    workload: Workload
    clients: tuple[ClientKind, ...]
    repeats: int
    full: bool = False
    """Whether all that was stored is brought back, and not only a sample."""
    trial_seconds: float | None = None
    """How long each load of a search for the limit takes; None for no search."""
    crew: Crew = ALONE
    web: tuple[str, int] | None = None
    """Where Locust's own page is served while a load runs."""
    sizes: tuple[int, ...] = ()
    """Numbers of studies, rising, to measure at (`harness.load.growth`)."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is being done."""

    words: str
    client: ClientKind | None = None
    repeat: int = 0


@dataclass
class Outcome:
    """What a benchmark has come to so far: an interrupted one keeps it."""

    loads: list[LoadMeasured]
    objectives: list[ObjectiveMeasured]
    kept: list[KeptMeasured]
    limit: LimitMeasured | None = None
    exams: ExamsMeasured | None = None
    interrupted: bool = False
    growth: list[GrowthMeasured] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every objective is met, and nothing known to be lost or altered."""
        whole = all(one.acknowledged == one.found and not one.altered for one in self.kept)
        return whole and all(one.is_met for one in self.objectives)


class TargetGone(Exception):
    """The product no longer answers after a load: one line."""


def listener_of(target: Target, workload: Workload) -> Listener | None:
    """The first destination of the target file.  Raises TargetError where one is needed and there is none."""
    if target.destinations:
        first = target.destinations[0]
        return Listener(first.ae_title, first.host, first.port)
    if any(isinstance(one, Move | Commit) for one in workload.operation):
        raise TargetError(
            f"the workload {workload.name} moves objects, so the target file needs a [[destination]] that "
            "the product knows; `pacs-harness doctor` says what to add there"
        )
    return None


def bench(
    target: Target,
    wanted: Wanted,
    root: str,
    folder: Path,
    outcome: Outcome,
    on_step: Callable[[Step], None] = lambda step: None,
    on_told: Callable[[Told], None] = lambda told: None,
) -> None:
    """Measure into ``outcome``, load by load, so that what was measured is there whatever comes next.

    Kinds of client take turns, so that what else the machine does meets both.  ``folder`` gets
    ``stored.csv``, a line for each study that was stored, and the engine's log.  Raises LoadFailed,
    TargetGone, TargetError.
    """
    listener = listener_of(target, wanted.workload)
    workload = fitted_workload(Scu(peer_of(target)), wanted.workload, root)
    plan = Plan(target, workload, root, True, listener, crew=wanted.crew, web=wanted.web)
    if wanted.workload.population:
        on_step(Step("the population is stored"))
        # Before it is: whoever cleans up looks for what was not acknowledged too.
        _note_population(plan, folder / "stored.csv")
        with refused_or_gone(target, "while the population is stored"):
            store_population(plan)
    if wanted.trial_seconds is not None:
        _search(plan, wanted, wanted.trial_seconds, folder, outcome, on_step, on_told)
        return
    for repeat in range(1, wanted.repeats + 1):
        for client in wanted.clients:
            words = f"{wanted.workload.name}, {client} client, {repeat} of {wanted.repeats}"
            on_step(Step(words, client, repeat))
            now = replace(plan, quickack=client is ClientKind.UNTHROTTLED)
            with watching(plan.target) as watched:
                measured = run_load(now, on_told, folder / "engine.log")
            _note_stored(now, measured, folder / "stored.csv")
            outcome.loads.append(condensed(measured, watched, client, repeat))
            outcome.interrupted = measured.interrupted
            if measured.interrupted:
                return
            if measured.broken:
                raise LoadFailed(measured.broken)
            outcome.objectives += _judged(wanted.workload, measured, client, repeat)
            _look(now, measured, wanted, outcome, on_step)
            # The next load stores others; of what was drawn some may never have been begun.
            drawn = measured.begun + measured.never_begun + wanted.workload.arrival.clients
            plan = replace(plan, first=plan.first + drawn)
    ordinary = [one for one in outcome.loads if one.client == wanted.clients[0]]
    outcome.exams = exams_of_loads(wanted.workload, ordinary, outcome.objectives)


def _search(
    plan: Plan,
    wanted: Wanted,
    seconds: float,
    folder: Path,
    outcome: Outcome,
    on_step: Callable[[Step], None],
    on_told: Callable[[Told], None],
) -> None:
    """The largest sustained rate, and whether all that was acknowledged on the way there is kept."""
    on_step(Step("the harness's own ceiling is measured"))
    own = ceiling(plan, folder / "engine.log")
    on_step(Step(f"the harness itself reaches {own:,.0f} operations a second"))
    trials: list[TrialMeasured] = []
    everything = Measured(Timeline(0.0))

    def tried(trial: Trial, measured: Measured) -> None:
        trials.append(TrialMeasured(trial.rate, trial.is_sustained, trial.words, operations_of(measured)))
        everything.stored |= measured.stored
        words = "sustained" if trial.is_sustained else trial.words
        on_step(Step(f"{trial.rate:,.1f} operations a second: {words}"))
        if not trial.is_sustained and not measured.interrupted and gone(plan.target):
            raise TargetGone(f"the product no longer answers after {trial.rate:,.1f} operations a second")

    try:
        limit = search(plan, own, seconds, folder / "engine.log", tried, on_told)
        outcome.limit = LimitMeasured(
            sustained=limit.sustained,
            broken=limit.broken,
            by=limit.by,
            is_at_least=limit.by is LimitedBy.HARNESS,
            ceiling=own,
            words=limit.words(),
            trials=tuple(trials),
        )
        outcome.exams = exams_at_limit(plan.workload, outcome.limit, seconds)
    except KeyboardInterrupt:
        outcome.interrupted = True
    finally:
        _note_stored(plan, everything, folder / "stored.csv")
    if not outcome.interrupted:
        _look(plan, everything, wanted, outcome, on_step)


def _look(
    plan: Plan, measured: Measured, wanted: Wanted, outcome: Outcome, on_step: Callable[[Step], None]
) -> None:
    """Whether the product is still there, and all that it acknowledged.  Raises TargetGone."""
    why_gone = gone(plan.target)
    if measured.stored:
        on_step(Step("what was acknowledged is looked for"))
        found = (
            unseen(sum(number for _, number in measured.stored.values()), why_gone)
            if why_gone
            else verify(plan, measured, full=wanted.full)
        )
        outcome.kept.append(_kept(found))
    if why_gone:
        raise TargetGone(f"the product no longer answers after a load: {why_gone}")


@contextlib.contextmanager
def refused_or_gone(target: Target, when: str) -> Iterator[None]:
    """A product that refused an object and answers nothing any more is gone: TargetGone."""
    try:
        yield
    except ProductRefused:
        if why := gone(target):
            raise TargetGone(f"the product no longer answers {when}: {why}") from None
        raise


def gone(target: Target) -> str:
    """Why it answers no C-ECHO, for as long as an answer may take; empty where it does."""
    ends, pause = time.monotonic() + target.dimse.deadline, threading.Event()
    while True:
        try:
            first_echo(target)
        except PreflightBlocked as blocked:
            if time.monotonic() >= ends:
                return blocked.finding.text
            pause.wait(POLL)
        else:
            return ""


def _judged(
    workload: Workload, measured: Measured, client: ClientKind, repeat: int
) -> list[ObjectiveMeasured]:
    return [
        ObjectiveMeasured(
            client=client,
            repeat=repeat,
            operation=one.operation,
            measure=one.measure,
            wanted=one.wanted,
            measured=one.measured,
            is_met=one.is_met,
            words=one.words(),
        )
        for one in judge(workload, measured)
    ]


def _kept(verified: Verified) -> KeptMeasured:
    return KeptMeasured(
        acknowledged=verified.acknowledged,
        found=verified.found,
        unknown=verified.unknown,
        compared=verified.compared,
        altered=verified.altered_count,
        lost=tuple(verified.lost),
        changed=tuple(verified.altered),
        remark=verified.remark,
    )


def _note_population(plan: Plan, path: Path) -> None:
    population = plan.workload.population
    assert population is not None
    note_studies(
        path,
        [(s.study_uid, s.patient_id, population.objects) for s in population_of(plan.workload, plan.root)],
    )


def _note_stored(plan: Plan, measured: Measured, path: Path) -> None:
    note_studies(
        path, [(s.study_uid, s.patient_id, number) for s, _, number in stored_studies(plan, measured)]
    )


def note_studies(path: Path, lines: list[tuple[str, str, int]]) -> None:
    """Append Study Instance UID, Patient ID and number of objects, for who cleans up."""
    is_new = not path.exists()
    with appended(path) as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(("study_instance_uid", "patient_id", "objects"))
        writer.writerows((csv_cell(study), csv_cell(patient), number) for study, patient, number in lines)
