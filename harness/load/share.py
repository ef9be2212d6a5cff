"""One process's share of a load: what is asked when, by whom, and what came of it."""

from __future__ import annotations

# Locust first: it patches the process, sockets included, before anything else has taken hold of them.
import locust  # isort: skip
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import gevent.event
import gevent.queue
import locust.exception
from locust.env import Environment

from harness.load.arrivals import intended
from harness.load.client import Asked, Client
from harness.load.distribution import clients_of, is_own, transaction_uid
from harness.load.drawing import Drawing
from harness.load.measuring import STUDY, Phase, Sample, Timeline
from harness.load.plan import Listener, Plan
from harness.load.sink import Results, Sink
from harness.load.supply import Study, template_of
from harness.load.workload import Closed, Store
from harness.plugin.context import peer_of
from harness.scu.session import Proposal

TICK = 1.0
"""Seconds between two documents."""


class CannotBegin(Exception):
    """Something that the load needs is missing: one line that says what."""


class Load:
    """One process's share of a load: what is asked when, and what came of it."""

    def __init__(self, plan: Plan, results: Results | None, worker: int = 0) -> None:
        """`results` are those of storage commitment.  Raises TargetError for unusable TLS files."""
        workload = plan.workload
        self.plan = plan
        self.worker = worker
        self.clock = time.perf_counter
        self.peer = peer_of(plan.target)
        self.templates = {name: template_of(one, plan.root) for name, one in workload.dataset.items()}
        population = workload.population
        self.population = population and (self.templates[population.dataset], population.objects)
        self.results = results
        self.drawing = Drawing(workload, plan.root, worker, plan.first)
        self.timeline = Timeline(self.clock(), workload.stop.warm_up)
        self.due: gevent.queue.Queue[Asked | None] = gevent.queue.Queue()
        self.begun = self.ended = self.bytes = self.busy = 0
        self.running = gevent.event.Event()
        """The clock runs: until then clients wait."""
        self.over = gevent.event.Event()
        """Nothing new is begun."""
        self.environment: Environment | None = None
        """Locust's, where it shows a page: what it counts itself costs time, and nothing else reads it."""
        self._stored: dict[int, tuple[int, int]] = {}
        """By number of a study: which operation stored it, and how many of its objects are acknowledged."""
        self._transactions = 0

    # ------------------------------------------------------------ asking

    def start(self) -> None:
        """The clock runs from now; where there is a schedule, it is followed."""
        self.timeline = Timeline(self.clock(), self.plan.workload.stop.warm_up)
        stop = self.plan.workload.stop
        if stop.seconds is not None:
            gevent.spawn(self._finish_after, stop.seconds)
        schedule = self._schedule()
        if schedule is not None:
            gevent.spawn(self._follow, schedule)
        self.running.set()

    def _finish_after(self, seconds: float) -> None:
        self._sleep_until(self.timeline.started + seconds)
        self.finish()

    def _sleep_until(self, moment: float) -> None:
        # Again and again: gevent counts from when its loop last looked at the clock, which may be long ago.
        while (left := moment - self.clock()) > 0:
            gevent.sleep(left)

    def _schedule(self) -> Iterator[float] | None:
        """This worker's share of it: those of all workers together are the whole."""
        due = intended(self.plan.workload.arrival, self.plan.workload.stop.seconds, self.plan.workload.seed)
        if due is None:
            return None
        clients, workers = self.plan.workload.arrival.clients, self.plan.crew.workers
        return (time for number, time in enumerate(due) if is_own(number, clients, workers, self.worker))

    def _follow(self, schedule: Iterator[float]) -> None:
        started = self.timeline.started
        for time_ in schedule:
            self._sleep_until(started + time_)
            if self.over.is_set():
                return
            self.due.put(self.drawing.next(started + time_))

    def take(self) -> Asked | None:
        """What a client asks next; None at the end.  With a schedule this waits until something is due."""
        self.running.wait()
        if self.over.is_set():
            return None
        if isinstance(self.plan.workload.arrival, Closed):
            return self.drawing.next(self.clock())
        return self.due.get()

    def do(self, client: Client, asked: Asked) -> None:
        """Have a client ask."""
        self.begun += 1
        self.busy += 1
        try:
            client.do(asked)
        finally:
            self.busy -= 1
        self.ended += 1
        stop, clients = self.plan.workload.stop, self.plan.workload.arrival.clients
        # Of what ends the load a worker does as much as it has of the clients, and none has to ask another.
        own = clients_of(clients, self.plan.crew.workers, self.worker)
        if stop.operations is not None and self.begun * clients >= stop.operations * own:
            self.finish()
        if stop.bytes is not None and self.bytes * clients >= stop.bytes * own:
            self.finish()

    def finish(self) -> None:
        """Begin nothing more; who waits for something to be due is told."""
        if not self.over.is_set():
            self.over.set()
            self.running.set()
            for _ in range(self.plan.workload.arrival.clients):
                self.due.put(None)

    def new_client(self) -> Client:
        """One of the load's clients."""
        arrival = self.plan.workload.arrival
        client = Client(
            self.peer,
            (),
            arrival.association,
            self.plan.quickack,
            self.templates,
            self.population or None,
            self.results,
            self.note,
            self.note_phase,
            self._new_uid,
            self._acknowledge,
            self.clock,
        )
        proposals: list[Proposal] = []
        for operation in self.plan.workload.operation:
            proposals += [one for one in client.proposals_of(operation) if one not in proposals]
        client.proposals = proposals
        return client

    # ------------------------------------------------------------ noting

    def note(self, sample: Sample) -> None:
        """Count a sample, for us and for Locust's own page."""
        self.timeline.note(sample)
        if sample.operation != STUDY:
            self.bytes += sample.bytes
        if self.environment is not None:
            self.environment.events.request.fire(  # type: ignore[no-untyped-call]
                request_type="DICOM",
                name=sample.operation,
                response_time=sample.latency * 1000,
                response_length=sample.bytes,
                exception=RuntimeError(sample.error) if sample.error else None,
                context={},
            )

    def note_phase(self, operation: str, phase: Phase, seconds: float) -> None:
        """Count how long a part took; the warm-up is left out here too."""
        if self.clock() - self.timeline.started >= self.timeline.warm_up:
            self.timeline.note_phase(operation, phase, seconds)

    def _acknowledge(self, store: Store, study: Study, index: int) -> None:
        self._stored[study.number] = (self.plan.workload.operation.index(store), index + 1)

    def _new_uid(self) -> str:
        self._transactions += 1
        return transaction_uid(self.plan.root, self.worker, self.plan.first, self._transactions)

    def told(self, *, all_: bool = False) -> dict[str, Any]:
        """What ended since the last time, in seconds that are over."""
        since = self.clock() - self.timeline.started
        document = self.timeline.take(10**9 if all_ else int(since))
        stored, self._stored = self._stored, {}
        return {
            **document,
            "worker": self.worker,
            "at": round(since, 3),
            "begun": self.begun,
            "ended": self.ended,
            "busy": self.busy,
            "waiting": sum(one is not None for one in self.due.queue),
            "stored": [[number, *what] for number, what in stored.items()],
        }


def listening(listener: Listener, on_result: Callable[[str], None] | None = None) -> Sink:
    """The destination.  Raises CannotBegin where its port cannot be listened on."""
    try:
        return Sink(listener.ae_title, listener.host, listener.port, on_result)
    except OSError as error:
        raise CannotBegin(
            f"the destination {listener.ae_title} cannot be listened for at {listener.host}:{listener.port}: "
            f"{reason(error)}; another program may have the port"
        ) from None


def reason(error: Exception) -> str:
    """An error of the system in its own words, without those that gevent adds."""
    return (getattr(error, "strerror", None) or str(error)).partition(" (while ")[0]


def await_those_under_way(load: Load, done: Callable[[], bool]) -> None:
    """As long as a wait of theirs may take; then they are cut."""
    ends = load.clock() + load.peer.deadline
    while not done() and load.clock() < ends:
        gevent.sleep(0.01)


def user_class(load: Load) -> type[locust.User]:
    """Locust's user for this load: a client of ours in each."""
    think = load.plan.workload.arrival.think if isinstance(load.plan.workload.arrival, Closed) else 0.0

    class Peer(locust.User):
        wait_time = locust.constant(think)

        def on_start(self) -> None:
            self.scu = load.new_client()

        def on_stop(self) -> None:
            self.scu.end()

        @locust.task
        def ask(self) -> None:
            asked = load.take()
            if asked is None:
                raise locust.exception.StopUser
            load.do(self.scu, asked)

    return Peer
