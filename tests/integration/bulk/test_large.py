"""`pacs-harness large` against the bundled archive, and against archives that fail on what is large alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.bulk import running, sweeping
from harness.bulk.carrying import carried
from harness.bulk.objects import Kind, large_object
from harness.bulk.running import listening
from harness.bulk.ways import Ways, ways_back
from harness.large import Large, Outcome, Way, read_large
from harness.plugin.context import peer_of
from harness.scu.session import Scu
from harness.synthesis import Identity, new_run_root
from harness.target import Target
from tests.calling import call, target_file
from tests.mutants.kill import archive_with
from tests.processes import is_alive

SIZE = 20 * 2**20


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with archive_with("", tmp_path_factory.mktemp("archive"), visible_within=2) as target:
        yield target


def large(target: Target, folder: Path, *words: object) -> tuple[subprocess.CompletedProcess[str], Large]:
    file = target_file(folder, target.dimse.port, deadline=10, visible_within=1)
    done = call("large", file, "--output", folder / "run", *words)
    assert (folder / "run" / "report.html").is_file()
    return done, read_large(folder / "run")


@pytest.mark.parametrize("way", [Way.GET, Way.MOVE])
@pytest.mark.parametrize("kind", Kind)
def test_each_kind_out_and_back(archive: Target, kind: Kind, way: Way) -> None:
    scu = Scu(peer_of(archive))
    with listening(archive) as destination:
        back = tuple(one for one in ways_back(scu, destination) if one[0] is way)
        ways = Ways(scu, back, destination, 2)
        one = carried(ways, large_object(kind, SIZE, Identity(new_run_root(), str(way))))
    assert (one.outcome, one.words, one.way) == (Outcome.KEPT, "", way)
    assert one.out is not None
    assert one.back is not None
    assert one.out.bytes == one.back.bytes == one.size > SIZE * 0.9


def test_a_whole_call(archive: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sweeping, running):
        monkeypatch.setattr(module, "FRAGMENTS", (64, 4096))
    monkeypatch.setattr(sweeping, "MAXIMA", (128, 16384, 0))
    done, seen = large(archive, tmp_path, "--size", "14MiB", "--kind", "tiles", "--study", 40, "--pdu")
    assert (done.returncode, done.stderr) == (0, "")
    assert seen.outcomes == (Outcome.KEPT,) * (1 + 1 + 3 + 3)
    assert seen.study is not None
    counts = (seen.study.stored, seen.study.found, seen.study.counted, seen.study.unchanged)
    assert counts == (40, 40, 40, 40)
    assert seen.objects[0].server_peak
    assert seen.estimate is not None
    assert seen.estimate.bytes > 22 * 2**20
    assert "Everything came back as it was sent" in (tmp_path / "run" / "report.html").read_text()
    stored = (tmp_path / "run" / "stored.csv").read_text().splitlines()
    assert len(stored) == 1 + 1 + 10 + 1 + 40 + 3 + 1


@pytest.mark.parametrize(
    ("defect", "kind", "outcome", "code"),
    [
        ("FlipsInTheMiddle", Kind.FRAMES, Outcome.ALTERED, 1),
        ("FlipsInTheMiddle", Kind.TILES, Outcome.ALTERED, 1),
        ("DropsTheTail", Kind.FRAGMENTS, Outcome.ALTERED, 1),
        ("ZeroesTheTail", Kind.ELEMENT, Outcome.ALTERED, 1),
        ("RepeatsAPage", Kind.FRAMES, Outcome.ALTERED, 1),
        ("DoesNotSendIt", Kind.ELEMENT, Outcome.LOST, 1),
        ("DoesNotLikeIt", Kind.ELEMENT, Outcome.REFUSED, 1),
        ("HasNoRoom", Kind.ELEMENT, Outcome.FULL, 5),
        ("Dies", Kind.ELEMENT, Outcome.DIED, 1),
    ],
)
def test_a_defect_is_seen(tmp_path: Path, defect: str, kind: Kind, outcome: Outcome, code: int) -> None:
    with archive_with(f"tests.mutants.large:{defect}", tmp_path) as target:
        done, seen = large(target, tmp_path, "--size", SIZE, "--kind", kind)
    assert [one.outcome for one in seen.objects] == [outcome], seen.objects
    assert done.returncode == code
    assert seen.exit_code == code
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("defect", ["LosesTheHundredth", "FindsAllButTheHundredth"])
def test_one_of_many_is_missed(tmp_path: Path, defect: str) -> None:
    with archive_with(f"tests.mutants.large:{defect}", tmp_path) as target:
        done, seen = large(target, tmp_path, "--study", 101)
    assert seen.study is not None
    assert (done.returncode, seen.study.outcome) == (1, Outcome.LOST)
    assert seen.study.stored == 101


def test_a_full_disk_is_told_before_anything_is_sent(archive: Target, tmp_path: Path) -> None:
    file = target_file(tmp_path, archive.dimse.port)
    done = call("large", file, "--size", "900000GiB", "--kind", "fragments", "--output", tmp_path / "run")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--anyway" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--size", "many"), "--size takes bytes"),
        (("--size", "1KiB"), "131,072 bytes or more"),
        (("--size", "5GiB", "--kind", "frames"), "PS3.5 7.1"),
        (("--study", "70000"), "--study takes 1 to 65535"),
    ],
)
def test_what_cannot_be_is_one_line(
    archive: Target, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = call("large", target_file(tmp_path, archive.dimse.port), *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_another_machine_needs_a_word(tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    path.write_text('[dimse]\nhost = "192.0.2.1"\nport = 104\ncalled_ae_title = "ELSEWHERE"\n')
    done = call("large", path)
    assert done.returncode == 2
    assert "--i-own-this-system" in done.stderr


def test_nobody_there(tmp_path: Path) -> None:
    done = call(
        "large", target_file(tmp_path, 1), "--output", tmp_path / "run", "--size", "1MiB", "--kind", "frames"
    )
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert read_large(tmp_path / "run").exit_code == 4


def test_an_interrupt_keeps_what_was_seen_and_leaves_nothing_running(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "harness",
        "large",
        "--size",
        "2GiB",
        "--kind",
        "element",
        "--output",
        str(run),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "estimate:" in process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    seen = read_large(run)
    assert (seen.exit_code, seen.ended_because) == (130, "interrupted")
    assert seen.estimate is not None
    assert not [one for one in children if is_alive(one)]
