"""A case put to a product, the product looked at afterwards, and what was put to it before.

This is the one place where a hunt touches the product, whatever it does so for.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Generic

from harness.dimse.errors import Unreachable
from harness.findings import Symptom
from harness.fuzz.arena import Arena, Care, Case, Shown, Tally
from harness.fuzz.cases import Pace
from harness.fuzz.product import ProductLost
from harness.fuzz.trouble import Trouble

REMEMBERED = 64
"""Cases before a finding that are remembered: what a product dies of may have begun with them."""

EXAMPLE = 2**14
"""Bytes of an example, where there is any so small: a large one explains much memory, and takes long."""


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
        self.examples: dict[str, Case] = {}
        """The latest case of each outcome that is small; the first where none is."""
        self._before: deque[Case] = deque(maxlen=REMEMBERED)
        self._log = ""
        self._has_begun = False
        self._repetitions = 0

    def put(self, case: Case, pace: Pace = Pace.ORDINARY) -> tuple[Shown, ...]:
        """What is wrong with the answers or with the product afterwards, the worst first.

        One that is dead or harmed is begun anew; where nobody can do that, `lost` says so.
        """
        began = time.monotonic()
        if self._has_begun:  # what was put to one that has ended since is no cause of anything
            self._before.clear()
            self._has_begun = False
        self._before.append(case)
        self.tally.put += 1
        self.tally.sent += case.size
        try:
            shown: tuple[Shown, ...]
            try:
                shown, self.outcome = self.arena.put(case, pace)
            except Unreachable as error:
                shown, self.outcome = (_vanished(error),), "no connection"
            if case.size <= EXAMPLE or self.outcome not in self.examples:
                self.examples[self.outcome] = case
            shown = _weighed(shown, self.care.looked_at())
        finally:
            self.tally.with_product += time.monotonic() - began
        if any(one.is_fatal for one in shown):
            self._log = self.care.log() if any(one.is_death for one in shown) else ""
            self._has_begun = any(_has_ended(one) for one in shown)
            try:
                self.care.begin_anew()
            except ProductLost as lost:
                self.lost = lost
        return shown

    def again(self, case: Case, pace: Pace = Pace.ORDINARY) -> tuple[Shown, ...]:
        """The same bytes, but for UIDs that no repetition has had before."""
        self._repetitions += 1
        return self.put(self.arena.fresh(case, -self._repetitions), pace)

    @property
    def history(self) -> tuple[Case, ...]:
        """What was put last since the product was begun, in order; the last case included."""
        return tuple(self._before)

    def restart(self) -> bool:
        """Start the product again, so that nothing is left of what was before; False where nobody can."""
        self._before.clear()
        try:
            return self.care.restarted()
        except ProductLost as lost:
            self.lost = lost
            return False

    def last_words(self) -> str:
        """The end of its log when it died last; once."""
        log, self._log = self._log, ""
        return log


def _has_ended(one: Shown) -> bool:
    """Whether the product, and not one that it is compared with, was started again for this."""
    return isinstance(one, Trouble) and one.symptom in (Symptom.DIED, Symptom.HUNG)


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
