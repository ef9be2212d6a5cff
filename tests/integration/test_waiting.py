"""Requirements that wait: begun first, judged last, without harm to others or to the run's time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.archive import launch
from harness.events import EventStream
from harness.plugin import waiting
from harness.plugin.context import RunContext
from harness.plugin.identity import Selection
from harness.plugin.run import run_pytest, their_scenarios
from harness.target import Claims, Dimse, Target
from harness.verdict import Outcome
from tests.mutants.timer import NoTimer, SilenceBlocks
from tests.mutants.wire import proxy

ARTIM = 2.0
HEAD = """
import pytest
from harness.plugin.outcomes import ClaimNotKept
from harness.plugin.waiting import waiting
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.echo import echo
from harness.scu.uids import VERIFICATION

LOG = {log!r}

def log(words):
    with open(LOG, "a") as file:
        print(words, file=file)

def silent(scu):
    log("begun")
    return scu.connect()

"""
WAITING = """
@waiting(silent)
@requirement("PS3.8 9.1.4", QUALITY, "It is closed.")
def test_closed(left_alone):
    log("judged")
    ending = left_alone.ending()
    if not ending.closed and ending.promised:
        raise ClaimNotKept("still open")
    assert ending.closed, "seen: it is open"
"""
OTHERS = """
@pytest.mark.parametrize("number", range(12))
@requirement("PS3.7 9.1.5", SHALL, "C-ECHO.")
def test_echo(scu, number):
    log("other")
    with scu.open(VERIFICATION) as association:
        assert echo(association).integer("Status") == 0
"""


@pytest.fixture(scope="module")
def archive() -> Iterator[launch.RunningArchive]:
    with launch.start(options=["--artim", f"{ARTIM:g}"]) as running:
        yield running


def outcomes(
    archive: launch.RunningArchive,
    folder: Path,
    *,
    port: int = 0,
    workers: int = 1,
    selected: tuple[str, ...] = (),
    artim: float | None = ARTIM,
) -> tuple[dict[str, Outcome], list[str]]:
    """The outcomes by the last word of the id, and the log."""
    ours = folder / "ours"
    ours.mkdir()
    log = folder / "log"
    head = HEAD.format(log=str(log))
    (ours / "test_wait.py").write_text(head + WAITING)
    (ours / "test_other.py").write_text(head + OTHERS)
    (folder / "run").mkdir()
    dimse = Dimse(
        archive.host, port or archive.port, archive.ae_title, deadline=3.0, closes_within=(artim or ARTIM) + 2
    )
    target = Target(dimse, claims=Claims(artim=artim))
    roots = (their_scenarios(ours),)
    context = RunContext(target, folder / "run", EventStream(), roots, Selection(selected))
    session = run_pytest(context, workers=workers)
    assert not session.problems
    results = {result.requirement.id.rpartition(".")[2]: result.outcome for result in session.plugin.results}
    return results, log.read_text().split("\n")[:-1]


@pytest.mark.parametrize("workers", [1, 2])
def test_begun_first_and_judged_last(archive: launch.RunningArchive, tmp_path: Path, workers: int) -> None:
    results, log = outcomes(archive, tmp_path, workers=workers)
    assert results == {"echo": Outcome.PASS, "closed": Outcome.PASS}
    assert log.count("begun") == 1
    assert log[-1] == "judged"
    if workers == 1:
        assert log == ["begun", *["other"] * 12, "judged"]


def test_one_that_waits_may_be_selected_alone(archive: launch.RunningArchive, tmp_path: Path) -> None:
    results, log = outcomes(archive, tmp_path, selected=("ours.wait.closed",))
    assert results == {"closed": Outcome.PASS}
    assert log == ["begun", "judged"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_product_blocked_by_silence_is_asked_at_the_end(tmp_path: Path, workers: int) -> None:
    # Long enough that a busy machine notices the block before the timer has ended it.
    artim = 4 * ARTIM
    with (
        launch.start(options=["--artim", f"{artim:g}"]) as patient,
        proxy((patient.host, patient.port), SilenceBlocks) as port,
    ):
        results, log = outcomes(patient, tmp_path, port=port, workers=workers, artim=artim)
    assert results == {"echo": Outcome.PASS, "closed": Outcome.PASS}
    assert log[-2:] == ["begun", "judged"]
    assert log.count("begun") == 2


def test_a_product_with_room_for_few_is_asked_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SERVED_AGAIN", 2 * ARTIM)
    options = ["--artim", f"{ARTIM:g}", "--associations", "1"]
    with launch.start(options=options) as archive:
        results, log = outcomes(archive, tmp_path)
    assert results == {"echo": Outcome.PASS, "closed": Outcome.PASS}
    assert log[-2:] == ["begun", "judged"]


@pytest.mark.parametrize(("artim", "expected"), [(ARTIM, Outcome.FAIL), (None, Outcome.WARN)])
def test_what_stays_open(
    archive: launch.RunningArchive,
    tmp_path: Path,
    artim: float | None,
    expected: Outcome,
) -> None:
    with proxy((archive.host, archive.port), NoTimer) as port:
        results, _ = outcomes(archive, tmp_path, port=port, artim=artim)
    assert results == {"echo": Outcome.PASS, "closed": expected}
