"""report.html: the whole run in one page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from harness.foreign_text import shortened, visible
from harness.report.offered import offered
from harness.report.pages import environment, shipped
from harness.report.services import Service, groups_of, in_order, not_examined, service_of
from harness.report.wording import (
    LEVEL_WORDS,
    OUTCOME_WORDS,
    SHOWN_ORDER,
    address,
    is_complete,
    product_name,
    repeat_command,
    verdict,
    whole_command,
)
from harness.verdict import Level, Outcome, Requirement, Result, Run

FIELD_LIMIT = 20_000
DUMP_LIMIT = 200_000
"""Characters shown of one field and of one exchange: a page must open even if a PACS answered at length."""

SLOWEST, WORTH_TELLING = 10, 0.5
"""How many of the slowest requirements are named, and from how many seconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the matrix: a service or a level, and how often each outcome came."""

    key: str
    title: str
    purpose: str
    counts: Counter[Outcome]

    @property
    def total(self) -> int:
        """All results of the line."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one measurement name, condensed."""

    name: str
    unit: str
    count: int
    least: float
    median: float
    most: float


def html_report(run: Run, is_present: Callable[[str], bool] = lambda path: True) -> str:
    """The page.  All that `run` says is escaped, and a policy in it allows no other script or source.

    `is_present` says of a recorded file's path in the run folder whether it is there to be linked to.
    """
    script = shipped("report.js")
    templates = environment(lambda text: visible(shortened(text, DUMP_LIMIT)))
    templates.globals.update(
        anchor=anchor,
        capture_link=lambda path: capture_link(path) if capture_link(path) and is_present(path) else "",
        outcomes=SHOWN_ORDER,
        repeat=lambda result: repeat_command(run.command, result.requirement.id),
        service=service_of,
        dump_limit=DUMP_LIMIT,
        field_limit=FIELD_LIMIT,
        shortened=shortened,
        word=lambda outcome: str(outcome).replace("_", " "),
        slug=lambda outcome: str(outcome).lower().replace("_", "-"),
        query=lambda text: quote(str(text), safe=""),
    )
    return templates.get_template("report.html.j2").render(
        run=run,
        name=product_name(run),
        has_security=any(result.requirement.group == "security" for result in run.results),
        verdict=verdict(run),
        complete=is_complete(run),
        facts=facts(run),
        by_service=[_row(run, group) for group in groups_of(run)],
        by_level=_level_rows(run),
        total=Counter(result.outcome for result in run.results),
        mandatory=Counter(
            result.outcome for result in run.results if result.requirement.level is Level.SHALL
        ),
        chart=_chart(run),
        findings=_findings(run),
        passed=_by_group(run, Outcome.PASS),
        not_tested=_by_reason(run, Outcome.NOT_TESTED),
        not_supported=_by_reason(run, Outcome.NOT_SUPPORTED),
        unselected=_unselected(run),
        not_examined=not_examined(run),
        measurements=_series(run),
        slowest=_slowest(run),
        offered=offered(run.capabilities) if run.capabilities else None,
        outcome_words=[(outcome, OUTCOME_WORDS[outcome]) for outcome in SHOWN_ORDER],
        level_words=list(LEVEL_WORDS.items()),
        whole_command=whole_command(run.command),
        settings=list(_flattened(run.target)),
        style=shipped("report.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _chart(run: Run) -> Markup:
    """A bar for each service; none where a single one was asked for, of which the table says as much."""
    if len(groups_of(run)) < 2:
        return Markup()
    from harness.report.charts import outcomes_by_service  # matplotlib takes half a second to import

    return outcomes_by_service(run)


def anchor(requirement_id: str) -> str:
    """The fragment by which a result is linked to."""
    return "r-" + re.sub(r"[^A-Za-z0-9.-]", "-", requirement_id)


def capture_link(path: str) -> str:
    """A link to a file inside the run folder, empty for a path that would lead out of it."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or not path:
        return ""
    return "./" + quote(path.encode("utf-8", "replace"))


def _row(run: Run, group: str) -> Row:
    service = service_of(group)
    results = (result for result in run.results if result.requirement.group == group)
    return Row(group, service.title, service.purpose, Counter(result.outcome for result in results))


def _level_rows(run: Run) -> list[Row]:
    rows = []
    for level in Level:
        counts = Counter(result.outcome for result in run.results if result.requirement.level is level)
        if counts:
            rows.append(Row(str(level), str(level), LEVEL_WORDS[level], counts))
    return rows


def _by_group(run: Run, outcome: Outcome) -> list[tuple[str, list[Result]]]:
    """The results with that outcome, by group."""
    chosen = [result for result in run.results if result.outcome is outcome]
    groups = in_order({result.requirement.group for result in chosen})
    return [(group, [item for item in chosen if item.requirement.group == group]) for group in groups]


def _findings(run: Run) -> list[tuple[Outcome, list[tuple[Service, list[Result]]]]]:
    """What needs a reader, the gravest first: by outcome, then by service, then by weight."""
    found = []
    for outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.WARN):
        services = [(service_of(group), _by_weight(results)) for group, results in _by_group(run, outcome)]
        if services:
            found.append((outcome, services))
    return found


def _by_weight(results: list[Result]) -> list[Result]:
    return sorted(results, key=lambda item: list(Level).index(item.requirement.level))


def _by_reason(run: Run, outcome: Outcome) -> list[tuple[str, list[Result]]]:
    """The results with that outcome under the reason they share, the most frequent reason first."""
    reasons: dict[str, list[Result]] = {}
    for result in run.results:
        if result.outcome is outcome:
            reasons.setdefault(result.reason or "no reason is recorded", []).append(result)
    return sorted(reasons.items(), key=lambda item: -len(item[1]))


def _unselected(run: Run) -> list[tuple[str, list[Requirement]]]:
    return [
        (group, [requirement for requirement in run.unselected if requirement.group == group])
        for group in in_order({requirement.group for requirement in run.unselected})
    ]


def facts(run: Run) -> list[tuple[str, str]]:
    """What identifies the target and the run, for the head of the page."""
    dimse = run.target.get("dimse")
    section: dict[str, Any] = dimse if isinstance(dimse, dict) else {}
    titles = (str(section.get("called_ae_title") or ""), str(section.get("calling_ae_title") or ""))
    calls = f"{titles[0]}, called by {titles[1]}" if all(titles) else titles[0]
    transport = "DICOM over TLS" if section.get("tls") else "DICOM, unencrypted" if section else ""
    facts = [
        ("Product", product_name(run)),
        ("Names itself", _own_names(run)),
        ("Address", ", ".join(item for item in (address(run), transport) if item)),
        ("AE titles", calls),
        ("Tested", _when(run)),
        ("Standard", f"DICOM {run.edition}, the edition that every clause refers to"),
        ("Tested with", f"pacs-harness {run.tool_version}"),
        (
            "Run ended",
            run.ended_because + (f", exit code {run.exit_code}" if run.exit_code is not None else ""),
        ),
    ]
    return [(label, value) for label, value in facts if value]


def _own_names(run: Run) -> str:
    """What the product says of itself in an association (PS3.7 D.3.3.2)."""
    version = run.peer.get("implementation_version_name", "")
    uid = run.peer.get("implementation_class_uid", "")
    return f"{version} ({uid})" if version and uid else version or uid


def _when(run: Run) -> str:
    try:
        started = datetime.fromisoformat(run.started)
    except ValueError:
        return run.started
    shown = f"{started.day} {started:%B %Y, %H:%M}" + (f" ({started.tzname()})" if started.tzinfo else "")
    try:
        seconds = round((datetime.fromisoformat(run.finished) - started).total_seconds())
    except (ValueError, TypeError):
        return shown
    minutes, rest = divmod(seconds, 60)
    return f"{shown}, for {minutes}\u00a0min\u00a0{rest}\u00a0s" if minutes else f"{shown}, for {rest}\u00a0s"


def _slowest(run: Run) -> list[Result]:
    """The requirements that took longest, as far as it was long."""
    longest = sorted(run.results, key=lambda result: -result.duration)[:SLOWEST]
    return [result for result in longest if result.duration >= WORTH_TELLING]


def _series(run: Run) -> list[Series]:
    values: dict[tuple[str, str], list[float]] = {}
    for measurement in run.measurements:
        values.setdefault((measurement.name, measurement.unit), []).append(measurement.value)
    return [
        Series(name, unit, len(numbers), min(numbers), statistics.median(numbers), max(numbers))
        for (name, unit), numbers in sorted(values.items())
    ]


_SECRET = re.compile(r"passcode|password|secret|token", re.IGNORECASE)


def _flattened(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """The target file's keys and values as ``dimse.port``, ``104``; whatever is called a secret is masked."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flattened(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _flattened(item, f"{path}[{number}]")
    elif value not in (None, "", [], ()):
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        yield path, "***" if _SECRET.search(path) else text
