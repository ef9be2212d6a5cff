"""The upper layer against peers that break or stretch PS3.8, on raw sockets."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from archive_kit import CT, STUDY_FIND, Client, Wire, associate_request, encode, instance, item, p_data, pdv
from pydicom.dataset import Dataset

from harness.archive.config import KnownCaller
from harness.archive.messages import encode_command
from harness.archive.pdus import InvalidPdu, fragments, readable_request
from harness.archive.server import Archive

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture
def wire(archive: Archive) -> Iterator[Wire]:
    connection = Wire(archive.port)
    yield connection
    connection.close()


def echo_command(message_id: int = 1, **values: object) -> bytes:
    command = Dataset()
    command.AffectedSOPClassUID = VERIFICATION
    command.CommandField = 0x0030
    command.MessageID = message_id
    command.CommandDataSetType = 0x0101
    for keyword, value in values.items():
        setattr(command, keyword, value)
    return encode_command(command)


def echo(message_id: int = 1, context_id: int = 1, control: int = 3) -> bytes:
    return p_data(pdv(context_id, control, echo_command(message_id)))


def associated(wire: Wire, **kwargs: bytes) -> bytes:
    answer = wire.associate([(1, VERIFICATION, [IMPLICIT])], **kwargs)
    assert answer is not None
    assert answer[0] == 2
    return answer


def status_of(pdu: bytes | None) -> tuple[int, int]:
    """Message ID and status of a response."""
    assert pdu is not None
    assert pdu[0] == 4, pdu
    body = pdu[12:]
    values = {}
    position = 0
    while position < len(body):
        _, element, length = struct.unpack_from("<HHL", body, position)
        values[element] = body[position + 8 : position + 8 + length]
        position += 8 + length
    return int.from_bytes(values[0x0120], "little"), int.from_bytes(values[0x0900], "little")


def assert_aborted(wire: Wire) -> None:
    """An A-ABORT with a defined source and reason, then the end."""
    pdu = wire.pdu()
    assert pdu is not None, "closed without an A-ABORT"
    assert pdu[0] == 7, pdu
    assert pdu[8] in (0, 2)
    wire.sock.shutdown(1)
    assert wire.pdu() is None


def test_the_acceptance_repeats_titles_and_reserved_bytes(wire: Wire) -> None:
    answer = associated(wire, called=b"      REFERENCE ", reserved=bytes(range(32)))
    assert answer[10:26] == b"      REFERENCE "
    assert answer[26:42] == b"TESTER          "
    assert answer[42:74] == bytes(range(32))


@pytest.mark.parametrize(
    "kwargs",
    [
        {"version": b"\0\3"},
        {"extra": item(0x60, b"later")},
        {"user": item(0xEE, b"unknown")},
        {"user": item(0x55, b"A VERY LONG VERSION NAME")},
        {"user": item(0x57, struct.pack(">H", 4) + b"1.2." + struct.pack(">H", 0) + struct.pack(">H", 0))},
    ],
)
def test_what_is_to_be_ignored_is_ignored(wire: Wire, kwargs: dict[str, bytes]) -> None:
    associated(wire, **kwargs)
    wire.send(echo(9))
    assert status_of(wire.pdu()) == (9, 0)


def test_reserved_bytes_are_not_tested(wire: Wire) -> None:
    request = bytearray(associate_request([(1, VERIFICATION, [IMPLICIT])]))
    request[1] = request[8] = request[9] = 0xFF
    position = request.index(b"\x20\0", 74)
    request[position + 1] = request[position + 5] = request[position + 7] = 0xFF
    wire.send(bytes(request))
    answer = wire.pdu()
    assert answer is not None
    assert answer[0] == 2


def test_version_two_alone_is_rejected(wire: Wire) -> None:
    answer = wire.associate([(1, VERIFICATION, [IMPLICIT])], version=b"\0\2")
    assert answer is not None
    assert (answer[0], answer[7:10]) == (3, b"\1\2\2")


def test_sparse_ids_and_each_context_answered(wire: Wire) -> None:
    answer = wire.associate(
        [
            (255, VERIFICATION, [IMPLICIT]),
            (3, STUDY_FIND, ["1.2.3.4"]),
            (101, "1.2.840.10008.9.9", [IMPLICIT]),
        ]
    )
    assert answer is not None
    results = {}
    position = 74
    while position < len(answer):
        kind, length = struct.unpack_from(">BxH", answer, position)
        if kind == 0x21:
            results[answer[position + 4]] = answer[position + 6]
        position += 4 + length
    assert results == {255: 0, 3: 4, 101: 3}
    wire.send(echo(1, 255))
    assert status_of(wire.pdu()) == (1, 0)


@pytest.mark.parametrize(
    "first",
    [
        echo(),
        b"\5\0\0\0\0\4\0\0\0\0",
        b"\x0a\0\0\0\0\4\0\0\0\0",
        b"\1\0\0\0\0\0",
        b"\1\0\xff\xff\xff\xff",
        associate_request([(1, VERIFICATION, [IMPLICIT]), (1, CT, [IMPLICIT])]),
        associate_request([]),
        associate_request([(2, VERIFICATION, [IMPLICIT])]),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["data", "release", "unknown", "empty", "huge", "twice", "none", "even", "http"],
)
def test_anything_else_before_a_request_is_aborted(wire: Wire, first: bytes) -> None:
    wire.send(first)
    assert_aborted(wire)


def test_an_abort_first_closes_silently(wire: Wire) -> None:
    wire.send(b"\7\0\0\0\0\4\0\0\0\0")
    assert wire.pdu() is None


@pytest.mark.parametrize(
    "sent",
    [
        associate_request([(1, VERIFICATION, [IMPLICIT])]),
        b"\6\0\0\0\0\4\0\0\0\0",
        b"\x0a\0\0\0\0\4\0\0\0\0",
        b"\4\0\0\0\0\0",
        p_data(pdv(1, 3, b"")),
        p_data(pdv(77, 3, echo_command())),
        p_data(pdv(1, 2, b"abcd")),
        p_data(struct.pack(">LB", 1, 1)),
        p_data(struct.pack(">LBB", 0, 1, 3)),
        p_data(struct.pack(">LBB", 900, 1, 3) + b"ab"),
        p_data(pdv(1, 3, b"\0\0\0\1\4\0\0\0abcd")),
        p_data(pdv(1, 3, b"\xff" * 30)),
        b"\4\0" + struct.pack(">L", 0x7FFFFFFF),
    ],
    ids=[
        "rq",
        "rp",
        "unknown",
        "no-pdv",
        "empty-command",
        "context",
        "data-first",
        "length1",
        "length0",
        "length900",
        "garbled",
        "noise",
        "huge",
    ],
)
def test_protocol_errors_on_an_association_are_aborted(archive: Archive, wire: Wire, sent: bytes) -> None:
    associated(wire)
    wire.send(sent)
    assert_aborted(wire)
    other = Wire(archive.port)
    associated(other)
    other.close()


def test_a_half_sent_request_ends_with_artim(wire: Wire) -> None:
    wire.send(associate_request([(1, VERIFICATION, [IMPLICIT])])[:50])
    began = time.monotonic()
    assert wire.pdu() is None
    assert time.monotonic() - began >= 1.5  # the fixture's ARTIM is 2 s, and it isn't ended before


def test_a_trickle_does_not_stop_artim(wire: Wire) -> None:
    assert not _trickled(wire, associate_request([(1, VERIFICATION, [IMPLICIT])]), pause=0.1)


def _trickled(wire: Wire, request: bytes, pause: float) -> bool:
    """Send byte by byte; True if the whole request was taken (25 s and more), False if the peer closed."""
    try:
        for byte in request:
            wire.send(bytes((byte,)))
            time.sleep(pause)
        return wire.pdu() is not None
    except OSError:
        return False


def test_a_half_sent_pdu_is_aborted(wire: Wire) -> None:
    associated(wire)
    wire.send(echo()[:20])
    assert_aborted(wire)


def test_one_byte_per_segment_is_a_stream(wire: Wire) -> None:
    for byte in associate_request([(1, VERIFICATION, [IMPLICIT])]):
        wire.send(bytes((byte,)))
    assert (wire.pdu() or b"")[:1] == b"\2"
    for byte in echo(3):
        wire.send(bytes((byte,)))
    assert status_of(wire.pdu()) == (3, 0)


def test_several_pdus_in_one_segment(wire: Wire) -> None:
    associated(wire)
    wire.send(echo(1) + echo(2) + echo(3) + b"\5\0\0\0\0\4\0\0\0\0")
    assert [status_of(wire.pdu()) for _ in range(3)] == [(1, 0), (2, 0), (3, 0)]
    assert wire.pdu() == b"\6\0\0\0\0\4\0\0\0\0"


def test_control_bits_above_the_second_are_not_checked(wire: Wire) -> None:
    associated(wire)
    wire.send(echo(5, control=0xFF))
    assert status_of(wire.pdu()) == (5, 0)


@pytest.mark.parametrize("message_id", [0, 255, 65535])
def test_any_message_id(wire: Wire, message_id: int) -> None:
    associated(wire)
    wire.send(echo(message_id))
    assert status_of(wire.pdu()) == (message_id, 0)


def test_unknown_commands_are_answered(wire: Wire) -> None:
    associated(wire)
    wire.send(p_data(pdv(1, 3, echo_command(8, CommandField=0x0FEE))))
    assert status_of(wire.pdu()) == (8, 0x0211)
    wire.send(echo(9))
    assert status_of(wire.pdu()) == (9, 0)


def test_a_cancel_of_nothing_has_no_answer(wire: Wire) -> None:
    associated(wire)
    cancel = Dataset()
    cancel.CommandField, cancel.MessageIDBeingRespondedTo, cancel.CommandDataSetType = 0x0FFF, 4, 0x0101
    wire.send(p_data(pdv(1, 3, encode_command(cancel))) + echo(4))
    assert status_of(wire.pdu()) == (4, 0)


def test_a_store_in_two_byte_fragments(archive: Archive, wire: Wire) -> None:
    assert (wire.associate([(1, CT, [EXPLICIT])]) or b"")[:1] == b"\2"
    dataset = instance()
    data = encode(dataset)
    command = store_command(dataset)
    pieces = [pdv(1, 1, command[n : n + 2]) for n in range(0, len(command) - 2, 2)] + [
        pdv(1, 3, command[-2:])
    ]
    pieces += [pdv(1, 0, data[n : n + 2]) for n in range(0, len(data), 2)] + [pdv(1, 2, b"")]
    wire.send(b"".join(p_data(piece) for piece in pieces))
    assert status_of(wire.pdu()) == (1, 0)
    place = archive.storage.place_of(str(dataset.SOPInstanceUID))
    assert place.read_bytes().endswith(data)


def store_command(dataset: Dataset) -> bytes:
    command = Dataset()
    command.AffectedSOPClassUID, command.CommandField, command.MessageID = CT, 1, 1
    command.Priority, command.CommandDataSetType = 0, 1
    command.AffectedSOPInstanceUID = dataset.SOPInstanceUID
    return encode_command(command)


@pytest.mark.parametrize("end", ["abort", "close", "release"])
def test_an_association_lost_amid_a_store_leaves_nothing(archive: Archive, client: Client, end: str) -> None:
    wire = Wire(archive.port)
    wire.associate([(1, CT, [EXPLICIT])])
    dataset = instance()
    data = encode(dataset)
    wire.send(p_data(pdv(1, 3, store_command(dataset)), pdv(1, 0, data[:100])))
    if end == "close":
        wire.close()
    else:
        wire.send(b"\7\0\0\0\0\4\0\0\0\0" if end == "abort" else b"\5\0\0\0\0\4\0\0\0\0")
        wire.pdu()
        wire.close()
    deadline = time.monotonic() + 10
    while list(archive.storage.incoming.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert archive.index.count() == 0
    assert client.store(dataset) == [0]


def test_data_after_a_release_request_is_not_served(archive: Archive, wire: Wire) -> None:
    wire.associate([(1, CT, [EXPLICIT])])
    dataset = instance()
    store = p_data(pdv(1, 3, store_command(dataset)), pdv(1, 2, encode(dataset)))
    wire.send(b"\5\0\0\0\0\4\0\0\0\0" + store)
    answer = wire.pdu()
    assert answer is not None
    assert answer[0] in (6, 7)
    assert archive.index.count() == 0


def test_an_answer_that_came_too_late_is_dropped(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    """The release is confirmed by the service user when the provider has aborted already (Sta13)."""
    for _ in range(20):
        wire = Wire(archive.port)
        associated(wire)
        wire.send(bytes.fromhex("05000000000400000000") + bytes.fromhex("06000000000400000000"))
        answer = wire.pdu()
        assert answer is not None
        assert answer[0] in (6, 7)
        wire.close()
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("maximum", [0, 128, 1023, 16384, 0xFFFFFFFF])
def test_the_peers_maximum_is_kept(archive: Archive, client: Client, maximum: int) -> None:
    dataset = instance(ImageComments="x" * 3000)
    client.store(dataset)
    wire = Wire(archive.port)
    request = bytearray(associate_request([(1, STUDY_FIND, [IMPLICIT])]))
    position = request.index(b"\x51\0\0\4") + 4
    request[position : position + 4] = struct.pack(">L", maximum)
    wire.send(bytes(request))
    wire.pdu()
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", dataset.StudyInstanceUID
    identifier.PatientName = identifier.PatientID = identifier.StudyID = identifier.AccessionNumber = ""
    command = Dataset()
    command.AffectedSOPClassUID, command.CommandField, command.MessageID = STUDY_FIND, 0x20, 1
    command.Priority, command.CommandDataSetType = 0, 1
    wire.send(p_data(pdv(1, 3, encode_command(command)), pdv(1, 2, encode(identifier, IMPLICIT))))
    sizes = []
    finals = 0
    while finals < 2:
        pdu = wire.pdu()
        assert pdu is not None
        sizes.append(len(pdu) - 6)
        length, _, control = struct.unpack_from(">LBB", pdu, 6)
        assert length % 2 == 0
        finals += control == 3
        if finals == 2:
            break
    assert not maximum or max(sizes) <= maximum
    wire.close()


def test_a_connection_lost_early_is_forgotten(archive: Archive) -> None:
    for _ in range(20):
        wire = Wire(archive.port)
        wire.send(associate_request([(1, VERIFICATION, [IMPLICIT])])[:40])
        wire.close()
    wire = Wire(archive.port)
    associated(wire)
    # It counts once its acceptance has been sent, and that may be read before.
    ends = time.monotonic() + 5
    while archive.open_associations() != 1 and time.monotonic() < ends:
        threading.Event().wait(0.01)
    assert archive.open_associations() == 1
    wire.close()


def test_admission(make_archive: Callable[..., Archive]) -> None:
    archive = make_archive(callers=(KnownCaller("OTHER"),), check_called_title=True)
    wire = Wire(archive.port)
    answer = wire.associate([(1, VERIFICATION, [IMPLICIT])])
    assert answer is not None
    assert (answer[0], answer[7:10]) == (3, b"\1\1\3")
    assert not Client(archive.port, calling="STRANGER").associate([(VERIFICATION, [IMPLICIT])]).is_established
    association = Client(archive.port, calling="OTHER").associate([(VERIFICATION, [IMPLICIT])])
    assert association.is_established
    association.release()
    wire.close()


@pytest.mark.parametrize(("limit", "answers"), [(1, [2, 3])])
def test_the_number_of_associations_is_limited(
    make_archive: Callable[..., Archive], limit: int, answers: list[int]
) -> None:
    archive = make_archive(maximum_associations=limit)
    wires = [Wire(archive.port) for _ in answers]
    got = [wire.associate([(1, VERIFICATION, [IMPLICIT])]) for wire in wires]
    assert [pdu[0] for pdu in got if pdu] == answers
    assert got[1] is not None
    assert got[1][7:10] == b"\2\3\2"
    for wire in wires:
        wire.close()


def identity(kind: int, wanted: int, primary: bytes, secondary: bytes = b"") -> bytes:
    value = bytes((kind, wanted)) + struct.pack(">H", len(primary)) + primary
    return item(0x58, value + struct.pack(">H", len(secondary)) + secondary)


def test_user_identity(make_archive: Callable[..., Archive]) -> None:
    archive = make_archive(passcodes=(("ann", "secret"),))
    results = []
    for user in (
        b"",
        identity(2, 1, b"ann", b"wrong"),
        identity(2, 1, b"ann", b"secret"),
        identity(2, 0, b"ann", b"secret"),
    ):
        wire = Wire(archive.port)
        answer = wire.associate([(1, VERIFICATION, [IMPLICIT])], user=user)
        assert answer is not None
        results.append((answer[0], answer[7:10] if answer[0] == 3 else item(0x59, b"\0\0") in answer))
        wire.close()
    assert results == [(3, b"\1\2\1"), (3, b"\1\2\1"), (2, True), (2, False)]


def test_identity_is_ignored_where_it_is_not_supported(wire: Wire) -> None:
    answer = associated(wire, user=identity(4, 1, b"<saml/>"))
    assert b"\x59\0" not in answer[74:]


@pytest.mark.parametrize(
    "body", [b"", b"\0\0\0\1", struct.pack(">LBB", 5, 1, 3) + b"ab", struct.pack(">LBB", 1, 1, 3)]
)
def test_fragments_have_to_fit(body: bytes) -> None:
    with pytest.raises(InvalidPdu):
        fragments(memoryview(body))


def test_items_have_to_fit() -> None:
    request = bytearray(associate_request([(1, VERIFICATION, [IMPLICIT])]))
    request[request.index(b"\x20\0", 74) + 2] = 0x7F
    with pytest.raises(InvalidPdu):
        readable_request(bytes(request))
