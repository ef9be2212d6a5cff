"""How a load is shared: who does which part of it, what master and workers say to each other, and sums.

Locust carries the messages (MessagePack over ZeroMQ: no authentication, no encryption).  What stands in them
is built of JSON's types alone.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from harness.load.plan import Plan
from harness.load.supply import POPULATION, WORKER
from harness.target import Target

MOST_WORKERS = POPULATION // WORKER
"""Each numbers the studies that it stores in a range of its own, below those of the population."""
SILENCE = 15.0
"""Seconds without a sign of life after which master and worker give each other up."""


class Word(enum.StrEnum):
    """What a message is about."""

    JOIN = "load join"
    """A worker is there: its version, host and process, and what shows that the master started it."""
    REFUSED = "load refused"
    """The master has no place for it: in words."""
    PLAN = "load plan"
    """The plan, and the number of the worker."""
    READY = "load ready"
    """The worker has made everything that the load needs."""
    CANNOT = "load cannot"
    """It could not: in words."""
    BEGIN = "load begin"
    """The clock starts."""
    TOLD = "load told"
    """A document of `harness.load.share.Load.told`."""
    COMMITTED = "load committed"
    """The result of a worker's storage commitment has come to the master."""
    FINISH = "load finish"
    """Nothing new is to be begun."""


class Ended(enum.IntEnum):
    """What the process of a worker ends with."""

    DONE = 0
    """The load is over, and the next one may be shared too."""
    REFUSED = 2
    NO_MASTER = 4
    """None came."""
    MASTER_GONE = 5
    """There was one, and it has gone; another may come."""
    LEFT = 130
    """It was stopped before the end."""


def clients_of(clients: int, workers: int, worker: int) -> int:
    """How many of the clients a worker has: one more than others where they don't divide evenly."""
    return len(range(worker, clients, workers))


def is_own(number: int, clients: int, workers: int, worker: int) -> bool:
    """Whether an arrival, counted from 0, is a worker's: clients take turns, so each has an equal share."""
    return number % clients % workers == worker


def transaction_uid(root: str, worker: int, first: int, number: int) -> str:
    """The Transaction UID of a worker's storage commitment."""
    return f"{root}.9{worker:03d}{first:06d}{number:06d}"


def worker_of(uid: str, root: str) -> int | None:
    """Whose Transaction UID this is; None where it is nobody's.  A product may send any."""
    found = re.fullmatch(re.escape(root) + r"\.9(\d{3})\d{12,}", uid, re.ASCII)
    return int(found[1]) if found else None


def to_workers(plan: Plan) -> dict[str, Any]:
    """The plan in JSON's types, with no more of the target than is needed to reach it."""
    target = Target(plan.target.dimse, plan.target.name)
    document: dict[str, Any] = msgspec.to_builtins(replace(plan, target=target, web=None))
    return document


def from_master(document: Any) -> Plan:
    """What `to_workers` made of it.  Raises msgspec.ValidationError where it is none of that."""
    return msgspec.convert(document, Plan)


@dataclass
class Shares:
    """What the workers of a load have told so far, put together."""

    last: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By worker, how far it is."""
    _fresh: list[dict[str, Any]] = field(default_factory=list)

    def take(self, document: dict[str, Any]) -> None:
        """A document of a worker."""
        self._fresh.append(document)
        self.last[document["worker"]] = {name: document[name] for name in ("at", *_COUNTS)}

    def document(self) -> dict[str, Any]:
        """How far the load is, and the documents that have come since the last time."""
        fresh, self._fresh = self._fresh, []
        counts = {name: sum(one[name] for one in self.last.values()) for name in _COUNTS}
        return {"at": max((one["at"] for one in self.last.values()), default=0.0), **counts, "shares": fresh}


_COUNTS = ("begun", "ended", "busy", "waiting")
