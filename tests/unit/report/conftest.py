"""Runs made up for the reports' tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.report import load_run
from harness.verdict import Evidence, Measurement, Outcome, Result, Run

MADE_UP = Path(__file__).parents[2] / "integration" / "data" / "made_up_run"
NASTY = "<script>window.ran = true</script>\"'><img src=x onerror='window.ran = true'>"


@pytest.fixture(scope="session")
def made_up_run() -> Run:
    """A realistic run: 122 results of six groups, 6 of them failures."""
    return load_run(MADE_UP)


@pytest.fixture
def nasty_run(made_up_run: Run) -> Run:
    """A run in which every text that anybody can choose is an attack, with a result of each outcome."""
    first = made_up_run.results[0]
    requirement = replace(
        first.requirement, clause=NASTY, text=NASTY, group=NASTY, location=NASTY, edition=NASTY
    )
    results = tuple(
        Result(
            requirement=replace(requirement, id=f"{outcome}.{NASTY}"),
            outcome=outcome,
            reason=NASTY,
            duration=1.0,
            evidence=Evidence(NASTY, NASTY, NASTY, (NASTY, "javascript:alert(1)", "../../etc/passwd")),
            cases=((NASTY, outcome),),
        )
        for outcome in Outcome
    )
    return Run(
        target={"name": NASTY, "dimse": {"host": NASTY, "port": 104, "called_ae_title": NASTY}, NASTY: NASTY},
        tool_version=NASTY,
        edition=NASTY,
        started=NASTY,
        finished=NASTY,
        command=("pacs-harness", "run", NASTY),
        exit_code=1,
        ended_because=NASTY,
        peer={"implementation_version_name": NASTY, "implementation_class_uid": NASTY},
        environment={NASTY: NASTY},
        results=results,
        measurements=(Measurement(NASTY, 1.0, NASTY),),
        unselected=(replace(requirement, id=f"unselected.{NASTY}"),),
    )
