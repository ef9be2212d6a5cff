"""A benchmark: a workload, run so many times with each kind of client, and nothing lost in it."""

from __future__ import annotations

import csv
import enum
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.load.condensing import condensed
from harness.load.drawing import population_of
from harness.load.limit import ceiling, search
from harness.load.measuring import ALL, Timeline
from harness.load.objectives import judge
from harness.load.plan import Listener, Plan
from harness.load.running import Measured, Told, run_load, store_population, stored_studies
from harness.load.saturation import Trial
from harness.load.verifying import Verified, verify
from harness.load.workload import Commit, Move, Workload
from harness.measurement import (
    GrowthMeasured,
    KeptMeasured,
    LimitMeasured,
    LoadMeasured,
    ObjectiveMeasured,
    TrialMeasured,
)
from harness.target import Target, TargetError


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
    interrupted: bool = False
    growth: list[GrowthMeasured] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every objective is met, and nothing known to be lost or altered."""
        whole = all(one.acknowledged == one.found and not one.altered for one in self.kept)
        return whole and all(one.is_met for one in self.objectives)


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
    TargetError.
    """
    plan = Plan(target, wanted.workload, root, quickack=True, listener=listener_of(target, wanted.workload))
    if wanted.workload.population:
        on_step(Step("the population is stored"))
        store_population(plan)
        _note_population(plan, folder / "stored.csv")
    if wanted.trial_seconds is not None:
        _search(plan, wanted, wanted.trial_seconds, folder, outcome, on_step, on_told)
        return
    for repeat in range(1, wanted.repeats + 1):
        for client in wanted.clients:
            words = f"{wanted.workload.name}, {client} client, {repeat} of {wanted.repeats}"
            on_step(Step(words, client, repeat))
            now = replace(plan, quickack=client is ClientKind.UNTHROTTLED)
            measured = run_load(now, on_told, folder / "engine.log")
            _note_stored(now, measured, folder / "stored.csv")
            outcome.loads.append(condensed(measured, client, repeat))
            outcome.interrupted = measured.interrupted
            if measured.interrupted:
                return
            outcome.objectives += _judged(wanted.workload, measured, client, repeat)
            if measured.stored:
                on_step(Step("what was acknowledged is looked for"))
                outcome.kept.append(_kept(verify(now, measured, full=wanted.full)))
            # The next load stores others; of what was drawn some may never have been begun.
            drawn = measured.begun + measured.never_begun + wanted.workload.arrival.clients
            plan = replace(plan, first=plan.first + drawn)


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
        whole = measured.timeline.whole(ALL)
        p95 = whole.latencies.percentile(95) if whole.count else None
        trials.append(TrialMeasured(trial.rate, trial.is_sustained, trial.words, p95))
        everything.stored |= measured.stored
        words = "sustained" if trial.is_sustained else trial.words
        on_step(Step(f"{trial.rate:,.1f} operations a second: {words}"))

    try:
        limit = search(plan, own, seconds, folder / "engine.log", tried, on_told)
        outcome.limit = LimitMeasured(
            limit.sustained, limit.broken, limit.by, own, limit.words(), tuple(trials)
        )
    except KeyboardInterrupt:
        outcome.interrupted = True
    _note_stored(plan, everything, folder / "stored.csv")
    if everything.stored and not outcome.interrupted:
        on_step(Step("what was acknowledged is looked for"))
        outcome.kept.append(_kept(verify(plan, everything, full=wanted.full)))


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
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(("study_instance_uid", "patient_id", "objects"))
        writer.writerows(lines)
