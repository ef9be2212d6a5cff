"""CSV tables of a run, for spreadsheets and notebooks."""

from __future__ import annotations

import csv

import pandas as pd

from harness.capabilities import Capabilities
from harness.foreign_text import csv_cell
from harness.report.offered import RESULT_WORDS, extended_words
from harness.report.services import groups_of
from harness.verdict import Level, Outcome, Run

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


def results_table(run: Run) -> pd.DataFrame:
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
    return pd.DataFrame(rows, columns=[*_RESULT_COLUMNS, "duration_seconds"])


def by_group_table(run: Run) -> pd.DataFrame:
    """A row per group and level that has results: how many of each outcome, of all, and the seconds spent."""
    outcomes = [str(outcome) for outcome in Outcome]
    frame = results_table(run)
    counts = (
        pd.crosstab([frame["group"], frame["level"]], frame["outcome"])
        if run.results
        else pd.DataFrame(index=pd.MultiIndex.from_tuples([], names=["group", "level"]))
    ).reindex(columns=outcomes, fill_value=0)
    counts["total"] = counts.sum(axis="columns").astype(int)
    counts["duration_seconds"] = frame.groupby(["group", "level"])["duration_seconds"].sum().round(3)
    order = [(group, str(level)) for group in groups_of(run) for level in Level]
    present = [key for key in order if key in counts.index]
    return counts.reindex(pd.MultiIndex.from_tuples(present, names=["group", "level"])).reset_index()


def capabilities_table(seen: Capabilities) -> pd.DataFrame:
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
    return pd.DataFrame(
        rows,
        columns=[
            "service",
            "sop_class",
            "sop_class_uid",
            "answer",
            "transfer_syntaxes",
            "transfer_syntax_uids",
            "gives_back_by_c_get",
            "extended_negotiation",
        ],
    )


def to_csv(frame: pd.DataFrame) -> bytes:
    """`frame` as CSV: UTF-8 with the mark by which spreadsheets know it, no cell of text a formula."""
    safe = frame.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].map(
                lambda value: csv_cell(value) if isinstance(value, str) else value
            )
    text = safe.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    return str(text).encode("utf-8-sig")
