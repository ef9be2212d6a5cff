"""The sample report: ``python -m tests.sample_report`` renders reports/sample.html from made-up data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from harness.capabilities import capabilities_from_json
from harness.report import load_run
from harness.report.html import html_report
from harness.verdict import Run

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "reports" / "sample.html"
DATA = ROOT / "tests" / "integration" / "data"


def sample_run() -> Run:
    """A made-up product with 122 results, 6 of them failures, and what it was seen to offer."""
    run = load_run(DATA / "made_up_run")
    seen = json.loads((DATA / "made_up_capabilities.json").read_text(encoding="utf-8"))
    name = f"{run.target['name']} (made up)"
    return replace(run, target={**run.target, "name": name}, capabilities=capabilities_from_json(seen))


def sample() -> str:
    """The page; it stands alone, so the recorded exchanges are named and not linked to."""
    return html_report(sample_run(), lambda path: False)


if __name__ == "__main__":
    SAMPLE.write_text(sample(), encoding="utf-8")
    print(SAMPLE)
