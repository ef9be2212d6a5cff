"""`pacs-harness fuzz` and `replay`, on the bundled archive as it is and with weaknesses."""

from __future__ import annotations

import csv
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.archive import launch
from harness.archive.launch import RunningArchive
from harness.findings import Area, Campaign, Symptom, Weight, read_campaign
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.script import Await, Awaited, Script, Send
from harness.fuzz.reproducer import save
from harness.fuzz.trouble import Trouble
from tests.calling import call, target_file


@pytest.fixture
def sound() -> Iterator[RunningArchive]:
    with launch.start() as archive:
        yield archive


@pytest.fixture
def dropping() -> Iterator[RunningArchive]:
    with launch.start(semantics="tests.mutants.fuzzed.objects:DropsPrivate") as archive:
        yield archive


def examined(folder: Path, archive: RunningArchive, *more: object) -> tuple[int, Campaign]:
    """A campaign of its own in ``FOLDER/run``."""
    target = target_file(folder, archive.port, deadline=2.0)
    done = call("fuzz", target, "--output", folder / "run", *more)
    assert "Traceback" not in done.stderr
    return done.returncode, read_campaign(folder / "run")


def objects_in(folder: Path) -> list[str]:
    """The SOP Instance UIDs that were stored, but for the known object."""
    with (folder / "run" / "stored.csv").open(newline="") as file:
        return [row["sop_instance_uid"] for row in csv.DictReader(file)][1:]


def test_a_sound_archive_keeps_everything(tmp_path: Path, sound: RunningArchive) -> None:
    code, campaign = examined(tmp_path, sound, "--examples", 25, "--seed", 11)
    assert code == 0
    assert campaign.findings == ()
    assert [(one.area, one.cases) for one in campaign.areas] == [(Area.DATA_SETS, 25)]
    assert campaign.areas[0].outcomes == {"stored": 25}
    assert "Nothing was found" in (tmp_path / "run" / "report.html").read_text()


def test_the_same_seed_sends_the_same_objects(tmp_path: Path, sound: RunningArchive) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        examined(tmp_path / name, sound, "--examples", 10, "--seed", 11)
    assert objects_in(tmp_path / "one") == objects_in(tmp_path / "other")


def test_a_finding_can_be_sent_again(tmp_path: Path, dropping: RunningArchive, sound: RunningArchive) -> None:
    code, campaign = examined(
        tmp_path, dropping, "--examples", 60, "--findings", 1, "--seed", 11, "--shrink-seconds", 2
    )
    (finding,) = campaign.findings
    # The target file promises nothing, so that elements that are gone are allowed, and worth knowing.
    assert (code, finding.symptom, finding.weight) == (0, Symptom.DROPPED, Weight.OBSERVATION)
    folder = tmp_path / "run" / finding.folder
    assert {path.name for path in folder.iterdir()} == {
        *("case.json", "object.dcm", "dump.txt", "exchange.pcapng", "exchange.txt")
    }
    again = call("replay", folder, tmp_path / "target.toml")
    assert again.returncode == 0
    assert "1 observations" in again.stdout
    other = tmp_path / "sound"
    other.mkdir()
    elsewhere = call("replay", folder, target_file(other, sound.port))
    assert "0 failures, 0 observations" in elsewhere.stdout


def test_what_shows_after_many_cases_can_be_sent_again(tmp_path: Path) -> None:
    """A PDU of no type, answered with A-ABORT (PS3.8 table 9-10, AA-1), forty times."""
    script = Script(
        (Send(data=bytes.fromhex("090000000000")), Await(what=Awaited.END)), "REFERENCE", "HARNESS"
    )
    case = PduCase("no PDU", script)
    folder = tmp_path / "finding"
    folder.mkdir()
    trouble = Trouble(Symptom.DIED, "PS3.4 A.4", "C-ECHO is answered afterwards", "refused")
    save(folder, Area.PDUS, case, trouble, (case,) * 39)
    with launch.start(semantics="tests.mutants.fuzzed.upper_layer:DiesOfAborts") as archive:
        target = target_file(tmp_path, archive.port, deadline=2.0)
        done = call("replay", folder, target, "--intrusive")
    assert done.returncode == 4  # nobody starts it again
    assert "after these 40 cases" in done.stdout


def test_findings_of_before_come_first(tmp_path: Path, dropping: RunningArchive) -> None:
    examined(tmp_path, dropping, "--examples", 60, "--findings", 1, "--seed", 11, "--shrink-seconds", 0)
    again = tmp_path / "again"
    again.mkdir()
    corpus = tmp_path / "run" / "findings"
    _, campaign = examined(again, dropping, "--corpus", corpus, "--examples", 1)
    assert campaign.replayed == 1
    assert campaign.findings[0].symptom is Symptom.DROPPED


def test_what_storage_level_2_promises_is_a_failure_to_drop(tmp_path: Path, dropping: RunningArchive) -> None:
    target = target_file(tmp_path, dropping.port)
    target.write_text(target.read_text() + "[claims]\nstorage_level = 2\n")
    folder = tmp_path / "run"
    words = ("--examples", 60, "--findings", 1, "--seed", 11, "--shrink-seconds", 0)
    done = call("fuzz", target, "--output", folder, *words)
    assert done.returncode == 1
    assert read_campaign(folder).findings[0].weight is Weight.FAILURE


def test_a_product_that_dies_ends_the_campaign_where_nobody_starts_it_again(tmp_path: Path) -> None:
    with launch.start(semantics="tests.mutants.fuzzed.objects:DiesOfGroupLengths") as archive:
        code, campaign = examined(tmp_path, archive, "--examples", 400, "--seed", 11)
    assert code == 4
    (finding,) = campaign.findings
    assert finding.symptom is Symptom.DIED
    assert "[control] restart" in campaign.ended_because
    assert "died" in (tmp_path / "run" / "report.html").read_text()


def test_a_product_that_is_not_there(tmp_path: Path, sound: RunningArchive) -> None:
    sound.kill()
    code, campaign = examined(tmp_path, sound)
    assert code == 4
    assert campaign.areas == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--area", "damaged"), "--intrusive"),
        (("--examples", "0"), "--examples"),
        (("--findings", "0"), "--findings"),
        (("--seconds", "0"), "--seconds"),
        (("--shrink-seconds", "-1"), "--shrink-seconds"),
        (("--corpus", "nowhere"), "--corpus"),
        (("far.toml",), "--i-own-this-system"),
        (("far.toml", "--peer", "orthanc"), "not both"),
    ],
)
def test_a_wrong_command_is_one_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "far.toml").write_text('[dimse]\nhost = "192.0.2.1"\nport = 104\ncalled_ae_title = "FAR"\n')
    done = call("fuzz", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["far.toml"]


def test_a_destination_that_cannot_listen_is_one_line(tmp_path: Path, sound: RunningArchive) -> None:
    target = target_file(tmp_path, sound.port)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        target.write_text(target.read_text() + f'[[destination]]\nae_title = "OURS"\nport = {port}\n')
        done = call("fuzz", target, "--output", tmp_path / "run")
    assert done.returncode == 2
    assert "cannot listen on" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interrupt_keeps_what_was_seen(tmp_path: Path, sound: RunningArchive) -> None:
    target = target_file(tmp_path, sound.port)
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "fuzz", str(target), "--output", str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "seed" in process.stdout.readline()
    while len(objects_in(tmp_path)) < 3:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.stdout.close()
    campaign = read_campaign(tmp_path / "run")
    assert campaign.ended_because == "interrupted"
    assert campaign.areas[0].cases > 0
    assert (tmp_path / "run" / "report.html").is_file()
