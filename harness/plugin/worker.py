"""A worker of a parallel run: a pytest of its own, told by the controller what the run is.

Loaded with ``-p`` by controller and workers alike; in the controller it does nothing.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.events import Event, EventStream, ResultRecorded, RunStarted
from harness.plugin.auditing import AuditPlugin
from harness.plugin.context import RunContext
from harness.plugin.fixtures import FixturePlugin
from harness.plugin.identity import ScenarioRoot, Selection
from harness.plugin.order import Order
from harness.plugin.recorder import RecorderPlugin
from harness.plugin.secure_transport import SecureTransportPlugin
from harness.plugin.turns import SharedTurns
from harness.plugin.waiting import WaitingPlugin
from harness.scu.session import Stored
from harness.target import Target
from harness.verdict import Result

if TYPE_CHECKING:
    import execnet

ASSIGNMENT, CHANNEL = "pacs_harness_assignment", "pacs_harness_channel"
"""Keys of what xdist passes to a worker: an `Assignment`, pickled; the channel for `Told` and back."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A worker can no longer write its captures."""

    reason: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A requirement did not pass, and was judged beside other workers' scenarios."""

    result: Result


Told = Event | Stored | Broken | Doubtful
"""What a worker tells the controller, at once."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What the controller tells every worker: how the product was lost so far, here or elsewhere."""

    after: str
    restarted_after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker has to know of the run."""

    target: Target
    folder: Path
    roots: tuple[ScenarioRoot, ...]
    selection: Selection
    observe: bool
    intrusive: bool
    order: Order
    run_root: str
    """This worker's own: what two workers mint never meets."""
    worker: int
    turns: Path


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)
    if given is None or ASSIGNMENT not in given:
        return
    # Pickled by the controller, which started this process.
    assignment: Assignment = pickle.loads(given[ASSIGNMENT])  # nosec B301 # see above
    channel: execnet.Channel = given[CHANNEL]

    def tell(told: Told) -> None:
        if isinstance(told, RunStarted):
            return
        if isinstance(told, ResultRecorded) and told.result.requirement.id in recorder.beside_others:
            told = Doubtful(told.result)
        channel.send(pickle.dumps(told))

    context = RunContext(
        assignment.target,
        assignment.folder,
        EventStream(tell),
        assignment.roots,
        assignment.selection,
        observe=assignment.observe,
        intrusive=assignment.intrusive,
        run_root=assignment.run_root,
        on_stored=tell,
        order=assignment.order,
        worker=assignment.worker,
        turns=SharedTurns(assignment.turns),
    )

    def hear(data: bytes) -> None:
        lost: Lost = pickle.loads(data)  # nosec B301 # from the controller
        context.lost_after = context.lost_after or lost.after
        context.restarted_after[:] = lost.restarted_after

    channel.setcallback(hear)
    recorder = RecorderPlugin(context)
    plugins = (
        FixturePlugin(context, recorder),
        SecureTransportPlugin(),
        AuditPlugin(context, recorder),
        WaitingPlugin(context, recorder),
        _Farewell(recorder, tell),
    )
    for plugin in (recorder, *plugins):
        config.pluginmanager.register(plugin)


class _Farewell:
    """Tells at the end why this worker has ended before its time."""

    def __init__(self, recorder: RecorderPlugin, tell: Callable[[Told], None]) -> None:
        self._recorder = recorder
        self._tell = tell

    def pytest_sessionfinish(self) -> None:
        if self._recorder.broken:
            with contextlib.suppress(OSError):  # where nobody listens any more nobody has to know
                self._tell(Broken(self._recorder.broken))
