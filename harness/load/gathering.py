"""The workers of a shared load, as their master sees them: who came, how far they are, who is lost."""

from __future__ import annotations

# Locust first: it patches the process, sockets included, before anything else has taken hold of them.
import locust  # noqa: F401  # isort: skip
import contextlib
import hmac
import secrets
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent.queue
from locust.dispatch import UsersDispatcher
from locust.runners import STATE_MISSING, MasterRunner, WorkerNode

from harness import __version__
from harness.load.distribution import SILENCE, Shares, Word, to_workers
from harness.load.plan import Plan
from harness.load.share import CannotBegin

GLANCE = 0.1
"""Seconds between two looks at the workers' processes."""


class Given(UsersDispatcher):
    """Each worker keeps the clients that it was given: who comes late gets none, who is lost leaves a gap."""

    def add_worker(self, worker_node: WorkerNode) -> None:
        pass

    def remove_worker(self, worker_node: WorkerNode) -> None:
        pass


@dataclass
class Member:
    """A worker of the load."""

    host: str
    pid: int
    is_ours: bool
    """Whether the engine started it."""
    heard: float
    """When it last gave a sign of life."""
    number: int = 0
    is_ready: bool = False
    is_over: bool = False
    lost: str = ""
    """Why it takes no part any more."""


@dataclass
class Gathering:
    """The workers, and what they say, one after the other."""

    plan: Plan
    runner: MasterRunner
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """Those of the workers that the engine started."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    """What these know, and nobody else: each of them has its place, and no stranger is told the plan."""
    members: dict[str, Member] = field(default_factory=dict)
    """By Locust's name for them."""
    shares: Shares = field(default_factory=Shares)
    said: gevent.queue.Queue[tuple[Word, str, Any]] = field(default_factory=gevent.queue.Queue)
    stopped: bool = False
    """Whether the load was to end early."""
    is_ending: bool = False
    """Whether the workers have been told to begin nothing more."""

    _looked: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        for word in (Word.JOIN, Word.READY, Word.CANNOT, Word.TOLD):
            self.runner.register_message(word, self._listener(word))
        self.runner.environment.events.heartbeat_sent.add_listener(self._heartbeat)  # type: ignore[no-untyped-call]

    def _listener(self, word: Word) -> Callable[..., None]:
        return lambda environment, msg: self.said.put((word, msg.node_id, msg.data))

    def _heartbeat(self, client_id: str, timestamp: float) -> None:
        if client_id in self.members:
            self.members[client_id].heard = time.monotonic()

    def say(self, word: Word, data: Any = None, member: str | None = None) -> None:
        """To one of them, or to all."""
        for name in [member] if member else list(self.members):
            self.runner.send_message(word, data, name)

    def stop(self) -> None:
        """The load ends early."""
        self.stopped = True
        self._finish()

    def _finish(self) -> None:
        if not self.is_ending:
            self.is_ending = True
            self.say(Word.FINISH)

    # ------------------------------------------------------------ before

    def assemble(self) -> None:
        """Wait until all are there and ready.  Raises CannotBegin; returns early when stopped."""
        crew = self.plan.crew
        if not self._listen_until(lambda: len(self.members) == crew.workers, crew.join_within):
            words = f"{len(self.members)} of {crew.workers} workers came within {crew.join_within:g} s"
            command = f"pacs-harness bench-worker {crew.bind[0]}:{self.runner.server.port}"
            advice = (
                f"start `{command}` for each of the others, or expect fewer"
                if crew.expected
                else ("the machine is too busy for so many processes")
            )
            raise CannotBegin(f"{words}: {advice}")
        if self.stopped:
            return
        for number, name in enumerate(self._in_order()):
            self.members[name].number = number
            self.say(Word.PLAN, {"plan": to_workers(self.plan), "worker": number}, name)
        if not self._listen_until(lambda: all(map(self._is_ready, self.members)), crew.join_within):
            slow = next(name for name in self.members if not self._is_ready(name))
            raise CannotBegin(
                f"{self._named(self.members[slow])} was not ready within {crew.join_within:g} s"
            )
        self._forget_strangers()

    def _is_ready(self, name: str) -> bool:
        # Who was busy making objects sent no heartbeat, and Locust gives no clients to who is missing.
        node = self.runner.clients.get(name)
        return self.members[name].is_ready and node is not None and node.state != STATE_MISSING

    def _forget_strangers(self) -> None:
        # Locust counts whoever knocks, and would give clients to it.
        for name in set(self.runner.clients) - set(self.members):
            del self.runner.clients[name]

    def _listen_until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while not is_so():
            if self.stopped:
                return True
            if time.monotonic() > ends:
                return False
            self.listen()
            for process in self.processes:
                if process.poll() is not None:
                    raise CannotBegin(
                        f"a worker's process ended with code {process.returncode} before the load began; "
                        "the engine's log says why"
                    )
        return True

    def _in_order(self) -> list[str]:
        """Those to whom Locust gives more clients first, as `clients_of` has it."""
        self._forget_strangers()
        dispatch = Given(list(self.runner.clients.values()), self.runner.user_classes)
        clients = self.plan.workload.arrival.clients
        dispatch.new_dispatch(clients, clients)
        given = next(dispatch)
        return sorted(self.members, key=lambda name: -sum(given.get(name, {}).values()))

    # ------------------------------------------------------------ during

    def listen(self) -> None:
        """Take what is said, for a moment at most."""
        with contextlib.suppress(gevent.queue.Empty):
            word, name, data = self.said.get(timeout=GLANCE)
            if word is Word.JOIN:
                self._join(name, data)
                return
            member = self.members.get(name)
            if member is None:
                return
            member.heard = time.monotonic()
            if word is Word.READY:
                member.is_ready = True
            elif word is Word.CANNOT:
                raise CannotBegin(f"{self._named(member)}: {data['words']}")
            elif word is Word.TOLD:
                self.shares.take(data)
                member.is_over = bool(data.get("over"))
                if data.get("left"):
                    member.lost = "it was stopped"

    def _join(self, name: str, data: dict[str, Any]) -> None:
        expected = self.plan.crew.expected
        is_ours = hmac.compare_digest(str(data["token"]).encode(), self.token.encode())
        if data["version"] != __version__:
            refusal = f"this worker is of version {data['version']}, and its master of {__version__}"
        elif not is_ours and sum(not one.is_ours for one in self.members.values()) == expected:
            refusal = f"the load expects {expected} other workers, and has them"
        else:
            self.members[name] = Member(data["host"], data["pid"], is_ours, time.monotonic())
            return
        self.say(Word.REFUSED, refusal, name)
        self.runner.clients.pop(name, None)

    def look_after(self) -> None:
        """See who is lost: then the load ends, since without a share it is not what was to be measured."""
        self._discount_own_pause()
        ended = {one.pid: one.returncode for one in self.processes if one.poll() is not None}
        for member in self.members.values():
            if member.is_over or member.lost:
                continue
            if member.is_ours and member.pid in ended and self.said.empty():
                member.lost = f"its process ended with code {ended[member.pid]}"
            elif time.monotonic() - member.heard > SILENCE:
                member.lost = f"it was silent for {SILENCE:g} s"
        if self.lost:
            self._finish()

    def _discount_own_pause(self) -> None:
        """While we were busy ourselves, nobody could be heard."""
        now = time.monotonic()
        pause = now - self._looked - GLANCE
        self._looked = now
        if pause > 0:
            for member in self.members.values():
                member.heard += pause

    def give_up_those_left(self) -> None:
        """Nobody is waited for any more."""
        for member in self.members.values():
            if not member.is_over and not member.lost:
                member.lost = "it did not end"

    @property
    def is_over(self) -> bool:
        """Whether everybody has told everything, or is lost."""
        return all(one.is_over or one.lost for one in self.members.values())

    @property
    def lost(self) -> str:
        """Who takes no part any more; empty while all do."""
        found = next((one for one in self.members.values() if one.lost), None)
        if found is None:
            return ""
        last = self.shares.last.get(found.number)
        since = f"after {last['at']:.0f} s" if last else "before it told anything"
        return f"{self._named(found)} was lost {since} ({found.lost}), so this load is no result"

    def _named(self, member: Member) -> str:
        return f"worker {member.number + 1} of {self.plan.crew.workers} ({member.host}, process {member.pid})"
