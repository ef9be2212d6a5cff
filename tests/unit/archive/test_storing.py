"""C-STORE and what is kept, PS3.4 Annex B."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from archive_kit import CT, ENCAPSULATED, MR, STUDY_FIND, Client, encode, instance
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    generate_uid,
)

from harness.archive.encoding import Malformed, Syntax, check_structure
from harness.archive.index import Index
from harness.archive.server import Archive
from harness.archive.storage import Storage, Undecodable, open_file, part10_header

PRIVATE_CLASS = "1.2.826.0.1.3680043.10.9999.5"
PRIVATE_SYNTAX = "1.2.826.0.1.3680043.10.9999.2"


def kept(archive: Archive, sop_instance: str) -> bytes:
    """The data set bytes of the file."""
    stored = open_file(archive.storage.place_of(sop_instance))
    assert stored.sop_instance == sop_instance
    return stored.path.read_bytes()[stored.offset :]


def store(
    client: Client, sop_class: str, sop_instance: str, data: bytes, syntax: str = ExplicitVRLittleEndian
) -> tuple[int, str]:
    association = client.associate([(sop_class, [syntax])])
    assert association.is_established, "no association"
    answer = client.store_bytes(association, sop_class, sop_instance, data)
    association.release()
    return answer.Status, answer.ErrorComment


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_bytes_are_kept_as_they_came(archive: Archive, client: Client, syntax: str) -> None:
    dataset = instance(PixelData=bytes(range(256)) * 2000, BitsAllocated=8)
    dataset["PixelData"].VR = "OB"
    data = encode(dataset, syntax)
    assert store(client, CT, dataset.SOPInstanceUID, data, syntax) == (0, "")
    assert kept(archive, dataset.SOPInstanceUID) == data


def test_trailing_padding_and_odd_forms_survive(archive: Archive, client: Client) -> None:
    dataset = instance()
    group_length = b"\x10\0\0\0UL\4\0" + b"\xff\0\0\0"
    data = encode(dataset).replace(b"\x10\0\x10\0PN", group_length + b"\x10\0\x10\0PN")
    data += b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0\0\0\0\0"  # data set trailing padding, PS3.10 7.2
    assert store(client, CT, dataset.SOPInstanceUID, data) == (0, "")
    assert kept(archive, dataset.SOPInstanceUID) == data


def test_private_class_in_a_compressed_syntax(archive: Archive, client: Client) -> None:
    dataset = instance(SOPClassUID=PRIVATE_CLASS)
    pixels = ENCAPSULATED
    data = encode(dataset) + pixels
    assert store(client, PRIVATE_CLASS, dataset.SOPInstanceUID, data, JPEG2000Lossless) == (0, "")
    assert kept(archive, dataset.SOPInstanceUID) == data


def test_private_transfer_syntax(archive: Archive, client: Client) -> None:
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        dataset = instance()
        data = encode(dataset, syntax)
        assert store(client, CT, dataset.SOPInstanceUID, data, PRIVATE_SYNTAX) == (0, "")
        assert kept(archive, dataset.SOPInstanceUID) == data


def test_unknown_classes_are_refused_where_configured(make_archive: Callable[..., Archive]) -> None:
    client = Client(make_archive(unknown_classes=False).port)
    association = client.associate(
        [(PRIVATE_CLASS, [ExplicitVRLittleEndian]), (CT, [ExplicitVRLittleEndian])]
    )
    assert [str(c.abstract_syntax) for c in association.accepted_contexts] == [CT]
    association.release()


def test_the_same_object_again_is_kept_once(archive: Archive, client: Client) -> None:
    dataset = instance()
    assert client.store(dataset, dataset) == [0, 0]
    assert archive.index.count() == 1


def test_a_different_object_with_the_same_uid_is_refused(archive: Archive, client: Client) -> None:
    first = instance()
    second = instance(SOPInstanceUID=first.SOPInstanceUID, PatientID="HX9")
    assert client.store(first, second) == [0, 0x0111]
    assert kept(archive, first.SOPInstanceUID) == encode(first)
    assert client.uids({"QueryRetrieveLevel": "STUDY", "PatientID": "HX9"}) == set()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"SOPClassUID": MR}, 0xA900),
        ({"SOPInstanceUID": "1.2.3"}, 0xA900),
        ({"StudyInstanceUID": None}, 0xA900),
        ({"SeriesInstanceUID": ""}, 0xA900),
    ],
)
def test_refusals(archive: Archive, client: Client, change: dict[str, str | None], status: int) -> None:
    dataset = instance()
    data = encode(instance(**{"SOPInstanceUID": dataset.SOPInstanceUID, **change}))
    answer, comment = store(client, CT, dataset.SOPInstanceUID, data)
    assert answer == status
    assert comment
    assert archive.index.count() == 0
    assert not list(archive.storage.files())
    assert not list(archive.storage.incoming.iterdir())


def test_an_invalid_instance_uid_is_refused(archive: Archive, client: Client) -> None:
    for bad in ("../../x", "1.2.03.4"):
        answer, _ = store(client, CT, bad, encode(instance(SOPInstanceUID=bad)))
        assert answer == 0x0117


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-3],
        lambda data: b"\xff" * 40,
        lambda data: data + b"\x10\0\x20\0LO\2\0AB",  # not in rising order
        lambda data: data + b"\xe0\x7f\x10\0OW\0\0\xe8\3\0\0abcd",  # pixel data cut short
        lambda data: data + b"\xe0\x7f\x10\0OB\0\0\3\0\0\0abc",  # odd length
    ],
)
def test_what_cannot_be_decoded_is_refused(
    archive: Archive, client: Client, spoil: Callable[[bytes], bytes]
) -> None:
    dataset = instance()
    answer, comment = store(client, CT, dataset.SOPInstanceUID, spoil(encode(dataset)))
    assert answer & 0xF000 == 0xC000
    assert comment
    assert archive.index.count() == 0


def test_a_study_belongs_to_one_patient(client: Client) -> None:
    first = instance()
    assert client.store(first, instance(StudyInstanceUID=first.StudyInstanceUID, PatientID="HX9")) == [
        0,
        0xA900,
    ]


def test_an_empty_patient_id_is_no_reason_to_refuse(client: Client) -> None:
    dataset = instance(PatientID="", PatientName="")
    assert client.store(dataset) == [0]
    assert client.uids({"QueryRetrieveLevel": "STUDY"}) == {str(dataset.StudyInstanceUID)}


def test_one_series_uid_in_two_studies_stays_apart(client: Client) -> None:
    first = instance()
    second = instance(SeriesInstanceUID=first.SeriesInstanceUID)
    assert client.store(first, second) == [0, 0]
    for dataset in (first, second):
        keys = {"QueryRetrieveLevel": "IMAGE", "StudyInstanceUID": dataset.StudyInstanceUID}
        found = client.uids({**keys, "SeriesInstanceUID": first.SeriesInstanceUID}, "SOPInstanceUID")
        assert found == {str(dataset.SOPInstanceUID)}


def test_a_class_that_is_not_the_contexts_is_refused(client: Client) -> None:
    dataset = instance(SOPClassUID=MR)
    association = client.associate([(CT, [ExplicitVRLittleEndian])])
    context = association.accepted_contexts[0]
    context.abstract_syntax = MR  # what the client believes
    assert client.store_bytes(association, MR, dataset.SOPInstanceUID, encode(dataset)).Status == 0x0122
    association.release()


def test_a_full_disk_is_said_and_survived(make_archive: Callable[..., Archive]) -> None:
    archive = make_archive(storage_limit=100_000)
    client = Client(archive.port)
    small, large = instance(), instance(PixelData=bytes(200_000), BitsAllocated=8)
    large["PixelData"].VR = "OB"
    assert [status & 0xFF00 for status in client.store(small, large)] == [0, 0xA700]
    assert client.store(instance()) == [0]
    assert not list(archive.storage.incoming.iterdir())


def test_the_index_is_rebuilt_from_the_files(make_archive: Callable[..., Archive], tmp_path: Path) -> None:
    archive = make_archive()
    first, second = instance(), instance(PatientID="HX2")
    Client(archive.port).store(first, second)
    archive.stop()
    (tmp_path / "archive" / "index.sqlite").unlink()
    again = make_archive(reindex=True)
    client = Client(again.port)
    assert client.uids({"QueryRetrieveLevel": "STUDY"}) == {
        str(first.StudyInstanceUID),
        str(second.StudyInstanceUID),
    }
    known = again.index.instance(str(first.SOPInstanceUID))
    assert known is not None
    assert known.digest == hashlib.sha256(encode(first)).hexdigest()
    assert client.store(first) == [0]


@pytest.mark.parametrize("cut", range(132, 250, 3))
def test_a_file_that_breaks_off_is_known_to_be_damaged(cut: int, tmp_path: Path) -> None:
    header = part10_header("1.2.840.10008.1.2", "1.2.3", "1.2.4")
    path = tmp_path / "cut.dcm"
    path.write_bytes(header)
    assert open_file(path).size == 0
    path.write_bytes(header[: min(cut, len(header) - 1)])
    with pytest.raises(Undecodable):
        open_file(path)


@pytest.mark.parametrize("delimiter", ["feffdde0 02000000", "feff0de0 00000000"])
@pytest.mark.parametrize("begun", ["08001511 5351 0000 ffffffff", "e07f1000 4f42 0000 ffffffff"])
def test_a_delimitation_has_no_length(begun: str, delimiter: str) -> None:
    """PS3.5 7.5: Sequence Delimitation Item, and of length 0."""
    right, wrong = (bytes.fromhex(begun + one) for one in ("feffdde0 00000000", delimiter))
    check_structure(BytesIO(right), len(right), Syntax(implicit=False, little=True))
    with pytest.raises(Malformed):
        check_structure(BytesIO(wrong), len(wrong), Syntax(implicit=False, little=True))


@pytest.mark.timeout(30)
def test_very_deep_nesting_is_looked_at_in_no_time() -> None:
    """A megabyte of sequences in each other: what is around all of them is not asked at each."""
    deep = bytes.fromhex("08001511 ffffffff feff00e0 ffffffff") * 65_536
    with pytest.raises(Malformed, match="ends within an element"):
        check_structure(BytesIO(deep), len(deep), Syntax(implicit=True, little=True))


def test_what_was_half_received_is_cleared_at_the_start(
    make_archive: Callable[..., Archive], tmp_path: Path
) -> None:
    storage = Storage(tmp_path / "archive")
    staged = storage.stage(ExplicitVRLittleEndian, CT, generate_uid())
    staged.write(b"abcd")
    archive = make_archive()
    assert not list(archive.storage.incoming.iterdir())
    staged.discard()


def test_a_failing_index_is_no_success(
    archive: Archive, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    def fail(self: Index, *args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Index, "add_all", fail)
    dataset = instance()
    assert [status & 0xFF00 for status in client.store(dataset)] == [0xA700]
    assert not list(archive.storage.files())
    monkeypatch.undo()
    assert client.store(dataset) == [0]
    assert client.find({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ""}, STUDY_FIND)[0]
