"""`pacs-harness deid` on files: exit codes, what it prints and writes, mistakes in one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.deid import Instance
from harness.deid.findings import read_judgement
from tests.calling import call
from tests.deid_sample import content_of, sample
from tests.unit.deid.reference import Deidentifier


def written(folder: Path, instances: Sequence[Instance]) -> Path:
    for one in instances:
        path = folder / one.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(one))
    return folder


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("before"), sample())


def test_nothing_wrong(before: Path, tmp_path: Path) -> None:
    after = written(tmp_path / "after", Deidentifier().files(sample()))
    (after / "notes.txt").write_text("no DICOM file")
    done = call("deid", before, after, "--output", tmp_path / "report")
    assert done.returncode == 0, done.stdout
    assert "score: 100.00 %" in done.stdout
    assert "AFTER has files that are no DICOM files" in done.stdout
    judgement = read_judgement(tmp_path / "report")
    assert len(judgement.pairs) == len(sample())
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Nothing found that the profile does not allow" in page


def test_originals_passed_on(before: Path, tmp_path: Path) -> None:
    done = call("deid", before, before, "--output", tmp_path / "report")
    assert done.returncode == 1
    assert "critical: (0010,0010) PatientName: still says S***" in done.stdout
    for file in (tmp_path / "report").iterdir():
        assert "sommerfeld" not in file.read_text(encoding="utf-8").casefold()
    assert "sommerfeld" not in done.stdout.casefold()


def test_a_file_that_cannot_be_compared_is_no_pass(before: Path, tmp_path: Path) -> None:
    after = written(tmp_path / "after", Deidentifier().files(sample()))
    other = written(tmp_path / "other", sample()[-1:])
    done = call("deid", other, after, "--output", tmp_path / "report")
    assert done.returncode == 5, done.stdout
    assert "could not be compared" in done.stdout


def test_one_file_each(before: Path, tmp_path: Path) -> None:
    after = written(tmp_path / "after", Deidentifier().files(sample()[:1]))
    first = before / sample()[0].name
    done = call("deid", first, after / "0000.dcm", "--output", tmp_path / "report")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "there is no such file or folder"),
        (("empty",), "no DICOM file (PS3.10) there"),
        (("cut.dcm",), "damaged"),
        (("nowhere", "--option", "retain-full-dates", "--option", "retain-modified-dates"), "kept or moved"),
        (("nowhere", "--option", "retain-everything"), "invalid choice"),
    ],
)
def test_a_mistake_is_one_line(words: tuple[str, ...], said: str, before: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.dcm").write_bytes(content_of(sample()[0])[:-7])
    done = call("deid", before, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("pacs-deid-*"))
