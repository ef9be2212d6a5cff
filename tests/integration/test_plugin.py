"""The plugin against the reference archive, with scenarios written to come out in every way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.archive import launch
from harness.decide.exit_code import ExitCode
from harness.events import EventStream, JsonLines
from harness.plugin.context import RunContext
from harness.plugin.identity import Selection
from harness.plugin.run import Session, conclude, run_pytest, their_scenarios
from harness.report import load_run
from harness.target import Claims, Dimse, Target
from harness.verdict import Outcome, Result

HEAD = """
import pytest
from harness.scenario import MAY, QUALITY, SHALL, SHOULD, not_supported, not_tested, requirement
from harness.scu.echo import echo
from harness.scu.uids import VERIFICATION
"""


@pytest.fixture(scope="module")
def archive() -> Iterator[launch.RunningArchive]:
    with launch.start() as running:
        yield running


def run(archive: launch.RunningArchive, folder: Path, body: str, **claims: object) -> Session:
    ours = folder / "ours"
    ours.mkdir()
    (ours / "test_it.py").write_text(HEAD + body)
    (folder / "run").mkdir()
    target = Target(
        Dimse(archive.host, archive.port, archive.ae_title, deadline=1.0), claims=Claims(**claims)
    )  # type: ignore[arg-type]
    context = RunContext(
        target, folder / "run", EventStream(JsonLines(folder / "run")), (their_scenarios(ours),), Selection()
    )
    session = run_pytest(context)
    session.plugin.context = context
    return session


def only(session: Session) -> Result:
    assert not session.problems
    (result,) = session.plugin.results
    return result


def test_parameters_are_cases_and_the_worst_counts(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@pytest.mark.parametrize("good", [True, False, True])
@requirement("PS3.8 9", SHALL, "All are good.")
def test_cases(good):
    assert good, "seen: it is not good"
"""
    result = only(run(archive, tmp_path, body))
    assert result.outcome is Outcome.FAIL
    assert result.requirement.id == "ours.it.cases"
    assert [outcome for _, outcome in result.cases] == [Outcome.PASS, Outcome.FAIL, Outcome.PASS]
    assert "it is not good" in result.evidence.observed


def test_a_fault_of_ours_is_an_error(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@requirement("PS3.8 9", SHALL, "Something.")
def test_broken(scu):
    {}["PatientID"]
"""
    session = run(archive, tmp_path, body)
    assert only(session).outcome is Outcome.ERROR
    assert conclude(session.plugin.context, session, ())[0] is ExitCode.HARNESS


def test_a_teardown_error_changes_no_verdict(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@pytest.fixture
def fragile():
    yield
    raise RuntimeError("too late")

@requirement("PS3.8 9", SHALL, "Something.")
def test_fine(fragile):
    pass
"""
    assert only(run(archive, tmp_path, body)).outcome is Outcome.PASS


def test_silence_is_asked_again_with_patience(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@requirement("PS3.8 9", SHALL, "The product speaks first.")
def test_silent(scu):
    with scu.connect() as association:
        association.receive_pdu()
"""
    result = only(run(archive, tmp_path, body))
    assert result.outcome is Outcome.FAIL
    assert "no answer within 3 s" in result.reason


def test_an_answer_that_comes_with_patience_passes(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
from harness.dimse.errors import NoAnswer

@requirement("PS3.8 9", SHALL, "Slow is not wrong.")
def test_slow(scu):
    if scu.peer.deadline < 2:
        with scu.connect() as association:
            association.receive_pdu()
"""
    assert only(run(archive, tmp_path, body)).outcome is Outcome.PASS


def test_a_target_that_dies_is_lost_and_the_rest_is_not_tested(tmp_path: Path) -> None:
    body = """
import os, signal

@requirement("PS3.8 9", SHALL, "Something.")
def test_first(scu):
    os.kill(PID, signal.SIGKILL)
    with scu.open(VERIFICATION) as association:
        echo(association)

@requirement("PS3.8 9", SHALL, "Something else.")
def test_second(scu):
    with scu.open(VERIFICATION) as association:
        echo(association)
"""
    with launch.start() as archive:
        session = run(archive, tmp_path, body.replace("PID", str(archive.process.pid)))
    # Whether the kernel resets or refuses the first connection is a race; both end the run.
    first, second = (result.outcome for result in session.plugin.results)
    assert first in (Outcome.FAIL, Outcome.NOT_TESTED)
    assert second is Outcome.NOT_TESTED
    assert conclude(session.plugin.context, session, ())[0] is ExitCode.UNREACHABLE


def test_a_scenario_that_ended_midway_leaves_no_association_open(tmp_path: Path) -> None:
    body = """
@requirement("PS3.8 9", SHALL, "What the product does not have.")
def test_first(scu):
    association = scu.open(VERIFICATION)
    association.context_for("1.2.3")

@requirement("PS3.8 9", SHALL, "Something else.")
def test_second(scu):
    with scu.open(VERIFICATION) as association:
        echo(association)
"""
    with launch.start(
        options=["--associations", "1"]
    ) as archive:  # busy with that one, it has no room for more
        session = run(archive, tmp_path, body)
    first, second = (result.outcome for result in session.plugin.results)
    assert (first, second) == (Outcome.NOT_SUPPORTED, Outcome.PASS)
    assert not session.plugin.context.was_lost


def test_a_promise_that_is_not_kept_fails(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@requirement("PS3.4 X", SHALL, "A service is there.")
def test_service(scu):
    with scu.open("1.2.840.10008.5.1.4.1.2.3.1", VERIFICATION) as association:
        from harness.dimse.errors import NotAccepted
        raise NotAccepted("1.2.840.10008.5.1.4.1.2.1.3", "not accepted")
"""
    assert only(run(archive, tmp_path, body, services=("get",))).outcome is Outcome.FAIL


def test_a_fixture_that_a_scenario_lacks_is_our_error(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@requirement("PS3.8 9", SHALL, "Something.")
def test_it(no_such_fixture):
    pass
"""
    assert only(run(archive, tmp_path, body)).outcome is Outcome.ERROR


def test_a_module_that_cannot_be_imported_is_told(archive: launch.RunningArchive, tmp_path: Path) -> None:
    session = run(archive, tmp_path, "import no_such_module\n")
    assert conclude(session.plugin.context, session, ())[0] is ExitCode.HARNESS
    assert "no_such_module" in session.problems[0]


def test_a_killed_run_can_be_read(archive: launch.RunningArchive, tmp_path: Path) -> None:
    body = """
@requirement("PS3.4 A.4", SHALL, "C-ECHO works.")
def test_echo(scu):
    with scu.open(VERIFICATION) as association:
        assert echo(association).integer("Status") == 0
"""
    session = run(archive, tmp_path, body)
    with (tmp_path / "run" / "results.jsonl").open("a") as file:
        file.write('{"id": "half a li')
    from harness.plugin.run import RunFile

    RunFile.start(tmp_path / "run", session.plugin.context.target, ["pacs-harness"], {})
    loaded = load_run(tmp_path / "run")
    assert [result.outcome for result in loaded.results] == [Outcome.PASS]
    assert loaded.finished == ""


def test_passcodes_are_in_no_file(archive: launch.RunningArchive, tmp_path: Path) -> None:
    from harness.plugin.run import RunFile
    from harness.target import UserIdentity

    target = Target(
        Dimse("127.0.0.1", 104, "X", user_identity=UserIdentity("username-passcode", "me", "s3cret"))
    )
    RunFile.start(tmp_path, replace(target), ["pacs-harness"], {})
    assert "s3cret" not in (tmp_path / "run.json").read_text()
