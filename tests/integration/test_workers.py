"""A run with several workers, or by chance, comes to the same as a serial one, and leaves the same files."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from harness.archive import launch
from harness.cli import main
from harness.decide.exit_code import ExitCode
from harness.events import EventStream, JsonLines
from harness.plugin.context import RunContext, StoredLog
from harness.plugin.identity import Selection
from harness.plugin.order import Order
from harness.plugin.run import Session, conclude, run_pytest, their_scenarios
from harness.target import Dimse, Target
from harness.verdict import Outcome
from tests.calling import call

COMMAND = [sys.executable, "-m", "harness"]
SUBSET = "verification,association.state.established-*,find.matching,move.level,move.parallel,get.level"
"""Something of every kind: single cases and many, fixtures of a module, destinations, silence."""
HOW: dict[str, list[str]] = {
    "serial": [],
    "workers": ["-n", "2"],
    "chance": ["-n", "2", "--order", "random:20"],
}
HEAD = """
import os, signal
import pytest
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.echo import echo
from harness.scu.uids import VERIFICATION

def speak(scu):
    with scu.open(VERIFICATION) as association:
        assert echo(association).integer("Status") == 0
"""


@pytest.fixture(scope="module")
def archive() -> Iterator[launch.RunningArchive]:
    with launch.start() as running:
        yield running


def run(
    archive: launch.RunningArchive, folder: Path, body: str, workers: int = 2, order: Order | None = None
) -> Session:
    """Scenarios of ``body`` against the archive; a line of dashes begins another module."""
    ours = folder / "ours"
    ours.mkdir()
    for number, module in enumerate(body.split("\n---\n")):
        (ours / f"test_m{number}.py").write_text(HEAD + module)
    (folder / "run").mkdir()
    context = RunContext(
        Target(Dimse(archive.host, archive.port, archive.ae_title, deadline=1.0)),
        folder / "run",
        EventStream(JsonLines(folder / "run")),
        (their_scenarios(ours),),
        Selection(),
        on_stored=StoredLog(folder / "run" / "stored.csv"),
        order=order or Order(),
    )
    session = run_pytest(context, workers=workers)
    session.plugin.context = context
    return session


def outcomes(session: Session) -> dict[str, Outcome]:
    return {result.requirement.id.rpartition(".")[2]: result.outcome for result in session.plugin.results}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("one", [pytest.param("workers", marks=pytest.mark.slow), "chance"])
def test_equal_outcomes_and_whole_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], one: str) -> None:
    seen = {}
    how = {name: HOW[name] for name in ("serial", one)}
    for name, options in how.items():
        folder = tmp_path / name
        code = main(["run", *options, "--select", SUBSET, "--output", str(folder)])
        document = json.loads((folder / "run.json").read_text())
        assert document["exit_code"] == code
        lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
        assert sorted(line["id"] for line in lines) == sorted(result["id"] for result in document["results"])
        captures = {capture for line in lines for capture in line["evidence"]["captures"]}
        assert captures == {f"captures/{path.name}" for path in (folder / "captures").iterdir()}
        with (folder / "stored.csv").open(newline="") as file:
            stored = list(csv.DictReader(file))
        assert len({row["sop_instance_uid"] for row in stored}) > 20
        events = [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]
        assert events[0] == "RunStarted"
        assert events[-1] == "RunFinished"
        assert events.count("ResultRecorded") == len(lines)
        seen[name] = (code, {line["id"]: (line["outcome"], line["cases"]) for line in lines})
    assert seen[one] == seen["serial"]
    runs = {name: json.loads((tmp_path / name / "run.json").read_text()) for name in how}
    if one == "chance":
        assert "random:20" in capsys.readouterr().out
        assert runs[one]["environment"]["order"] == "random:20"
    else:
        ids = {name: [result["id"] for result in run["results"]] for name, run in runs.items()}
        assert ids[one] == ids["serial"]


def test_two_workers_mint_nothing_twice(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@requirement("PS3.4 B.4", SHALL, "Stored.")
def test_stores{n}(store_study, corpus, stored_study):
    for _ in range(4):
        store_study(corpus.new_study())
"""
    body = "\n---\n".join(body.replace("{n}", str(number)) for number in range(4))
    session = run(archive, tmp_path, body, order=Order(3))
    assert list(outcomes(session).values()) == [Outcome.PASS] * 4
    with (tmp_path / "run" / "stored.csv").open(newline="") as file:
        stored = list(csv.DictReader(file))
    shared = 6
    assert len(stored) == len({row["sop_instance_uid"] for row in stored})
    # Each worker stores the shared study that its scenarios ask for.
    assert len(stored) in (4 * 4 + shared, 4 * 4 + 2 * shared)


def test_a_worker_that_dies_is_an_error_of_ours(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@requirement("PS3.8 9", SHALL, "First.")
def test_first(scu):
    speak(scu)

@pytest.mark.parametrize("case", [1, 2, 3])
@requirement("PS3.8 9", SHALL, "Its process dies.")
def test_dies(case):
    if case == 2:
        os.kill(os.getpid(), signal.SIGKILL)

---
@requirement("PS3.8 9", SHALL, "After it.")
def test_after(scu):
    speak(scu)

@requirement("PS3.8 9", SHALL, "After it, too.")
def test_after_too(scu):
    assert False, "seen: it is not so"
"""
    session = run(archive, tmp_path, body)
    assert not session.problems
    assert outcomes(session) == {
        "first": Outcome.PASS,
        "dies": Outcome.ERROR,
        "after": Outcome.PASS,
        "after-too": Outcome.FAIL,
    }
    assert conclude(session.plugin.context, session, ())[0] is ExitCode.HARNESS
    (dead,) = [one for one in session.plugin.results if one.outcome is Outcome.ERROR]
    assert "worker process died" in dead.reason


def test_a_target_that_dies_is_lost_for_all_workers(tmp_path: Path) -> None:
    body = """
@requirement("PS3.8 9", SHALL, "Kills it.")
def test_first(scu):
    os.kill(PID, signal.SIGKILL)
    speak(scu)

@requirement("PS3.8 9", SHALL, "Something.")
def test_next(scu):
    speak(scu)
---
@pytest.mark.parametrize("number", range(200))
@requirement("PS3.8 9", SHALL, "Something.")
def test_other(scu, number):
    speak(scu)
"""
    with launch.start() as archive:
        session = run(archive, tmp_path, body.replace("PID", str(archive.process.pid)))
    assert set(outcomes(session).values()) <= {Outcome.NOT_TESTED, Outcome.FAIL}
    assert outcomes(session)["next"] is Outcome.NOT_TESTED
    assert conclude(session.plugin.context, session, ())[0] is ExitCode.UNREACHABLE
    events = (tmp_path / "run" / "events.jsonl").read_text()
    assert events.count('"TargetLost"') == 1


def test_silence_is_judged_alone(archive: launch.RunningArchive, tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = f"""
@requirement("PS3.8 9", SHALL, "The product speaks first.")
def test_silent{{n}}(scu):
    log = open({str(log)!r}, "a")
    patient = scu.peer.deadline > 1
    print("alone" if patient else "beside others", os.getpid(), file=log, flush=True)
    try:
        with scu.connect() as association:
            association.receive_pdu()
    finally:
        print("over", os.getpid(), file=log, flush=True)
"""
    session = run(archive, tmp_path, "\n---\n".join(body.replace("{n}", str(number)) for number in range(2)))
    assert list(outcomes(session).values()) == [Outcome.FAIL] * 2
    assert all("no answer within 3 s" in result.reason for result in session.plugin.results)
    lines = [line.rpartition(" ")[::2] for line in log.read_text().splitlines()]
    assert len({process for _, process in lines}) == 2
    for (words, process), following in pairwise(lines):
        if words == "alone":
            assert following == ("over", process)


def test_what_does_not_pass_beside_others_is_asked_again_alone(
    archive: launch.RunningArchive, tmp_path: Path
) -> None:
    body = """
@pytest.mark.parametrize("case", [1, 2])
@requirement("PS3.8 9", SHALL, "Holds alone.")
def test_harassed(scu, request, case):
    speak(scu)
    assert case == 1 or not hasattr(request.config, "workerinput"), "seen: it does not hold"

@requirement("PS3.8 9", SHALL, "Never holds.")
def test_wrong(scu):
    speak(scu)
    assert False, "seen: it never holds"
---
@pytest.mark.alone
@requirement("PS3.8 9", SHALL, "Judged alone at once.")
def test_lonely(scu, request):
    assert not hasattr(request.config, "workerinput"), "seen: by a worker"
"""
    session = run(archive, tmp_path, body)
    assert outcomes(session) == {"harassed": Outcome.PASS, "wrong": Outcome.FAIL, "lonely": Outcome.FAIL}
    assert session.plugin.remarks == {
        "beside other scenarios": "ours.m0.harassed FAIL: [2] seen: it does not hold"
    }
    lines = (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    assert len(lines) == 3


def test_results_that_cannot_be_written_end_the_run(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = f"""
import shutil

@requirement("PS3.8 9", SHALL, "Its capture has no place.")
def test_first(scu):
    speak(scu)
    shutil.rmtree({str(tmp_path / "run" / "captures")!r}, ignore_errors=True)
    open({str(tmp_path / "run" / "captures")!r}, "w").close()
---
@pytest.mark.parametrize("number", range(40))
@requirement("PS3.8 9", SHALL, "Something.")
def test_other(scu, number):
    speak(scu)
"""
    session = run(archive, tmp_path, body)
    code, because = conclude(session.plugin.context, session, ())
    assert code is ExitCode.HARNESS
    assert "could no longer be written" in because


@pytest.mark.parametrize("selection", ["no.such.id", "find.matching"])
def test_exit_codes_without_results(tmp_path: Path, selection: str) -> None:
    words = "-k and" if selection == "find.matching" else ""
    done = call(*("run", "-n", "2", "--select", selection), *words.split(), "--output", tmp_path / "run")
    assert done.returncode == (3 if words else 2)
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-n", "0"], "--workers takes a number from 1"),
        (["--order", "chance"], "random:SEED"),
    ],
)
def test_wrong_options(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *options]) == 2
    assert words in capsys.readouterr().err


def test_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [*COMMAND, "run", "-n", "2", "--output", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed = []
    sent = threading.Event()
    for line in process.stdout:
        printed.append(line)
        if line.startswith("✓") and not sent.is_set():
            process.send_signal(signal.SIGINT)
            sent.set()
    assert process.wait(120) == 130, "".join(printed)
    assert "Traceback" not in "".join(printed)
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert "PASS" in {line["outcome"] for line in lines}
    assert not {"ERROR", "FAIL"} & {line["outcome"] for line in lines}
    assert json.loads((folder / "run.json").read_text())["ended_because"] == "interrupted"
    assert (folder / "report.html").exists()


def test_plain_pytest_refuses_workers(tmp_path: Path) -> None:
    (tmp_path / "target.toml").write_text('[dimse]\nhost = "127.0.0.1"\nport = 104\ncalled_ae_title = "X"\n')
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--pacs", "target.toml", "-n", "2", "test_one.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "pacs-harness run --workers N" in done.stderr + done.stdout
    assert not (tmp_path / "pacs-run").exists()
