"""The resident memory of a product on this machine while cases are put to it, and whether it only ever grows.

Who is watched is settled when the product begins: the processes that listen, and the children that they have
before anybody calls.  What is forked for an association ends with it, and what it held is given back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median

import psutil

from harness.findings import MemorySeen
from harness.target import Target
from harness.watching import servers_at

PER_CASE = 16 * 1024
"""Bytes that a case has to leave behind to be told of."""
TOTAL = 32 * 2**20
"""Bytes that the second half of an area has to leave behind."""
EXPLAINED = 2
"""Times the bytes of the cases themselves that an archive may hold of them: it stores, and caches."""
FEWEST = 12
"""Looks in the second half, below which nothing is concluded."""
RISING = 0.8
"""Of all pairs of looks, how many the later of has to be higher."""
INTERVAL = 0.25
"""Seconds between two looks; they become longer where a campaign goes on."""
MOST_LOOKS = 256
"""Looks that are kept; beyond, every second one is let go."""
SHOWN = 60
"""Looks that a report draws."""


@dataclass(frozen=True, slots=True)
class Look:
    """`cases` and their `sent` bytes so far, and the resident bytes of each process."""

    cases: int
    sent: int
    resident: dict[int, int]


@dataclass(frozen=True, slots=True)
class Growth:
    """How the memory grew over the second half of an area: bytes altogether, and for each case."""

    cases: int
    total: int
    per_case: float


@dataclass
class Memory:
    """Looks at the processes of one product; at nobody's where it is elsewhere, or another user's."""

    target: Target
    looks: list[Look] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.begin(self.target)

    def begin(self, target: Target) -> None:
        """A product that has just begun, to which nobody is connected: who its processes are."""
        self.target = target
        self._watched: dict[int, psutil.Process] = {}
        for server in servers_at(target.dimse.port) if target.is_loopback() else ():
            with contextlib.suppress(psutil.Error):
                self._watched |= {one.pid: one for one in (server, *server.children(recursive=True))}
        self.forget()

    def forget(self) -> None:
        """Begin to count anew, with the same processes."""
        self.looks.clear()
        self._interval = INTERVAL
        self._next = 0.0

    @property
    def is_seen(self) -> bool:
        """Whether anybody is looked at."""
        return bool(self._watched)

    def resident(self) -> dict[int, int]:
        """The bytes of each process that lives."""
        found = {}
        for pid, process in self._watched.items():
            with contextlib.suppress(psutil.Error):
                found[pid] = process.memory_info().rss
        return found

    def look(self, cases: int, sent: int) -> None:
        """After a case: a look, where it is time for one."""
        now = self.clock()
        if now < self._next or not self.is_seen:
            return
        self._next = now + self._interval
        self.looks.append(Look(cases, sent, self.resident()))
        if len(self.looks) > MOST_LOOKS:
            del self.looks[1::2]
            self._interval *= 2

    def seen(self) -> MemorySeen | None:
        """For the report; None where nobody is watched, or hardly was."""
        series = in_common(self.looks)
        if len(series) < 2:
            return None
        step = -(-len(series) // SHOWN)
        shown = [*series[::step], series[-1]]
        return MemorySeen(
            series[0][2],
            max(resident for _, _, resident in series),
            series[-1][2],
            tuple((cases, resident) for cases, _, resident in shown),
        )


def in_common(looks: Sequence[Look]) -> list[tuple[int, int, int]]:
    """Cases, bytes sent and resident bytes at each look, of the processes that were there at all of them."""
    if not looks:
        return []
    pids = frozenset.intersection(*(frozenset(one.resident) for one in looks))
    return [(one.cases, one.sent, sum(one.resident[pid] for pid in pids)) for one in looks] if pids else []


def growth(looks: Sequence[Look]) -> Growth | None:
    """A growth that goes on, over the second half of the cases; None for what settles, or goes both ways.

    The slope is the median of those of all pairs of looks (Theil, 1950; Sen, 1968), so that no single step
    makes it.  It has to be that of most pairs, to be in the last quarter at least half of what it was in the
    second, and to be that much more than the bytes of the cases explain.
    """
    series = in_common(looks)
    if not series:
        return None
    quarter = (series[-1][0] - series[0][0]) / 4
    half = [one for one in series if one[0] >= series[0][0] + 2 * quarter]
    if len(half) < FEWEST:
        return None
    slope, rising = _slope(half)
    second, _ = _slope([one for one in series if quarter <= one[0] - series[0][0] < 2 * quarter])
    last, _ = _slope([one for one in half if one[0] >= series[0][0] + 3 * quarter])
    cases = half[-1][0] - half[0][0]
    beyond = slope * cases - EXPLAINED * (half[-1][1] - half[0][1])
    if beyond < max(TOTAL, PER_CASE * cases) or rising < RISING or last < max(slope, second) / 2:
        return None
    return Growth(cases, round(slope * cases), slope)


def _slope(series: Sequence[tuple[int, int, int]]) -> tuple[float, float]:
    """Bytes a case by the median of pairs, and the share of pairs that rise."""
    some = series[:: -(-len(series) // SHOWN)]
    slopes = [
        (later[2] - earlier[2]) / (later[0] - earlier[0])
        for earlier, later in combinations(some, 2)
        if later[0] > earlier[0]
    ]
    return (median(slopes), sum(one > 0 for one in slopes) / len(slopes)) if slopes else (0.0, 0.0)
