"""Whether a kind of case makes a product's memory grow for ever: one of it, put many times by itself.

A cache fills, a collector of garbage takes what it may, and both grow for long without being at fault.  So it
is a leak only where one case, put again and again, leaves as much behind each time, and the ordinary work
that follows each case leaves next to nothing by itself.  What is stored may be held in memory, in whatever
form: of objects that were taken growth is told, and never called a leak.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from harness.findings import Area, Symptom, Weight
from harness.fuzz.arena import Case, Found, Known
from harness.fuzz.memory import EXPLAINED, PER_CASE, TOTAL, Growth, Memory, growth
from harness.fuzz.objects.watching import STORED, STORED_WITH_WARNING
from harness.fuzz.putting import Putter
from harness.fuzz.trouble import Trouble

CLAUSE = "CWE-401"
EXPECTED = "memory that a case took is given back, or used again"
PROBES = 16
"""Times that one case of each outcome is put, to see which of them it is."""
FEWEST, MOST = 64, 2000
"""Times that it is put then."""
PARTS = 4
"""In which the repetitions are looked at: each has to grow."""
ORDINARY = 0.25
"""Of what a case leaves behind, how much ordinary work may at most."""
SETTLES = 3.0
"""Seconds in which memory may come back once nobody is connected."""
_POLL = 0.1
_STORED = (STORED, STORED_WITH_WARNING)
_ENDING = (Symptom.DIED, Symptom.HUNG, Symptom.SILENT)


@dataclass(frozen=True, slots=True)
class Repeated:
    """What `times` of one case left behind, and so many times of ordinary work; bytes."""

    times: int
    left: int
    ordinary: int

    @property
    def words(self) -> str:
        left, each, ordinary = map(_amount, (self.left, self.left / self.times, max(self.ordinary, 0)))
        return (
            f"one case of it, put {self.times:,} times by itself: {left}, {each} each time; "
            f"as much ordinary work: {ordinary}"
        )


class Leaks(Generic[Case]):
    """Judges one area's memory when its cases have been put."""

    def __init__(
        self, putter: Putter[Case], memory: Memory, area: Area, disconnect: Callable[[], None], seconds: float
    ) -> None:
        """`disconnect` ends all associations that are kept; `seconds` are for repetitions."""
        self._putter = putter
        self._memory = memory
        self._area = area
        self._disconnect = disconnect
        self._seconds = seconds

    def judged(self) -> Iterator[Found[Case]]:
        """What is wrong with the memory after the cases of an area.  Raises ProductLost."""
        found = self._judged()
        if found is not None:
            yield found
        if self._putter.lost is not None:
            raise self._putter.lost

    def shown_again(self, cases: Sequence[Case]) -> Iterator[Found[Case]]:
        """Whether the case of an earlier campaign, which is there as often as it was put, does so here.

        Raises ProductLost.
        """
        case = cases[-1]
        repeated = self._repeated(case, len(cases), time.monotonic() + self._seconds)
        if repeated is not None:
            yield _found(
                case, Trouble(Symptom.GREW, CLAUSE, EXPECTED, "memory grew", str(self._area)), repeated
            )
        if self._putter.lost is not None:
            raise self._putter.lost

    def _judged(self) -> Found[Case] | None:
        grown = growth(self._memory.looks)
        if grown is None or not self._putter.examples or not self._stays(grown):
            return None
        until = time.monotonic() + self._seconds
        likeliest = self._likeliest(until)
        times = round(2 * TOTAL / grown.per_case)
        repeated = None if likeliest is None else self._repeated(likeliest, times, until)
        case = likeliest or next(iter(self._putter.examples.values()))
        observed = (
            f"memory grew by {_amount(grown.total)} over {grown.cases:,} cases of {self._area}, "
            f"{_amount(grown.per_case)} a case, and did not come back"
        )
        trouble = Trouble(Symptom.GREW, CLAUSE, EXPECTED, observed, str(self._area), Weight.OBSERVATION)
        return _found(case, trouble, repeated)

    def _repeated(self, case: Case, times: int, until: float) -> Repeated | None:
        """The case again and again; None where memory does not grow with it, or with ordinary work too."""
        times = min(MOST, max(FEWEST, times))
        part = math.ceil(times / PARTS)
        self._put(case, PROBES, until)  # what is set aside once is no leak
        before = self._now()
        steps: list[int] = []
        for _ in range(PARTS):
            if not self._put(case, part, until):
                return None
            steps.append(self._now() - before - sum(steps))
        times, left = part * PARTS, sum(steps)
        beyond = left - EXPLAINED * case.size * times
        if min(steps) < left / PARTS / 2 or beyond < max(TOTAL / 2, PER_CASE * times):
            return None
        before = self._now()
        for _ in range(times):
            if self._putter.care.looked_at():
                return None
        repeated = Repeated(times, left, self._now() - before)
        return repeated if repeated.ordinary <= ORDINARY * left else None

    def _likeliest(self, until: float) -> Case | None:
        """Of the latest case of each outcome the one that leaves most behind; None where all were stored."""
        examples = {name: one for name, one in self._putter.examples.items() if name not in _STORED}
        left: dict[str, int] = {}
        for outcome, case in examples.items():
            before = self._now()
            self._put(case, PROBES, until)
            left[outcome] = self._now() - before
        return examples[max(left, key=left.__getitem__)] if left else None

    def _put(self, case: Case, times: int, until: float) -> bool:
        """Whether it could be put so often, was answered, and nothing died of it."""
        for _ in range(times):
            if time.monotonic() >= until or self._putter.lost is not None:
                return False
            shown = self._putter.again(case)
            if any(isinstance(one, Trouble) and one.symptom in _ENDING for one in shown):
                return False
        return True

    def _now(self) -> int:
        return sum(self._memory.resident().values())

    def _stays(self, grown: Growth) -> bool:
        """Whether it is still there once nobody is connected."""
        self._disconnect()
        pause = threading.Event()
        end, high = time.monotonic() + SETTLES, self._now()
        while time.monotonic() < end:
            if self._now() < high - grown.total / 2:
                return False
            pause.wait(_POLL)
        return True


def _found(case: Case, trouble: Trouble, repeated: Repeated | None) -> Found[Case]:
    """The finding; a failure where one case alone shows it."""
    before: tuple[Case, ...] = ()
    if repeated is not None:
        observed = f"{trouble.observed}; {repeated.words}"
        trouble = replace(trouble, observed=observed, weight=Weight.FAILURE)
        before = (case,) * (repeated.times - 1)
    now, known = time.monotonic(), Known(trouble, case.marks)
    return Found(case, trouble, case.size, now, "", known, before=before)


def _amount(size: float) -> str:
    """Bytes for people: MB of a whole, KiB of what one case takes."""
    return f"{size / 1e6:,.0f} MB" if size >= 10e6 else f"{size / 1024:,.0f} KiB"
