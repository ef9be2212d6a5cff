"""What identifies a patient is found in whatever form it lies in a file, and nothing else is."""

from __future__ import annotations

import base64
import gzip
import itertools
import os
import sqlite3
import zlib
from pathlib import Path

import pytest

from harness.security.canaries import CanaryPatient, new_canary
from harness.security.needles import Canary, Kind, needles_of
from harness.security.places import Sort, listed, sort_of
from harness.security.tracing import WINDOW, Bounds, search
from harness.synthesis import Identity, encode_dataset, new_run_root

DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


@pytest.fixture(scope="module")
def canary() -> CanaryPatient:
    return new_canary(Identity(new_run_root(), "tracing"))


def dataset(canary: CanaryPatient) -> bytes:
    return canary.study.instance(0).dataset


def kinds(canary: CanaryPatient, path: Path) -> set[Kind]:
    return {trace.kind for trace in search([path], canary.needles()).traces.values()}


ALL = {Kind.NAME, Kind.ID, Kind.ACCESSION, Kind.PIXELS}
FORMS = {
    "as it is": lambda data: data,
    "zlib, as Orthanc compresses": lambda data: len(data).to_bytes(8, "little") + zlib.compress(data),
    "gzip behind something": lambda data: b"x" * 1000 + gzip.compress(data),
    "Base64": lambda data: b"q" + base64.b64encode(b"12" + data),
    "hexadecimal": lambda data: data.hex().upper().encode(),
    "over the end of a window": lambda data: bytes(WINDOW - 700) + data,
    "compressed over the end of a window": lambda data: bytes(WINDOW - 1) + zlib.compress(data),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_object(canary: CanaryPatient, tmp_path: Path, form: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(FORMS[form](dataset(canary)))
    assert kinds(canary, path) == ALL


def test_a_deflated_data_set(canary: CanaryPatient, tmp_path: Path) -> None:
    meta = bytes(12)
    head = bytes(128) + b"DICM\x02\0\0\0UL\x04\0" + len(meta).to_bytes(4, "little") + meta
    path = tmp_path / "file"
    path.write_bytes(head + encode_dataset(canary.study.attributes, DEFLATED))
    assert kinds(canary, path) == ALL


def test_pixels_in_the_other_byte_order(canary: CanaryPatient, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(encode_dataset(canary.study.attributes, BIG_ENDIAN))
    assert kinds(canary, path) == ALL


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_text(tmp_path: Path, encoding: str, case: object) -> None:
    needles = needles_of(Canary(Kind.NAME, b"PHTESTQN12AB"))
    path = tmp_path / "log"
    path.write_bytes("Übung: PHTESTQN12AB".encode(encoding))
    assert search([path], needles).traces


def test_base64_wherever_it_begins() -> None:
    needles = needles_of(Canary(Kind.NAME, b"PHTESTQN12AB"))
    for before, after in itertools.product(range(4), range(4)):
        encoded = base64.b64encode(b"\xff" * before + b"PHTESTQN12AB" + b"\xff" * after)
        assert any(needle.value in encoded for needle in needles), (before, after)


def test_a_row_in_a_database_and_in_its_log(canary: CanaryPatient, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "index.sqlite")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE patient (name TEXT)")
    database.execute("INSERT INTO patient VALUES (?)", (canary.study.patient_name,))
    database.commit()
    files = listed([str(tmp_path)]).files
    assert {sort_of(path) for path in files} == {Sort.DATABASE}
    found = {trace.path.name for trace in search(files, canary.needles()).traces.values()}
    database.close()
    assert found == {"index.sqlite-wal"}


def test_nothing_is_found_where_nothing_is(canary: CanaryPatient, tmp_path: Path) -> None:
    other = new_canary(Identity(new_run_root(), "other"))
    (tmp_path / "random").write_bytes(os.urandom(300_000))
    (tmp_path / "other").write_bytes(zlib.compress(dataset(other)))
    done = search(listed([str(tmp_path)]).files, canary.needles())
    assert not done.traces
    assert (done.files, done.left_out, done.unreadable) == (2, 0, 0)


def test_what_bounds_leave_out_is_said(canary: CanaryPatient, tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / str(number)
        path.write_bytes(dataset(canary))
        os.utime(path, (number, number))
    done = search(listed([str(tmp_path)]).files, canary.needles(), Bounds(bytes=1))
    assert {trace.path.name for trace in done.traces.values()} == {"2"}, "the newest comes first"
    assert done.left_out == 2
    assert "2 older files" in done.extent()


def test_time_is_a_bound(canary: CanaryPatient, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(dataset(canary))
    ticks = itertools.count(0.0, 10.0)
    assert search(listed([str(tmp_path)]).files, canary.needles(), clock=lambda: next(ticks)).left_out == 1


@pytest.mark.parametrize(
    "name", ["a.dcm.tmp", "dump.sql.gz", "core.123", "backup-2026", ".#x", "x~", "a.part"]
)
def test_leftovers_by_name(tmp_path: Path, name: str) -> None:
    assert sort_of(tmp_path / name) is Sort.LEFTOVER


@pytest.mark.parametrize("name", ["1.2.840.10008.1.2", "CT_6b0c67.dcm", "f02cb55e-d2c6", "template.dcm"])
def test_objects_by_name(tmp_path: Path, name: str) -> None:
    assert sort_of(tmp_path / name) is Sort.OBJECT
