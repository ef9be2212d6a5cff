"""`pacs-harness bench` from outside: its exit codes, its one clear line, and what stays in the run folder."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest

from harness.archive import launch
from harness.measurement import Bench, read_bench
from tests.calling import call, target_file

ECHO = """
about = "A test."
[arrival]
kind = "closed"
clients = 2
association = "client"
think = 0.02
[stop]
{stop}
[[operation]]
kind = "echo"
"""
STORE = ECHO.replace('kind = "echo"', 'kind = "store"\ndataset = "small"') + (
    '[dataset.small]\nkind = "CT"\nrows = 32\ncolumns = 32\n'
)


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "bench", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )


def measured(*words: str) -> subprocess.CompletedProcess[str]:
    with patch.dict(os.environ, COLUMNS="200"):
        return call("bench", *words)


def clear_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Exactly one line on standard error, and the exit code."""
    assert done.returncode == code, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("pacs-harness: ")
    return line


def workload(folder: Path, text: str, stop: str = "operations = 40") -> str:
    path = folder / "mine.toml"
    path.write_text(text.format(stop=stop))
    return str(path)


def target(folder: Path, port: int, **more: object) -> str:
    return str(target_file(folder, port, deadline=2, visible_within=1, **more))


def under_load(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes below a benchmark, once its engine has a connection to the product; none before that."""
    processes = psutil.Process(run.pid).children(recursive=True)
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if "harness.load.engine" in one.cmdline() and any(at.raddr for at in one.net_connections("tcp")):
                return processes
    return []


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_with_no_target_the_bundled_archive_is_measured(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = measured(
        "--workload", "smoke", "--repeats", "2", "--seconds", "1", "--verify", "full", "--output", str(folder)
    )
    assert done.returncode == 0, done
    assert not done.stderr
    assert f"report: {folder / 'report.html'}" in done.stdout
    bench = read_bench(folder)
    assert (bench.exit_code, bench.ended_because) == (0, "completed")
    assert [(load.client, load.repeat) for load in bench.loads] == [
        ("typical", 1),
        ("unthrottled", 1),
        ("typical", 2),
        ("unthrottled", 2),
    ]
    assert all(one.acknowledged == one.found == one.compared > 0 for one in bench.kept)
    assert not any(one.errors for load in bench.loads for one in load.operations)
    # The server ran here, so what it used is there.
    assert all(load.server and load.resources for load in bench.loads)
    stored = csv_rows(folder / "stored.csv")
    acknowledged = sum(one.acknowledged for one in bench.kept)
    population = bench.workload["population"]
    there_before = population["studies"] * population.get("objects", 1)
    assert sum(int(row["objects"]) for row in stored) == acknowledged + there_before
    assert len({row["study_instance_uid"] for row in stored}) == len(stored)
    pictures = {path.name for path in (folder / "charts").iterdir()}
    assert {"store-rate.png", "store-rate.svg", "find-percentiles.png", "server-typical.png"} <= pictures
    shown = {row["operation"]: row for row in csv_rows(folder / "tables" / "operations.csv")}
    assert set(shown) == {one.name for load in bench.loads for one in load.operations}


def test_an_objective_that_breaks_is_exit_code_1(tmp_path: Path) -> None:
    mine = workload(tmp_path, ECHO + "[[objective]]\noperation = 'echo'\nrate = 1e9\np50 = 1e5\n")
    done = measured(
        "--workload", mine, "--repeats", "1", "--client", "typical", "--output", str(tmp_path / "r")
    )
    assert done.returncode == 1, done
    assert "not met with typical clients: echo rate:" in done.stdout
    page = (tmp_path / "r" / "report.html").read_text()
    assert "Objectives were not met" in page
    assert "1 of 1" in page
    assert "0 of 1" in page


@pytest.mark.parametrize(
    ("defect", "label"),
    [
        pytest.param("tests.mutants.storage:KeepsNothing", "lost", marks=pytest.mark.slow),
        ("tests.mutants.storage:FlipsBit", "altered"),
    ],
)
def test_lost_and_altered_objects_fail_the_run_whatever_its_speed(
    tmp_path: Path, defect: str, label: str
) -> None:
    with launch.start(semantics=defect) as bad:
        done = measured(
            target(tmp_path, bad.port),
            *("--workload", workload(tmp_path, STORE), "--repeats", "1", "--client", "unthrottled"),
            *("--output", str(tmp_path / "run")),
        )
    assert done.returncode == 1, done
    assert re.search(rf"[1-9][0-9]* {label}", done.stdout)
    assert "Objects were lost or altered" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.slow
def test_one_that_dies_midway_is_exit_code_4_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with launch.start() as mortal:
        run = started(
            target(tmp_path, mortal.port),
            *("--workload", workload(tmp_path, STORE, "seconds = 4"), "--client", "typical"),
            *("--output", str(folder)),
        )
        log = folder / "engine.log"
        while not log.exists():
            assert run.poll() is None
            time.sleep(0.02)
        objects = mortal.folder / "objects"
        while sum(1 for path in objects.rglob("*") if path.is_file()) < 10:
            assert run.poll() is None
            time.sleep(0.02)
        mortal.process.kill()
        output, errors = run.communicate(timeout=120)
    done = subprocess.CompletedProcess([], run.returncode, output, errors)
    assert "no longer answers after a load" in clear_line(done, 4)
    bench = read_bench(folder)
    assert len(bench.loads) == 1
    store = bench.loads[0].of("store")
    assert store is not None
    assert store.count > 0
    assert store.errors["the connection was refused"] > 0
    (kept,) = bench.kept
    assert kept.unknown == kept.acknowledged > 0
    page = (folder / "report.html").read_text()
    assert "Not complete: the product no longer answers" in page
    assert "the connection was refused" in page
    assert (folder / "charts" / "errors.png").exists()


def test_ctrl_c_leaves_the_report_of_what_was_measured_and_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = started("--workload", workload(tmp_path, ECHO, "seconds = 600"), "--output", str(folder))
    while not (processes := under_load(run)):
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    output, errors = run.communicate(timeout=120)
    assert run.returncode == 130, (output, errors)
    assert "Traceback" not in errors
    assert "report: " in output
    bench: Bench = read_bench(folder)
    assert bench.ended_because == "interrupted"
    assert "Not complete: interrupted" in (folder / "report.html").read_text()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive


@pytest.mark.slow
def test_a_baseline_that_was_better_is_exit_code_1(tmp_path: Path) -> None:
    mine = workload(tmp_path, ECHO)
    with launch.start() as quick:
        first = measured(
            target(tmp_path, quick.port),
            *("--workload", mine, "--client", "typical", "--repeats", "3", "--output", str(tmp_path / "a")),
        )
    assert first.returncode == 0, first
    with launch.start(options=["--response-delay", "0.1"]) as slow:
        again = measured(
            target(tmp_path, slow.port),
            *("--workload", mine, "--client", "typical", "--repeats", "3", "--output", str(tmp_path / "b")),
            *("--baseline", str(tmp_path / "a")),
        )
    assert again.returncode == 1, again
    assert "worse" in again.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--workload", "nonsense"), "there is no workload 'nonsense': take one of ci-gate, "),
        (("--workload", "nonsense.toml"), "nonsense.toml: No such file or directory"),
        (("--repeats", "0"), "--repeats takes a number from 1 to 100"),
        (("--seconds", "0.5", "--workload", "ci-gate"), "--seconds takes more than the warm-up"),
        (("--baseline", "nowhere"), "--baseline nowhere: No such file or directory"),
        (("target.toml", "--peer", "orthanc"), "give a target file or --peer, not both"),
        (("nowhere.toml",), "nowhere.toml"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(words: tuple[str, ...], expected: str) -> None:
    assert expected in clear_line(measured(*words), 2)


def test_another_machine_is_loaded_only_by_who_owns_it(tmp_path: Path) -> None:
    path = Path(target(tmp_path, 11112))
    path.write_text(path.read_text().replace("127.0.0.1", "192.0.2.1"))
    assert "say --i-own-this-system" in clear_line(measured(str(path)), 2)


def test_nobody_there(tmp_path: Path) -> None:
    with launch.start() as archive:
        port = archive.port
    done = measured(target(tmp_path, port), "--workload", "smoke", "--output", str(tmp_path / "run"))
    assert "refuses the connection" in clear_line(done, 4)


def test_a_workload_that_moves_needs_a_destination(tmp_path: Path) -> None:
    with launch.start() as archive:
        done = measured(
            target(tmp_path, archive.port),
            "--workload",
            "radiologist-morning",
            "--output",
            str(tmp_path / "r"),
        )
    assert "needs a [[destination]] that the product knows" in clear_line(done, 2)
