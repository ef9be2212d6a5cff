"""Modality Worklist from end to end: DCMTK's findscu as client, and entries that people made beforehand."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from harness.archive.launch import start
from harness.cli import main
from harness.peers.bundled import start_bundled
from harness.synthesis import Identity, new_run_root
from harness.synthesis.worklist import worklist_entries
from harness.target import Dimse, Target, Worklist
from harness.verdict import Outcome
from harness.worklist import entry_of, write_entry
from tests.mutants.kill import examine
from tests.programs import require_program


@pytest.mark.peer("dcmtk")
def test_findscu_reads_the_worklist(tmp_path: Path) -> None:
    entries = worklist_entries(Identity(new_run_root(), "test"), date(2030, 1, 1))
    for entry in entries:
        write_entry(tmp_path, entry)
    program = require_program("findscu")
    by_label = {entry.label: entry for entry in entries}
    wanted = by_label["order-mr"]
    step = "ScheduledProcedureStepSequence[0]."
    with start(folder=tmp_path / "objects", options=["--worklist", str(tmp_path)]) as archive:
        done = subprocess.run(
            [
                *(program, "-W", "-aec", archive.ae_title, archive.host, str(archive.port)),
                *(
                    "-k",
                    "PatientName",
                    "-k",
                    f"PatientID={wanted.text('PatientID')}",
                    "-k",
                    "AccessionNumber",
                ),
                *("-k", f"{step}Modality=MR", "-k", f"{step}ScheduledProcedureStepID"),
                *("-k", f"{step}ScheduledProcedureStepStartDate=20300101-20300131"),
            ],
            capture_output=True,
            timeout=60,
            check=True,
        )
    printed = (done.stdout + done.stderr).decode("latin-1")
    assert printed.count("Find Response: ") == 1
    for keyword in ("PatientName", "AccessionNumber", "ScheduledProcedureStepID"):
        assert f"[{wanted.text(keyword)}]" in printed
    assert "Status: Failed" not in printed


def test_entries_that_were_made_beforehand(tmp_path: Path) -> None:
    path = tmp_path / "entries.toml"
    assert main(["worklist", "--output", str(path)]) == 0
    with start(folder=tmp_path / "objects", options=["--worklist", str(path)]) as archive:
        target = Target(
            Dimse(archive.host, archive.port, archive.ae_title, deadline=5.0, visible_within=2.0),
            worklist=Worklist(entries=str(path), finished_steps="absent"),
        )
        results = examine(target, ("worklist", "mpps.effect"), tmp_path)
        assert results.pop("worklist.cancel.status").outcome is Outcome.NOT_TESTED
        assert Counter(result.outcome for result in results.values()) == {Outcome.PASS: len(results)}
        # The step has been performed: for another run its entry has to be made anew.
        (again,) = examine(target, ("mpps.effect",), tmp_path).values()
        assert again.outcome is Outcome.NOT_TESTED
        assert "made anew" in again.reason


@pytest.mark.parametrize(
    ("worklist", "words"),
    [
        (Worklist(), "does not say where worklist entries come from"),
        (Worklist(folder="/nowhere/at/all"), "/nowhere/at/all cannot be written to: No such file"),
        (
            Worklist(folder="."),
            "none of the worklist entries is found: does the product read .wl files from .",
        ),
        (Worklist(entries="/nowhere/entries.toml"), "/nowhere/entries.toml: no such file"),
    ],
)
def test_without_entries_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worklist: Worklist, words: str
) -> None:
    (tmp_path / "bundled").mkdir()
    monkeypatch.chdir(tmp_path)
    with start_bundled(tmp_path / "bundled", (), "PACSHARNESS", deadline=5.0) as bundled:
        target = replace(bundled, worklist=worklist, dimse=replace(bundled.dimse, visible_within=1.0))
        results = examine(target, ("worklist.context", "worklist.match.modality"), tmp_path)
    assert results["worklist.context.accepted"].outcome is Outcome.PASS
    assert results["worklist.match.modality"].outcome is Outcome.NOT_TESTED
    assert words in results["worklist.match.modality"].reason


def test_the_entries_of_a_run_are_taken_away(tmp_path: Path) -> None:
    with start_bundled(tmp_path, (), "PACSHARNESS", deadline=5.0) as target:
        folder = Path(target.worklist.folder)
        write_entry(folder, entry_of("theirs", {"PatientID": "THEIRS", "ScheduledProcedureStepID": "1"}))
        results = examine(target, ("worklist.match.patient-id", "worklist.cancel"), tmp_path)
        assert {result.outcome for result in results.values()} == {Outcome.PASS}
        assert [path.name for path in folder.iterdir()] == ["theirs.wl"]


def test_files_for_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "worklist"
    assert main(["worklist", "--folder", str(folder)]) == 0
    written = capsys.readouterr().out.split()
    assert sorted(written) == sorted(str(path) for path in folder.iterdir())
    assert main(["worklist", "--output", str(tmp_path / "entries.toml")]) == 0
    assert main(["worklist", "--output", str(tmp_path / "entries.toml")]) == 2
    assert "exists; --force overwrites it" in capsys.readouterr().err
