"""An archive that grows: the bundled one, filled and measured at a few small sizes."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.archive import launch
from harness.archive.index import Index
from harness.decide.exit_code import ExitCode
from harness.load.benching import ClientKind, Outcome, Step, Wanted
from harness.load.growth import grow, growth_workload
from harness.load.running import LoadFailed, Told
from harness.measurement import read_bench, write_bench
from harness.synthesis import new_run_root
from harness.target import Dimse, Target
from tests.calling import call, target_file

BENCH = [sys.executable, "-m", "harness", "bench"]
FINDS = ("C-FIND by PatientID", "C-FIND by StudyDate", "C-FIND by StudyInstanceUID")
ALL = (*FINDS, "C-STORE", "C-GET of a study", "C-MOVE of a study", "C-ECHO")


def listed(folder: Path) -> list[str]:
    """Study Instance UIDs of stored.csv."""
    with (folder / "stored.csv").open(encoding="utf-8", newline="") as file:
        return [row["study_instance_uid"] for row in csv.DictReader(file)]


def target_of(archive: launch.RunningArchive) -> Target:
    return Target(Dimse(archive.host, archive.port, archive.ae_title, deadline=5.0, visible_within=1.0))


def wanted(*sizes: int, repeats: int = 5) -> Wanted:
    return Wanted(growth_workload(repeats), (ClientKind.UNTHROTTLED,), repeats, sizes=sizes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def archive() -> Iterator[launch.RunningArchive]:
    with launch.start() as running:
        yield running


def test_a_benchmark_of_growth(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = call("bench", "--grow", "10,30,90", "--repeats", "5", "--output", str(run))
    assert (done.returncode, done.stderr) == (ExitCode.CONFORMANT, "")
    bench = read_bench(run)
    # One round warms up, so that six studies are stored while each size is measured.
    assert [(one.studies, one.filled) for one in bench.growth] == [(10, 10), (30, 14), (90, 54)]
    for at_size in bench.growth:
        assert tuple(one.name for one in at_size.operations) == ALL
        assert [one.errors for one in at_size.operations] == [{}] * len(ALL)
        assert [one.latency.count for one in at_size.operations if one.latency] == [5] * len(ALL)
        assert at_size.client == "unthrottled"
    assert len(listed(run)) == len(set(listed(run))) == 90 + 6
    assert "C-FIND by StudyInstanceUID takes" in done.stdout
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "As the archive grows" in page
    assert "latency by the number of studies" in page
    again = tmp_path / "again"
    again.mkdir()
    write_bench(bench, again)
    assert read_bench(again) == bench


def test_sizes_that_are_near_each_other_are_reached_by_measuring(
    archive: launch.RunningArchive, folder: Path
) -> None:
    """What was stored while measuring counts, and is said."""
    outcome, steps = Outcome([], [], []), list[Step]()
    grow(target_of(archive), wanted(5, 8), new_run_root(), folder, outcome, steps.append)
    assert [(one.studies, one.filled) for one in outcome.growth] == [(5, 5), (11, 0)]
    assert "C-MOVE of a study" not in {one.name for one in outcome.growth[0].operations}  # no destination
    assert [step.words for step in steps if "stored" in step.words] == [
        "5 studies are stored, so that 5 are there"
    ]
    assert len(listed(folder)) == 17


def test_a_benchmark_after_another_one(archive: launch.RunningArchive, tmp_path: Path) -> None:
    """What the first one left is not found by the second one's queries."""
    for name in ("first", "second", "third"):
        folder = tmp_path / name
        folder.mkdir()
        outcome = Outcome([], [], [])
        grow(target_of(archive), wanted(120), new_run_root(), folder, outcome)
        assert [one.errors for one in outcome.growth[0].operations] == [{}] * 6


def test_no_week_is_free(
    archive: launch.RunningArchive, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(target_of(archive), wanted(5), new_run_root(), folder, Outcome([], [], []))
    monkeypatch.setattr("harness.load.filling.TRIES", 0)
    with pytest.raises(LoadFailed, match="earlier benchmarks have left studies in every stretch"):
        grow(target_of(archive), wanted(5), new_run_root(), folder, Outcome([], [], []))


@pytest.mark.slow
def test_interrupted_it_keeps_what_it_measured(tmp_path: Path) -> None:
    run = tmp_path / "run"
    objects = tmp_path / "objects"
    with launch.start(folder=objects) as running:
        toml = target_file(tmp_path, running.port)
        process = subprocess.Popen(
            [*BENCH, str(toml), "--grow", "10,1e6", "--repeats", "3", "--output", str(run)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        for line in process.stdout:
            if "1,000,000 are there" in line:
                break
        while len(listed(run)) < 40:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) == ExitCode.INTERRUPTED
    bench = read_bench(run)
    assert [one.studies for one in bench.growth] == [10]
    assert bench.ended_because == "interrupted"
    assert "Not complete: interrupted" in (run / "report.html").read_text(encoding="utf-8")
    # Nothing is in the archive that is not on the list, so that all of it can be removed.
    index = Index(objects / "index.sqlite")
    assert len(listed(run)) == index.count()
    index.close()


def test_interrupted_while_measuring_it_keeps_that_too(archive: launch.RunningArchive, folder: Path) -> None:
    outcome, steps = Outcome([], [], []), list[Step]()

    def interrupt(told: Told) -> None:
        if "of each operation" in steps[-1].words and told.ended > 24:
            raise KeyboardInterrupt

    plan = wanted(40, 80, repeats=50)
    grow(target_of(archive), plan, new_run_root(), folder, outcome, steps.append, interrupt)
    assert outcome.interrupted
    ((studies, counts),) = [
        (one.studies, {each.latency.count for each in one.operations if each.latency})
        for one in outcome.growth
    ]
    assert studies == 40
    assert counts == {4}  # five rounds of six operations are more than 24; the first warmed up
    assert len(listed(folder)) == 45


def test_a_product_that_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with launch.start(options=["--fail-every", "7"]) as running:
        toml = target_file(tmp_path, running.port)
        done = call("bench", str(toml), "--grow", "1000,2000", "--output", str(run))
    assert done.returncode == ExitCode.INCOMPLETE
    (line,) = done.stderr.splitlines()
    found = re.search(
        r"could not be filled: (\d+) studies were acknowledged, then one ended as '(.*?)'", line
    )
    assert found is not None
    assert found[2] == "status A700H"
    assert int(found[1]) == len(listed(run)) >= 6
    assert read_bench(run).growth == ()


@pytest.mark.slow
def test_one_that_dies_is_exit_code_4_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with launch.start() as mortal:
        toml = target_file(tmp_path, mortal.port, deadline=2.0)
        command = [*BENCH, str(toml), "--grow", "20,1000000", "--repeats", "2", "--output", str(run)]
        growing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (run / "stored.csv").exists() or len(listed(run)) < 60:  # beyond the first size
            assert growing.poll() is None
            time.sleep(0.02)
        mortal.process.kill()
        _, errors = growing.communicate(timeout=120)
    assert growing.returncode == ExitCode.UNREACHABLE
    (line,) = errors.splitlines()
    assert "the product no longer answers on the way from " in line
    (at_size,) = read_bench(run).growth
    assert at_size.studies == 20


@pytest.mark.slow
def test_beside_an_earlier_growth(tmp_path: Path) -> None:
    def measured(name: str, *options: str, delay: str = "0") -> subprocess.CompletedProcess[str]:
        with launch.start(options=["--response-delay", delay]) as running:
            toml = target_file(tmp_path, running.port)
            output = str(tmp_path / name)
            return call("bench", str(toml), "--grow", "5", *options, "--output", output)

    assert measured("a", "--repeats", "5").returncode == 0
    before = str(tmp_path / "a")
    slow = measured("b", "--repeats", "5", "--baseline", before, delay="0.1")
    assert slow.returncode == ExitCode.FAILED
    assert "C-ECHO at 5 studies p50, unthrottled client: worse" in slow.stdout
    assert ">Worse than the baseline<" in (tmp_path / "b" / "report.html").read_text("utf-8")
    other = call(
        "bench", "--grow", "5", "--repeats", "6", "--baseline", before, "--output", str(tmp_path / "c")
    )
    assert other.returncode == ExitCode.USAGE
    assert "another workload" in other.stderr
    assert not (tmp_path / "c").exists()


def test_what_is_acknowledged_and_not_found_is_said(folder: Path) -> None:
    outcome = Outcome([], [], [])
    with (
        launch.start(semantics="tests.mutants.storage:KeepsNothing") as bad,
        pytest.raises(LoadFailed, match="was acknowledged, and is not found 1 s later"),
    ):
        grow(target_of(bad), wanted(5), new_run_root(), folder, outcome)
    assert not outcome.growth


def test_what_is_found_late_is_waited_for(folder: Path) -> None:
    outcome = Outcome([], [], [])
    with launch.start(options=["--index-delay", "0.5"]) as late:
        grow(target_of(late), wanted(5), new_run_root(), folder, outcome)
    (at_size,) = outcome.growth
    assert all(one.errors == {} for one in at_size.operations)


def test_what_fails_is_counted_and_left(folder: Path) -> None:
    """Queries are refused; what else there is is measured all the same."""
    outcome = Outcome([], [], [])
    with launch.start(options=["--find-status", "C001"]) as bad:
        grow(target_of(bad), wanted(5), new_run_root(), folder, outcome)
    (at_size,) = outcome.growth
    for one in at_size.operations:
        if one.name in FINDS:
            assert (one.errors, one.latency) == ({"status C001H": 3}, None)
        else:
            assert one.latency is not None
            assert (one.errors, one.latency.count) == ({}, 5)


def test_a_wrong_number_of_matches_is_no_answer(folder: Path) -> None:
    """A query that finds more than it should costs more too: its time says nothing of growth."""
    outcome = Outcome([], [], [])
    with launch.start(semantics="tests.mutants.find:IgnoresDate") as bad:
        grow(target_of(bad), wanted(5), new_run_root(), folder, outcome)
    by_date = outcome.growth[0].of("C-FIND by StudyDate")
    assert by_date is not None
    assert by_date.latency is None
    assert all(kind.endswith(" matches") for kind in by_date.errors)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--grow", "10,5"], "--grow: sizes rise: 5 comes after 10"),
        (["--grow", "big"], "--grow: 'big' is no number of studies; give them as in 1e3,1e4,1e5"),
        (["--grow", "10", "--client", "both"], "--grow takes one kind of client"),
        (["--grow", "10", "--workload", "smoke"], "--grow measures in its own way: leave --workload out"),
        (["--grow", "10", "--find-limit"], "--grow measures in its own way: leave --find-limit out"),
        (["--grow", "10", "--verify", "full"], "--grow measures in its own way: leave --verify out"),
    ],
)
def test_mistakes_are_said_in_one_line(arguments: list[str], words: str) -> None:
    done = call("bench", *arguments)
    assert done.returncode == ExitCode.USAGE
    (line,) = done.stderr.splitlines()
    assert words in line
