"""CSV tables of a run, for spreadsheets and notebooks."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from harness.capabilities import Capabilities
from harness.foreign_text import csv_cell
from harness.report.offered import RESULT_WORDS, extended_words
from harness.report.services import groups_of
from harness.verdict import Level, Outcome, Run


class Table(NamedTuple):
    """What a CSV file is written of: texts, numbers, and None for what is not there."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


_RESULT_COLUMNS = (
    "id",
    "group",
    "clause",
    "edition",
    "level",
    "outcome",
    "reason",
    "text",
    "expected",
    "observed",
    "cases",
    "captures",
    "location",
)


def results_table(run: Run) -> Table:
    """A row per requirement of the run, in the order of its results; duration in seconds."""
    rows = [
        (
            result.requirement.id,
            result.requirement.group,
            result.requirement.clause,
            result.requirement.edition,
            str(result.requirement.level),
            str(result.outcome),
            result.reason,
            result.requirement.text,
            result.evidence.expected,
            result.evidence.observed,
            "\n".join(f"{name}: {outcome}" for name, outcome in result.cases),
            "\n".join(result.evidence.captures),
            result.requirement.location,
            result.duration,
        )
        for result in run.results
    ]
    return Table((*_RESULT_COLUMNS, "duration_seconds"), rows)


def by_group_table(run: Run) -> Table:
    """A row per group and level that has results: how many of each outcome, of all, and the seconds spent."""
    counts: dict[tuple[str, Level], Counter[Outcome]] = defaultdict(Counter)
    seconds: dict[tuple[str, Level], float] = defaultdict(float)
    for result in run.results:
        key = result.requirement.group, result.requirement.level
        counts[key][result.outcome] += 1
        seconds[key] += result.duration
    rows = [
        (
            group,
            str(level),
            *(counts[group, level][outcome] for outcome in Outcome),
            counts[group, level].total(),
            round(seconds[group, level], 3),
        )
        for group in groups_of(run)
        for level in Level
        if (group, level) in counts
    ]
    return Table(("group", "level", *map(str, Outcome), "total", "duration_seconds"), rows)


def capabilities_table(seen: Capabilities) -> Table:
    """A row per SOP class that the product was asked for, with its answer."""
    rows = [
        (
            one.service,
            one.name,
            one.uid,
            RESULT_WORDS.get(one.result, f"result {one.result}"),
            "\n".join(seen.syntax_name(uid) for uid in one.transfer_syntaxes),
            "\n".join(one.transfer_syntaxes),
            {None: "", True: "yes", False: "no"}[one.gives_back],
            "\n".join(extended_words(one)),
        )
        for one in seen.classes
    ]
    columns = (
        "service",
        "sop_class",
        "sop_class_uid",
        "answer",
        "transfer_syntaxes",
        "transfer_syntax_uids",
        "gives_back_by_c_get",
        "extended_negotiation",
    )
    return Table(columns, rows)


def to_csv(table: Table) -> bytes:
    """`table` as CSV: UTF-8 with the mark by which spreadsheets know it, no cell of text a formula."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([csv_cell(value) if isinstance(value, str) else value for value in row])
    return text.getvalue().encode("utf-8-sig")
