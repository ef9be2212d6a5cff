"""The archive as a process: start, options, misbehaviour, and a crash in the midst of stores."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_kit import CT, STUDY_MOVE, Client, Wire, encode, instance
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.archive import options
from harness.archive.config import Destination, Misbehaviour
from harness.archive.launch import ArchiveDidNotStart, launch, start
from harness.archive.semantics import Semantics
from harness.archive.server import Archive
from harness.archive.storage import open_file


class Forgetful(Semantics):
    """A variant for the loader: answers every C-ECHO with a failure."""

    def echo_status(self) -> int:
        return 0x0122


def test_a_started_archive_serves_and_stops(tmp_path: Path) -> None:
    with start(destinations=[("HARNESS", "127.0.0.1", 11113)], ae_title="OTHER") as archive:
        assert archive.ae_title == "OTHER"
        assert Client(archive.port).store(instance()) == [0]
        folder, log = archive.folder, archive.log
        assert folder.exists()
        assert archive.is_running
    assert not archive.is_running
    assert archive.process.returncode == 0
    assert not folder.exists()
    assert not log.exists()


def test_a_variant_is_loaded_by_name(tmp_path: Path) -> None:
    with start(semantics=f"{Path(__file__).stem}:Forgetful") as archive:
        association = Client(archive.port).associate([("1.2.840.10008.1.1", [ExplicitVRLittleEndian])])
        assert association.send_c_echo().Status == 0x0122
        association.release()


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    with start() as archive, pytest.raises(ArchiveDidNotStart, match="can't listen on 127"):
        launch(port=archive.port)
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveDidNotStart, match="can't be used"):
        launch(folder=tmp_path / "file" / "x", log=tmp_path / "log")


def test_a_killed_archive_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    archive = launch(folder=tmp_path / "objects", log=tmp_path / "log")
    acknowledged: dict[str, bytes] = {}
    enough = threading.Event()

    def send() -> None:
        client = Client(archive.port)
        association = client.associate([(CT, [ExplicitVRLittleEndian])])
        while association.is_established:
            dataset = instance(PixelData=bytes(20_000), BitsAllocated=8)
            dataset["PixelData"].VR = "OB"
            answer = client.store_bytes(association, CT, dataset.SOPInstanceUID, encode(dataset))
            if answer.Status != 0:
                break
            acknowledged[str(dataset.SOPInstanceUID)] = encode(dataset)
            if len(acknowledged) >= 40:
                enough.set()
        association.abort()

    threads = [threading.Thread(target=send, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    archive.kill()
    for thread in threads:
        thread.join(30)
    kept = dict(acknowledged)
    assert len(kept) >= 40
    again = launch(folder=tmp_path / "objects", log=tmp_path / "log")
    try:
        studies = Client(again.port).uids({"QueryRetrieveLevel": "STUDY"}, "StudyInstanceUID")
        assert len(studies) >= len(kept)
        for uid, data in kept.items():
            from harness.archive.storage import Storage

            stored = open_file(Storage(tmp_path / "objects").place_of(uid))
            assert stored.path.read_bytes()[stored.offset :] == data
    finally:
        again.stop()


@pytest.fixture
def misbehaving(make_archive: Callable[..., Archive]) -> Callable[..., Client]:
    def make(**faults: object) -> Client:
        archive = make_archive(
            misbehaviour=Misbehaviour(**faults), destinations=(Destination("TESTER", "127.0.0.1", 9),)
        )  # type: ignore[arg-type]
        return Client(archive.port)

    return make


def test_statuses_on_request(misbehaving: Callable[..., Client]) -> None:
    client = misbehaving(
        store_status=0xA700, find_status=0xC001, move_status=0xA702, get_status=0xA701, echo_status=0x0110
    )
    assert client.store(instance()) == [0xA700]
    assert client.find({"QueryRetrieveLevel": "STUDY"}) == ([], 0xC001)
    association = client.associate(
        [("1.2.840.10008.1.1", [ExplicitVRLittleEndian]), (STUDY_MOVE, [ExplicitVRLittleEndian])]
    )
    assert association.send_c_echo().Status == 0x0110
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", "1.2.3"
    assert [status.Status for status, _ in association.send_c_move(keys, "TESTER", STUDY_MOVE)] == [0xA702]
    association.release()
    assert (
        client.get({"QueryRetrieveLevel": "STUDY"}, [(CT, [ExplicitVRLittleEndian])])[0][0].Status == 0xA701
    )


def test_failing_every_third(misbehaving: Callable[..., Client]) -> None:
    client = misbehaving(fail_every=3)
    datasets = [instance() for _ in range(6)]
    assert client.store(*datasets) == [0, 0, 0xA700, 0, 0, 0xA700]


def test_aborts_on_request(misbehaving: Callable[..., Client]) -> None:
    client = misbehaving(abort_after=1)
    association = client.associate([("1.2.840.10008.1.1", [ExplicitVRLittleEndian])])
    assert association.send_c_echo().Status == 0
    assert "Status" not in association.send_c_echo()
    association.join(10)
    assert association.is_aborted


def test_delayed_indexing(misbehaving: Callable[..., Client]) -> None:
    client = misbehaving(index_delay=0.5)
    assert client.store(instance()) == [0]
    assert client.uids({"QueryRetrieveLevel": "STUDY"}) == set()
    deadline = time.monotonic() + 10
    while not client.uids({"QueryRetrieveLevel": "STUDY"}):
        assert time.monotonic() < deadline


def test_delays_and_rejections(make_archive: Callable[..., Archive], tmp_path: Path) -> None:
    slow = make_archive(misbehaviour=Misbehaviour(response_delay=0.3, receive_delay=0.05))
    began = time.monotonic()
    assert Client(slow.port).store(instance()) == [0]
    assert time.monotonic() - began >= 0.3
    closed = make_archive(folder=tmp_path / "other", misbehaviour=Misbehaviour(reject=(2, 3, 1)))
    wire = Wire(closed.port)
    answer = wire.associate([(1, CT, [ExplicitVRLittleEndian])])
    assert answer is not None
    assert (answer[0], answer[7:10]) == (3, b"\2\3\1")
    wire.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--aet", "SEVENTEEN LETTERS"], ["--aet", "A\\B"], ["--port", "70000"], ["--destination", "X"],
        ["--destination", "X=host"], ["--destination", "X=host:tls"], ["--destination", "X=host:104:ssl"],
        ["--store-status", "zz"], ["--reject", "1,2"], ["--user", "ann"],
        ["--limit", "-1"], ["--audit-udp", ":514"],
    ],
)  # fmt: skip
def test_wrong_options_are_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    options.add_options(parser)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(arguments)
    assert ended.value.code == 2
    assert "error: argument" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "destination"),
    [
        ("A=host:104", Destination("A", "host", 104)),
        ("A=host:2762:tls", Destination("A", "host", 2762, tls=True)),
        ("A=B=host:104", Destination("A=B", "host", 104)),
        ("TLS=tls:104", Destination("TLS", "tls", 104)),
    ],
)
def test_destinations_are_read(text: str, destination: Destination, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    options.add_options(parser)
    config = options.config_of(parser.parse_args(["--destination", text]), tmp_path)
    assert config.destinations == (destination,)


def test_a_key_without_a_certificate_is_refused(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    options.add_options(parser)
    with pytest.raises(argparse.ArgumentTypeError, match="go together"):
        options.config_of(parser.parse_args(["--tls-key", "x"]), tmp_path)


def test_launching_loads_nothing_of_the_archive() -> None:
    code = (
        "import sys, harness.archive.launch;"
        "sys.exit(any(name.startswith(('pydicom', 'pynetdicom', 'numpy')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_the_archive_imports_no_part_of_the_harness_that_judges_it() -> None:
    code = (
        "import sys, pkgutil, importlib, harness.archive as a;"
        "[importlib.import_module('harness.archive.' + m.name) for m in pkgutil.iter_modules(a.__path__)"
        " if m.name != '__main__'];"
        "sys.exit(any(n.startswith(('harness.dimse', 'harness.scu', 'harness.plugin')) for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
