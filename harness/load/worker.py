"""A worker of a shared load: ``python -m harness.load.worker HOST PORT SECONDS`` joins the master there.

The seconds are for how long it looks for a master.  The first line of its standard input shows the master
that it started this worker, and is empty for others.  The worker takes part in one load; its exit code is of
`Ended`.  SIGTERM makes it leave in good order, and the end of its standard input at once.
"""

from __future__ import annotations

# Locust first: it patches the process, sockets included, before anything else has taken hold of them.
import locust  # noqa: F401  # isort: skip
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
import msgspec
from gevent import socket
from locust.env import Environment

from harness import __version__
from harness.load.distribution import SILENCE, Ended, Word, from_master
from harness.load.share import TICK, Load, user_class
from harness.load.sink import Results
from harness.target import TargetError


class Parted(Exception):
    """The worker takes no part any more: one line that says why."""

    def __init__(self, words: str, ended: Ended) -> None:
        super().__init__(words)
        self.ended = ended


class Worker:
    """One worker, and its master."""

    def __init__(self, master: tuple[str, int], look_for: float, token: str) -> None:
        """Raises Parted where no master answers within so many seconds."""
        self.name = f"{master[0]}:{master[1]}"
        self.token = token
        self.environment = Environment(user_classes=[])
        self.load: Load | None = None
        self.left = False
        self._has_told_all = False
        self._main = gevent.getcurrent()
        self._planned = gevent.event.Event()
        self._plan: Any = None
        self._begun = gevent.event.Event()
        self._results: Results | None = None
        self._silent = 0.0
        """Seconds since the master's last sign of life."""
        gevent.spawn(self._watch_input)
        with gevent.Timeout(
            look_for, Parted(f"no master at {self.name} within {look_for:g} s", Ended.NO_MASTER)
        ):
            self.runner = self.environment.create_worker_runner(*master)
        self._hear()
        gevent.spawn(self._watch_master)
        gevent.spawn(self._watch_runner)

    def _hear(self) -> None:
        """Who speaks here is the master: it alone is connected to."""
        heard: dict[Word, Callable[[Any], None]] = {
            Word.REFUSED: lambda data: self._part(data, Ended.REFUSED),
            Word.PLAN: self._take_plan,
            Word.BEGIN: lambda data: self._begun.set(),
            Word.FINISH: lambda data: self._finish(),
            Word.COMMITTED: self._take_result,
        }
        for word, do in heard.items():
            self.runner.register_message(word, lambda environment, msg, do=do: do(msg.data))
        self.environment.events.heartbeat_received.add_listener(self._heartbeat)  # type: ignore[no-untyped-call]

    def _take_plan(self, data: Any) -> None:
        self._plan = data
        self._planned.set()

    def _take_result(self, uid: str) -> None:
        if self._results is not None:
            self._results.came(uid)

    def _heartbeat(self, client_id: str, timestamp: float) -> None:
        self._silent = 0.0

    def _part(self, words: str, ended: Ended) -> None:
        gevent.kill(self._main, Parted(words, ended))

    def _watch_master(self) -> None:
        while True:
            gevent.sleep(TICK)
            # Counted and not measured: while we were busy ourselves, nobody could be heard.
            self._silent += TICK
            if self._silent > SILENCE:
                self._part(f"the master at {self.name} was silent for {SILENCE:g} s", Ended.MASTER_GONE)

    def _watch_runner(self) -> None:
        # The master says goodbye when it has heard of everybody, or when the load cannot begin.
        self.runner.greenlet.join()
        if not self._has_told_all:
            self._part(f"the master at {self.name} ended the load", Ended.DONE)

    def _watch_input(self) -> None:
        while True:
            socket.wait_read(sys.stdin.fileno())
            if not os.read(sys.stdin.fileno(), 4096):
                self._part("who started this worker has gone", Ended.LEFT)

    def _finish(self) -> None:
        if self.load is not None:
            self.load.finish()
            self._begun.set()

    def leave(self) -> None:
        """End before the load does: the master hears of it."""
        self.left = True
        if self.load is None:
            self._part("stopped", Ended.LEFT)
        self._finish()

    def take_part(self) -> Ended:
        """In one load, to its end.  Raises Parted."""
        host, pid = socket.gethostname(), os.getpid()
        self.runner.send_message(
            Word.JOIN, {"version": __version__, "host": host, "pid": pid, "token": self.token}
        )
        self._planned.wait()
        try:
            plan, number = from_master(self._plan["plan"]), int(self._plan["worker"])
            self._results = Results(plan.listener.ae_title) if plan.listener else None
            load = Load(plan, self._results, number)
        except (TargetError, OSError, msgspec.ValidationError) as error:
            self.runner.send_message(Word.CANNOT, {"words": str(error)})
            raise Parted(str(error), Ended.REFUSED) from None
        load.environment = self.environment
        self.environment.user_classes = [user_class(load)]
        self.load = load
        self.runner.send_message(Word.READY)
        print(
            f"worker {number + 1} of {plan.crew.workers} for {self.name}: {plan.workload.about}", flush=True
        )
        self._begun.wait()
        load.start()
        self._tell_until_over(load)
        self._has_told_all = True
        self.runner.greenlet.join()
        return Ended.LEFT if self.left else Ended.DONE

    def _tell_until_over(self, load: Load) -> None:
        while not load.over.wait(TICK):
            self.runner.send_message(Word.TOLD, load.told())
        ends = load.clock() + load.peer.deadline
        while self.runner.user_count and load.clock() < ends:
            self.runner.send_message(Word.TOLD, load.told())
            self.runner.user_greenlets.join(TICK)
        if self.runner.user_count:
            self.runner.stop()
        self.runner.send_message(Word.TOLD, {**load.told(all_=True), "over": True, "left": self.left})


def main() -> None:
    """See the module."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this
    host, port, look_for = sys.argv[1:]
    try:
        token = sys.stdin.readline().strip()
        worker = Worker((host, int(port)), float(look_for), token)
        signal.signal(signal.SIGTERM, lambda *_: gevent.spawn(worker.leave))
        ended = worker.take_part()
    except Parted as parted:
        print(f"pacs-harness: {parted}", file=sys.stderr)
        ended = parted.ended
    # Nobody waits for what ZeroMQ may still want to send.
    sys.stdout.flush()
    os._exit(ended)


if __name__ == "__main__":
    main()
