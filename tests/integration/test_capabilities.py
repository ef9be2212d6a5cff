"""What a product offers is seen in a real run, kept in the run folder, and shown in its report."""

from __future__ import annotations

import json
from pathlib import Path

from harness.archive import launch
from harness.report import load_run
from tests.calling import call, target_file


def run(tmp_path: Path, port: int, *options: str) -> tuple[Path, str]:
    target = target_file(tmp_path, port)
    folder = tmp_path / "run"
    words = ["run", str(target), "--output", str(folder), *options]
    done = call(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_an_observer_keeps_what_was_seen(tmp_path: Path) -> None:
    with launch.start() as archive:
        folder, printed = run(tmp_path, archive.port, "--observe", "--select", "verification.echo.success")
        kept = [path for path in archive.folder.rglob("*") if path.suffix == ".dcm"]
    seen = load_run(folder).capabilities
    assert seen is not None
    assert {"verification", "storage", "find", "move", "get", "commitment"} <= set(seen.services())
    assert {len(one.transfer_syntaxes) for one in seen.accepted("storage")} == {len(seen.transfer_syntaxes)}
    assert all(one.gives_back for one in seen.accepted("storage"))
    assert {answer.status for answer in seen.levels} == {0}
    assert seen.remarks == ()
    assert "services offered: Verification (C-ECHO), Query (C-FIND)" in printed
    assert "What the product was seen to offer" in (folder / "report.html").read_text()
    assert "CT Image Storage" in (folder / "capabilities.csv").read_text()
    assert not kept


def test_a_question_about_one_requirement_is_no_look_around(tmp_path: Path) -> None:
    with launch.start() as archive:
        folder, _ = run(tmp_path, archive.port, "--select", "verification.echo.success")
    assert json.loads((folder / "run.json").read_text())["capabilities"] is None
    assert not (folder / "capabilities.csv").exists()
