"""Looking for what a product goes wrong over: cases drawn by Hypothesis, put to it, and shrunk.

Drawing is apart from sending: a case is bytes before anything is sent, and a finding is its bytes, never
the seed.  The same seed draws the same cases for as long as nothing is found.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import Flaky, HypothesisWarning, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from harness.dimse.capture import Recorder
from harness.dimse.errors import Unreachable
from harness.findings import Area, Symptom
from harness.fuzz.cases import Pace
from harness.fuzz.drawing import draw_alone
from harness.fuzz.product import ProductLost
from harness.fuzz.trouble import Trouble


class Sized(Protocol):
    """What every kind of case says of itself."""

    @property
    def size(self) -> int: ...

    @property
    def marks(self) -> frozenset[str]: ...


Case = TypeVar("Case", bound=Sized)
ROUND = 500
"""Cases of one call of Hypothesis, whose memory of what it has drawn grows with them."""
CONFIRMATIONS = 2
"""Times that the smallest case is put to the product again."""


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


@dataclass(frozen=True, slots=True)
class Found(Generic[Case]):
    """A case that shows a trouble, as small as it became."""

    case: Case
    trouble: Trouble
    size_found: int
    at: float
    """By `time.monotonic`, when it was seen first."""
    log: str
    recorder: Recorder | None = None
    """What recorded a repetition."""


@dataclass
class Tally:
    """What a hunt has done; seconds of the wall clock."""

    cases: int = 0
    shrinking: int = 0
    seconds: float = 0.0
    with_product: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)


class _Shown(Exception):
    """To Hypothesis: this example fails."""


class _Enough(BaseException):
    """The budget is spent.  Hypothesis takes an Exception for a failing example."""


@dataclass
class Budget:
    """How long to look, and how long to make one finding smaller."""

    until: float
    """By `time.monotonic`."""
    most_cases: int | None = None
    shrink_seconds: float = 20.0

    def is_spent(self, cases: int) -> bool:
        return time.monotonic() >= self.until or (self.most_cases is not None and cases >= self.most_cases)


class Hunt(Generic[Case]):
    """One area of a campaign."""

    def __init__(
        self,
        arena: Arena[Case],
        care: Care,
        budget: Budget,
        campaign_seed: int,
        database: Path,
        on_case: Callable[[Tally], None] = lambda tally: None,
    ) -> None:
        self._arena = arena
        self._care = care
        self._budget = budget
        self._seed = campaign_seed
        self._database = DirectoryBasedExampleDatabase(database)
        self._on_case = on_case
        self.tally = Tally()
        self._known: list[tuple[Trouble, frozenset[str]]] = []
        self._hunted: Found[Case] | None = None
        self._shrink_until = 0.0
        self._lost: ProductLost | None = None
        self._log = ""

    def run(self) -> Iterator[Found[Case]]:
        """What is found, one after the other, until the budget is spent.  Raises ProductLost."""
        number = 0
        while not self._budget.is_spent(self.tally.cases):
            began = time.monotonic()
            self._hunted = None
            try:
                self._round(number)
            except (_Shown, Flaky, _Enough, Unsatisfiable):
                pass  # what came of it is in self
            finally:
                self.tally.seconds += time.monotonic() - began
            if self._hunted is not None:
                yield self._confirmed(self._hunted)
            if self._lost is not None:
                raise self._lost
            number += 1

    def each(self, cases: Iterable[Case]) -> Iterator[Found[Case]]:
        """What these cases show, as they are, until the budget is spent.  Raises ProductLost."""
        for case in cases:
            if self._budget.is_spent(self.tally.cases):
                return
            began = time.monotonic()
            self._hunted = None
            trouble = self._put(case)
            if trouble is not None and not self._is_known(trouble, case):
                trouble = self._without_haste(case, trouble, Pace.ORDINARY)
            self.tally.cases += 1
            self.tally.seconds += time.monotonic() - began
            self._on_case(self.tally)
            if trouble is not None and not self._is_known(trouble, case):
                yield self._confirmed(self._noted(case, trouble))
            if self._lost is not None:
                raise self._lost

    def tell(self, case: Case, trouble: Trouble | None) -> Found[Case] | None:
        """A case that was put to the product already, and the product looked at after all of its kind."""
        self.tally.cases += 1
        if trouble is None or self._is_known(trouble, case):
            return None
        self._known.append((trouble, case.marks))
        return self._noted(case, trouble)

    def _round(self, number: int) -> None:
        draw_alone()
        digest = hashlib.sha256(f"{self._seed}/{self._arena.area}/{number}".encode()).digest()

        @seed(int.from_bytes(digest[:8], "big"))
        @settings(
            max_examples=ROUND,
            deadline=None,
            database=self._database,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
            verbosity=Verbosity.quiet,
        )
        @given(self._arena.cases)
        def example(case: Case) -> None:
            self._example(case)

        with warnings.catch_warnings():
            # It writes down each failing case as Python, for itself: long ones take long.
            warnings.simplefilter("ignore", HypothesisWarning)
            try:
                example()
            except Exception as error:
                # Its notes are the strategies in full: tens of thousands of characters.
                error.__notes__ = []
                raise

    def _example(self, case: Case) -> None:
        hunted = self._hunted
        if self._lost is not None:
            raise _Enough
        if hunted is None and self._budget.is_spent(self.tally.cases):
            raise _Enough
        if hunted is not None and time.monotonic() >= self._shrink_until:
            raise _Enough
        if hunted is None:
            self.tally.cases += 1
        else:
            self.tally.shrinking += 1
        knows_silence = any(trouble.symptom is Symptom.SILENT for trouble, _ in self._known)
        pace = Pace.HASTY if hunted is None and knows_silence else Pace.ORDINARY
        # A repetition has to be new to the product, or it shows what the first time has left there.
        trouble = self._put(case if hunted is None else self._arena.fresh(case, self.tally.shrinking), pace)
        if hunted is None and trouble is not None and not self._is_known(trouble, case):
            trouble = self._without_haste(case, trouble, pace)
        self._on_case(self.tally)
        if trouble is None or self._is_known(trouble, case):
            return
        if hunted is None:
            self._hunted = self._noted(case, trouble)
            self._shrink_until = time.monotonic() + self._budget.shrink_seconds
        elif trouble.signature != hunted.trouble.signature:
            return
        elif case.size <= hunted.case.size:
            self._hunted = replace(hunted, case=case, trouble=trouble)
        # In one place: to Hypothesis another line is another fault.
        raise _Shown

    def _without_haste(self, case: Case, trouble: Trouble, pace: Pace) -> Trouble | None:
        """What it is when nobody is in a hurry: what is late is not lost."""
        if trouble.symptom is Symptom.SILENT:
            return self._put(self._arena.fresh(case, self.tally.cases), Pace.PATIENT)
        if pace is Pace.HASTY:
            return self._put(self._arena.fresh(case, self.tally.cases))
        return trouble

    def _put(self, case: Case, pace: Pace = Pace.ORDINARY) -> Trouble | None:
        began = time.monotonic()
        try:
            try:
                trouble, outcome = self._arena.put(case, pace)
            except Unreachable as error:
                trouble, outcome = _vanished(error), "no connection"
            if self._hunted is None:
                self.tally.outcomes[outcome] += 1
            # What became of the product weighs more than what was answered.
            trouble = self._care.looked_at() or trouble
        finally:
            self.tally.with_product += time.monotonic() - began
        if trouble is not None and trouble.symptom in (Symptom.DIED, Symptom.HUNG, Symptom.HARMED):
            self._log = self._care.log() if trouble.symptom is Symptom.DIED else ""
            try:
                self._care.begin_anew()
            except ProductLost as lost:
                self._lost = lost
        return trouble

    def _noted(self, case: Case, trouble: Trouble) -> Found[Case]:
        log, self._log = self._log, ""
        return Found(case, trouble, case.size, time.monotonic(), log)

    def _is_known(self, trouble: Trouble, case: Case) -> bool:
        """Silence costs much time and tells little of its cause: one of its kind is enough."""
        return any(
            trouble.signature == known.signature and (cause <= case.marks or known.symptom is Symptom.SILENT)
            for known, cause in self._known
        )

    def _confirmed(self, found: Found[Case]) -> Found[Case]:
        """With a recording, and whether the same bytes, but for their UIDs, show it again."""
        self._known.append((found.trouble, found.case.marks))
        if self._lost is not None:
            return found
        recorder = self._care.record(True)
        try:
            again = [self._put(self._arena.fresh(found.case, -1), Pace.PATIENT)]
        finally:
            self._care.record(False)
        found = replace(found, recorder=recorder)
        while len(again) < CONFIRMATIONS and self._lost is None:
            again.append(self._put(self._arena.fresh(found.case, -1 - len(again)), Pace.PATIENT))
        other = [one for one in again if one is None or one.signature != found.trouble.signature]
        if other:
            return replace(found, trouble=_flaky(found.trouble, other[0]))
        # In its latest words: silence was waited for with more patience than before.
        return replace(found, trouble=again[-1] or found.trouble)


def _vanished(error: Unreachable) -> Trouble:
    return Trouble(
        Symptom.DIED, "PS3.8 9.1.2", "a connection, as before", str(error), "for a moment: it answers again"
    )


def _flaky(first: Trouble, again: Trouble | None) -> Trouble:
    other = f"{again.symptom}: {again.observed}" if again is not None else "nothing wrong"
    return Trouble(
        Symptom.FLAKY,
        first.clause,
        f"the same for the same bytes ({first.expected})",
        f"{first.symptom}: {first.observed}; and again: {other}",
        first.signature,
        first.weight,
    )
