"""The reference archive against DCMTK's programs, with the archive in a process of its own."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset

from harness.archive.launch import RunningArchive, start
from harness.archive.storage import open_file
from harness.peers import free_ports
from tests.programs import require_program

pytestmark = pytest.mark.peer("dcmtk")
STUDY_KEYS = ["-k", "0008,0052=STUDY"]


def run(*command: str, expect: int = 0) -> str:
    """Run a program; its output. The exit code has to be `expect`."""
    program, *arguments = command
    done = subprocess.run(
        [require_program(program), *arguments], capture_output=True, timeout=60, check=False
    )
    output = (done.stdout + done.stderr).decode("latin-1")
    assert done.returncode == expect, output
    return output


@contextlib.contextmanager
def store_scp(folder: Path, *arguments: str) -> Iterator[int]:
    """DCMTK's storescp on a free port, ready to accept."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [require_program("storescp"), "-v", "-od", str(folder), "-aet", "HARNESS", *arguments, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            select.select([], [], [], 0.05)
        else:
            raise AssertionError("storescp doesn't listen")
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def archive() -> Iterator[RunningArchive]:
    with start(destinations=[("NOBODY", "127.0.0.1", 9)], options=["--artim", "3"]) as archive:
        yield archive


def named(name: str) -> Path:
    """One of pydicom's small files."""
    found = get_testdata_file(name, download=False)
    assert isinstance(found, str)
    return Path(found)


def uids(archive: RunningArchive, *keys: str) -> list[str]:
    output = run("findscu", "-S", *STUDY_KEYS, "-k", "StudyInstanceUID", *keys, *peer(archive))
    return re.findall(r"\(0020,000d\) UI \[([0-9.]+)", output)


def peer(archive: RunningArchive) -> tuple[str, ...]:
    return "-v", "-aec", archive.ae_title, archive.host, str(archive.port)


def test_echo(archive: RunningArchive) -> None:
    assert "Received Echo Response (Success)" in run("echoscu", *peer(archive))


def test_store_and_find(archive: RunningArchive) -> None:
    output = run("storescu", *peer(archive), str(named("CT_small.dcm")), str(named("MR_small.dcm")))
    assert output.count("Received Store Response (Success)") == 2
    expected = str(dcmread(named("CT_small.dcm")).StudyInstanceUID)
    assert uids(archive, "-k", "PatientID=1CT1") == [expected]
    assert uids(archive, "-k", "ModalitiesInStudy=CT", "-k", "PatientName=compressedsamples*") == [expected]
    assert uids(archive, "-k", "StudyDate=19000101-19000102") == []


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("MR_small_RLE.dcm", "-xr"),
        ("MR_small_jpeg_ls_lossless.dcm", "-xt"),
        ("MR_small_jp2klossless.dcm", "-xv"),
        ("JPEG-lossy.dcm", "-xx"),
        ("image_dfl.dcm", "-xd"),
        ("MR_small_bigendian.dcm", "-xb"),
    ],
)
def test_bytes_in_any_syntax_come_back(tmp_path: Path, name: str, option: str) -> None:
    """Stored by storescu, moved to a storescp that accepts everything: the same bytes as in the archive."""
    source = named(name)
    dataset = dcmread(source)
    received = tmp_path / "received"
    received.mkdir()
    with (
        store_scp(received, "+xa", "+B") as port,
        start(destinations=[("HARNESS", "127.0.0.1", port)]) as archive,
    ):
        run("storescu", option, *peer(archive), str(source))
        keys = [*STUDY_KEYS, "-k", f"StudyInstanceUID={dataset.StudyInstanceUID}"]
        output = run("movescu", "-S", "-aem", "HARNESS", *keys, *peer(archive))
        assert "Received Final Move Response (Success)" in output
        (kept,) = [open_file(path) for path in (archive.folder / "objects").rglob("*.dcm")]
        content = kept.path.read_bytes()[kept.offset :]
    assert kept.transfer_syntax == dataset.file_meta.TransferSyntaxUID
    (file,) = received.iterdir()
    assert file.read_bytes().endswith(content)


def test_move_uncompressed_where_nothing_else_is_accepted(tmp_path: Path) -> None:
    source = named("MR_small_RLE.dcm")
    with store_scp(tmp_path, "+xi") as port, start(destinations=[("HARNESS", "127.0.0.1", port)]) as archive:
        run("storescu", "-xr", *peer(archive), str(source))
        study = dcmread(source).StudyInstanceUID
        run(
            "movescu", "-S", "-aem", "HARNESS", *STUDY_KEYS, "-k", f"StudyInstanceUID={study}", *peer(archive)
        )
    (file,) = tmp_path.iterdir()
    found, expected = dcmread(file), dcmread(source)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
    assert (found.pixel_array == expected.pixel_array).all()
    assert found.SOPInstanceUID == expected.SOPInstanceUID


def test_move_to_an_unknown_destination(archive: RunningArchive) -> None:
    run("storescu", *peer(archive), str(named("CT_small.dcm")))
    study = dcmread(named("CT_small.dcm")).StudyInstanceUID
    command = [
        "movescu",
        "-S",
        "-aem",
        "NOSUCHDEST",
        *STUDY_KEYS,
        "-k",
        f"StudyInstanceUID={study}",
        *peer(archive),
    ]
    program, *arguments = command
    done = subprocess.run(
        [require_program(program), *arguments], capture_output=True, timeout=60, check=False
    )
    assert b"MoveDestinationUnknown" in done.stdout + done.stderr


def test_get(archive: RunningArchive, tmp_path: Path) -> None:
    run("storescu", *peer(archive), str(named("CT_small.dcm")))
    expected = dcmread(named("CT_small.dcm"))
    keys = [*STUDY_KEYS, "-k", f"StudyInstanceUID={expected.StudyInstanceUID}"]
    run("getscu", "-S", "-od", str(tmp_path), *keys, *peer(archive))
    (file,) = tmp_path.iterdir()
    found = dcmread(file)
    assert found.SOPInstanceUID == expected.SOPInstanceUID
    assert found.PixelData == expected.PixelData


def test_get_in_patient_root(archive: RunningArchive, tmp_path: Path) -> None:
    run("storescu", *peer(archive), str(named("MR_small.dcm")))
    patient = dcmread(named("MR_small.dcm")).PatientID
    run(
        "getscu",
        "-P",
        "-od",
        str(tmp_path),
        "-k",
        "0008,0052=PATIENT",
        "-k",
        f"PatientID={patient}",
        *peer(archive),
    )
    assert len(list(tmp_path.iterdir())) == 1


def test_many_objects_on_one_association(archive: RunningArchive, tmp_path: Path) -> None:
    dataset = dcmread(named("CT_small.dcm"))
    assert isinstance(dataset, FileDataset)
    dataset.PatientID, dataset.StudyInstanceUID = "HX-MANY", "1.2.826.0.1.3680043.10.9999.77"
    for number in range(50):
        dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.10.9999.77.1.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dcmwrite(tmp_path / f"{number}.dcm", dataset)
    run("dcmsend", "-aec", archive.ae_title, archive.host, str(archive.port), "+sd", str(tmp_path))
    output = run(
        "findscu", "-S", *STUDY_KEYS, "-k", f"StudyInstanceUID={dataset.StudyInstanceUID}",
        "-k", "NumberOfStudyRelatedInstances", *peer(archive),
    )  # fmt: skip
    assert "(0020,1208) IS [50]" in output
