"""The report of a benchmark: one page that opens offline, and beside it its charts and tables as files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from harness.decide.bench_summary import Row, errors, findings, rows
from harness.decide.growth import growth_rows, growth_words
from harness.decide.intervals import Change
from harness.documents import OWNER_ONLY, write_whole
from harness.foreign_text import visible
from harness.measurement import Bench, Compared, ObjectiveMeasured, Spread, read_bench
from harness.report.bench_charts import charts_of
from harness.report.bench_tables import table_of, tables
from harness.report.pages import environment, shipped, span
from harness.report.plotting import PAGE, PRINT, for_page, styled
from harness.report.tables import to_csv

OPERATION_WORDS = {
    "study": "Storing a whole study",
    "store": "C-STORE, an object",
    "find": "C-FIND",
    "move": "C-MOVE",
    "get": "C-GET",
    "commit": "Storage commitment",
    "echo": "C-ECHO",
    "all": "All together",
}
MEASURE_WORDS = {
    "p50": "half of them within",
    "p95": "95 % within",
    "p99": "99 % within",
    "errors": "errors at most",
    "rate": "a second at least",
    "megabytes": "at least",
}
COMPARED_WORDS = {"rate": "a second", "p50": "50 % within", "p95": "95 % within", "errors": "errors"}
PHASE_WORDS = {
    "connect": "TCP (and TLS) connection",
    "negotiate": "association negotiation",
    "first byte": "from the request to the first byte of an answer",
    "response": "from the request to the final answer",
    "release": "release",
}
_NO_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart for the page."""

    section: str
    title: str
    svg: Markup


def render_bench(folder: Path) -> Path:
    """``FOLDER/report.html``, ``charts/`` and ``tables/`` from ``bench.json``.  ValueError, OSError."""
    bench = read_bench(folder)
    charts, csv = folder / "charts", folder / "tables"
    charts.mkdir(exist_ok=True, mode=OWNER_ONLY)
    csv.mkdir(exist_ok=True, mode=OWNER_ONLY)
    for chart in charts_of(bench):
        figure = chart.draw(PRINT)
        with styled():
            for kind in ("svg", "png"):
                metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {}
                # Where a name has something of the measurement in it, that is no path.
                name = _NO_NAME.sub("-", chart.name)[:60]
                figure.savefig(charts / f"{name}.{kind}", dpi=150, metadata=metadata)
    for name, frame in tables(bench):
        (csv / f"{name}.csv").write_bytes(to_csv(table_of(frame)))
    return write_whole(folder / "report.html", bench_page(bench).encode())


def bench_page(bench: Bench) -> str:
    """The page.  All that `bench` says is escaped; a policy in it allows no script and no other source."""
    unknown = sum(one.unknown for one in bench.kept)
    lost = sum(one.acknowledged - one.found for one in bench.kept) - unknown
    altered = sum(one.altered for one in bench.kept)
    missed = any(not one.is_met for one in bench.objectives)
    figures = bench.baseline.figures if bench.baseline else ()
    is_worse = any(one.change is Change.WORSE for one in figures)
    drawn = [
        Drawn(one.section, one.title, for_page(one.draw(PAGE), one.description)) for one in charts_of(bench)
    ]
    sections = {name: list(group) for name, group in groupby(drawn, lambda one: one.section)}
    of_errors, of_server, of_limit, of_growth = (
        sections.pop(name, []) for name in ("errors", "server", "limit", "growth")
    )
    return (
        environment(visible)
        .get_template("bench.html.j2")
        .render(
            bench=bench,
            name=str(bench.target.get("name") or bench.peer.get("name") or "The PACS"),
            tone="deviates" if missed or lost or altered or is_worse else _tone_of_end(bench, unknown),
            label=_label(bench, missed, lost, altered, unknown, is_worse),
            **{str(change): list(_compared(figures, change)) for change in Change},
            baseline_day=_baseline_day(bench),
            growth_words=list(growth_words(bench.growth)),
            growth_rows=list(growth_rows(bench.growth)),
            growth_repeats=max(
                (one.latency.count for size in bench.growth for one in size.operations if one.latency),
                default=0,
            ),
            of_growth=of_growth,
            words=list(findings(bench.loads, bench.kept, bench.objectives)),
            rows=list(rows(bench.loads)),
            errors=list(_errors(bench)),
            objectives=list(_objectives(bench)),
            phases=list(_phases(bench)),
            shown=shown,
            sections=sections,
            of_errors=of_errors,
            of_server=of_server,
            of_limit=of_limit,
            server=next((load.server for load in bench.loads if load.server), ""),
            operation_words=OPERATION_WORDS,
            span=span(bench.started, bench.finished),
            style=shipped("report.css"),
        )
    )


def _tone_of_end(bench: Bench, unknown: int) -> str:
    return "conforms" if bench.ended_because == "completed" and not unknown else "incomplete"


def _label(bench: Bench, missed: bool, lost: int, altered: int, unknown: int, is_worse: bool) -> str:
    if lost or altered:
        return "Objects were lost or altered"
    if bench.ended_because not in ("completed", "interrupted"):
        return f"Not complete: {bench.ended_because}"
    if missed:
        return "Objectives were not met"
    if is_worse:
        return "Worse than the baseline"
    if bench.ended_because != "completed":
        return f"Not complete: {bench.ended_because}"
    if bench.growth:
        return f"Measured from {bench.growth[0].studies:,} to {bench.growth[-1].studies:,} studies"
    if unknown:
        return "Whether everything was kept could not be seen"
    return "Every objective was met, and nothing was lost" if bench.objectives else "Nothing was lost"


def _errors(bench: Bench) -> Iterator[tuple[str, str, str, int]]:
    """Operation, client, kind and how often; whole studies fail for what their objects fail for."""
    for row in rows(bench.loads):
        if row.operation in ("all", "study"):
            continue
        for kind, count in errors(bench.loads, row.client, row.operation).most_common():
            yield OPERATION_WORDS.get(row.operation, row.operation), row.client, kind, count


def _objectives(bench: Bench) -> Iterator[tuple[str, str, str, str, bool]]:
    """What was wanted, client, what each repeat had, in how many it was met, and whether in all."""
    told: dict[tuple[str, str, str], list[ObjectiveMeasured]] = {}
    for one in bench.objectives:
        told.setdefault((one.operation, one.measure, one.client), []).append(one)
    for (operation, measure, client), repeats in told.items():
        wanted, unit = _measure(measure, repeats[0].wanted)
        words = f"{OPERATION_WORDS.get(operation, operation)}: {MEASURE_WORDS[measure]} {wanted}{unit}"
        seen = "; ".join(
            "nothing measured" if one.measured is None else _measure(measure, one.measured)[0]
            for one in repeats
        )
        met = sum(one.is_met for one in repeats)
        yield words, client, f"{seen}{unit}", f"{met} of {len(repeats)}", met == len(repeats)


def _baseline_day(bench: Bench) -> str:
    return f"{datetime.fromisoformat(bench.baseline.started):%d %B %Y}" if bench.baseline else ""


def _compared(
    figures: Sequence[Compared], change: Change
) -> Iterator[tuple[str, str, str, str, str, Change]]:
    """Operation, client, measure, then and now, of the figures that have changed so."""
    for one in figures:
        if one.change is not change:
            continue
        unit = {"rate": "", "errors": " %"}.get(one.measure, " ms")
        then, now = (
            f"{_number(side.median)}{unit}"
            + (f" ({_number(side.low)} to {_number(side.high)})" if side.low < side.high else "")
            for side in (one.before, one.after)
        )
        name = OPERATION_WORDS.get(one.operation, one.operation)
        yield name, one.client, COMPARED_WORDS[one.measure], then, now, one.change


def _measure(name: str, value: float) -> tuple[str, str]:
    """The number and its unit."""
    if name == "errors":
        return f"{value * 100:.3g}", " %"
    return _number(value), {"rate": "", "megabytes": " MB/s"}.get(name, " ms")


def _phases(bench: Bench) -> Iterator[tuple[str, str, str, Spread]]:
    """Of each client's first load: operation, client, phase and how it is spread."""
    seen = set()
    for load in bench.loads:
        if load.client in seen:
            continue
        seen.add(load.client)
        order = {phase: number for number, phase in enumerate(PHASE_WORDS)}
        for one in sorted(load.phases, key=lambda one: (one.operation, order.get(one.phase, len(order)))):
            words = OPERATION_WORDS.get(one.operation, one.operation)
            yield words, load.client, PHASE_WORDS.get(one.phase, one.phase), one.spread


def shown(row: Row) -> list[tuple[str, str]]:
    """Each figure of a row, and the interval that it lies in over the repeats."""
    return [
        ("–", "")
        if one is None
        else (_number(one.median), f"{_number(one.low)} to {_number(one.high)}" if one.repeats > 1 else "")
        for one in row.figures
    ]


def _number(value: float) -> str:
    """To three digits, and whole where it is large."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
