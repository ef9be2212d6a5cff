"""The command line as people meet it: one clear line and the documented exit code for every mistake."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.archive import launch
from tests.calling import call

COMMAND = [sys.executable, "-m", "harness"]


def write_target(folder: Path, port: int, **more: str) -> Path:
    path = folder / "target.toml"
    lines = [
        "[dimse]",
        'host = "127.0.0.1"',
        f"port = {port}",
        'called_ae_title = "REFERENCE"',
        "deadline = 3",
    ]
    path.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in more.items())]) + "\n")
    return path


def one_clear_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("pacs-harness: ")
    assert "Traceback" not in done.stderr
    return lines[0]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def results_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"colour": '"red"'}, "unknown key dimse.colour"),
        ({"calling_ae_title": '"SEVENTEEN-LETTERS"'}, "at most 16"),
        ({"visible_within": "-1"}, "dimse.visible_within"),
    ],
)
def test_a_wrong_target_file(tmp_path: Path, more: dict[str, str], words: str) -> None:
    done = call("run", str(write_target(tmp_path, 104, **more)), "--output", str(tmp_path / "run"))
    assert done.returncode == 2
    assert words in one_clear_line(done)


def test_a_port_out_of_range(tmp_path: Path) -> None:
    done = call("run", str(write_target(tmp_path, 70000)), "--output", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "1 to 65535" in one_clear_line(done)


def test_connection_refused(tmp_path: Path) -> None:
    done = call("run", str(write_target(tmp_path, closed_port())), "--output", str(tmp_path / "run"))
    assert done.returncode == 4
    assert "refuses the connection" in one_clear_line(done)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["exit_code"] == 4


def test_unknown_host(tmp_path: Path) -> None:
    path = write_target(tmp_path, 104)
    path.write_text(path.read_text().replace("127.0.0.1", "no-such-host.invalid"))
    done = call("run", str(path), "--observe", "--output", str(tmp_path / "run"))
    assert done.returncode == 4
    assert "no-such-host.invalid" in one_clear_line(done)


def test_another_host_needs_permission(tmp_path: Path) -> None:
    path = write_target(tmp_path, 104)
    path.write_text(path.read_text().replace("127.0.0.1", "pacs.invalid"))
    done = call("run", str(path), "--output", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "--i-own-this-system" in one_clear_line(done)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("reject", ["1,1,3", "1,1,7", "1,1,2", "1,2,2", "2,3,1", "2,3,2", "1,1,1"])
def test_each_rejection(tmp_path: Path, reject: str) -> None:
    with launch.start(options=["--reject", reject]) as archive:
        done = call("run", str(write_target(tmp_path, archive.port)), "--output", str(tmp_path / "run"))
    assert done.returncode == 4
    assert one_clear_line(done)


def test_an_unwritable_run_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = call("run", "--output", str(tmp_path / "file" / "run"))
    assert done.returncode == 2
    assert "run folder" in one_clear_line(done)


def test_an_empty_selection(tmp_path: Path) -> None:
    done = call("run", "--select", "no.such.id", "--output", str(tmp_path / "run"))
    assert done.returncode == 2


@pytest.mark.slow
def test_the_archive_dies_midway(tmp_path: Path) -> None:
    with launch.start() as archive:
        target = write_target(tmp_path, archive.port)
        folder = tmp_path / "run"
        run = subprocess.Popen(
            [*COMMAND, "run", str(target), "--output", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert run.stdout is not None
        killed = False
        printed = []
        for line in run.stdout:
            printed.append(line)
            if not killed and line.startswith("✓"):
                archive.kill()
                killed = True
        assert run.wait(120) == 4, "".join(printed)
    assert "target lost after" in "".join(printed)
    results = results_of(folder)
    assert results[0]["outcome"] == "PASS"
    assert {"NOT_TESTED"} <= {result["outcome"] for result in results}
    assert not [result for result in results if result["outcome"] == "ERROR"]
    assert (folder / "report.html").exists()


def test_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = subprocess.Popen(
        [*COMMAND, "run", "--output", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.stdout is not None
    printed = []
    sent = threading.Event()
    for line in run.stdout:
        printed.append(line)
        if line.startswith("✓") and not sent.is_set():
            run.send_signal(signal.SIGINT)
            sent.set()
    assert run.wait(120) == 130, "".join(printed)
    assert "Traceback" not in "".join(printed)
    assert results_of(folder)[0]["outcome"] == "PASS"
    assert json.loads((folder / "run.json").read_text())["ended_because"] == "interrupted"
    assert (folder / "report.html").exists()


def test_plan_sends_nothing(tmp_path: Path) -> None:
    done = call("run", str(write_target(tmp_path, closed_port())), "--plan", cwd=tmp_path)
    assert done.returncode == 0
    assert "nothing was sent" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["target.toml"]


def test_observe_writes_nothing(tmp_path: Path) -> None:
    with launch.start(options=["--artim", "3"]) as archive:
        folder = tmp_path / "run"
        target = str(write_target(tmp_path, archive.port))
        # Of the services that write something there is nothing left, and of the others enough.
        selected = "verification,storage,find.matching,move,get,commitment,mpps,consistency"
        done = call("run", target, "--observe", "--select", selected, "--output", str(folder))
        kept = [path for path in archive.folder.rglob("*") if path.suffix == ".dcm"]
    assert done.returncode == 0, done.stdout
    assert results_of(folder)
    assert not kept
    # Command Field (0000,0100) of all that went either way: C-ECHO, C-FIND, C-CANCEL, their responses.
    captured = b"".join(path.read_bytes() for path in (folder / "captures").iterdir())
    fields = re.findall(rb"\x00\x00\x00\x01\x02\x00\x00\x00(..)", captured, re.DOTALL)
    assert {int.from_bytes(field, "little") for field in fields} <= {0x0030, 0x8030, 0x0020, 0x8020, 0x0FFF}
    assert len((folder / "stored.csv").read_text().splitlines()) == 1


def test_list_for_machines() -> None:
    done = call("list", "--json")
    assert done.returncode == 0
    requirements = json.loads(done.stdout)
    assert len({requirement["id"] for requirement in requirements}) == len(requirements)
    assert {"id", "clause", "level", "group", "text"} <= set(requirements[0])


def test_ids_are_stable() -> None:
    committed = (Path(__file__).parents[2] / "scenarios" / "ids.txt").read_text().split()
    listed = [requirement["id"] for requirement in json.loads(call("list", "--json").stdout)]
    gone = sorted(set(committed) - set(listed))
    assert not gone, f"ids never vanish; a moved function keeps its id with formerly=: {gone}"
    new = sorted(set(listed) - set(committed))
    assert not new, f"add to scenarios/ids.txt: {new}"


def test_a_hostile_project_around_the_run(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("raise SystemExit('a conftest of somebody else')\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    environment = {**os.environ, "PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}
    done = subprocess.run(
        [*COMMAND, "run", "--select", "verification.echo.success", "--output", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


OWN = """
from harness.scenario import SHALL, requirement
from harness.scu.echo import echo
from harness.scu.uids import VERIFICATION

@requirement("PS3.4 A.4", SHALL, "Our echo works.")
def test_works(scu):
    with scu.open(VERIFICATION) as association:
        assert echo(association).integer("Status") == 0
"""


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "test_echo.py").write_text(OWN)
    done = call("run", "--scenarios", str(ours), "--select", "ours", "--output", str(tmp_path / "run"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [result["id"] for result in results_of(tmp_path / "run")] == ["ours.echo.works"]


def test_plain_pytest(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "test_echo.py").write_text(OWN)
    with launch.start() as archive:
        target = write_target(tmp_path, archive.port)
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "--pacs",
                str(target),
                "--pacs-output",
                "run",
                "ours",
            ],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [result["outcome"] for result in results_of(tmp_path / "run")] == ["PASS"]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["exit_code"] == 0
