"""Looking for what a product goes wrong over, or two differ over: cases drawn by Hypothesis, put, and shrunk.

Drawing is apart from sending: a case is bytes before anything is sent, and a finding is its bytes, never
the seed.  The same seed draws the same cases for as long as nothing is found.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import Flaky, HypothesisWarning, Unsatisfiable

from harness.fuzz.arena import Arena, Budget, Care, Case, Found, Known, Shown, Tally, same
from harness.fuzz.cases import Pace
from harness.fuzz.confirming import Confirming
from harness.fuzz.drawing import draw_alone
from harness.fuzz.putting import Putter
from harness.fuzz.trouble import Trouble

ROUND = 500
"""Cases of one call of Hypothesis, whose memory of what it has drawn grows with them."""


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
        self._budget = budget
        self._seed = campaign_seed
        self._database = DirectoryBasedExampleDatabase(database)
        self._on_case = on_case
        self.tally = Tally()
        self.putter = Putter(arena, care, self.tally)
        self._confirming = Confirming(self.putter, budget.sequence_seconds)
        self._known: list[Known] = list(known)
        self._hunted: Found[Case] | None = None
        self._shrink_until = 0.0

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
                yield from self._confirmed(self._hunted)
            if self.putter.lost is not None:
                raise self.putter.lost
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
                    yield from self._confirmed(self._noted(case, one))
            if self.putter.lost is not None:
                raise self.putter.lost

    def after(self, cases: Sequence[Case]) -> Iterator[Found[Case]]:
        """What these cases show, put one after the other, once.  Raises ProductLost."""
        began = time.monotonic()
        found = list(self._confirming.after(cases))
        self.tally.cases += len(cases)
        self.tally.seconds += time.monotonic() - began
        yield from found
        if self.putter.lost is not None:
            raise self.putter.lost

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
        if self.putter.lost is not None:
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
            again = same(hunted.shown, news)
            if again is None:
                return
            if case.size <= hunted.case.size:
                self._hunted = replace(hunted, case=case, shown=again)
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
        shown = self.putter.put(case, pace)
        if self._hunted is None:
            self.tally.outcomes[self.putter.outcome] += 1
        return shown

    def _noted(self, case: Case, shown: Shown) -> Found[Case]:
        return Found(
            *(case, shown, case.size, time.monotonic(), self.putter.last_words(), Known(shown, case.marks)),
            history=self.putter.history,
        )

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

    def _confirmed(self, found: Found[Case]) -> Iterator[Found[Case]]:
        found.known.shown, found.known.cause = found.shown, found.case.marks
        self._known.append(found.known)
        confirmed = self._confirming.confirmed(found)
        if confirmed is not None:
            yield confirmed
