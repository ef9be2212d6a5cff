"""The master of a shared load: it starts the workers' clocks together, and passes on what they measure.

It asks nothing itself.  The destination that the product knows listens here, whoever asked.
"""

from __future__ import annotations

# Locust first: it patches the process, sockets included, before anything else has taken hold of them.
import locust  # isort: skip
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent import socket
from locust.env import Environment
from locust.exception import RPCError
from locust.runners import MasterRunner

from harness.load.distribution import SILENCE, Word, worker_of
from harness.load.gathering import Gathering, Given
from harness.load.page import served
from harness.load.plan import Crew, Plan
from harness.load.share import TICK, CannotBegin, listening, reason

PARTING = 5.0
"""Seconds for a worker's process to end when the load is over; then it is killed."""


class Peer(locust.User):
    """The users of `harness.load.share.user_class` by name, which is all that is sent to workers."""

    @locust.task
    def ask(self) -> None:
        """Done by workers."""


def run_shared(plan: Plan, emit: Callable[[dict[str, Any]], None]) -> None:
    """The load of all workers, as one.  Raises CannotBegin."""
    runner = _runner(plan)
    with contextlib.ExitStack() as stack:
        stack.callback(runner.server.close, linger=0)
        # Before any worker is there: what it said would be lost.
        gathering = Gathering(plan, runner)
        signal.signal(signal.SIGTERM, lambda *_: gevent.spawn(gathering.stop))
        gathering.processes += stack.enter_context(_workers(plan.crew, runner.server.port, gathering.token))
        stack.callback(runner.quit)
        if plan.listener is not None:
            stack.callback(listening(plan.listener, _forwarding(gathering)).stop)
        stack.enter_context(served(runner.environment, plan.web, gathering.stop))
        gathering.assemble()
        if not gathering.stopped:
            _run(gathering, emit)
        over = {"over": True, "stopped": gathering.stopped, "broken": gathering.lost}
        emit({**gathering.shares.document(), **over})


def _run(gathering: Gathering, emit: Callable[[dict[str, Any]], None]) -> None:
    plan, clients = gathering.plan, gathering.plan.workload.arrival.clients
    # This returns when the clients are there.  They wait for the clock, which starts everywhere at once.
    gathering.runner.start(clients, spawn_rate=clients)
    gathering.say(Word.BEGIN)
    tick = time.monotonic() + TICK
    ends: float | None = None
    while not gathering.is_over:
        gathering.listen()
        gathering.look_after()
        now = time.monotonic()
        if now >= tick:
            emit(gathering.shares.document())
            tick += TICK
        if ends is None and gathering.is_ending:
            # Those under way may take as long as a wait of theirs, and as long again until they are cut.
            ends = now + 2 * plan.target.dimse.deadline + SILENCE
        if ends is not None and now > ends:
            gathering.give_up_those_left()


def _forwarding(gathering: Gathering) -> Callable[[str], None]:
    """Results of storage commitment come here, and go to who waits for them."""

    def forward(uid: str) -> None:
        number = worker_of(uid, gathering.plan.root)
        for name, member in gathering.members.items():
            if member.number == number:
                gathering.say(Word.COMMITTED, uid, name)

    return forward


def _runner(plan: Plan) -> MasterRunner:
    host, port = plan.crew.bind
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if port:
            # Locust would end the process with a line of its own.
            socket.create_server((host, port), family=family).close()
        environment = Environment(
            user_classes=[Peer],
            stop_timeout=plan.target.dimse.deadline,
            dispatcher_class=Given,
            host=f"{plan.target.dimse.host}:{plan.target.dimse.port}",
        )
        return environment.create_master_runner(host, port)
    except (OSError, RPCError) as error:
        raise CannotBegin(f"workers cannot be listened for at {host}:{port}: {reason(error)}") from None


@contextlib.contextmanager
def _workers(crew: Crew, port: int, token: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Workers of our own.  They end when their input does, whatever becomes of us."""
    wild = {"0.0.0.0": "127.0.0.1", "::": "::1", "*": "127.0.0.1"}  # nosec B104 # not to be bound here
    host = wild.get(crew.bind[0], crew.bind[0])
    command = [sys.executable, "-m", "harness.load.worker", host, str(port), str(crew.join_within)]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(crew.processes):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            processes.append(process)
            assert process.stdin is not None
            process.stdin.write(f"{token}\n".encode())
            process.stdin.flush()
        yield processes
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        ends = time.monotonic() + PARTING
        for process in processes:
            try:
                process.wait(max(ends - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
