"""What a hunt is given, and what it hands on: an area and its cases, how long to look, what was found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from hypothesis.strategies import SearchStrategy

from harness.dimse.capture import Recorder
from harness.findings import Area
from harness.fuzz.cases import Pace
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.trouble import Trouble


class Sized(Protocol):
    """What every kind of case says of itself."""

    @property
    def size(self) -> int: ...

    @property
    def marks(self) -> frozenset[str]: ...


Case = TypeVar("Case", bound=Sized)
Shown = Trouble | Contrast
"""What a case can show."""


@dataclass(frozen=True, slots=True)
class Arena(Generic[Case]):
    """An area, and how its cases are handled."""

    area: Area
    cases: SearchStrategy[Case]
    put: Callable[[Case, Pace], tuple[tuple[Shown, ...], str]]
    """Puts a case to the product at this pace: what it shows, the worst first, and the outcome in a word.

    Raises Unreachable.
    """
    fresh: Callable[[Case, int], Case]
    """The n-th repetition of a case, with UIDs of its own so that the product takes it for a new one."""


@dataclass(frozen=True, slots=True)
class Care:
    """How a hunt looks after the product."""

    looked_at: Callable[[], tuple[Shown, ...]]
    """What is wrong with it after a case."""
    begin_anew: Callable[[], None]
    """Start it again where it is dead, or give it a new known object.  Raises ProductLost."""
    log: Callable[[], str] = lambda: ""
    """The end of its log."""
    record: Callable[[bool], tuple[Recorder, ...]] = lambda is_on: ()
    """Begin to record what is exchanged with it, or end that; what is recorded to."""
    restarted: Callable[[], bool] = lambda: False
    """Start it again although it lives, so that nothing is left of what was before; False where nobody can.
    Raises ProductLost."""


@dataclass
class Known:
    """What is known already, and how many drawn cases have shown it."""

    shown: Shown
    cause: frozenset[str]
    """What was unusual in the smallest case: whatever has all of it shows the same again."""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Found(Generic[Case]):
    """A case that shows something, as small as it became."""

    case: Case
    shown: Shown
    size_found: int
    at: float
    """By `time.monotonic`, when it was seen first."""
    log: str
    known: Known
    recorders: tuple[Recorder, ...] = ()
    """What recorded a repetition."""
    is_fleeting: bool = False
    """Whether a difference did not show again; a trouble that did not is told as one that is flaky."""
    before: tuple[Case, ...] = ()
    """What has to be put before it, in order; empty where the case alone shows it."""
    history: tuple[Case, ...] = ()
    """What was put before it when it was seen first, as far as it is remembered; the case included."""


@dataclass
class Tally:
    """What a hunt has done; seconds of the wall clock."""

    cases: int = 0
    shrinking: int = 0
    seconds: float = 0.0
    with_product: float = 0.0
    put: int = 0
    """Cases, those of shrinking and repetitions included."""
    sent: int = 0
    """Bytes of all of these."""
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass
class Budget:
    """How long to look, to make one finding smaller, and to put what was before findings again."""

    until: float
    """By `time.monotonic`."""
    most_cases: int | None = None
    shrink_seconds: float = 20.0
    """For a trouble; a difference has a tenth: there are many, and most tell their cause themselves."""
    sequence_seconds: float = 60.0
    """For all that shows after many cases alone."""

    def shrinking(self, shown: Shown) -> float:
        """Seconds to make a case of this smaller."""
        return self.shrink_seconds if isinstance(shown, Trouble) else self.shrink_seconds / 10

    def is_spent(self, cases: int) -> bool:
        return time.monotonic() >= self.until or (self.most_cases is not None and cases >= self.most_cases)


def same(one: Shown, shown: tuple[Shown, ...]) -> Shown | None:
    """What has the same signature among these."""
    return next((other for other in shown if other.signature == one.signature), None)
