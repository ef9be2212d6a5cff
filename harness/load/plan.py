"""What the load engine's process is told, and what it tells: a pickled `Plan`; then JSON, a line a second.

A document says what ended since the last one, by second and operation, and what was acknowledged.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from harness.load.workload import Workload
from harness.target import Target


class Role(enum.StrEnum):
    """What a process of the engine does."""

    ALONE = "alone"
    MASTER = "master"
    """Distributes, and hears what the workers measure."""
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Listener:
    """Where moved objects and results of commitment come in: a destination that the product knows."""

    ae_title: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One load."""

    target: Target
    workload: Workload
    root: str
    quickack: bool
    listener: Listener | None = None
    first: int = 0
    """So many studies were stored under this root before, by each worker."""
    role: Role = Role.ALONE
    workers: int = 1
    master: tuple[str, int] = ("127.0.0.1", 0)
    web: tuple[str, int] | None = None
    """Where Locust's own page is to be served."""
