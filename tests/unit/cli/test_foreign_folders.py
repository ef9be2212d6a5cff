"""Folders that somebody else made, given to every command that reads one: one clear line, and exit code 2."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.verdict import to_json
from tests.calling import call
from tests.unit.report.hostile import bench, run

DOCUMENTS = ("run.json", "bench.json", "case.json")


def written(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


FORMS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path),
    "folder": lambda path: path.mkdir(),
    "secret of this machine": lambda path: path.symlink_to("/etc/passwd"),
    "deep": written('{"a":' * 100_000),
    "less deep": written('{"target":' + "[" * 900 + "]" * 900 + "}"),
    "no text": lambda path: path.write_bytes(bytes(range(256))),
    "control characters": written('{"\\u001b[31m\\n": 1}'),
    "long number": written("1" * 100_000),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "words",
    [
        ("report", "FOLDER"),
        ("statement", "FOLDER"),
        ("bench", "--baseline", "FOLDER"),
        ("replay", "FOLDER"),
        ("fuzz", "--corpus", "FOLDER", "--output", "out"),
    ],
    ids=lambda words: words[0],
)
def test_one_line_says_that_it_is_none(words: tuple[str, ...], form: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in DOCUMENTS:
        FORMS[form](folder / name)
    done = call(*(str(folder) if word == "FOLDER" else word for word in words), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.isprintable()
    assert "root:" not in line
    assert {path.name for path in tmp_path.iterdir()} == {"folder"}
    assert {path.name for path in folder.iterdir()} == set(DOCUMENTS)


def test_a_baseline_that_nothing_can_be_compared_with_costs_no_measurement(tmp_path: Path) -> None:
    for changed in ({"started": "never"}, {"loads": "x"}):
        document = json.loads(msgspec.json.encode(bench()))
        (tmp_path / "bench.json").write_text(json.dumps(document | changed))
        done = call("bench", "--baseline", tmp_path, cwd=tmp_path)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"bench.json"}


def test_claims_that_a_foreign_run_names_are_no_device(tmp_path: Path) -> None:
    document = to_json(run())
    document["target"] = {"claims": {"statement": "/dev/zero"}}
    (tmp_path / "run.json").write_text(json.dumps(document))
    done = call("statement", tmp_path)
    assert done.returncode == 5
    assert "are not at /dev/zero" in done.stderr
