"""What the load engine's process is told, and what it tells: a pickled `Plan`; then JSON, a line a second.

A document says how far the load is, what ended since the last one, by second and operation, and what was
acknowledged.  That of a shared load has the documents of its workers under ``shares``, as they came.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.load.workload import Workload
from harness.target import Target


@dataclass(frozen=True, slots=True)
class Listener:
    """Where moved objects and results of commitment come in: a destination that the product knows."""

    ae_title: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Crew:
    """Who shares a load."""

    processes: int = 1
    """Workers that the engine starts on this machine."""
    expected: int = 0
    """Workers that come by themselves, from this machine or others."""
    bind: tuple[str, int] = ("127.0.0.1", 0)
    """Where they come to; port 0 takes a free one."""
    join_within: float = 60.0
    """Seconds after which those who have not come are given up."""

    @property
    def workers(self) -> int:
        """How many there are together."""
        return self.processes + self.expected

    @property
    def is_alone(self) -> bool:
        """Whether the engine's own process does everything."""
        return self.workers == 1 and not self.expected


ALONE = Crew()


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
    crew: Crew = ALONE
    web: tuple[str, int] | None = None
    """Where Locust's own page is to be served."""
