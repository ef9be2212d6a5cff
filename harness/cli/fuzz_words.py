"""What `pacs-harness fuzz` says on the console: how far it is, what it finds, what came of it all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from harness.findings import Difference, Finding, Weight

if TYPE_CHECKING:
    from harness.fuzz.campaign import Plan, Progress
    from harness.fuzz.keeping import Outcome

_PROGRESS = 0.5
"""Seconds between two looks at a line of progress."""


@dataclass
class Line:
    """How far it is, on a terminal renewed in place; a line for each finding everywhere."""

    console: Console
    began: float
    shown: float = 0.0

    def told(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self.console.is_terminal or now - self.shown < _PROGRESS:
            return
        self.shown = now
        tally = progress.tally
        words = f"{progress.area}: {tally.cases:,} cases"
        if tally.with_product:
            words += f", {(tally.cases + tally.shrinking) / tally.with_product * 60:,.0f} a minute"
        words += f", {progress.findings} found"
        if progress.differences:
            words += f", {progress.differences} differences"
        words += f", {now - self.began:.0f} s"
        self.console.print(f"  {words:<77}", end="\r", soft_wrap=True)

    def found(self, finding: Finding) -> None:
        self.end()
        cases = f", after {finding.cases - 1:,} other cases" if finding.cases > 1 else ""
        self.console.print(
            f"{finding.weight}: {finding.area}: {finding.signature}: {finding.observed} "
            f"({finding.size:,} bytes{cases}, found with {finding.size_found:,}): {finding.folder}",
            soft_wrap=True,
            markup=False,
        )

    def differed(self, difference: Difference) -> None:
        self.end()
        breaks = f" ({difference.breaks} breaks {difference.clause})" if difference.breaks else ""
        self.console.print(
            f"difference: {difference.area}: {difference.aspect}: {difference.what}: A {difference.a}; "
            f"B {difference.b}{breaks}: {difference.folder}",
            soft_wrap=True,
            markup=False,
        )

    def end(self) -> None:
        if self.console.is_terminal and self.shown:
            self.console.print(" " * 79, end="\r")


def closing_words(console: Console, outcome: Outcome, plan: Plan, is_compared: bool) -> None:
    for one in outcome.areas:
        rate = one.cases / one.seconds * 60 if one.seconds else 0.0
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(one.outcomes.items()))
        own = (one.generating + one.judging) / one.seconds if one.seconds else 0.0
        how = f"{rate:,.0f} a minute, {own:.0%} of the time in the harness"
        console.print(f"{one.area}: {one.cases:,} cases, {how}: {counts}", soft_wrap=True)
    for words in outcome.replies:
        console.print(words, soft_wrap=True, markup=False)
    for words in outcome.left_out:
        console.print(f"left out: {words}" if is_compared else words, soft_wrap=True)
    found = [f"{sum(one.weight is weight for one in outcome.findings)} {weight}s" for weight in Weight]
    if is_compared:
        fleeting = f" ({outcome.fleeting} more did not show again)" if outcome.fleeting else ""
        found.append(f"{len(outcome.differences)} differences{fleeting}")
    console.print(f"{', '.join(found)}; seed {plan.seed}", soft_wrap=True)
