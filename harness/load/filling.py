"""An archive filled with small studies as fast as it takes them, and what is known of them afterwards."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from harness.load.benching import note_studies
from harness.load.client import Asked, Client
from harness.load.measuring import STUDY, Phase, Sample
from harness.load.plan import Plan
from harness.load.running import LoadFailed, Told
from harness.load.sink import Sink
from harness.load.supply import POPULATION, Study, Template
from harness.load.workload import Kept, Operation, Store
from harness.plugin.context import peer_of

FILLERS = 4
"""Clients that fill."""
ALONE = 400
"""Of what each fill adds, at most so many studies are alone in their week."""
TICK = 1.0
"""Seconds between two words on how far it is."""


@dataclass
class Stored:
    """What the archive has of ours: by fills, of which all was acknowledged, and while it was measured."""

    root: str
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
            week = len(self.alone) if is_alone else None
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


def fill(
    plan: Plan,
    template: Template,
    stored: Stored,
    number: int,
    listed: Path,
    on_told: Callable[[Told], None],
) -> None:
    """Store so many studies of one object more, FILLERS at a time.

    ``listed`` names what was acknowledged, also where this ends early.  Raises LoadFailed at the first object
    that is not acknowledged.
    """
    (dataset,) = plan.workload.dataset
    store, studies = Store(dataset=dataset), stored.more(number)
    taking, over = threading.Lock(), threading.Event()
    acknowledged: queue.SimpleQueue[Study] = queue.SimpleQueue()
    wrong: list[str] = []

    def take() -> Study | None:
        with taking:
            return None if over.is_set() else next(studies, None)

    def work() -> None:
        heard = Heard()
        client = client_for(plan, template, (store,), heard)
        try:
            while (study := take()) is not None:
                client.do(Asked(store, client.clock(), study))
                if heard.error:
                    wrong.append(heard.error)
                    over.set()
                else:
                    acknowledged.put(study)
        finally:
            client.end()

    def note() -> int:
        new = [acknowledged.get() for _ in range(acknowledged.qsize())]
        note_studies(listed, [(study.study_uid, study.patient_id, 1) for study in new])
        return len(new)

    began, done = time.perf_counter(), 0
    try:
        with ThreadPoolExecutor(FILLERS) as pool:
            working = {pool.submit(work) for _ in range(FILLERS)}
            try:
                while working:
                    ended, working = wait(working, TICK)
                    for one in ended:
                        one.result()
                    done += note()
                    on_told(Told(time.perf_counter() - began, done, done, len(working), 0))
            finally:
                over.set()
    finally:
        done += note()
    if wrong:
        raise LoadFailed(
            f"the archive could not be filled: {stored.held + done:,} studies were acknowledged, then one "
            f"ended as {wrong[0]!r}; see that the product takes its class and transfer syntax, and has room"
        )
    stored.filled += number
