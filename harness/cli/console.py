"""What a run looks like while it runs: a live line per group on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.events import (
    Event,
    RequirementStarted,
    ResultRecorded,
    RunFinished,
    RunStarted,
    TargetLost,
    TargetRestarted,
)
from harness.foreign_text import visible
from harness.verdict import Outcome

STYLE = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("✗", "bold red"),
    Outcome.WARN: ("!", "yellow"),
    Outcome.NOT_SUPPORTED: ("–", "cyan"),
    Outcome.NOT_TESTED: ("?", "magenta"),
    Outcome.ERROR: ("E", "bold red reverse"),
}


def say(words: str) -> None:
    """A line on standard error, whatever a product has put into it."""
    print(f"pacs-harness: {visible(words)}", file=sys.stderr)


class RunConsole(Console):
    """A console that goes quiet where its reader leaves (``run | head``): the run is worth more than that.

    What is printed may hold a product's words: brackets are no markup, and control characters are shown.
    """

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich does, a text being shown as it is."""
        super().print(*(visible(one) if isinstance(one, str) else one for one in objects), **options)

    def on_broken_pipe(self) -> None:
        """Instead of ending the program, as rich does: nothing more is shown, and the run goes on."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Progress:
    """A handler of the event stream."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._counts: dict[str, dict[Outcome, int]] = {}
        self._totals: dict[str, int] = {}
        self._now = ""
        self._started = time.monotonic()
        self._live: Live | None = None
        self._unsaid = 0
        self._last_reason = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._totals = dict(event.groups)
            self._counts = {group: {} for group in self._totals}
            self._started = time.monotonic()
            if self._console.is_terminal:
                self._live = Live(self._table(), console=self._console, refresh_per_second=4)
                self._live.start()
        elif isinstance(event, RequirementStarted):
            self._now = event.id
        elif isinstance(event, ResultRecorded):
            self._result(event)
        elif isinstance(event, TargetLost):
            why = f" ({event.why})" if event.why else ""
            self._alarm(f"target lost after {event.after}{why}: the rest is not tested")
        elif isinstance(event, TargetRestarted):
            lost = f"; {event.lost}" if event.lost else ""
            self._alarm(f"after {event.after} the product no longer answered; it was restarted{lost}")
        elif isinstance(event, RunFinished):
            self.stop()
        if self._live is not None:
            self._live.update(self._table())

    def stop(self) -> None:
        """Leave the terminal as it is wanted after the run, however that ended."""
        self._say_unsaid("")
        if self._live is not None:
            self._now = ""
            self._live.update(self._table())
            self._live.stop()
            self._live = None

    def _alarm(self, words: str) -> None:
        self._console.print(Text(visible(words), "bold red"), soft_wrap=True)

    def _result(self, event: ResultRecorded) -> None:
        result = event.result
        counts = self._counts.setdefault(result.requirement.group, {})
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
        shared = result.reason if result.outcome is Outcome.NOT_TESTED else ""
        if self._live is None and shared and shared == self._last_reason:
            # After an interrupt or a lost target hundreds have one reason: one line is enough for them.
            self._unsaid += 1
            return
        self._say_unsaid(shared)
        interesting = result.outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.WARN)
        if interesting or self._live is None:
            symbol, style = STYLE[result.outcome]
            reason = f": {result.reason}" if result.reason else ""
            line = visible(f"{symbol} {result.outcome:<13} {result.requirement.id}{reason}")
            self._console.print(Text(line, style if interesting else ""), soft_wrap=True)

    def _say_unsaid(self, next_reason: str) -> None:
        if self._unsaid:
            self._console.print(f"  {self._unsaid} more NOT_TESTED for the same reason")
        self._unsaid, self._last_reason = 0, next_reason

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for group, total in self._totals.items():
            counts = self._counts[group]
            words = Text("  ").join(
                Text(f"{STYLE[outcome][0]} {counts[outcome]} {outcome}", STYLE[outcome][1])
                for outcome in Outcome
                if outcome in counts
            )
            table.add_row(group, f"{sum(counts.values())}/{total}", words)
        elapsed = time.monotonic() - self._started
        table.add_row("", f"{elapsed:.0f} s", Text(self._now, "dim"))
        return table
