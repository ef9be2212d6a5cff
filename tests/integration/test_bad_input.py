"""What goes wrong around a run: one clear line, the documented exit code, and what was measured is kept."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from harness.archive import launch
from harness.report import load_run
from tests.calling import call

COMMAND = [sys.executable, "-m", "harness"]
TARGET = '[dimse]\nhost = "127.0.0.1"\nport = {port}\ncalled_ae_title = "REFERENCE"\ndeadline = 5\n'


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def clear_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line on stderr of a command that ended with `code`."""
    assert done.returncode == code, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A target file of a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = tmp_path / "target.toml"
    path.write_text(TARGET.format(port=port))
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the table [dimse] is missing"),
        (b"[dimse\n", "not valid TOML"),
        ("[dimse]\nhost = 'Köln'\n".encode("latin-1"), "no text in UTF-8 (byte 18)"),
        (bytes(range(256)), "no text in UTF-8 (byte 129)"),
        (TARGET.format(port='"104"').encode(), "dimse.port takes a whole number, not '104'"),
        (TARGET.format(port=104).replace("5", "nan").encode(), "dimse.deadline takes seconds"),
    ],
)
def test_a_target_file_that_can_not_be_used(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "target.toml"
    path.write_bytes(content)
    assert words in clear_line(call("run", str(path), "--output", str(tmp_path / "run")), 2)
    assert not (tmp_path / "run").exists()


def test_a_folder_as_target_file(tmp_path: Path) -> None:
    assert clear_line(call("run", str(tmp_path)), 2).endswith("cannot be read: Is a directory")


def test_a_target_file_that_was_saved_with_a_byte_order_mark(target: Path) -> None:
    target.write_bytes(b"\xef\xbb\xbf" + target.read_bytes())
    assert call("run", str(target), "--plan", "--select", "verification").returncode == 0


def test_tls_files_are_looked_at_before_anything_is_made(tmp_path: Path, target: Path) -> None:
    target.write_text(target.read_text() + '[dimse.tls]\nca_file = "nowhere.pem"\n')
    line = clear_line(call("run", str(target), "--output", str(tmp_path / "run")), 2)
    assert "TLS files cannot be used (nowhere.pem)" in line
    assert not (tmp_path / "run").exists()


def test_a_group_that_does_not_exist_can_not_be_left_untested(tmp_path: Path, target: Path) -> None:
    words = ["--select", "verification", "--allow-untested", "verfication", "--output", str(tmp_path / "run")]
    assert "--allow-untested verfication: no such" in clear_line(call("run", str(target), *words), 2)


def test_what_is_missing_for_a_verdict_is_said(tmp_path: Path) -> None:
    with launch.start() as archive:
        path = tmp_path / "target.toml"
        path.write_text(TARGET.format(port=archive.port))
        done = call("run", str(path), "--select", "move.status", "--output", str(tmp_path / "run"))
    assert done.returncode == 5
    assert "incomplete: mandatory requirements could not be tested in move (exit code 5)" in done.stdout


def test_a_scenario_that_can_not_be_read(tmp_path: Path, target: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "test_x.py").write_text("no python\n")
    words = ["--scenarios", str(tmp_path / "ours"), "--plan"]
    assert clear_line(call("run", str(target), *words), 2).endswith("test_x.py: SyntaxError: invalid syntax")


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, target: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "results.csv").write_text("precious")
    assert "holds other files" in clear_line(call("run", str(target), "--output", str(folder)), 2)
    assert [path.read_text() for path in folder.iterdir()] == ["precious"]


def test_a_folder_that_others_can_read_is_mentioned(tmp_path: Path, target: Path) -> None:
    modes = {}
    for name, mode in (("open", 0o755), ("own", 0o700)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
        modes[name] = call("run", str(target), "--output", str(tmp_path / name)).stderr
    assert "open to other users" in modes["open"]
    assert "open to other users" not in modes["own"]
    written = list((tmp_path / "open").iterdir())
    assert written
    assert not [path for path in written if path.stat().st_mode & 0o077]


def test_a_full_disk_keeps_what_fitted(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with launch.start() as archive:
        path = tmp_path / "target.toml"
        path.write_text(TARGET.format(port=archive.port))
        done = subprocess.run(
            [*COMMAND, "run", str(path), "--select", "verification,association", "--output", str(folder)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            # No file may grow beyond this: what a full disk does to every file, this does to one.
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)),
        )
    assert "ended early: File too large" in clear_line(done, 3)
    run = load_run(folder)
    assert {str(result.outcome) for result in run.results} >= {"PASS"}
    assert "killed" in run.ended_because


def interrupted(run: subprocess.Popen[str], folder: Path) -> str:
    """What was printed by a run that ended as an interrupted one does; its folder is whole."""
    printed = run.communicate(timeout=120)[0]
    assert run.returncode == 130, printed
    assert "Traceback" not in printed
    assert "interrupted" in printed
    document = json.loads((folder / "run.json").read_text())
    assert (document["exit_code"], document["ended_because"]) == (130, "interrupted")
    assert "The run did not go to its end." in (folder / "report.html").read_text()
    return printed


@pytest.mark.parametrize("end", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_interrupted_before_the_first_answer(tmp_path: Path, end: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = tmp_path / "target.toml"
        path.write_text(TARGET.format(port=server.getsockname()[1]))
        run = started("run", str(path), "--output", str(tmp_path / "run"))
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b"\x01", "A-ASSOCIATE-RQ is on its way"
            run.send_signal(end)
            interrupted(run, tmp_path / "run")


@pytest.mark.slow
def test_terminated_in_the_middle(tmp_path: Path) -> None:
    run = started("run", "--output", str(tmp_path / "run"))
    assert run.stdout is not None
    for line in run.stdout:
        if line.startswith("✓"):
            run.send_signal(signal.SIGTERM)
            break
    printed = interrupted(run, tmp_path / "run")
    assert "more NOT_TESTED for the same reason" in printed
    reasons = Counter(
        result.reason for result in load_run(tmp_path / "run").results if result.reason.startswith("the run")
    )
    before, during = (f"the run ended {when} this requirement" for when in ("before", "during"))
    assert reasons[before] > 400
    assert reasons.total() - reasons[before] == reasons[during] <= 1
    assert len(printed.splitlines()) < 50


def test_a_killed_run_leaves_no_archive_and_a_folder_that_can_be_read(tmp_path: Path) -> None:
    run = started("run", "--output", str(tmp_path / "run"))
    assert run.stdout is not None
    for line in run.stdout:
        if line.startswith("✓"):
            break
    below = psutil.Process(run.pid).children(recursive=True)
    assert any("harness.archive" in process.cmdline() for process in below)
    run.kill()
    run.communicate()
    assert psutil.wait_procs(below, 30)[1] == []
    assert call("report", str(tmp_path / "run")).returncode == 0
    assert "the run was killed" in (tmp_path / "run" / "report.html").read_text()


def read_one_line(words: Sequence[str]) -> tuple[int, str]:
    """The exit code and the errors of a command whose reader leaves after a line."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    return process.returncode, errors


@pytest.mark.slow
def test_a_run_goes_on_where_its_reader_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = ["run", "--select", "verification", "--output", str(folder)]
    assert read_one_line(words) == (0, "")
    assert load_run(folder).ended_because == "completed"


def test_a_list_ends_where_its_reader_leaves() -> None:
    assert read_one_line(["list"]) == (0, "")
