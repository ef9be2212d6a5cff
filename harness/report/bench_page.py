"""The page of a benchmark: one file, opens offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from harness.content import content_folder
from harness.decide.bench_summary import findings, rows
from harness.decide.growth import growth_rows, growth_words, growths
from harness.measurement import Bench, read_bench
from harness.report.bench_charts import (
    latency_by_rate,
    latency_by_size,
    latency_over_time,
    percentiles,
    rate_over_time,
)
from harness.report.pages import environment
from harness.report.text import visible

CHARTED = ("store", "study", "find", "move", "get", "commit", "echo")
"""In this order, as far as they were measured."""


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of one operation, each an ``<svg>`` element or empty."""

    operation: str
    rate: Markup
    latency: Markup
    percentiles: Markup


def bench_page(bench: Bench) -> str:
    """The page.  All that `bench` says is escaped; a policy in it allows no script and no other source."""
    missed = [one for one in bench.objectives if not one.is_met]
    lost = sum(one.acknowledged - one.found for one in bench.kept)
    altered = sum(one.altered for one in bench.kept)
    measured = {one.name for load in bench.loads for one in load.operations}
    return (
        environment(visible)
        .get_template("bench.html.j2")
        .render(
            bench=bench,
            name=str(bench.target.get("name") or bench.peer.get("name") or "The PACS"),
            tone="deviates" if missed or lost or altered else "conforms",
            label=_label(bench, bool(missed), lost, altered),
            growth_words=list(growth_words(bench.growth)),
            growth_rows=list(growth_rows(bench.growth)),
            growth_repeats=max(
                (one.latency.count for size in bench.growth for one in size.operations if one.latency),
                default=0,
            ),
            growth_chart=Markup(latency_by_size(list(growths(bench.growth)))),
            words=list(findings(bench.loads, bench.kept, bench.objectives)),
            rows=list(rows(bench.loads)),
            missed=missed,
            charts=[
                Charts(
                    name,
                    Markup(rate_over_time(bench.loads, name)),
                    Markup(latency_over_time(bench.loads, name)),
                    Markup(percentiles(bench.loads, name)),
                )
                for name in CHARTED
                if name in measured
            ],
            limit_chart=Markup(latency_by_rate(bench.limit)) if bench.limit else "",
            style=Markup((content_folder("reports") / "report.css").read_text(encoding="utf-8")),
        )
    )


def _label(bench: Bench, missed: bool, lost: int, altered: int) -> str:
    if lost or altered:
        return "Objects were lost or altered"
    if missed:
        return "Objectives were not met"
    if bench.ended_because != "completed":
        return f"Not complete: {bench.ended_because}"
    if bench.growth:
        return f"Measured from {bench.growth[0].studies:,} to {bench.growth[-1].studies:,} studies"
    return "Every objective was met, and nothing was lost" if bench.objectives else "Nothing was lost"


def render_bench(folder: Path) -> Path:
    """``FOLDER/report.html`` from ``bench.json``.  Raises ValueError, OSError."""
    path = folder / "report.html"
    path.write_text(bench_page(read_bench(folder)), encoding="utf-8")
    return path
