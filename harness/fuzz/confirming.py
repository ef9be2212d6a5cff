"""Whether a finding shows again: its case alone, and where that shows nothing, the cases before it too.

What a product dies of at the fortieth abort is no accident, and no single case shows it.  So the case is put
over and over, then what was put before it, in order, each time to a product that has just been started; and
where that shows it, cases are left out, by halves, for as long as it still does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Generic

from harness.findings import Symptom
from harness.fuzz.arena import Case, Found, Known, Shown, same
from harness.fuzz.cases import Pace
from harness.fuzz.putting import REMEMBERED, Putter
from harness.fuzz.trouble import Trouble

CONFIRMATIONS = 2
"""Times that the smallest case is put to the product again."""
ROUNDS = 3
"""Times that what is remembered is played over, where once does not show it."""


class Confirming(Generic[Case]):
    """Puts findings to the product again; `seconds` are for all sequences that it plays."""

    def __init__(self, putter: Putter[Case], seconds: float) -> None:
        self._putter = putter
        self._left = seconds
        self._accumulating: set[str] = set()
        """Signatures of what shows after many cases alone."""

    def confirmed(self, found: Found[Case]) -> Found[Case] | None:
        """With a recording, and whether it shows again; None where it is told already."""
        putter = self._putter
        if putter.lost is not None:
            return found
        recorders = putter.care.record(True)
        try:
            again = [putter.again(found.case, Pace.PATIENT)]
        finally:
            putter.care.record(False)
        found = replace(found, recorders=recorders)
        while len(again) < CONFIRMATIONS and putter.lost is None:
            again.append(putter.again(found.case, Pace.PATIENT))
        others = [shown for shown in again if same(found.shown, shown) is None]
        if not others:
            # In its latest words: silence was waited for with more patience than before.
            return replace(found, shown=same(found.shown, again[-1]) or found.shown)
        if not isinstance(found.shown, Trouble):
            return replace(found, is_fleeting=True)
        if found.shown.signature in self._accumulating:
            return None
        if after := self._after_others(found, found.shown):
            self._accumulating.add(found.shown.signature)
            return after
        return replace(found, shown=_flaky(found.shown, others[0]))

    def after(self, cases: Sequence[Case]) -> Iterator[Found[Case]]:
        """What is wrong after these cases, put once and in order, up to what is fatal: each once."""
        told: set[str] = set()
        for number, case in enumerate(cases, 1):
            troubles = [one for one in self._putter.again(case) if isinstance(one, Trouble)]
            for one in troubles:
                if one.signature not in told:
                    told.add(one.signature)
                    shown, words = _after(one, number), self._putter.last_words()
                    yield Found(
                        *(case, shown, case.size, time.monotonic(), words, Known(shown, case.marks)),
                        before=tuple(cases[: number - 1]),
                    )
            if self._putter.lost is not None or any(one.is_fatal for one in troubles):
                return

    def _after_others(self, found: Found[Case], trouble: Trouble) -> Found[Case] | None:
        """The finding after the cases that were before it, where that shows it again."""
        if trouble.is_silent:
            return None  # each would be waited for
        began = time.monotonic()
        try:
            return self._searched(found, trouble, began + self._left)
        finally:
            self._left = max(0.0, self._left - (time.monotonic() - began))

    def _searched(self, found: Found[Case], trouble: Trouble, until: float) -> Found[Case] | None:
        for cases in _attempts(found):
            can_restart = self._putter.restart()
            shown = self._shows(cases, trouble, until)
            if self._putter.lost is not None:
                return None
            if shown is None:
                continue
            smallest = self._smallest(shown[0], trouble, until) if can_restart else shown[0]
            if not self._shows_always(smallest, trouble, until + self._left):
                return None  # many cases have many chances of a moment in which the machine is slow
            told = _after(shown[1], len(smallest), ", and not after the last of them alone")
            return replace(found, case=smallest[-1], before=smallest[:-1], shown=told)
        return None

    def _shows_always(self, cases: tuple[Case, ...], trouble: Trouble, until: float) -> bool:
        """Whether it shows at the very last of these cases, each time that they are put."""
        for _ in range(CONFIRMATIONS):
            self._putter.restart()
            shown = self._shows(cases, trouble, until)
            if shown is None or len(shown[0]) != len(cases):
                return False
        return True

    def _shows(
        self, cases: Sequence[Case], trouble: Trouble, until: float
    ) -> tuple[tuple[Case, ...], Trouble] | None:
        for number, case in enumerate(cases, 1):
            if time.monotonic() >= until or self._putter.lost is not None:
                return None
            again = same(trouble, self._putter.again(case))
            if isinstance(again, Trouble):
                return tuple(cases[:number]), again
        return None

    def _smallest(self, cases: tuple[Case, ...], trouble: Trouble, until: float) -> tuple[Case, ...]:
        """Without what is not needed: halves are left out, then quarters, and so on."""
        if all(case == cases[0] for case in cases):
            return cases  # it showed at the last of them: fewer of the same cannot
        size = len(cases) // 2
        while size and time.monotonic() < until:
            at = 0
            while at + size < len(cases) and time.monotonic() < until:
                fewer = cases[:at] + cases[at + size :]
                if not self._putter.restart():
                    return cases
                shown = self._shows(fewer, trouble, until)
                if shown is None:
                    at += size
                else:
                    cases = shown[0]
            size //= 2
        return cases


def _attempts(found: Found[Case]) -> Iterator[tuple[Case, ...]]:
    """What is played, the likeliest first."""
    yield (found.history[-1] if found.history else found.case,) * REMEMBERED
    if len(found.history) > 1:
        yield found.history
        yield found.history * ROUNDS


def _after(trouble: Trouble, number: int, beside: str = "") -> Trouble:
    if number == 1:
        return trouble
    return replace(trouble, observed=f"{trouble.observed}; after these {number} cases{beside}")


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
