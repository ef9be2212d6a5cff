"""The observed conformance statement of the bundled archive, and claims compared with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.archive import launch
from harness.behaviour import Matching
from harness.claims import read_claims
from harness.decide.claims import compare
from harness.observing import look
from harness.peers.bundled import CLAIMS, start_bundled
from harness.plugin.context import peer_of
from harness.report import load_run
from harness.report.statement import statement
from harness.scu import offer
from harness.scu.session import Scu
from harness.statement import FORMAT, Difference
from harness.synthesis import new_run_root
from tests.calling import call

MADE_UP = Path(__file__).parent / "data" / "made_up_run"
"""A run of before behaviour was looked at."""


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one look at the bundled archive, compared with its own claims."""
    folder = tmp_path_factory.mktemp("statement") / "look"
    done = call("statement", "--output", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "claims: all observed" in done.stdout
    return folder


def claims(tmp_path: Path, **sections: Any) -> Path:
    path = tmp_path / "claims.json"
    path.write_text(json.dumps({"format": FORMAT, **sections}), encoding="utf-8")
    return path


def test_the_archive_does_what_it_claims_and_no_more(looked: Path) -> None:
    observed = statement(load_run(looked))
    assert compare(read_claims(Path(CLAIMS.statement)), observed) == Difference((), (), ())
    assert observed.about.not_seen == ()
    assert read_claims(looked / "statement.json") == observed
    assert "Everything that is promised was observed." in (looked / "statement.html").read_text("utf-8")


def test_one_thing_promised_too_many(looked: Path, tmp_path: Path) -> None:
    path = claims(
        tmp_path,
        sop_classes=[
            {"uid": "1.2.840.10008.5.1.4.34.6.1", "role": "SCP"},
            {"uid": "1.2.840.10008.1.1", "role": "SCP"},
        ],
    )
    done = call("statement", str(looked), "--claims", str(path), "--output", str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("promised, not observed")]
    assert "Unified Procedure Step - Push SOP Class (1.2.840.10008.5.1.4.34.6.1) as SCP" in line
    assert "observed, not promised: CT Image Storage (1.2.840.10008.5.1.4.1.1.2) as SCP" in done.stdout
    assert "Promised, and not observed: 1" in (tmp_path / "statement.html").read_text("utf-8")


def test_what_could_not_be_looked_at_is_neither_kept_nor_broken(looked: Path, tmp_path: Path) -> None:
    path = claims(tmp_path, statuses=[{"command": "C-STORE", "status": "0xA700"}])
    done = call("statement", str(looked), "--claims", str(path), "--output", str(tmp_path))
    assert done.returncode == 5, done.stdout + done.stderr
    assert "promised, not looked at: C-STORE status 0xA700" in done.stdout


def test_bad_claims_are_one_line(looked: Path, tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    path.write_text(json.dumps({"format": FORMAT, "querys": []}), encoding="utf-8")
    done = call("statement", str(looked), "--claims", str(path), "--output", str(tmp_path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert str(path) in line
    assert not (tmp_path / "statement.html").exists()


def test_a_run_that_did_not_look_has_no_statement(tmp_path: Path) -> None:
    done = call("statement", str(MADE_UP), "--output", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "did not look" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def archive() -> Iterator[launch.RunningArchive]:
    with launch.start() as running:
        yield running


def test_an_observer_stores_nothing(archive: launch.RunningArchive, tmp_path: Path) -> None:
    target = tmp_path / "target.toml"
    path = claims(
        tmp_path,
        queries=[
            {
                "sop_class": "1.2.840.10008.5.1.4.1.2.2.1",
                "level": "STUDY",
                "keys": [{"keyword": "PatientName", "matching": ["single"]}],
            }
        ],
    )
    target.write_text(
        f'[dimse]\nhost = "127.0.0.1"\nport = {archive.port}\ncalled_ae_title = "REFERENCE"\n'
        f"[claims]\nartim = 1\nstatement = {json.dumps(str(path))}\n"
    )
    folder = tmp_path / "look"
    done = call("statement", str(target), "--observe", "--output", str(folder))
    assert done.returncode == 5, done.stdout + done.stderr
    assert "promised, not looked at: PatientName at STUDY" in done.stdout
    assert not [one for one in archive.folder.rglob("*") if one.suffix == ".dcm"]
    observed = statement(load_run(folder))
    assert not observed.about.stored_objects
    assert {status.command for status in observed.statuses or ()} == {"C-ECHO", "C-FIND"}


def test_a_key_that_does_not_restrict_is_not_matched(tmp_path: Path) -> None:
    """The archive with one seeded defect loses that one kind of matching, and nothing else."""
    with start_bundled(tmp_path, (), "PACSHARNESS", semantics="tests.mutants.find:IgnoresStudyId") as target:
        scu = Scu(peer_of(target))
        seen = look(scu, target, offer.observe(scu), new_run_root(), observe=False).behaviour
    assert seen is not None
    promised = read_claims(Path(CLAIMS.statement)).queries or ()
    claimed = {
        (one.sop_class, one.level, key.keyword): set(key.matching) for one in promised for key in one.keys
    }
    lost = {
        (level.level, key.keyword): claimed[level.sop_class, level.level, key.keyword] - set(key.matching)
        for level in seen.levels
        for key in level.keys
    }
    assert {key: kinds for key, kinds in lost.items() if kinds} == {
        ("STUDY", "StudyID"): {Matching.SINGLE, Matching.WILD_CARD}
    }
