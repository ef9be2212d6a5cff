"""A product that dies on the way: restarted where the target file says how, and never passed over."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.decide.exit_code import ExitCode
from harness.events import EventStream, JsonLines
from harness.peers import free_ports
from harness.plugin import liveness
from harness.plugin.context import RunContext, peer_of
from harness.plugin.identity import Selection
from harness.plugin.restarting import restart
from harness.plugin.run import Session, conclude, run_pytest, their_scenarios
from harness.scu.session import Scu
from harness.target import Control, Dimse, Target
from harness.verdict import RESTARTED_AFTER, Outcome, Result

ARTIM = 2.0
START = """
import contextlib, os, signal, subprocess, sys
from pathlib import Path

folder, port = Path(sys.argv[1]), sys.argv[2]
with contextlib.suppress(OSError):
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
command = [sys.executable, "-m", "harness", "serve", "--folder", str(folder / "kept"), "--port", port]
with (folder / "log").open("a") as log:
    archive = subprocess.Popen([*command, "--artim", "2"], stdout=log, stderr=log, start_new_session=True)
(folder / "pid").write_text(str(archive.pid))
"""
HEAD = """
import os, signal
from pathlib import Path
import pytest
from harness.plugin.waiting import waiting
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.echo import echo
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.uids import VERIFICATION, QueryLevel, Root

def send(number):
    os.kill(int((Path(FOLDER) / "pid").read_text()), number)

def speak(scu):
    with scu.open(VERIFICATION) as association:
        assert echo(association).integer("Status") == 0
"""


@dataclass(frozen=True)
class Mortal:
    """An archive that scenarios kill, and that a command starts again."""

    folder: Path
    port: int

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, str(self.folder / "start.py"), str(self.folder), str(self.port))

    def run(self, body: str, control: Control, workers: int = 1) -> Session:
        ours = self.folder / "ours"
        ours.mkdir()
        (ours / "test_it.py").write_text(HEAD.replace("FOLDER", repr(str(self.folder))) + body)
        (self.folder / "run").mkdir()
        dimse = Dimse("127.0.0.1", self.port, "REFERENCE", deadline=1.0, closes_within=ARTIM + 3)
        context = RunContext(
            Target(dimse, control=control),
            self.folder / "run",
            EventStream(JsonLines(self.folder / "run")),
            (their_scenarios(ours),),
            Selection(),
        )
        session = run_pytest(context, workers=workers)
        assert not session.problems
        session.plugin.context = context
        return session


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    (tmp_path / "start.py").write_text(START)
    (port,) = free_ports(1)
    mortal = Mortal(tmp_path, port)
    target = Target(Dimse("127.0.0.1", port, "REFERENCE"), control=Control(restart=mortal.command))
    restart(Scu(peer_of(target)), target)
    yield mortal
    with suppress(OSError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def results(session: Session) -> dict[str, Result]:
    return {result.requirement.id.rpartition(".")[2]: result for result in session.plugin.results}


def end(session: Session) -> tuple[ExitCode, str]:
    return conclude(session.plugin.context, session, ())


BROKEN = """
@requirement("PS3.8 9", SHALL, "It lives.")
def test_a_first(scu):
    speak(scu)

@requirement("PS3.7 9.1.5", SHALL, "It dies of this.")
def test_b_dies(scu):
    with scu.open(VERIFICATION) as association:
        send(signal.SIGKILL)
        echo(association)

@requirement("PS3.8 9", SHALL, "It lives again.")
def test_c_next(scu):
    speak(scu)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_the_run_goes_on(mortal: Mortal, workers: int) -> None:
    session = mortal.run(BROKEN, Control(restart=mortal.command), workers)
    found = results(session)
    assert {name: result.outcome for name, result in found.items()} == {
        "a-first": Outcome.PASS,
        "b-dies": Outcome.FAIL,
        "c-next": Outcome.PASS,
    }
    assert found["b-dies"].reason.endswith("then the product no longer answers; it was restarted")
    assert end(session) == (ExitCode.UNREACHABLE, "completed")
    assert session.plugin.remarks[RESTARTED_AFTER].split(", ")[-1] == "ours.it.b-dies"
    events = [json.loads(line) for line in (mortal.folder / "run" / "events.jsonl").read_text().splitlines()]
    assert any(event["event"] == "TargetRestarted" and event["after"] == "ours.it.b-dies" for event in events)


def test_death_is_no_pass(mortal: Mortal) -> None:
    body = """
@pytest.mark.hostile
@requirement("PS3.8 9", SHALL, "What it dies of is answered well.")
def test_a_passes(scu):
    speak(scu)
    send(signal.SIGKILL)

@pytest.mark.hostile
@requirement("PS3.8 9", QUALITY, "What it doesn't die of.")
def test_b_next(scu):
    speak(scu)
"""
    found = results(mortal.run(body, Control(restart=mortal.command)))
    assert found["a-passes"].outcome is Outcome.FAIL
    assert found["a-passes"].reason == (
        "it is answered as it should be, but then the product no longer answers; it was restarted"
    )
    assert found["b-next"].outcome is Outcome.PASS


def test_silence_is_asked_again_of_the_restarted_product(mortal: Mortal) -> None:
    body = """
@requirement("PS3.8 9", SHALL, "It hangs once.")
def test_a_hangs(scu):
    if not (Path(FOLDER) / "hung").exists():
        (Path(FOLDER) / "hung").touch()
        send(signal.SIGSTOP)
    speak(scu)

@requirement("PS3.8 9", SHALL, "It hangs again and again.")
def test_b_hangs(scu):
    send(signal.SIGSTOP)
    speak(scu)
"""
    session = mortal.run(body.replace("FOLDER", repr(str(mortal.folder))), Control(restart=mortal.command))
    found = results(session)
    assert found["a-hangs"].outcome is Outcome.PASS
    assert found["b-hangs"].outcome is Outcome.FAIL
    assert session.plugin.context.restarted_after == ["ours.it.a-hangs", "ours.it.b-hangs", "ours.it.b-hangs"]


def test_connections_left_alone_are_begun_anew(mortal: Mortal) -> None:
    body = """
@waiting(lambda scu: scu.connect())
@requirement("PS3.8 9.1.4", QUALITY, "It is closed by a timer.")
def test_a_closed(left_alone):
    ending = left_alone.ending()
    assert ending.closed and ending.seconds > 1, f"closed after {ending.seconds}"
"""
    found = results(mortal.run(BROKEN + body, Control(restart=mortal.command)))
    assert found["a-closed"].outcome is Outcome.PASS, found["a-closed"].reason


def test_what_it_lost_in_dying_is_stored_again(mortal: Mortal) -> None:
    body = """
import shutil

@requirement("PS3.4 B.2.3", SHALL, "It dies, and all that it had is gone.")
def test_a_dies(scu, stored_study):
    with scu.open(VERIFICATION) as association:
        send(signal.SIGKILL)
        shutil.rmtree(Path(FOLDER) / "kept")
        echo(association)

@requirement("PS3.4 C.4.1", SHALL, "The study is found, which was stored before.")
def test_b_finds(scu, stored_study):
    with scu.open(Root.STUDY.find) as association:
        keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": stored_study.study_uid})
        assert len(find_with(association, Root.STUDY.find, keys).identifiers) == 1
"""
    found = results(
        mortal.run(body.replace("FOLDER", repr(str(mortal.folder))), Control(restart=mortal.command))
    )
    assert found["a-dies"].reason.endswith(
        "it was restarted; 1 of 1 studies that it had acknowledged were gone, and stored again"
    )
    assert found["b-finds"].outcome is Outcome.PASS, found["b-finds"].reason


@pytest.mark.parametrize(
    ("control", "why"),
    [
        (Control(), ""),
        (Control(restart=(sys.executable, "-c", "import sys; sys.exit('no')")), f"{sys.executable} ended"),
    ],
)
def test_without_a_restart_it_is_lost(mortal: Mortal, control: Control, why: str) -> None:
    session = mortal.run(BROKEN, control)
    found = results(session)
    assert found["b-dies"].reason.endswith("then the product no longer answers")
    assert found["c-next"].outcome is Outcome.NOT_TESTED
    assert end(session) == (ExitCode.UNREACHABLE, "target lost after ours.it.b-dies")
    assert f'"why": "{why}' in (mortal.folder / "run" / "events.jsonl").read_text()


def test_not_for_ever(mortal: Mortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "MOST_RESTARTS", 1)
    body = BROKEN.replace("c_next(scu):\n", "c_next(scu):\n    send(signal.SIGKILL)\n")
    session = mortal.run(body, Control(restart=mortal.command))
    assert end(session) == (ExitCode.UNREACHABLE, "target lost after ours.it.c-next")
    assert "restarted 1 times already" in (mortal.folder / "run" / "events.jsonl").read_text()
