"""C-GET and C-MOVE, PS3.4 C.4.2 and C.4.3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from archive_kit import CT, ENCAPSULATED, MR, SR, STUDY_GET, STUDY_MOVE, Client, encode, instance
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)
from pynetdicom import AE, evt, fsm

from harness.archive.config import Destination
from harness.archive.server import Archive

EXPLICIT = [ExplicitVRLittleEndian]


def study(number: int, **values: object) -> list[Dataset]:
    first = instance(**values)
    common = {
        "StudyInstanceUID": first.StudyInstanceUID,
        "SeriesInstanceUID": first.SeriesInstanceUID,
        **values,
    }
    return [first, *(instance(InstanceNumber=n + 2, **common) for n in range(number - 1))]


def level(datasets: list[Dataset]) -> dict[str, object]:
    return {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": str(datasets[0].StudyInstanceUID)}


def counts(command: Dataset) -> tuple[object, ...]:
    return tuple(
        command.get(f"NumberOf{kind}Suboperations")
        for kind in ("Remaining", "Completed", "Failed", "Warning")
    )


def test_get_delivers_the_bytes_that_were_stored(client: Client) -> None:
    datasets = study(3)
    client.store(*datasets)
    answers = client.get(level(datasets), [(CT, EXPLICIT)])
    assert dict(client.received) == {str(d.SOPInstanceUID): encode(d) for d in datasets}
    pending, (final, identifier) = answers[:-1], answers[-1]
    assert final.Status == 0
    assert identifier is None
    assert counts(final) == (None, 3, 0, 0)
    assert [counts(command) for command, _ in pending] == [(2, 1, 0, 0), (1, 2, 0, 0)]


def test_get_of_a_class_without_context_fails_in_part(client: Client) -> None:
    datasets = study(2)
    report = instance(SOPClassUID=SR, StudyInstanceUID=datasets[0].StudyInstanceUID)
    client.store(*datasets, report)
    final, identifier = client.get(level(datasets), [(CT, EXPLICIT)])[-1]
    assert final.Status == 0xB000
    assert counts(final) == (None, 2, 1, 0)
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == report.SOPInstanceUID


def test_get_without_roles_delivers_nothing(client: Client) -> None:
    datasets = study(2)
    client.store(*datasets)
    final, identifier = client.get(level(datasets), [(CT, EXPLICIT)], roles=False)[-1]
    assert client.received == []
    assert final.Status == 0xA702
    assert counts(final) == (None, 0, 2, 0)
    assert identifier is not None
    assert set(identifier.FailedSOPInstanceUIDList) == {d.SOPInstanceUID for d in datasets}


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        (lambda n: 0xA700 if n in (2, 5) else 0, 0xB000, (None, 4, 2, 0)),
        (lambda n: 0xA700, 0xA702, (None, 0, 6, 0)),
        (lambda n: 0xB000, 0xB000, (None, 0, 0, 6)),
        (lambda n: 0xB007 if n == 1 else 0, 0xB000, (None, 5, 0, 1)),
    ],
)
def test_final_status_by_outcomes(
    client: Client, answer: Callable[[int], int], status: int, expected: tuple[object, ...]
) -> None:
    datasets = study(6)
    client.store(*datasets)
    client.store_status = answer
    final, identifier = client.get(level(datasets), [(CT, EXPLICIT)])[-1]
    assert (final.Status, counts(final)) == (status, expected)
    failed = expected[2]
    assert bool(identifier) == bool(failed)
    if identifier and failed != 1:
        assert len(identifier.FailedSOPInstanceUIDList) == failed


@pytest.mark.parametrize(
    "keys",
    [
        {"QueryRetrieveLevel": "STUDY"},
        {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ""},
        {"QueryRetrieveLevel": "SERIES", "SeriesInstanceUID": "1.2.3"},
        {"QueryRetrieveLevel": "FRAME", "StudyInstanceUID": "1.2.3"},
        {"QueryRetrieveLevel": "PATIENT", "PatientID": "HX1"},
        {"StudyInstanceUID": "1.2.3"},
    ],
)
def test_incomplete_requests_are_refused(client: Client, keys: dict[str, object]) -> None:
    ((final, identifier),) = client.get(keys, [(CT, EXPLICIT)])
    assert final.Status == 0xA900
    assert identifier is None or not identifier


def test_nothing_selected_is_success_with_zero(client: Client) -> None:
    ((final, _),) = client.get(
        {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": generate_uid()}, [(CT, EXPLICIT)]
    )
    assert (final.Status, counts(final)) == (0, (None, 0, 0, 0))


@pytest.mark.parametrize("stored", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize(
    "wanted",
    [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian],
)
def test_values_survive_a_change_of_native_syntax(client: Client, stored: str, wanted: str) -> None:
    import zlib
    from io import BytesIO

    from pydicom.filereader import read_dataset

    item = Dataset()
    item.CodeValue = "X"
    inner = Dataset()
    inner.ProcedureCodeSequence = [item]
    dataset = instance(
        PixelRepresentation=1,
        SmallestImagePixelValue=-5,
        ReferencedStudySequence=[inner],
        BitsAllocated=16,
        Rows=2,
        PixelData=bytes(range(64)),
        SliceThickness="1.50",
        FrameReferenceTime="2",
        SelectorFDValue=[1.5, -2.25],
    )
    dataset["PixelData"].VR = "OW"
    dataset["SmallestImagePixelValue"].VR = "SS"
    block = dataset.private_block(0x0029, "HARNESS A", create=True)
    block.add_new(1, "UN", b"\x01\x02\x03\x04")
    assert client.store(dataset, syntax=stored) == [0]
    final, _ = client.get(level([dataset]), [(CT, [wanted])])[-1]
    assert final.Status == 0
    ((_, data),) = client.received
    if wanted == DeflatedExplicitVRLittleEndian:
        data = zlib.decompress(data, -zlib.MAX_WBITS)
    found = read_dataset(BytesIO(data), wanted == ImplicitVRLittleEndian, wanted != ExplicitVRBigEndian)
    if stored == ExplicitVRBigEndian or wanted == ExplicitVRBigEndian:
        # pydicom swaps no pixel data: bring it back for the comparison
        pixels = found.PixelData
        if stored != wanted:
            found.PixelData = b"".join(
                pixels[n + 1 : n + 2] + pixels[n : n + 1] for n in range(0, len(pixels), 2)
            )
    for element in dataset:
        assert found[element.tag].value == element.value, element


def test_lossless_objects_are_decompressed_for_those_who_need_it(client: Client) -> None:
    pixels = bytes(range(200, 232)) * 32
    plain = instance(
        Rows=32,
        Columns=32,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        PixelData=pixels,
    )
    from pydicom.dataset import FileMetaDataset

    plain.file_meta = FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plain.set_original_encoding(False, True)
    plain["PixelData"].VR = "OB"
    plain.compress(RLELossless, generate_instance_uid=False)
    association = client.associate([(CT, [RLELossless])])
    assert client.store_bytes(association, CT, plain.SOPInstanceUID, encode(plain)).Status == 0
    association.release()
    final, _ = client.get(level([plain]), [(CT, [ImplicitVRLittleEndian])])[-1]
    assert final.Status == 0
    ((_, data),) = client.received
    assert data.endswith(pixels)
    client.received.clear()
    client.get(level([plain]), [(CT, [RLELossless])])
    assert client.received == [(str(plain.SOPInstanceUID), encode(plain))]


def test_lossy_objects_are_not_decompressed(client: Client) -> None:
    dataset = instance()
    jpeg = "1.2.840.10008.1.2.4.50"
    fragments = ENCAPSULATED
    association = client.associate([(CT, [jpeg])])
    assert (
        client.store_bytes(association, CT, dataset.SOPInstanceUID, encode(dataset) + fragments).Status == 0
    )
    association.release()
    final, _ = client.get(level([dataset]), [(CT, [ImplicitVRLittleEndian])])[-1]
    assert (final.Status, counts(final)) == (0xA702, (None, 0, 1, 0))


# -- C-MOVE ----------------------------------------------------------------------------------------


class Receiver:
    """A store SCP; `status` by the number of the object."""

    def __init__(self) -> None:
        self.objects: list[tuple[str, bytes]] = []
        self.requests: list[tuple[str, str, object, object, object]] = []
        self.status: Callable[[int], int] = lambda number: 0
        self.delay = 0.0
        self.abort_at = 0
        self.ae = AE("HARNESS")
        self.ae.maximum_pdu_size = 4096
        for uid in (CT, MR):
            self.ae.add_supported_context(uid, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
        self.server = self.ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._take)]
        )
        self.port = self.server.server_address[1]

    def _take(self, event: evt.Event) -> int:
        request = event.request
        self.objects.append((str(request.AffectedSOPInstanceUID), request.DataSet.getvalue()))
        requestor = event.assoc.requestor
        self.requests.append(
            (
                requestor.ae_title,
                event.assoc.requestor.primitive.called_ae_title.strip(),
                request.Priority,
                request.MoveOriginatorApplicationEntityTitle,
                request.MoveOriginatorMessageID,
            )
        )
        if self.delay:
            time.sleep(self.delay)
        if self.abort_at == len(self.objects):
            event.assoc.abort()
        return self.status(len(self.objects))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture
def moving(make_archive: Callable[..., Archive], receiver: Receiver) -> Client:
    """A client of an archive that knows the receiver, and a destination where nobody listens."""
    archive = make_archive(
        destinations=(
            Destination("HARNESS", "127.0.0.1", receiver.port),
            Destination("NOBODY", "127.0.0.1", 9),
        ),
        operation_timeout=5.0,
    )
    return Client(archive.port)


def move(
    client: Client, keys: dict[str, object], destination: str = "HARNESS", cancel_after: int = -1
) -> list[tuple[Dataset, Dataset | None]]:
    association = client.associate([(STUDY_MOVE, [ImplicitVRLittleEndian])])
    identifier = Dataset()
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    answers = []
    for number, answer in enumerate(
        association.send_c_move(identifier, destination, STUDY_MOVE, msg_id=4711, priority=1)
    ):
        answers.append(answer)
        if number == cancel_after:
            association.send_c_cancel(4711, query_model=STUDY_MOVE)
    association.release()
    return answers


def test_move_sends_all_to_the_destination(moving: Client, receiver: Receiver) -> None:
    datasets = study(5)
    moving.store(*datasets, instance())
    answers = move(moving, level(datasets))
    assert dict(receiver.objects) == {str(d.SOPInstanceUID): encode(d) for d in datasets}
    assert set(receiver.requests) == {("REFERENCE", "HARNESS", 1, "TESTER", 4711)}
    final, identifier = answers[-1]
    assert (final.Status, counts(final), identifier) == (0, (None, 5, 0, 0), None)
    assert all(sum(counts(command)) == 5 for command, _ in answers[:-1])  # type: ignore[arg-type]


def test_what_follows_an_acceptance_at_once_is_sent(
    moving: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state machine tells of an acceptance (AE-3) before its own state changes."""
    words, told, state = fsm.ACTIONS["AE-3"]

    def slowly(layer: object) -> str:
        after = told(layer)
        time.sleep(0.3)
        return after

    monkeypatch.setitem(fsm.ACTIONS, "AE-3", (words, slowly, state))
    dataset = instance()
    moving.store(dataset)
    final, _ = move(moving, level([dataset]))[-1]
    assert (final.Status, counts(final)) == (0, (None, 1, 0, 0))


def test_move_to_an_unknown_destination(moving: Client) -> None:
    datasets = study(1)
    moving.store(*datasets)
    ((final, _),) = move(moving, level(datasets), "NOSUCHDEST")
    assert final.Status == 0xA801


def test_move_to_nobody_fails_all(moving: Client) -> None:
    datasets = study(2)
    moving.store(*datasets)
    ((final, identifier),) = move(moving, level(datasets), "NOBODY")
    assert (final.Status, counts(final)) == (0xA702, (None, 0, 2, 0))
    assert identifier is not None
    assert len(identifier.FailedSOPInstanceUIDList) == 2


def test_move_of_a_class_that_the_destination_refuses(moving: Client, receiver: Receiver) -> None:
    datasets = study(2)
    report = instance(SOPClassUID=SR, StudyInstanceUID=datasets[0].StudyInstanceUID)
    moving.store(*datasets, report)
    final, identifier = move(moving, level(datasets))[-1]
    assert (final.Status, counts(final)) == (0xB000, (None, 2, 1, 0))
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == report.SOPInstanceUID


def test_move_survives_an_abort_of_the_destination(moving: Client, receiver: Receiver) -> None:
    datasets = study(6)
    moving.store(*datasets)
    receiver.abort_at = 3
    final, identifier = move(moving, level(datasets))[-1]
    assert final.Status == 0xB000
    assert counts(final) == (None, 2, 4, 0)
    assert identifier is not None


def test_move_is_cancelled(moving: Client, receiver: Receiver) -> None:
    datasets = study(30)
    moving.store(*datasets)
    receiver.delay = 0.05
    answers = move(moving, level(datasets), cancel_after=2)
    final, _ = answers[-1]
    assert final.Status == 0xFE00
    remaining, completed, failed, warning = counts(final)
    assert completed == len(receiver.objects) < 30
    assert (failed, warning, remaining) == (0, 0, 30 - len(receiver.objects))


def test_move_waits_no_longer_than_its_deadline(
    make_archive: Callable[..., Archive], receiver: Receiver
) -> None:
    archive = make_archive(
        destinations=(Destination("HARNESS", "127.0.0.1", receiver.port),), operation_timeout=0.5
    )
    client = Client(archive.port)
    datasets = study(2)
    client.store(*datasets)
    receiver.delay = 2.0
    final, _ = move(client, level(datasets))[-1]
    assert (final.Status, counts(final)) == (0xA702, (None, 0, 2, 0))


def test_get_is_cancelled_and_usable_again(client: Client) -> None:
    datasets = study(30)
    client.store(*datasets)
    from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid, role.scu_role, role.scp_role = CT, False, True
    taken = []

    def take(event: evt.Event) -> int:
        taken.append(event.request.AffectedSOPInstanceUID)
        if len(taken) == 3:
            event.assoc.send_c_cancel(1, query_model=STUDY_GET)
        return 0

    association = client.associate(
        [(STUDY_GET, [ImplicitVRLittleEndian]), (CT, EXPLICIT)],
        ext_neg=[role],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", datasets[0].StudyInstanceUID
    final = list(association.send_c_get(identifier, STUDY_GET))[-1][0]
    assert final.Status == 0xFE00
    assert final.NumberOfCompletedSuboperations == len(taken)
    taken[:] = [""] * 5
    final = list(association.send_c_get(identifier, STUDY_GET))[-1][0]
    assert (final.Status, len(taken)) == (0, 35)
    association.release()
