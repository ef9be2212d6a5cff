"""Looking for what a product goes wrong over, or two differ over: cases drawn by Hypothesis, put, and shrunk.

Drawing is apart from sending: a case is bytes before anything is sent, and a finding is its bytes, never
the seed.  The same seed draws the same cases for as long as nothing is found.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Generic

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import Flaky, HypothesisWarning, Unsatisfiable

from harness.dimse.errors import Unreachable
from harness.findings import Symptom
from harness.fuzz.arena import Arena, Budget, Care, Case, Found, Known, Shown, Tally
from harness.fuzz.cases import Pace
from harness.fuzz.drawing import draw_alone
from harness.fuzz.product import ProductLost
from harness.fuzz.trouble import Trouble

ROUND = 500
"""Cases of one call of Hypothesis, whose memory of what it has drawn grows with them."""
CONFIRMATIONS = 2
"""Times that the smallest case is put to the product again."""


class _Shown(Exception):
    """To Hypothesis: this example fails."""


class _Enough(BaseException):
    """The budget is spent.  Hypothesis takes an Exception for a failing example."""


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
        known: Iterable[Known] = (),
    ) -> None:
        """`known`: what other areas have told already, and this one would tell again."""
        self._arena = arena
        self._care = care
        self._budget = budget
        self._seed = campaign_seed
        self._database = DirectoryBasedExampleDatabase(database)
        self._on_case = on_case
        self.tally = Tally()
        self._known: list[Known] = list(known)
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
            shown = self._put(case)
            if self._news(shown, case):
                shown = self._without_haste(case, shown, Pace.ORDINARY)
            self._count(shown, case)
            self.tally.cases += 1
            self.tally.seconds += time.monotonic() - began
            self._on_case(self.tally)
            for one in self._news(shown, case):
                if not self._known_as(one, case):  # by what a repetition of another one has shown
                    yield self._confirmed(self._noted(case, one))
            if self._lost is not None:
                raise self._lost

    def tell(self, case: Case, trouble: Trouble | None) -> Found[Case] | None:
        """A case that was put to the product already, and the product looked at after all of its kind."""
        self.tally.cases += 1
        if trouble is None or self._known_as(trouble, case) is not None:
            return None
        found = self._noted(case, trouble)
        self._known.append(found.known)
        return found

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
        knows_silence = any(known.shown.is_silent for known in self._known)
        pace = Pace.HASTY if hunted is None and knows_silence else Pace.ORDINARY
        # A repetition has to be new to the product, or it shows what the first time has left there.
        shown = self._put(case if hunted is None else self._arena.fresh(case, self.tally.shrinking), pace)
        if hunted is None:
            if self._news(shown, case):
                shown = self._without_haste(case, shown, pace)
            self._count(shown, case)
        self._on_case(self.tally)
        news = self._news(shown, case)
        if not news:
            return
        if hunted is None:
            self._hunted = self._noted(case, news[0])
            self._shrink_until = time.monotonic() + self._budget.shrinking(news[0])
        else:
            same = _same(hunted.shown, news)
            if same is None:
                return
            if case.size <= hunted.case.size:
                self._hunted = replace(hunted, case=case, shown=same)
        # In one place: to Hypothesis another line is another fault.
        raise _Shown

    def _without_haste(self, case: Case, shown: tuple[Shown, ...], pace: Pace) -> tuple[Shown, ...]:
        """What it is when nobody is in a hurry: what is late is not lost."""
        if any(one.may_be_late for one in self._news(shown, case)):
            return self._put(self._arena.fresh(case, self.tally.cases), Pace.PATIENT)
        if pace is Pace.HASTY:
            return self._put(self._arena.fresh(case, self.tally.cases))
        return shown

    def _put(self, case: Case, pace: Pace = Pace.ORDINARY) -> tuple[Shown, ...]:
        began = time.monotonic()
        try:
            shown: tuple[Shown, ...]
            try:
                shown, outcome = self._arena.put(case, pace)
            except Unreachable as error:
                shown, outcome = (_vanished(error),), "no connection"
            if self._hunted is None:
                self.tally.outcomes[outcome] += 1
            shown = _weighed(shown, self._care.looked_at())
        finally:
            self.tally.with_product += time.monotonic() - began
        if any(one.is_fatal for one in shown):
            self._log = self._care.log() if any(one.is_death for one in shown) else ""
            try:
                self._care.begin_anew()
            except ProductLost as lost:
                self._lost = lost
        return shown

    def _noted(self, case: Case, shown: Shown) -> Found[Case]:
        log, self._log = self._log, ""
        return Found(case, shown, case.size, time.monotonic(), log, Known(shown, case.marks))

    def _known_as(self, one: Shown, case: Case) -> Known | None:
        for known in self._known:
            is_of_cause = one.is_told_once or known.cause <= case.marks
            if one.signature == known.shown.signature and is_of_cause:
                return known
        return None

    def _news(self, shown: tuple[Shown, ...], case: Case) -> tuple[Shown, ...]:
        """What is not known yet."""
        return tuple(one for one in shown if self._known_as(one, case) is None)

    def _count(self, shown: tuple[Shown, ...], case: Case) -> None:
        for one in shown:
            known = self._known_as(one, case)
            if known is not None:
                known.times += 1

    def _confirmed(self, found: Found[Case]) -> Found[Case]:
        """With a recording, and whether the same bytes, but for their UIDs, show it again."""
        found.known.shown, found.known.cause = found.shown, found.case.marks
        self._known.append(found.known)
        if self._lost is not None:
            return found
        recorders = self._care.record(True)
        try:
            again = [self._put(self._arena.fresh(found.case, -1), Pace.PATIENT)]
        finally:
            self._care.record(False)
        found = replace(found, recorders=recorders)
        while len(again) < CONFIRMATIONS and self._lost is None:
            again.append(self._put(self._arena.fresh(found.case, -1 - len(again)), Pace.PATIENT))
        others = [shown for shown in again if _same(found.shown, shown) is None]
        if others and isinstance(found.shown, Trouble):
            return replace(found, shown=_flaky(found.shown, others[0]))
        # In its latest words: silence was waited for with more patience than before.
        return replace(found, shown=_same(found.shown, again[-1]) or found.shown, is_fleeting=bool(others))


def _same(one: Shown, shown: tuple[Shown, ...]) -> Shown | None:
    return next((other for other in shown if other.signature == one.signature), None)


def _weighed(shown: tuple[Shown, ...], after: tuple[Shown, ...]) -> tuple[Shown, ...]:
    """What became of the product weighs more than what was answered; what became of B, than how B differs."""
    if not after:
        return shown
    if any(isinstance(one, Trouble) for one in after):
        return after
    return (*(one for one in shown if isinstance(one, Trouble)), *after)


def _vanished(error: Unreachable) -> Trouble:
    return Trouble(
        Symptom.DIED, "PS3.8 9.1.2", "a connection, as before", str(error), "for a moment: it answers again"
    )


def _flaky(first: Trouble, again: tuple[Shown, ...]) -> Trouble:
    others = [f"{one.symptom}: {one.observed}" for one in again if isinstance(one, Trouble)]
    other = others[0] if others else "nothing wrong"
    return Trouble(
        Symptom.FLAKY,
        first.clause,
        f"the same for the same bytes ({first.expected})",
        f"{first.symptom}: {first.observed}; and again: {other}",
        first.signature,
        first.weight,
    )
