"""Objects that are kept together: what one of them is refused for is its own, and no promise is weaker."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from harness.archive.attributes import AttributeSet
from harness.archive.index import Instance
from harness.archive.reading import read_attributes
from harness.archive.server import Archive
from harness.archive.status import MISMATCH, OUT_OF_RESOURCES, Answer, Refused
from harness.archive.storage import Staged, Storage

CT = "1.2.840.10008.5.1.4.1.1.2"


def object_of(
    archive: Archive, sop_instance: str, study: str = "1.2.3", patient: str = "PHTEST-1"
) -> tuple[Staged, Instance, AttributeSet]:
    """A finished object, what is to be indexed of it, and its attributes."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.PatientID = CT, sop_instance, patient
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, f"{study}.1"
    encoded = DicomBytesIO()
    encoded.is_little_endian, encoded.is_implicit_VR = True, False
    write_dataset(encoded, ds)
    staged = archive.storage.stage(ExplicitVRLittleEndian, CT, sop_instance)
    staged.write(encoded.getvalue())
    staged.finish()
    attributes = read_attributes(staged.path, staged.offset, ExplicitVRLittleEndian)
    instance = Instance(
        sop_instance,
        CT,
        study,
        f"{study}.1",
        ExplicitVRLittleEndian,
        str(archive.storage.place_of(sop_instance).relative_to(archive.storage.root)),
        staged.offset,
        staged.size,
        staged.digest,
    )
    return staged, instance, attributes


def together(
    archive: Archive, objects: list[tuple[Staged, Instance, AttributeSet]], waiting: int | None = None
) -> list[Answer | Exception]:
    """What becomes of objects that are kept at once: none is indexed before so many wait for that, or all."""
    awaited = len(objects) if waiting is None else waiting
    keeper = archive.keeper

    def keep(one: tuple[Staged, Instance, AttributeSet]) -> Answer | Exception:
        try:
            return keeper.keep(*one)
        except Exception as error:  # noqa: BLE001 - the failure is what is looked at
            return error
        finally:
            archive.index.release_thread()

    with ThreadPoolExecutor(len(objects)) as pool:
        with keeper._turn:
            kept = [pool.submit(keep, one) for one in objects]
            pause = threading.Event()
            while len(keeper._waiting) < awaited:
                pause.wait(0.001)
        return [one.result() for one in kept]


def statuses(results: list[Answer | Exception]) -> list[int]:
    answers = [one.answer if isinstance(one, Refused) else one for one in results]
    return [one.status if isinstance(one, Answer) else -1 for one in answers]


def test_all_that_wait_are_kept_with_one_commit(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    add_all = type(archive.index).add_all

    def counted(self: object, objects: object) -> object:
        entries = list(objects)  # type: ignore[call-overload]
        commits.append(len(entries))
        return add_all(self, entries)  # type: ignore[arg-type]

    monkeypatch.setattr(type(archive.index), "add_all", counted)
    results = together(archive, [object_of(archive, f"1.2.{n}") for n in range(8)])
    assert statuses(results) == [0] * 8
    assert commits == [8]
    assert archive.index.count() == 8
    assert len(list(archive.storage.files())) == 8


def test_the_same_instance_twice_is_stored_once(archive: Archive) -> None:
    objects = [object_of(archive, "1.2.7") for _ in range(3)]
    results = together(archive, objects, waiting=1)
    assert archive.index.count() == 1
    assert statuses(results) == [0, 0, 0]
    assert len(list(archive.storage.files())) == 1


def test_one_study_of_two_patients_at_the_same_time(archive: Archive) -> None:
    """One of them is first; the other one is refused and leaves nothing."""
    objects = [object_of(archive, f"1.2.{n}", patient=f"PHTEST-{n}") for n in range(2)]
    results = together(archive, objects)
    assert sorted(statuses(results)) == sorted([0, MISMATCH])
    assert archive.index.count() == len(list(archive.storage.files())) == 1


def test_a_disk_that_fails_refuses_all_and_keeps_none(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Storage, placed: object) -> None:
        raise OSError(5, "the disk is gone")

    monkeypatch.setattr(Storage, "sync", fail)
    results = together(archive, [object_of(archive, f"1.2.{n}") for n in range(3)], waiting=0)
    assert statuses(results) == [OUT_OF_RESOURCES] * 3
    assert archive.index.count() == 0
    assert not list(archive.storage.files())


def test_an_index_that_fails_refuses_all_and_keeps_none(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, objects: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(type(archive.index), "add_all", fail)
    results = together(archive, [object_of(archive, f"1.2.{n}") for n in range(3)])
    assert statuses(results) == [OUT_OF_RESOURCES] * 3
    assert not list(archive.storage.files())


def test_what_nobody_foresaw_acknowledges_none(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who left the index to somebody else learn of it too."""

    def fail(self: object, objects: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(archive.index), "add_all", fail)
    results = together(archive, [object_of(archive, f"1.2.{n}") for n in range(3)])
    assert [type(one) for one in results] == [ZeroDivisionError] * 3
    assert not list(archive.storage.files())


def test_a_fault_of_one_is_its_own(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    coerced = archive.semantics.coerced

    def sometimes(one: Staged) -> Staged:
        if one.sop_instance == "1.2.1":
            raise ZeroDivisionError
        return coerced(one)

    monkeypatch.setattr(archive.semantics, "coerced", sometimes)
    results = together(archive, [object_of(archive, f"1.2.{n}") for n in range(3)], waiting=2)
    assert isinstance(results[1], ZeroDivisionError)
    assert statuses([results[0], results[2]]) == [0, 0]


def forgotten(folder: Path) -> None:
    """What a power failure may take: the last commits of the index, and nothing of the files."""
    with sqlite3.connect(folder / "index.sqlite") as connection:
        for table in ("instance", "series", "study", "patient"):
            connection.execute(f"DELETE FROM {table}")


def test_what_a_power_failure_took_from_the_index_is_there_again(
    make_archive: Callable[..., Archive], tmp_path: Path
) -> None:
    archive = make_archive()
    folder = archive.config.folder
    uids = [generate_uid() for _ in range(3)]
    for uid in uids:
        archive.keeper.keep(*object_of(archive, uid))
    archive.stop()
    assert not (folder / "in-use").exists(), "it was left in order"
    forgotten(folder)
    (folder / "in-use").touch()
    again = make_archive()
    assert again.config.folder == folder
    assert again.index.count() == 3
    assert all(again.index.instance(uid) for uid in uids)


def test_an_archive_that_was_left_in_order_reads_no_file(
    make_archive: Callable[..., Archive], tmp_path: Path
) -> None:
    archive = make_archive()
    archive.keeper.keep(*object_of(archive, generate_uid()))
    archive.stop()
    forgotten(archive.config.folder)
    assert make_archive().index.count() == 0


def test_while_it_runs_it_is_in_use(archive: Archive) -> None:
    assert (archive.config.folder / "in-use").exists()
