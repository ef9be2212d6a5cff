"""A passcode goes to the product and nowhere else: not into a run folder, not onto the console."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.archive import launch
from harness.findings import Area, read_campaign
from harness.report import load_run
from harness.verdict import Outcome
from tests.calling import call, target_file

PLAIN = "unmistakable-secret"
SECRET = f'{PLAIN}-"&<ö'


@pytest.fixture(scope="module")
def archive() -> Iterator[launch.RunningArchive]:
    with launch.start(options=["--user", f"somebody={SECRET}"]) as running:
        yield running


@pytest.fixture
def target(archive: launch.RunningArchive, tmp_path: Path) -> Path:
    """A target file with the passcode that the archive demands."""
    path = target_file(tmp_path, archive.port, deadline=5)
    path.write_text(
        f"{path.read_text()}[dimse.user_identity]\ntype = 'username-passcode'\nprimary = 'somebody'\n"
        f"secondary = '{SECRET}'\n[control]\nlog = '{archive.log}'\nrestart = ['false', '{SECRET}']\n"
    )
    return path


def traces(secret: str) -> Iterator[bytes]:
    """The secret as it may stand in a file."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield secret.encode(encoding)
    data = secret.encode()
    for text in (data.hex(), data.hex(" "), data.hex(":"), "".join(f"\\x{byte:02x}" for byte in data)):
        yield text.encode()
        yield text.upper().encode()
    for shift in range(3):  # base64 of something that it is in the middle of
        whole = base64.b64encode(bytes(shift) + data + bytes(3))
        yield whole[4 : 4 * ((shift + len(data)) // 3)]


def open_to_others(folder: Path) -> list[Path]:
    """What others could read if the folder itself were open: what is below a closed one is not."""
    return [path for path in folder.iterdir() if path.stat().st_mode & 0o077]


def found_in(folder: Path) -> list[tuple[str, bytes]]:
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert files
    return [(name, trace) for name, data in files.items() for trace in traces(PLAIN) if trace in data]


def test_the_traces_are_those_that_files_would_have() -> None:
    data = f"x {PLAIN} y".encode()
    for form in (data, data.hex(" ").encode(), base64.b64encode(data), f"x {PLAIN}".encode("utf-16")):
        assert any(trace in form for trace in traces(PLAIN))


def test_a_run_keeps_none_of_it(target: Path, tmp_path: Path) -> None:
    select = [f"--select={one}" for one in ("verification", "association.identity", "association.state")]
    done = call("run", target, "--output", tmp_path / "run", *select)
    run = load_run(tmp_path / "run")
    assert {result.outcome for result in run.results} >= {Outcome.PASS}, done.stdout
    # It was recorded, and it was sent: the archive admits nobody without it.
    capture = next((tmp_path / "run" / "captures").glob("verification*")).read_bytes()
    assert b"somebody" in capture
    assert b"*" * len(SECRET.encode()) in capture
    assert run.target["dimse"]["user_identity"]["secondary"] == "***"
    assert run.target["control"]["restart"] == ["false", "***"]
    assert found_in(tmp_path / "run") == []
    assert open_to_others(tmp_path / "run") == []
    assert PLAIN not in done.stdout + done.stderr


def test_a_campaign_keeps_none_of_it(target: Path, tmp_path: Path) -> None:
    done = call(
        *("fuzz", target, "--area", "identifiers", "--area", "pdus", "--intrusive", "--seconds", 10),
        *("--examples", 12, "--shrink-seconds", 0, "--output", tmp_path / "run", "--seed", 1),
    )
    (pdus,) = [one for one in read_campaign(tmp_path / "run").areas if one.area is Area.PDUS]
    assert pdus.outcomes.get("answered", 0) > 0, "the passcode is sent: without it all is rejected"
    assert found_in(tmp_path / "run") == []
    assert open_to_others(tmp_path / "run") == []
    assert PLAIN not in done.stdout + done.stderr


def test_what_the_archive_keeps_is_for_its_owner(archive: launch.RunningArchive) -> None:
    assert [path for path in archive.folder.rglob("*") if path.is_file()]
    assert open_to_others(archive.folder) == []


def test_what_is_only_planned_or_wrong_does_not_say_it(target: Path, tmp_path: Path) -> None:
    done = call("run", target, "--plan", "--select", "verification")
    assert done.returncode == 0
    assert PLAIN not in done.stdout + done.stderr
    for wrong in (
        target.read_text().replace(f"secondary = '{SECRET}'", f"secondary = ['{PLAIN}']"),
        target.read_text().replace("secondary", "passcode"),
        target.read_text().replace(f"'{SECRET}'", f"'{SECRET}", 1),
    ):
        target.write_text(wrong)
        done = call("run", target, "--output", tmp_path / "run")
        assert done.returncode == 2
        assert PLAIN not in done.stdout + done.stderr
    assert not (tmp_path / "run").exists()
