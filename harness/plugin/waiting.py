"""Requirements about what a product does when nothing happens for long (the ARTIM timer, PS3.8 9.1.5).

Their connections are begun before the first scenario and left alone while the others run; they are judged
last.  Not every product bears that: one that accepts associations one after the other is blocked by a silent
connection, or by one that it has rejected; another has room for few.  So after they are begun three ordinary
associations are tried; where those are not served, the connections are given up, and begun at the end
instead: such ones one by one, since each may delay what happens to the next, and then those on which an
association was accepted together.

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
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import ConnectionClosed, DimseError, NoAnswer
from harness.dimse.pdu import Pdu
from harness.plugin.context import RunContext
from harness.plugin.order import is_waiting
from harness.plugin.outcomes import NotTested
from harness.plugin.recorder import RecorderPlugin
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION
from harness.target import Target

ACCEPTED_WITHIN = 40.0
"""At most so many seconds where an association was accepted: these may cost the run its end."""
SERVED_AGAIN = 40.0
"""Seconds for a product to serve others again after a connection that was left alone."""
GRACE = 5.0
"""Seconds beyond a declared timer."""
MOST_PDUS = 100
"""So many PDUs on a connection that was left alone, and it is given up as open."""
PROBE = 3.0
"""Seconds within which a product has to serve others beside silent connections to be left alone with them."""
PROBE_ASSOCIATIONS = 3
"""So many at once: what the most demanding scenario needs at least."""

Stimulus = Callable[[Scu], Association]
"""Opens a connection and leaves it in the state that is to be judged."""

_Function = TypeVar("_Function", bound=Callable[..., None])


def waiting(
    stimulus: Stimulus, *, accepted: bool = False, idle: bool = False
) -> Callable[[_Function], _Function]:
    """Tie a scenario to what is begun for it at the start of the run.  See ``left_alone``.

    `accepted` says that an association was accepted, so that the connection keeps nobody
    else from one; `idle`, that it is in use still, so that ``[claims] idle`` says when it has to end.
    """

    def decorate(function: _Function) -> _Function:
        # By name: pytest takes a function that is a mark's only argument for the one to be marked.
        marked: _Function = pytest.mark.waiting(stimulus=stimulus, accepted=accepted, idle=idle)(function)
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
    """Seconds that the claims say: of the ARTIM timer, or for an idle association."""


def patience(target: Target, accepted: bool, idle: bool = False) -> float:
    """Seconds for which a connection is watched."""
    if idle and target.claims.idle is not None:
        return target.claims.idle + GRACE
    if target.claims.artim is None:
        within = target.dimse.closes_within
        return min(within, ACCEPTED_WITHIN) if accepted else within
    return target.claims.artim + GRACE


class Watched:
    """A connection that is left alone, and the thread that waits for its end."""

    def __init__(self, association: Association, target: Target, accepted: bool, idle: bool = False) -> None:
        self._association = association
        self._promised = target.claims.idle if idle else target.claims.artim
        self._within = patience(target, accepted, idle)
        self._ending: Ending | DimseError | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True, name="watched-connection")
        self._thread.start()

    def _watch(self) -> None:
        started = time.monotonic()
        closed = False
        pdus: list[Pdu] = []
        try:
            while len(pdus) < MOST_PDUS:
                left = started + self._within - time.monotonic()
                pdus.append(self._association.receive_pdu(deadline=max(left, 0.0)))
        except NoAnswer:
            pass
        except ConnectionClosed:
            closed = True  # be it in the middle of a PDU
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
        # The thread reads through the connection's buffers: the shutdown, which wakes it, goes past them, and
        # past TLS, which an SSLSocket's own would give up under the thread's hands.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._association.connection.sock, socket.SHUT_RDWR)
        self._thread.join()


class WaitingPlugin:
    """Begins what the items marked ``waiting`` watch, and gives its ending to them."""

    def __init__(self, context: RunContext, recorder: RecorderPlugin) -> None:
        self._context = context
        self._recorder = recorder
        self._items: list[pytest.Item] = []
        self._watched: dict[str, Watched] = {}
        self._together: list[pytest.Item] = []
        """Those that are begun at once when the first of them has its turn."""
        self._restarts = 0
        """How often the product had been restarted when they were begun."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        # Of several workers the first one does it; the items go to that, at the end.
        items = [item for item in session.items if is_waiting(item)]
        if items and not session.config.option.collectonly and self._context.worker in (None, 0):
            self._context.turns.begin(alone=True)
            self._items = items
            try:
                self._begin_all(items)
            finally:
                self._context.turns.end()
        try:
            return (yield)
        finally:
            self._stop_all()

    def _begin_all(self, items: list[pytest.Item]) -> None:
        """Begin those with an association, then the others: all of a kind, or none where nobody is served."""
        for accepted in (True, False):
            kind = [item for item in items if _waiting(item)["accepted"] is accepted]
            self._begin_these(kind)
            if kind and not self._others_are_served():
                for item in kind:
                    self._give_up(item)
                if accepted:
                    self._together = kind

    def _begin_these(self, items: list[pytest.Item]) -> None:
        for item in items:
            # What can't be begun now is begun in its turn, and judged by how that ends.
            with contextlib.suppress(DimseError, NotTested):
                self._watched[item.nodeid] = self._begin(item)

    def _begin(self, item: pytest.Item) -> Watched:
        said = _waiting(item)
        if said["idle"] and self._context.target.claims.idle is None:
            # Timeouts of minutes are common: what is open still after some seconds says nothing.
            raise NotTested("[claims] idle does not say when the product ends an idle association")
        stimulus: Stimulus = said["stimulus"]
        association = stimulus(Scu(self._context.peer(), self._recorder.recorder_of(item)))
        return Watched(association, self._context.target, said["accepted"], said["idle"])

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

    def _begin_anew(self) -> None:
        """A product that was restarted has ended what was begun before: that says nothing of its timers."""
        if len(self._context.restarted_after) == self._restarts:
            return
        self._restarts = len(self._context.restarted_after)
        ended = [item for item in self._items if item.nodeid in self._watched]
        for item in ended:
            self._give_up(item)
        self._begin_all(ended)

    def _give_up(self, item: pytest.Item) -> None:
        if item.nodeid in self._watched:
            self._watched.pop(item.nodeid).stop()
        self._recorder.forget(item)

    def _stop_all(self) -> None:
        for watched in self._watched.values():
            watched.stop()
        self._watched.clear()

    @pytest.fixture
    def left_alone(self, request: pytest.FixtureRequest) -> Iterator[Watched]:
        """This scenario's connection; it is begun now where that was not done before."""
        self._begin_anew()
        if request.node in self._together:
            # Not before a silent one's turn: a product may be as blocked by these.
            together, self._together = self._together, []
            self._begin_these([item for item in together if item is not request.node])
        begun = self._watched.pop(request.node.nodeid, None)
        if begun is None:
            self._await_service()
            yield self._begin(request.node)
            self._await_service()
        else:
            yield begun

    def _await_service(self) -> None:
        """Go on when others are served again: a product may be blocked for longer than it was watched."""
        ends = time.monotonic() + SERVED_AGAIN
        while not self._others_are_served() and time.monotonic() < ends:
            pass


def _waiting(item: pytest.Item) -> Mapping[str, Any]:
    """What ``waiting`` says of an item."""
    marker = item.get_closest_marker("waiting")
    assert marker is not None
    return marker.kwargs
