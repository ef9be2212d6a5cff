"""Whether a finding shows again: its case alone, and where that shows nothing, the cases before it too.

What a product dies of at the fortieth abort is no accident, and no single case shows it.  So the case is put
over and over, then what was put before it, in order, each time to a product that has just been started; and
where that shows it, cases are left out, by halves, for as long as it still does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from harness.dimse.capture import Recorder
from harness.findings import Symptom
from harness.fuzz.cases import Pace
from harness.fuzz.putting import REMEMBERED, Case, Putter
from harness.fuzz.trouble import Trouble

CONFIRMATIONS = 2
"""Times that the smallest case is put to the product again."""
ROUNDS = 3
"""Times that what is remembered is played over, where once does not show it."""


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
    before: tuple[Case, ...] = ()
    """What has to be put before it, in order; empty where the case alone shows it."""
    history: tuple[Case, ...] = ()
    """What was put before it when it was seen first, as far as it is remembered; the case included."""


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
        recorder = putter.care.record(True)
        try:
            again = [putter.again(found.case, Pace.PATIENT)]
        finally:
            putter.care.record(False)
        found = replace(found, recorder=recorder)
        while len(again) < CONFIRMATIONS and putter.lost is None:
            again.append(putter.again(found.case, Pace.PATIENT))
        other = [one for one in again if one is None or one.signature != found.trouble.signature]
        if not other:
            # In its latest words: silence was waited for with more patience than before.
            return replace(found, trouble=again[-1] or found.trouble)
        if found.trouble.signature in self._accumulating:
            return None
        if after := self._after_others(found):
            self._accumulating.add(found.trouble.signature)
            return after
        return replace(found, trouble=_flaky(found.trouble, other[0]))

    def after(self, cases: Sequence[Case]) -> Found[Case] | None:
        """What is wrong after these cases, put once and in order; None where nothing is."""
        for number, case in enumerate(cases, 1):
            trouble = self._putter.again(case)
            if trouble is not None:
                words = self._putter.last_words()
                now, before = time.monotonic(), tuple(cases[: number - 1])
                return Found(case, _after(trouble, number), case.size, now, words, before=before)
        return None

    def _after_others(self, found: Found[Case]) -> Found[Case] | None:
        """The finding after the cases that were before it, where that shows it again."""
        if found.trouble.symptom is Symptom.SILENT:
            return None  # each would be waited for
        began = time.monotonic()
        try:
            return self._searched(found, began + self._left)
        finally:
            self._left = max(0.0, self._left - (time.monotonic() - began))

    def _searched(self, found: Found[Case], until: float) -> Found[Case] | None:
        signature = found.trouble.signature
        for cases in _attempts(found):
            can_restart = self._putter.restart()
            shown = self._shows(cases, signature, until)
            if self._putter.lost is not None:
                return None
            if shown is None:
                continue
            smallest = self._smallest(shown[0], signature, until) if can_restart else shown[0]
            if not self._shows_always(smallest, signature, until + self._left):
                return None  # many cases have many chances of a moment in which the machine is slow
            trouble = _after(shown[1], len(smallest), ", and not after the last of them alone")
            return replace(found, case=smallest[-1], before=smallest[:-1], trouble=trouble)
        return None

    def _shows_always(self, cases: tuple[Case, ...], signature: str, until: float) -> bool:
        """Whether it shows at the very last of these cases, each time that they are put."""
        for _ in range(CONFIRMATIONS):
            self._putter.restart()
            shown = self._shows(cases, signature, until)
            if shown is None or len(shown[0]) != len(cases):
                return False
        return True

    def _shows(
        self, cases: Sequence[Case], signature: str, until: float
    ) -> tuple[tuple[Case, ...], Trouble] | None:
        for number, case in enumerate(cases, 1):
            if time.monotonic() >= until or self._putter.lost is not None:
                return None
            trouble = self._putter.again(case)
            if trouble is not None and trouble.signature == signature:
                return tuple(cases[:number]), trouble
        return None

    def _smallest(self, cases: tuple[Case, ...], signature: str, until: float) -> tuple[Case, ...]:
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
                shown = self._shows(fewer, signature, until)
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
    if len(found.history) > 1:
        yield found.history * ROUNDS


def _after(trouble: Trouble, number: int, beside: str = "") -> Trouble:
    if number == 1:
        return trouble
    return replace(trouble, observed=f"{trouble.observed}; after these {number} cases{beside}")


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
