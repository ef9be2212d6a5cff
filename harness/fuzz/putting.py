"""A case put to a product, the product looked at afterwards, and what was put to it before.

This is the one place where a hunt touches the product, whatever it does so for.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from hypothesis.strategies import SearchStrategy

from harness.dimse.capture import Recorder
from harness.dimse.errors import Unreachable
from harness.findings import Area, Symptom
from harness.fuzz.cases import Pace
from harness.fuzz.product import ProductLost
from harness.fuzz.trouble import Trouble

REMEMBERED = 64
"""Cases before a finding that are remembered: what a product dies of may have begun with them."""


class Sized(Protocol):
    """What every kind of case says of itself."""

    @property
    def size(self) -> int: ...

    @property
    def marks(self) -> frozenset[str]: ...


Case = TypeVar("Case", bound=Sized)


@dataclass(frozen=True, slots=True)
class Arena(Generic[Case]):
    """An area, and how its cases are handled."""

    area: Area
    cases: SearchStrategy[Case]
    put: Callable[[Case, Pace], tuple[Trouble | None, str]]
    """Puts a case to the product at this pace: what is wrong, and the outcome in a word.  Unreachable."""
    fresh: Callable[[Case, int], Case]
    """The n-th repetition of a case, with UIDs of its own so that the product takes it for a new one."""


@dataclass(frozen=True, slots=True)
class Care:
    """How a hunt looks after the product."""

    looked_at: Callable[[], Trouble | None]
    """What is wrong with it after a case."""
    begin_anew: Callable[[], None]
    """Start it again where it is dead, or give it a new known object.  Raises ProductLost."""
    log: Callable[[], str] = lambda: ""
    """The end of its log."""
    record: Callable[[bool], Recorder | None] = lambda is_on: None
    """Begin to record what is exchanged with it, or end that; what is recorded to."""
    restarted: Callable[[], bool] = lambda: False
    """Start it again although it lives, so that nothing is left of what was before; False where nobody can.
    Raises ProductLost."""


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


class Putter(Generic[Case]):
    """Puts cases of one area, one after the other."""

    def __init__(self, arena: Arena[Case], care: Care, tally: Tally) -> None:
        self.arena = arena
        self.care = care
        self.tally = tally
        self.outcome = ""
        """Of the last case, in a word."""
        self.lost: ProductLost | None = None
        """Why there is no product any more."""
        self.before: deque[Case] = deque(maxlen=REMEMBERED)
        """What was put last, since the product was begun; the last case included."""
        self.examples: dict[str, Case] = {}
        """The latest case of each outcome."""
        self._log = ""
        self._has_begun = False
        self._repetitions = 0

    def put(self, case: Case, pace: Pace = Pace.ORDINARY) -> Trouble | None:
        """What is wrong with the answers, or with the product afterwards.

        One that is dead or harmed is begun anew; where nobody can do that, `lost` says so.
        """
        began = time.monotonic()
        if self._has_begun:  # what was put to one that has ended since is no cause of anything
            self.before.clear()
            self._has_begun = False
        self.before.append(case)
        self.tally.put += 1
        self.tally.sent += case.size
        try:
            try:
                trouble, self.outcome = self.arena.put(case, pace)
            except Unreachable as error:
                trouble, self.outcome = _vanished(error), "no connection"
            self.examples[self.outcome] = case
            # What became of the product weighs more than what was answered.
            trouble = self.care.looked_at() or trouble
        finally:
            self.tally.with_product += time.monotonic() - began
        if trouble is not None and trouble.symptom in (Symptom.DIED, Symptom.HUNG, Symptom.HARMED):
            self._log = self.care.log() if trouble.symptom is Symptom.DIED else ""
            self._has_begun = trouble.symptom is not Symptom.HARMED
            try:
                self.care.begin_anew()
            except ProductLost as lost:
                self.lost = lost
        return trouble

    def again(self, case: Case, pace: Pace = Pace.ORDINARY) -> Trouble | None:
        """The same bytes, but for UIDs that no repetition has had before."""
        self._repetitions += 1
        return self.put(self.arena.fresh(case, -self._repetitions), pace)

    def history(self) -> tuple[Case, ...]:
        """What was put last, in order; it is not remembered any longer."""
        cases = tuple(self.before)
        self.before.clear()
        return cases

    def restart(self) -> bool:
        """Start the product again, so that nothing is left of what was before; False where nobody can."""
        self.before.clear()
        try:
            return self.care.restarted()
        except ProductLost as lost:
            self.lost = lost
            return False

    def last_words(self) -> str:
        """The end of its log when it died last; once."""
        log, self._log = self._log, ""
        return log


def _vanished(error: Unreachable) -> Trouble:
    return Trouble(
        Symptom.DIED, "PS3.8 9.1.2", "a connection, as before", str(error), "for a moment: it answers again"
    )
