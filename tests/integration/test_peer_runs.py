"""The suite against real archives: every outcome that is not PASS has its explanation in docs/peers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness import peers
from harness.verdict import Outcome
from tests.coverage import requirements
from tests.everything import EVERYTHING
from tests.explained import PEERS, PROTECTED, Explanations, explained
from tests.peers_page import PAGE, page
from tests.programs import require_peer

ASKED = tuple(PEERS) if EVERYTHING else ("orthanc", "dcmtk")
"""Who is asked: qrscp and wlmscpfs cost minutes, and have little that the others have not."""
SAFEGUARDS = {"orthanc-anonymising": "security.deidentification"}
"""What is asked of those with safeguards."""
if EVERYTHING:
    SAFEGUARDS |= {"orthanc-hardened": "security", "dcmtk-tls": "security"}


def run_suite(arguments: list[str], folder: Path) -> tuple[int, dict[str, dict[str, object]], str]:
    """Run the command line; (exit code, result by id, what it printed)."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", *arguments, "--output", str(folder)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    lines = (folder / "results.jsonl").read_text(encoding="utf-8").splitlines()
    results = {document["id"]: document for document in map(json.loads, lines)}
    return done.returncode, results, done.stdout + done.stderr


def expected(known: Explanations, id_: str) -> tuple[Outcome, ...]:
    """What a requirement may come to."""
    entry = known.of(id_)
    return entry.outcome if entry else (Outcome.PASS,)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("peer", ASKED)
def test_every_outcome_is_explained(peer: str, tmp_path: Path) -> None:
    require_peer(peer)
    expect_explained(peer, ["--peer", peer, "--intrusive"], tmp_path)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("peer", SAFEGUARDS)
def test_every_outcome_of_safeguards_is_explained(peer: str, tmp_path: Path) -> None:
    require_peer(peer)
    expect_explained(peer, ["--peer", peer, "--intrusive", "--select", SAFEGUARDS[peer]], tmp_path)


def test_all_that_have_safeguards_are_on_the_page() -> None:
    assert sorted(PROTECTED) == sorted(peers.PROTECTED)


def expect_explained(peer: str, arguments: list[str], folder: Path) -> None:
    """Nothing but what is known comes of the run."""
    code, results, printed = run_suite(arguments, folder / "run")
    assert results, printed
    known = explained(peer)
    surprises = [
        f"{id_}: {result['outcome']} ({result['reason']})"
        for id_, result in results.items()
        if Outcome(str(result["outcome"])) not in expected(known, id_)
    ]
    assert not surprises, "\n".join(surprises)
    stale = known.stale(one.id for one in requirements())
    assert not stale, f"explained, but no longer a requirement: {stale}"
    assert code in (0, 1, 5), printed


def test_the_page_is_written_from_the_explanations() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.timeout(600)
def test_the_reference_archive_has_no_fail_and_no_error(tmp_path: Path) -> None:
    code, results, printed = run_suite(["--intrusive"], tmp_path / "run")
    bad = [
        f"{id_}: {result['outcome']} ({result['reason']})"
        for id_, result in results.items()
        if result["outcome"] in ("FAIL", "ERROR", "WARN")
        # It names no port, file or listener for safeguards: those are asked of the hardened archive.
        or (result["outcome"] == "NOT_TESTED" and not id_.startswith("security."))
    ]
    assert not bad, "\n".join(bad)
    assert code == 0, printed
    for name in ("report.html", "junit.xml", "results.csv", "run.json", "stored.csv"):
        assert (tmp_path / "run" / name).stat().st_size > 0
