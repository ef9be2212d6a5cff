"""Requirements about what a product does when nothing happens for long (the ARTIM timer, PS3.8 9.1.5).

Their connections are begun before the first scenario and left alone while the others run; they are judged
last.  Not every product bears that: one that accepts associations one after the other is blocked by a silent
connection, another has room for few.  So after they are begun three ordinary associations are tried; where
those are not served, the silent connections are given up, and begun one by one at the end instead.

A scenario says what is begun, and judges how it ended::

    @waiting(Scu.connect)
    @requirement("PS3.8 9.1.4", QUALITY, "…")
    def test_no_request(left_alone: Watched) -> None:
        ending = left_alone.ending()
        ...
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import ConnectionClosed, DimseError, NoAnswer
from harness.dimse.pdu import Pdu
from harness.plugin.context import RunContext
from harness.plugin.order import is_waiting
from harness.plugin.recorder import RecorderPlugin
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION
from harness.target import Target

UNDECLARED = 75.0
"""Seconds that the end of a connection is awaited where the claims say nothing of the ARTIM timer."""
GRACE = 5.0
"""Seconds beyond a declared timer."""
PROBE = 3.0
"""Seconds within which a product has to serve others beside silent connections to be left alone with them."""
PROBE_ASSOCIATIONS = 3
"""So many at once: what the most demanding scenario needs at least."""

Stimulus = Callable[[Scu], Association]
"""Opens a connection and leaves it in the state that is to be judged."""

_Function = TypeVar("_Function", bound=Callable[..., None])


def waiting(stimulus: Stimulus) -> Callable[[_Function], _Function]:
    """Tie a scenario to what is begun for it at the start of the run.  See ``left_alone``."""

    def decorate(function: _Function) -> _Function:
        # By name: pytest takes a function that is a mark's only argument for the one to be marked.
        marked: _Function = pytest.mark.waiting(stimulus=stimulus)(function)
        return marked

    return decorate


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a connection that was left alone."""

    closed: bool
    """Whether the product has closed it."""
    seconds: float
    """After so many, or, where it is still open, for so long it was watched."""
    pdus: tuple[Pdu, ...] = ()
    """What the product sent before."""
    promised: float | None = None
    """The ARTIM timer that the claims say."""


def patience(target: Target) -> float:
    """Seconds for which a connection is watched."""
    return UNDECLARED if target.claims.artim is None else target.claims.artim + GRACE


class Watched:
    """A connection that is left alone, and the thread that waits for its end."""

    def __init__(self, association: Association, target: Target) -> None:
        self._association = association
        self._promised = target.claims.artim
        self._within = patience(target)
        self._ending: Ending | DimseError | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True, name="watched-connection")
        self._thread.start()

    def _watch(self) -> None:
        started = time.monotonic()
        closed, pdus = True, []
        try:
            pdus = self._association.wait_closed(self._within)
        except NoAnswer:
            closed = False
        except ConnectionClosed:
            pass  # in the middle of a PDU: closed it is
        except DimseError as error:
            self._ending = error
        finally:
            self._association.close()
        if self._ending is None:
            self._ending = Ending(closed, time.monotonic() - started, tuple(pdus), self._promised)

    def ending(self) -> Ending:
        """Wait for the end, within the bound.  Raises what the product did wrong."""
        self._thread.join()
        if isinstance(self._ending, Ending):
            return self._ending
        assert self._ending is not None
        raise self._ending

    def stop(self) -> None:
        """Give the connection up."""
        # The thread reads through the connection's buffers: the shutdown, which wakes it, goes past them.
        with contextlib.suppress(OSError):
            self._association.connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()


class WaitingPlugin:
    """Begins what the items marked ``waiting`` watch, and gives its ending to them."""

    def __init__(self, context: RunContext, recorder: RecorderPlugin) -> None:
        self._context = context
        self._recorder = recorder
        self._watched: dict[str, Watched] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        # Of several workers the first one does it; the items go to that, at the end.
        items = [item for item in session.items if is_waiting(item)]
        if items and not session.config.option.collectonly and self._context.worker in (None, 0):
            self._context.turns.begin(alone=True)
            try:
                self._begin_all(items)
            finally:
                self._context.turns.end()
        try:
            return (yield)
        finally:
            self._stop_all()

    def _begin_all(self, items: list[pytest.Item]) -> None:
        with contextlib.suppress(DimseError):
            for item in items:
                self._watched[item.nodeid] = self._begin(item)
            if self._others_are_served():
                return
        self._stop_all()
        for item in items:
            self._recorder.forget(item)

    def _begin(self, item: pytest.Item) -> Watched:
        marker = item.get_closest_marker("waiting")
        assert marker is not None
        stimulus: Stimulus = marker.kwargs["stimulus"]
        return Watched(
            stimulus(Scu(self._context.peer(), self._recorder.recorder_of(item))), self._context.target
        )

    def _others_are_served(self) -> bool:
        peer = self._context.peer()
        scu = Scu(replace(peer, deadline=min(PROBE, peer.deadline)))
        request = scu.request(VERIFICATION)
        associations: list[Association] = []
        try:
            for _ in range(PROBE_ASSOCIATIONS):
                associations.append(scu.connect())
                # Not by `Scu.open`, which would wait until a product has room again.
                associations[-1].negotiate(request)
            return all(echo(association).get("Status") == 0 for association in associations)
        except DimseError:
            return False
        finally:
            for association in associations:
                if association.established:
                    association.abort()
                else:
                    association.close()

    def _stop_all(self) -> None:
        for watched in self._watched.values():
            watched.stop()
        self._watched.clear()

    @pytest.fixture
    def left_alone(self, request: pytest.FixtureRequest) -> Watched:
        """This scenario's connection; it is begun now where that was not done before."""
        return self._watched.pop(request.node.nodeid, None) or self._begin(request.node)
