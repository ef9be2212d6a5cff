"""An archive filled with small studies as fast as it takes them, and what is known of them afterwards."""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.load.benching import note_studies
from harness.load.client import Asked, Client
from harness.load.measuring import STUDY, Phase, Sample
from harness.load.plan import Plan
from harness.load.running import LoadFailed, ProductRefused, Told
from harness.load.sink import Sink
from harness.load.supply import POPULATION, WEEKS, Study, Template
from harness.load.workload import Find, Kept, Operation, Store
from harness.plugin.context import peer_of

FILLERS = 4
"""Clients that fill."""
ALONE = 100
"""Of what each fill adds, at most so many studies are alone in their week."""
TRIES = 20
"""Stretches of time that are looked at for one without studies."""
TICK = 1.0
"""Seconds between two words on how far it is."""


@dataclass
class Stored:
    """What the archive has of ours: by fills, of which all was acknowledged, and while it was measured."""

    root: str
    first_week: int = 0
    """Of those in which studies are alone."""
    filled: int = 0
    """Studies with numbers from 0."""
    timed: int = 0
    """Studies with numbers from POPULATION."""
    alone: list[Study] = field(default_factory=list)
    """Of the filled ones, those that are alone in their week."""

    @property
    def held(self) -> int:
        """How many there are."""
        return self.filled + self.timed

    def more(self, number: int) -> Iterator[Study]:
        """The studies of the next fill; those that are alone in their week are spread over it evenly."""
        step = max(1, number // ALONE)
        first = len(self.alone)
        for offset in range(number):
            is_alone = offset % step == 0 and len(self.alone) - first < ALONE
            week = self.first_week + len(self.alone) if is_alone else None
            study = Study(self.root, self.filled + offset, self.filled + offset, week)
            if is_alone:
                self.alone.append(study)
            yield study

    def one_more(self) -> Study:
        """The next study that is stored while the archive is measured."""
        number = POPULATION + self.timed
        return Study(self.root, number, number)

    def any(self, chance: random.Random) -> Study:
        """One of the filled ones, each as likely."""
        return self.numbered(chance.randrange(self.filled))

    def numbered(self, number: int) -> Study:
        """The filled one with this number; its date is not looked at."""
        return Study(self.root, number, number)


@dataclass
class Heard:
    """What a client last noted."""

    error: str = ""
    objects: int = 0
    """Or matches."""
    response: float = 0.0
    """Seconds from the request to its final response: association set-up is no part of it."""

    def note(self, sample: Sample) -> None:
        """A client's `Note`."""
        if sample.operation != STUDY:
            self.error, self.objects = sample.error, sample.objects

    def note_phase(self, operation: str, phase: Phase, seconds: float) -> None:
        """A client's `NotePhase`."""
        if phase is Phase.RESPONSE:
            self.response = seconds


def client_for(
    plan: Plan, template: Template, operations: tuple[Operation, ...], heard: Heard, sink: Sink | None = None
) -> Client:
    """A client that keeps one association for these operations, and tells ``heard``."""
    (dataset,) = plan.workload.dataset
    client = Client(
        peer_of(plan.target),
        (),
        Kept.CLIENT,
        plan.quickack,
        {dataset: template},
        (template, 1),
        sink,
        heard.note,
        heard.note_phase,
        new_uid=lambda: plan.root,
    )
    proposals = [one for operation in operations for one in client.proposals_of(operation)]
    client.proposals = [one for place, one in enumerate(proposals) if one not in proposals[:place]]
    return client


def free_week(plan: Plan, template: Template, number: int) -> int:
    """The first of so many weeks of the past in which the product has no study.

    An earlier benchmark may have left studies that are alone in theirs.  Where queries fail any week will do.
    Raises LoadFailed where none is found.
    """
    heard, chance = Heard(), random.Random(plan.root)
    for _ in range(TRIES):
        week = chance.randrange(WEEKS - number)
        first, last = (Study(plan.root, 0, 0, one).study_week for one in (week, week + number - 1))
        stretch = f"{first.split('-')[0]}-{last.split('-')[1]}"
        asked = Find(keys={"StudyDate": stretch, "StudyInstanceUID": ""})
        client = client_for(plan, template, (asked,), heard)
        client.do(Asked(asked, client.clock(), Study(plan.root, 0, 0)))
        client.end()
        if heard.error or not heard.objects:
            return week
    raise LoadFailed(
        "earlier benchmarks have left studies in every stretch of time that was looked at, so that a query "
        "by Study Date would find theirs too; remove what their stored.csv list"
    )


def fill(
    plan: Plan,
    template: Template,
    stored: Stored,
    number: int,
    listed: Path,
    on_told: Callable[[Told], None],
) -> None:
    """Store so many studies of one object more, FILLERS at a time.

    ``listed`` names what was acknowledged, also where this ends early.  Raises ProductRefused at the first
    object that is not acknowledged.
    """
    (dataset,) = plan.workload.dataset
    store, studies = Store(dataset=dataset), stored.more(number)
    lock, over = threading.Lock(), threading.Event()
    ends: queue.SimpleQueue[str] = queue.SimpleQueue()
    done = 0

    def take() -> Study | None:
        with lock:
            return None if over.is_set() else next(studies, None)

    def work() -> None:
        nonlocal done
        heard, ended = Heard(), "an error of the harness's own"
        client = client_for(plan, template, (store,), heard)
        try:
            while (study := take()) is not None:
                client.do(Asked(store, client.clock(), study))
                if heard.error:
                    break
                with lock:
                    # Here, where no Ctrl-C comes in between: what was acknowledged is on the list.
                    note_studies(listed, [(study.study_uid, study.patient_id, 1)])
                    done += 1
            client.end()
            ended = heard.error
        finally:
            if ended:
                over.set()
            ends.put(ended)

    began, working = time.perf_counter(), FILLERS
    errors: list[str] = []
    for _ in range(FILLERS):
        threading.Thread(target=work, name="filler", daemon=True).start()
    try:
        while working:
            with contextlib.suppress(queue.Empty):
                error = ends.get(timeout=TICK)
                working -= 1
                errors += [error] if error else []
            on_told(Told(time.perf_counter() - began, done, done, working, 0))
    finally:
        over.set()
        with contextlib.suppress(queue.Empty):
            for _ in range(working):  # as long as what is under way may take
                ends.get(timeout=plan.target.dimse.deadline)
    if errors:
        raise ProductRefused(
            f"the archive could not be filled: {stored.held + done:,} studies were acknowledged, then one "
            f"ended as {errors[0]!r}; see that the product takes its class and transfer syntax, and has room"
        )
    stored.filled += number
