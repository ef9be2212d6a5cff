"""What has been judged so far: actions that were right, faults with their places, remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.deid.findings import Category, Finding, Remark, Score, Severity
from harness.deid.instances import name_of

FILES_NAMED = 5


@dataclass(frozen=True)
class Fault:
    """An action that is due and was not done, or was done wrongly.  Values in `seen` are masked."""

    rule: str
    severity: Severity
    category: Category
    clause: str
    path: str
    seen: str
    why: str
    todo: str
    tag: int = 0
    about: str = ""
    """What else tells it from faults of the same rule and place."""


@dataclass
class _Seen:
    """A fault at one place of all files."""

    first: Fault
    files: list[str] = field(default_factory=list)
    times: int = 0


@dataclass
class Ledger:
    """Everything that was judged, of all files."""

    done: Counter[Category] = field(default_factory=Counter)
    due: Counter[Category] = field(default_factory=Counter)
    _faults: dict[tuple[str, str, str], _Seen] = field(default_factory=dict)
    _remarks: Counter[str] = field(default_factory=Counter)

    def right(self, category: Category, actions: int = 1) -> None:
        """So many actions of the category are done as due."""
        self.done[category] += actions
        self.due[category] += actions

    def wrong(self, fault: Fault, file: str) -> None:
        """An action is not done as due, in the file of that name."""
        self.due[fault.category] += 1
        shape = "/".join(part.partition("[")[0] for part in fault.path.split("/"))
        seen = self._faults.setdefault((fault.rule, shape, fault.about), _Seen(fault))
        seen.times += 1
        if file and file not in seen.files and len(seen.files) < FILES_NAMED:
            seen.files.append(file)

    def remark(self, text: str) -> None:
        """Something to know."""
        self._remarks[text] += 1

    def findings(self) -> Iterable[Finding]:
        """The faults of a rule and place as one, the gravest first."""
        order = list(Severity)
        merged = [_finding(seen) for seen in self._faults.values()]
        return sorted(merged, key=lambda one: (order.index(one.severity), one.rule, one.path))

    def remarks(self) -> Iterable[Remark]:
        """Each once."""
        return [Remark(text, times) for text, times in self._remarks.items()]

    def scores(self) -> Iterable[Score]:
        """By category; those without any action are left out."""
        return [Score(one, self.done[one], self.due[one]) for one in Category if self.due[one]]


def _finding(seen: _Seen) -> Finding:
    first = seen.first
    return Finding(
        first.rule,
        first.severity,
        first.category,
        first.clause,
        first.path,
        name_of(first.tag) if first.tag else "",
        first.seen,
        first.why,
        first.todo,
        tuple(seen.files),
        seen.times,
    )
