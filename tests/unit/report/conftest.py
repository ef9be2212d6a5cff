"""Runs made up for the reports' tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.capabilities import Capabilities, LevelAnswer, OfferedClass, Option, TransferSyntax
from harness.report import load_run
from harness.verdict import Evidence, Measurement, Outcome, Result, Run

MADE_UP = Path(__file__).parents[2] / "integration" / "data" / "made_up_run"
NASTY = "<script>window.ran = true</script>\"'><img src=x onerror='window.ran = true'>"


@pytest.fixture(scope="session")
def made_up_run() -> Run:
    """A realistic run: 122 results of six groups, 6 of them failures."""
    return load_run(MADE_UP)


@pytest.fixture
def capabilities() -> Capabilities:
    """Of a product with storage of two classes in unlike transfer syntaxes, and Study Root FIND."""
    implicit, jpeg = "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"
    find = "1.2.840.10008.5.1.4.1.2.2.1"
    return Capabilities(
        implementation_class_uid="1.2.3",
        implementation_version_name="",
        maximum_length=16384,
        async_window=None,
        transfer_syntaxes=(
            TransferSyntax(implicit, "Implicit VR Little Endian"),
            TransferSyntax(jpeg, "JPEG Baseline (Process 1)"),
        ),
        classes=(
            OfferedClass(
                find,
                "Study Root Query/Retrieve Information Model - FIND",
                "find",
                0,
                (implicit,),
                None,
                (Option("relational-queries", 1), Option("fuzzy-person-names", 7)),
            ),
            OfferedClass("1.2.840.10008.5.1.4.31", "Modality Worklist", "worklist", 3),
            OfferedClass(
                "1.2.840.10008.5.1.4.1.1.2", "CT Image Storage", "storage", 0, (implicit, jpeg), True
            ),
            OfferedClass("1.2.840.10008.5.1.4.1.1.4", "MR Image Storage", "storage", 0, (implicit,), False),
            OfferedClass("1.2.840.10008.5.1.4.1.1.9", "Odd Storage", "storage", None),
        ),
        levels=(
            LevelAnswer(find, "STUDY", 0),
            LevelAnswer(find, "SERIES", 0xA900),
            LevelAnswer(find, "IMAGE", None, "no answer within 5 s"),
        ),
        remarks=("the product took no more than 20 presentation contexts",),
    )


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
        capabilities=Capabilities(
            implementation_class_uid=NASTY,
            implementation_version_name=NASTY,
            maximum_length=0,
            async_window=(0, 1),
            transfer_syntaxes=(TransferSyntax(NASTY, NASTY),),
            classes=(
                OfferedClass(NASTY, NASTY, NASTY, 0, (NASTY,), None, (Option(NASTY, 255),)),
                OfferedClass(NASTY, NASTY, "storage", 0, (NASTY,), True, (Option("storage-level", 9),)),
                OfferedClass(NASTY, NASTY, "storage", 99),
            ),
            levels=(LevelAnswer(NASTY, "PATIENT", None, NASTY),),
            remarks=(NASTY,),
        ),
    )
