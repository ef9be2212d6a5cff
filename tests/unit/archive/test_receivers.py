"""Several processes behind one port: one archive all the same, and no process is left."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from archive_kit import CT, STUDY_FIND, Client, instance
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from harness.archive import launch
from harness.archive.storage import Storage, open_file

PROCESSES = 3


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[launch.RunningArchive]:
    with launch.start(folder=tmp_path / "objects", options=["--processes", str(PROCESSES)]) as running:
        yield running


def family(archive: launch.RunningArchive) -> list[psutil.Process]:
    first = psutil.Process(archive.process.pid)
    return [first, *first.children(recursive=True)]


def who_serves(archive: launch.RunningArchive) -> set[int]:
    """The processes with a connection of a peer."""
    return {
        one.pid
        for one in family(archive)
        if any(line.raddr and line.laddr.port == archive.port for line in one.net_connections("tcp"))
    }


def test_the_first_has_as_many_others_as_were_asked_for(archive: launch.RunningArchive) -> None:
    assert len(family(archive)) == PROCESSES


def test_several_receive_and_everybody_finds_everything(archive: launch.RunningArchive) -> None:
    clients = [Client(archive.port) for _ in range(8)]
    serving: set[int] = set()
    for _ in range(20):  # who takes an association the system decides
        open_ = [client.associate([(CT, [ExplicitVRLittleEndian])]) for client in clients]
        serving |= who_serves(archive)
        for association in open_:
            association.release()
        if len(serving) == PROCESSES:
            break
    assert len(serving) > 1
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda client: client.store(*(instance() for _ in range(5))), clients))
    assert stored == [[0] * 5] * 8
    assert len(list(Storage(archive.folder).files())) == 40
    for client in clients:
        matches, _ = client.find({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ""}, STUDY_FIND)
        assert len(matches) == 40


def test_one_instance_from_all_sides_is_one_object(archive: launch.RunningArchive) -> None:
    """Whoever is first is kept; what the index says of it is what the file has."""
    uid = generate_uid()

    def named(number: int) -> Dataset:
        return instance(
            SOPInstanceUID=uid,
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID="1.2.3.4",
            PatientComments=f"number {number} " * (number + 1),
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Client(archive.port).store(named(number)), range(8)))
    (path,) = Storage(archive.folder).files()
    kept = open_file(path)
    assert kept.sop_instance == uid
    # Where index and file speak of different objects the file's length is not that of the index.
    with contextlib.closing(sqlite3.connect(archive.folder / "index.sqlite")) as index:
        assert index.execute("SELECT size FROM instance").fetchall() == [(kept.size,)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left(archive: launch.RunningArchive, number: signal.Signals) -> None:
    processes = family(archive)
    os.kill(archive.process.pid, number)
    archive.process.wait(30)
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive


def test_it_starts_again_with_all_of_them(archive: launch.RunningArchive) -> None:
    client = Client(archive.port)
    assert client.store(instance()) == [0]
    before = {one.pid for one in family(archive)} - {archive.process.pid}
    archive.process.send_signal(signal.SIGHUP)
    assert archive.process.stdout is not None
    assert "listening on" in archive.process.stdout.readline()
    after = {one.pid for one in family(archive)} - {archive.process.pid}
    assert len(after) == PROCESSES - 1
    assert not before & after
    answers = client.find({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ""}, STUDY_FIND)
    assert len(answers[0]) == 1


def test_what_counts_in_one_process_is_not_for_several(tmp_path: Path) -> None:
    with pytest.raises(launch.ArchiveDidNotStart, match="count in one process"):
        launch.launch(folder=tmp_path / "objects", options=["--processes", "2", "--limit", "1000000"])
