"""The wire layer against other implementations: DCMTK's programs and pynetdicom, either way round."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pynetdicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import write_dataset
from pynetdicom import evt
from pynetdicom import pdu as theirs
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from harness.dimse.association import Association
from harness.dimse.command import DATA_SET, NO_DATA_SET, Command, CommandSet
from harness.dimse.difference import difference
from harness.dimse.errors import AssociationRejected, ReleaseRequested
from harness.dimse.fragments import FileSlice
from harness.dimse.negotiation import (
    AnsweredContext,
    AsyncWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    contexts,
)
from harness.dimse.part10 import part10
from harness.dimse.pdu import (
    Abort,
    AssociateReject,
    AssociateRequest,
    PData,
    Pdv,
    ReleaseRequest,
    ReleaseResponse,
    accept_of,
    associate_request,
    decode_pdu,
)
from harness.dimse.transport import Address
from harness.dimse.walker import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from harness.peers import free_ports
from tests.programs import require_program

ECHO = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"


@contextlib.contextmanager
def storescp(folder: Path, *options: str) -> Iterator[Address]:
    (port,) = free_ports(1)
    process = subprocess.Popen([require_program("storescp"), *options, "-od", str(folder), str(port)])
    try:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < end
        yield Address("127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(10)


def ct_file(path: Path) -> Dataset:
    """A small synthetic CT slice, written as a DICOM file."""
    data = Dataset()
    data.SOPClassUID = CT
    data.SOPInstanceUID = "2.25.1234567"
    data.PatientName = "SYNTHETIC^WIRE"
    data.PatientID = "SYNTHETIC-WIRE"
    data.StudyInstanceUID, data.SeriesInstanceUID = "2.25.1", "2.25.2"
    data.Modality = "CT"
    data.Rows = data.Columns = 64
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.PixelData = bytes(range(256)) * 32
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = EXPLICIT_LITTLE
    data.save_as(path, enforce_file_format=True)
    return data


def store(association: Association, transfer_syntax: str, data: bytes | FileSlice) -> int:
    context = association.context_for(CT, transfer_syntax)
    command = CommandSet.of(
        AffectedSOPClassUID=CT,
        CommandField=Command.C_STORE_RQ,
        MessageID=association.next_message_id(),
        Priority=0,
        CommandDataSetType=DATA_SET,
        AffectedSOPInstanceUID="2.25.1234567",
    )
    association.send_message(context.id, command, data)
    answer = association.receive_message().command
    assert answer.name == "C-STORE-RSP"
    return answer.integer("Status")


def echo(association: Association) -> int:
    context = association.context_for(ECHO)
    command = CommandSet.of(
        AffectedSOPClassUID=ECHO,
        CommandField=Command.C_ECHO_RQ,
        MessageID=association.next_message_id(),
        CommandDataSetType=NO_DATA_SET,
    )
    association.send_message(context.id, command)
    return association.receive_message().command.integer("Status")


REQUEST = associate_request(
    "ANY-SCP", "HARNESS", contexts((ECHO, [IMPLICIT_LITTLE]), (CT, [EXPLICIT_LITTLE]))
)


@pytest.mark.parametrize("maximum", [4096, 16384, 131072])
def test_echo_and_store_to_dcmtk(tmp_path: Path, maximum: int) -> None:
    path, received = tmp_path / "ct.dcm", tmp_path / "received"
    received.mkdir()
    ct_file(path)
    header = part10(path)
    with (
        storescp(received, "--bit-preserving", "--max-pdu", str(maximum)) as address,
        Association.open(address, REQUEST, deadline=10) as association,
    ):
        assert association.peer_maximum_length == maximum
        assert echo(association) == 0
        assert store(association, EXPLICIT_LITTLE, FileSlice(path, header.dataset_offset)) == 0
        assert echo(association) == 0
    kept = next(received.iterdir())
    again = part10(kept)
    sent, got = path.read_bytes()[header.dataset_offset :], kept.read_bytes()[again.dataset_offset :]
    assert difference(sent, EXPLICIT_LITTLE, got, again.transfer_syntax) == []


def test_dcmtk_rejects_and_says_so(tmp_path: Path) -> None:
    with storescp(tmp_path, "--refuse") as address, pytest.raises(AssociationRejected) as caught:
        Association.open(address, REQUEST, deadline=10)
    assert isinstance(caught.value.reject, AssociateReject)


@contextlib.contextmanager
def pynetdicom_scp(received: list[bytes]) -> Iterator[Address]:
    def keep(event: evt.Event) -> int:
        received.append(event.request.DataSet.getvalue())
        return 0x0000

    entity = pynetdicom.AE()
    entity.add_supported_context(ECHO)
    entity.add_supported_context(CT, [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
    handlers = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield Address("127.0.0.1", server.socket.getsockname()[1])
    finally:
        server.shutdown()


def test_echo_and_store_to_pynetdicom(tmp_path: Path) -> None:
    data = ct_file(tmp_path / "ct.dcm")
    header = part10(tmp_path / "ct.dcm")
    explicit = (tmp_path / "ct.dcm").read_bytes()[header.dataset_offset :]
    buffer = pydicom.filebase.DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = True, True
    write_dataset(buffer, data)
    implicit = buffer.getvalue()
    request = associate_request(
        "ANY-SCP",
        "HARNESS",
        contexts((ECHO, [IMPLICIT_LITTLE]), (CT, [EXPLICIT_LITTLE]), (CT, [IMPLICIT_LITTLE])),
    )
    received: list[bytes] = []
    with pynetdicom_scp(received) as address, Association.open(address, request, deadline=10) as association:
        assert echo(association) == 0
        assert store(association, EXPLICIT_LITTLE, explicit) == 0
        assert store(association, IMPLICIT_LITTLE, implicit) == 0
    assert received == [explicit, implicit]
    assert difference(received[0], EXPLICIT_LITTLE, received[1], IMPLICIT_LITTLE) == []


def test_pynetdicom_aborts_an_unknown_pdu() -> None:
    with pynetdicom_scp([]) as address:
        association = Association.open(address, REQUEST, deadline=10)
        association.send_raw(b"\x99\0\0\0\0\0")
        assert isinstance(association.wait_closed(10)[-1], Abort)


# ---------------------------------------------------------------- our acceptor


@contextlib.contextmanager
def acceptor(received: list[bytes], maximum: int = 16384) -> Iterator[Address]:
    """A small store SCP on the wire layer, for one association."""
    failures: list[BaseException] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def answer(request: AssociateRequest):  # type: ignore[no-untyped-def]
        chosen = tuple(AnsweredContext(c.id, 0, c.transfer_syntaxes[0]) for c in request.contexts)
        return accept_of(request, chosen)

    def run() -> None:
        try:
            association = Association.accept(listener.accept()[0], answer, deadline=20)
            while True:
                try:
                    message = association.receive_message()
                except ReleaseRequested:
                    association.confirm_release(10)
                    return
                asked = message.command
                if message.dataset is not None:
                    received.append(message.dataset)
                reply = CommandSet.of(
                    AffectedSOPClassUID=asked.string("AffectedSOPClassUID"),
                    CommandField=asked.integer("CommandField") | 0x8000,
                    MessageIDBeingRespondedTo=asked.integer("MessageID"),
                    CommandDataSetType=NO_DATA_SET,
                    Status=0,
                    AffectedSOPInstanceUID=asked.raw("AffectedSOPInstanceUID"),
                )
                association.send_message(message.context_id, reply)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield Address("127.0.0.1", listener.getsockname()[1])
    finally:
        thread.join(25)
        listener.close()
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["storescu", "dcmsend"])
def test_dcmtk_stores_to_our_acceptor(tmp_path: Path, name: str) -> None:
    path = tmp_path / "ct.dcm"
    ct_file(path)
    received: list[bytes] = []
    with acceptor(received) as address:
        run(require_program(name), "127.0.0.1", str(address.port), str(path))
    assert len(received) == 1
    sent = path.read_bytes()[part10(path).dataset_offset :]
    assert difference(sent, EXPLICIT_LITTLE, received[0], EXPLICIT_LITTLE) == []


def test_dcmtk_echoes_to_our_acceptor() -> None:
    with acceptor([]) as address:
        run(require_program("echoscu"), "--repeat", "5", "127.0.0.1", str(address.port))


def test_pynetdicom_stores_to_our_acceptor(tmp_path: Path) -> None:
    path = tmp_path / "ct.dcm"
    data = ct_file(path)
    received: list[bytes] = []
    entity = pynetdicom.AE()
    entity.add_requested_context(ECHO)
    entity.add_requested_context(CT, EXPLICIT_LITTLE)
    # One association each: of a second request right behind the first one's response pynetdicom's own thread
    # may take the answer, as it has not paused yet.
    for ask in (lambda one: one.send_c_echo(), lambda one: one.send_c_store(data)):
        with acceptor(received) as address:
            association = entity.associate("127.0.0.1", address.port)
            assert association.is_established
            assert ask(association).Status == 0
            association.release()
    assert received == [path.read_bytes()[part10(path).dataset_offset :]]


# ---------------------------------------------------------------- PDU by PDU

FULL = associate_request(
    "CALLED",
    "CALLING",
    contexts((ECHO, [IMPLICIT_LITTLE, EXPLICIT_LITTLE]), (CT, [EXPLICIT_LITTLE])),
    maximum_length=0,
    roles=(RoleSelection(CT, 1, 1),),
    async_window=AsyncWindow(5, 0),
    extended=(ExtendedNegotiation("1.2.840.10008.5.1.4.1.2.2.1", b"\1\1\0"),),
    common_extended=(CommonExtendedNegotiation(CT, "1.2.840.10008.4.2", ("1.2.3", "1.2.4")),),
    user_identity=UserIdentity(2, b"doctor", b"pass", 1),
)


@pytest.mark.parametrize(
    ("ours", "kind"),
    [
        (FULL, theirs.A_ASSOCIATE_RQ),
        (
            accept_of(FULL, (AnsweredContext(1, 0, IMPLICIT_LITTLE), AnsweredContext(3, 3, "1.2"))),
            theirs.A_ASSOCIATE_AC,
        ),
        (AssociateReject(2, 3, 2), theirs.A_ASSOCIATE_RJ),
        (PData((Pdv(1, True, True, b"abcd"), Pdv(1, False, False, b"xy"))), theirs.P_DATA_TF),
        (ReleaseRequest(), theirs.A_RELEASE_RQ),
        (ReleaseResponse(), theirs.A_RELEASE_RP),
        (Abort(2, 6), theirs.A_ABORT_RQ),
    ],
)
def test_pynetdicom_reads_and_writes_the_same_bytes(ours: AssociateRequest, kind: type) -> None:
    other = kind()
    other.decode(ours.encode())
    assert other.encode() == ours.encode()
    assert decode_pdu(other.encode()) == ours


def test_pynetdicom_understands_a_full_request_as_we_do() -> None:
    other = theirs.A_ASSOCIATE_RQ()
    other.decode(FULL.encode())
    primitive = other.to_primitive()
    assert (primitive.called_ae_title, primitive.calling_ae_title) == ("CALLED", "CALLING")
    proposed = primitive.presentation_context_definition_list
    assert [(c.context_id, c.abstract_syntax, c.transfer_syntax) for c in proposed] == [
        (1, ECHO, [IMPLICIT_LITTLE, EXPLICIT_LITTLE]),
        (3, CT, [EXPLICIT_LITTLE]),
    ]
    items = {type(item).__name__: item for item in primitive.user_information}
    assert items["MaximumLengthNotification"].maximum_length_received == 0
    role = items["SCP_SCU_RoleSelectionNegotiation"]
    assert (role.sop_class_uid, role.scu_role, role.scp_role) == (CT, True, True)
    window = items["AsynchronousOperationsWindowNegotiation"]
    assert window.maximum_number_operations_invoked == 5
    assert window.maximum_number_operations_performed == 0
    extended = items["SOPClassExtendedNegotiation"]
    assert isinstance(extended, SOPClassExtendedNegotiation)
    assert extended.service_class_application_information == b"\1\1\0"
    related = items["SOPClassCommonExtendedNegotiation"].related_general_sop_class_identification
    assert related == ["1.2.3", "1.2.4"]
    identity = items["UserIdentityNegotiation"]
    assert (identity.primary_field, identity.secondary_field) == (b"doctor", b"pass")
    assert identity.positive_response_requested


def test_pynetdicom_encodes_the_command_set_as_we_do() -> None:
    from pynetdicom.dimse_messages import C_STORE_RQ
    from pynetdicom.dimse_primitives import C_STORE

    primitive = C_STORE()
    primitive.MessageID, primitive.Priority = 7, 2
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = CT, "2.25.1"
    primitive.MoveOriginatorApplicationEntityTitle, primitive.MoveOriginatorMessageID = "MOVER", 3
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    pdvs = next(iter(message.encode_msg(1, 16384))).presentation_data_value_list
    ours = CommandSet.of(
        AffectedSOPClassUID=CT,
        CommandField=Command.C_STORE_RQ,
        MessageID=7,
        Priority=2,
        CommandDataSetType=0x0001 if message.data_set else NO_DATA_SET,
        AffectedSOPInstanceUID="2.25.1",
        MoveOriginatorApplicationEntityTitle="MOVER",
        MoveOriginatorMessageID=3,
    )
    assert pdvs[0][1][1:] == ours.encode()
    assert struct.unpack_from("<I", ours.encode(), 8)[0] == len(ours.encode()) - 12
