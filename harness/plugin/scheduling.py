"""Which worker of a parallel run gets which scenarios.

A product sends to the addresses that it was given, and those belong to one process.  So all scenarios that
need one of the harness's destinations go to one worker, the *home*; what waits (`harness.plugin.waiting`) or
restarts the product goes there too, after all others have ended.  The rest is for whoever is free.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from harness.plugin.order import Turn, turn_of

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

AT_HOME = frozenset({"destinations", "retrieved", "audit_trail"})
"""Fixtures that receive what the product sends, or may have to."""


UNIT = 8
"""Items that are handed out at a time, at least, where a module has so many."""


class Place(enum.Enum):
    """Where an item has to run."""

    ANYWHERE = "on any worker"
    HOME = "where the destinations are"
    LAST = "there, after all others"


@dataclass(frozen=True, slots=True)
class Job:
    """One collected item: its place in the collection, what it is, where it has to run."""

    index: int
    nodeid: str
    requirement: str
    place: Place


def place_of(item: pytest.Item) -> Place:
    """Where an item has to run."""
    if turn_of(item) >= Turn.SILENT:
        return Place.LAST
    fixtures = set(getattr(item, "fixturenames", ()))
    return Place.HOME if fixtures & AT_HOME else Place.ANYWHERE


def units_of(jobs: Iterable[Job]) -> Iterator[tuple[Job, ...]]:
    """Neighbours of one module and place, some at a time; the cases of a requirement are never apart."""
    for _, neighbours in groupby(jobs, lambda job: (job.place, job.nodeid.split("::")[0])):
        unit: list[Job] = []
        for _, cases in groupby(neighbours, lambda job: job.requirement):
            unit += cases
            if len(unit) >= UNIT:
                yield tuple(unit)
                unit = []
        if unit:
            yield tuple(unit)


def number_of(node: WorkerController) -> int:
    """The number of a worker, from 0; one that replaces a dead one gets a new number."""
    return int(node.gateway.id.removeprefix("gw"))


@dataclass
class _Worker:
    """What one worker was given and has not completed, in the order in which it runs."""

    node: WorkerController
    jobs: deque[Job] = field(default_factory=deque)
    ready: bool = False
    """Its collection is known."""


class SharedOut:
    """pytest-xdist's `Scheduling`: hands out runs of neighbours, so that a module's fixtures are used again.

    A worker begins an item when it knows the next one, or that there is none: so two are kept with each.
    """

    def __init__(self, jobs: Sequence[Job], workers: int) -> None:
        self._jobs = tuple(jobs)
        self._expected = workers
        self._started = False
        self._workers: dict[WorkerController, _Worker] = {}
        self._units: dict[Place, deque[tuple[Job, ...]]] = {place: deque() for place in Place}
        self._completed = 0
        for unit in units_of(jobs):
            self._units[unit[0].place].append(unit)
        self.odd_collections: list[str] = []
        """Workers that collected something else than the controller."""

    # ------------------------------------------------------------ what xdist asks

    @property
    def nodes(self) -> list[WorkerController]:
        return list(self._workers)

    @property
    def collection_is_completed(self) -> bool:
        ready = sum(worker.ready for worker in self._workers.values())
        return self._started or ready >= self._expected

    @property
    def tests_finished(self) -> bool:
        if not self._started or any(self._units.values()):
            return False
        return all(len(worker.jobs) < 2 for worker in self._workers.values())

    @property
    def has_pending(self) -> bool:
        return any(self._units.values()) or any(worker.jobs for worker in self._workers.values())

    def add_node(self, node: WorkerController) -> None:
        self._workers[node] = _Worker(node)

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        if [job.nodeid for job in self._jobs] != list(collection)[: len(self._jobs)]:
            self.odd_collections.append(node.gateway.id)
            node.shutdown()
        self._workers[node].ready = True

    def schedule(self) -> None:
        self._started = True
        self._hand_out()

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        jobs = self._workers[node].jobs
        if jobs and jobs[0].index == item_index:
            jobs.popleft()
        self._hand_out()

    def mark_test_pending(self, item: str) -> None:
        raise NotImplementedError("only for plugins that repeat tests")

    def remove_pending_tests_from_node(self, node: WorkerController, indices: Sequence[int]) -> None:
        raise NotImplementedError("nothing is taken back from a worker")

    def remove_node(self, node: WorkerController) -> str | None:
        """A worker has ended, or died: then the item that it was running.  The rest is for others.

        Of the requirement that killed it nothing is tried again.
        """
        jobs = self._workers.pop(node).jobs
        crashed = jobs[0] if jobs else None
        if crashed is not None:
            left = [job for job in jobs if job.requirement != crashed.requirement]
            for place, unit in reversed([(p, tuple(u)) for p, u in groupby(left, lambda job: job.place)]):
                self._units[place].appendleft(unit)
        if self._started:
            self._hand_out()
        return crashed.nodeid if crashed else None

    # ------------------------------------------------------------ handing out

    def _hand_out(self) -> None:
        """One unit at a time for whoever has least, until all have enough or nothing is left for them."""
        hungry = [worker for worker in self._workers.values() if worker.ready]
        while hungry := [one for one in hungry if len(one.jobs) < 2 and not one.node.shutting_down]:
            worker = min(hungry, key=lambda one: (len(one.jobs), number_of(one.node)))
            is_home = worker is self._home()
            unit = self._next_unit(is_home)
            if unit is not None:
                worker.jobs.extend(unit)
                worker.node.send_runtest_some([job.index for job in unit])
                continue
            if not is_home or not any(self._units.values()):
                worker.node.shutdown()
            hungry.remove(worker)

    def _home(self) -> _Worker | None:
        willing = [worker for worker in self._workers.values() if not worker.node.shutting_down]
        return min(willing, key=lambda worker: number_of(worker.node), default=None)

    def _next_unit(self, is_home: bool) -> tuple[Job, ...] | None:
        places = (Place.HOME, Place.ANYWHERE) if is_home else (Place.ANYWHERE,)
        for place in places:
            if self._units[place]:
                return self._units[place].popleft()
        # What waits blocks some products: all others have ended, and this worker's last item comes before it.
        if is_home and len(self._workers) == 1 and self._units[Place.LAST]:
            return self._units[Place.LAST].popleft()
        return None
