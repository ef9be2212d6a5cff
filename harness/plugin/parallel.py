"""A run with several workers: pytest-xdist distributes, this process keeps the run's files.

Workers tell what happens at once, over a channel beside xdist's own; results, measurements and stored objects
are written here, in one place, and the console shows them as in a serial run.
"""

from __future__ import annotations

import contextlib
import pickle
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.events import (
    Event,
    EventStream,
    MeasurementRecorded,
    ResultRecorded,
    RunStarted,
    TargetLost,
    TargetRestarted,
)
from harness.plugin.context import RunContext
from harness.plugin.recorder import RecorderPlugin
from harness.plugin.scheduling import Job, SharedOut, number_of, place_of
from harness.plugin.worker import ASSIGNMENT, CHANNEL, Assignment, Broken, Doubtful, Lost, Told
from harness.scu.session import Stored
from harness.verdict import RESTARTED_AFTER, Evidence, Outcome, Requirement, Result

if TYPE_CHECKING:
    import execnet
    import pytest
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]


class Controller:
    """The plugin of the process that distributes.  ``recorder`` has collected already."""

    def __init__(self, context: RunContext, recorder: RecorderPlugin, workers: int, turns: Path) -> None:
        self._context = context
        self._recorder = recorder
        self._workers = workers
        self._turns = turns
        self._lock = threading.Lock()
        self._channels: list[execnet.Channel] = []
        self._config: pytest.Config | None = None
        self._otherwise: list[str] = []
        self.doubtful: dict[str, Result] = {}
        """By id, what did not pass beside others' scenarios: it is asked again alone, and counts so."""
        self._requirements = {
            item.nodeid: requirement
            for item, requirement in zip(recorder.items, recorder.chosen, strict=True)
        }
        self.scheduling = SharedOut(
            [
                Job(number, item.nodeid, requirement.id, place_of(item))
                for number, (item, requirement) in enumerate(
                    zip(recorder.items, recorder.chosen, strict=True)
                )
            ],
            workers,
        )

    def pytest_configure(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_configure_node(self, node: WorkerController) -> None:
        """Tell a worker what the run is, before it starts."""
        context = self._context
        number = number_of(node)
        channel = node.gateway.newchannel()
        channel.setcallback(self._receive)
        with self._lock:
            self._channels.append(channel)
        node.workerinput[CHANNEL] = channel
        node.workerinput[ASSIGNMENT] = pickle.dumps(
            Assignment(
                target=context.target,
                folder=context.folder.resolve(),
                roots=context.roots,
                selection=context.selection,
                observe=context.observe,
                intrusive=context.intrusive,
                order=context.order,
                run_root=root_of(context.run_root, number),
                worker=number,
                turns=self._turns,
            )
        )

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: object) -> SharedOut:
        return self.scheduling

    def pytest_handlecrashitem(self, crashitem: str, report: Any, sched: Any) -> None:
        """A worker died of this item: that is ours."""
        with self._lock:
            self._ours(self._requirements[crashitem], "the worker process died while this was run")

    def _ours(self, requirement: Requirement, words: str) -> None:
        reason = f"a fault of the harness, not of the product: {words}"
        self._recorder.record(
            Result(requirement, Outcome.ERROR, reason, 0.0, Evidence(expected=requirement.text))
        )

    def problems(self) -> list[str]:
        """What went wrong with the workers themselves."""
        return [f"worker {id_} collected other scenarios" for id_ in self.scheduling.odd_collections]

    def alone(self) -> RunContext:
        """The context in which this process asks again what is doubtful."""
        return replace(
            self._context,
            selection=replace(self._context.selection, ids=tuple(self.doubtful)),
            run_root=root_of(self._context.run_root, len(self._channels)),
            events=EventStream(self._hear_again),
            restarted_after=list(self._context.restarted_after),
        )

    def _hear_again(self, event: Event) -> None:
        if isinstance(event, ResultRecorded):
            before = self.doubtful.pop(event.result.requirement.id, None)
            if before is None:
                return
            self._recorder.record(event.result)
            if before.outcome is not event.result.outcome:
                self._otherwise.append(f"{before.requirement.id} {before.outcome}: {before.reason}")
                self._recorder.remarks["beside other scenarios"] = "; ".join(self._otherwise)
        elif not isinstance(event, RunStarted):
            self._keep(event)

    def settle(self) -> None:
        """What is doubtful still, the run having ended before, is kept as it was judged."""
        for result in self.doubtful.values():
            self._recorder.record(result)
        self.doubtful.clear()

    def blame_ourselves(self) -> None:
        """What no worker has given a result for, though nobody interrupted the run, is an error of ours."""
        for requirement in self._recorder.unfinished():
            self._ours(requirement, "its worker process ended before it was run")

    def _receive(self, data: bytes) -> None:
        """What a worker tells, in the thread that reads from it."""
        try:
            with self._lock:
                self._keep(pickle.loads(data))  # nosec B301 # from a process that we started
        except Exception as fault:  # noqa: BLE001 - nobody hears it in this thread: the run ends with it
            words = fault.strerror if isinstance(fault, OSError) else f"{type(fault).__name__}: {fault}"
            self._break(f"results could no longer be written: {words}")

    def _break(self, why: str) -> None:
        """No further verdict could be kept: the run ends in good order."""
        self._recorder.broken = self._recorder.broken or why
        session = self._config and self._config.pluginmanager.getplugin("dsession")
        if session is not None:
            session.shouldstop = why

    def _keep(self, told: Told) -> None:
        context = self._context
        if isinstance(told, Stored):
            context.on_stored(told)
            return
        if isinstance(told, Broken):
            self._break(told.reason)
            return
        if isinstance(told, Doubtful):
            self.doubtful[told.result.requirement.id] = told.result
            return
        if isinstance(told, ResultRecorded):
            self._recorder.record(told.result)
            return
        if isinstance(told, TargetLost):
            if context.lost_after:
                return
            context.lost_after = told.after
            self._tell_all()
        elif isinstance(told, TargetRestarted):
            context.restarted_after.append(told.after)
            self._recorder.remarks[RESTARTED_AFTER] = ", ".join(context.restarted_after)
            self._tell_all()
        elif isinstance(told, MeasurementRecorded):
            self._recorder.measurements.append(told.measurement)
        context.events.emit(told)

    def _tell_all(self) -> None:
        """What became of the product, to every worker."""
        lost = pickle.dumps(Lost(self._context.lost_after, tuple(self._context.restarted_after)))
        for channel in self._channels:
            with contextlib.suppress(OSError):  # a worker that has ended
                channel.send(lost)


def root_of(run_root: str, worker: int) -> str:
    """A UID root for each worker, so that accession numbers too, which are made of it, never meet."""
    head, _, run = run_root.rpartition(".")
    return f"{head}.{int(run) + worker + 1}"
