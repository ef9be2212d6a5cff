"""The load engine: Locust's runner and users around `harness.load.client`.  A process of its own.

``python -m harness.load.engine`` reads a pickled `Plan`, runs it, and writes a line of JSON for each second.
SIGTERM ends the load early, in good order.
"""

from __future__ import annotations

# Locust first: it patches the process, sockets included, before anything else has taken hold of them.
import locust  # noqa: F401  # isort: skip
import contextlib
import json
import pickle
import signal
import sys
from collections.abc import Callable
from typing import Any

import gevent
from locust.env import Environment

from harness.load.master import run_shared
from harness.load.page import served
from harness.load.plan import Plan
from harness.load.share import TICK, CannotBegin, Load, await_those_under_way, listening, user_class

Emit = Callable[[dict[str, Any]], None]


def run_alone(plan: Plan, emit: Emit) -> None:
    """The whole load in this process."""
    with contextlib.ExitStack() as stack:
        sink = listening(plan.listener) if plan.listener else None
        if sink is not None:
            stack.callback(sink.stop)
        load = Load(plan, sink)
        environment = Environment(
            user_classes=[user_class(load)], stop_timeout=load.peer.deadline, host=str(load.peer.address)
        )
        if plan.web is not None:
            load.environment = environment
        runner = environment.create_local_runner()
        stopped = False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            load.finish()

        stack.enter_context(served(environment, plan.web, stop))
        signal.signal(signal.SIGTERM, lambda *_: gevent.spawn(stop))
        load.start()
        clients = plan.workload.arrival.clients
        runner.start(clients, spawn_rate=clients)
        while not load.over.wait(TICK):
            emit(load.told())
        await_those_under_way(load, lambda: not runner.user_count)
        runner.quit()
        emit({**load.told(all_=True), "over": True, "stopped": stopped})


def main() -> None:
    """See the module."""
    plan: Plan = pickle.loads(sys.stdin.buffer.read())  # nosec B301 # from who started this process
    documents, sys.stdout = sys.stdout, sys.stderr  # Locust prints, now and then

    def emit(document: dict[str, Any]) -> None:
        documents.write(json.dumps(document) + "\n")
        documents.flush()

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this
    try:
        if plan.crew.is_alone:
            run_alone(plan, emit)
        else:
            run_shared(plan, emit)
    except CannotBegin as reason:
        emit({"failed": str(reason)})


if __name__ == "__main__":
    main()
