"""Associations against scripted peers on loopback: what is legal passes, what is not is told apart."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DecodeError,
    MisuseError,
    NoAnswer,
    NotAccepted,
    PeerAborted,
    PeerViolation,
    ReleaseRequested,
    UnexpectedPdu,
    Unreachable,
    UnreachableKind,
)
from harness.dimse.fragments import FileSlice, fragment_size, fragments
from harness.dimse.negotiation import AnsweredContext, UserInformation, contexts
from harness.dimse.pdu import (
    Abort,
    AssociateAccept,
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

ECHO = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
REQUEST = associate_request("PACS", "HARNESS", contexts((ECHO, [IMPLICIT])))
Peer = Callable[[socket.socket], None]


def echo_request(data_set: bool = False) -> CommandSet:
    return CommandSet.of(
        AffectedSOPClassUID=ECHO,
        CommandField=Command.C_ECHO_RQ,
        MessageID=1,
        CommandDataSetType=0 if data_set else 0x0101,
    )


@contextlib.contextmanager
def peer(script: Peer) -> Iterator[Address]:
    """A listening peer that runs `script` on its one connection; its errors surface at the end."""
    failures: list[BaseException] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def run() -> None:
        try:
            sock, _ = listener.accept()
            sock.settimeout(10)
            with sock:
                script(sock)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield Address("127.0.0.1", listener.getsockname()[1])
    finally:
        thread.join(15)
        listener.close()
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def read_exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        assert piece, "the harness closed early"
        data += piece
    return data


def read_pdu(sock: socket.socket) -> bytes:
    header = read_exactly(sock, 6)
    return header + read_exactly(sock, struct.unpack(">I", header[2:])[0])


def accept(sock: socket.socket, maximum: int = 16384) -> None:
    request = decode_pdu(read_pdu(sock))
    assert isinstance(request, AssociateRequest)
    user = UserInformation(maximum_length=maximum)
    sock.sendall(accept_of(request, (AnsweredContext(1, 0, IMPLICIT),), user).encode())


def drain(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def accept_then(*replies: bytes, maximum: int = 16384) -> Peer:
    def script(sock: socket.socket) -> None:
        accept(sock, maximum)
        for reply in replies:
            sock.sendall(reply)
        drain(sock)

    return script


def command_pdv(command: CommandSet) -> Pdv:
    return Pdv(1, True, True, command.encode())


def opened(address: Address, request: AssociateRequest = REQUEST, deadline: float = 5.0) -> Association:
    return Association.open(address, request, deadline=deadline)


# ---------------------------------------------------------------- both sides are ours


def serve(sock: socket.socket, maximum: int = 16384) -> list[tuple[CommandSet, bytes | None]]:
    """Accept, answer every message with C-ECHO-RSP, confirm the release."""

    def answer(request: AssociateRequest) -> AssociateAccept:
        user = UserInformation(maximum_length=maximum)
        return accept_of(request, (AnsweredContext(1, 0, IMPLICIT),), user)

    association = Association.accept(sock, answer, deadline=5)
    got: list[tuple[CommandSet, bytes | None]] = []
    while True:
        try:
            message = association.receive_message()
        except ReleaseRequested:
            association.confirm_release(5)
            return got
        got.append((message.command, message.dataset))
        reply = CommandSet.of(
            CommandField=0x8030, MessageIDBeingRespondedTo=1, CommandDataSetType=0x0101, Status=0
        )
        association.send_message(message.context_id, reply)


@pytest.mark.parametrize("maximum", [0, 7, 8, 13, 4096, 16384, 0xFFFFFFFF])
@pytest.mark.parametrize("parts", [1, 3])
def test_messages_pass_between_requestor_and_acceptor(maximum: int, parts: int, tmp_path: Path) -> None:
    data = bytes(range(256)) * (4 if maximum in (7, 8, 13) else 1200)
    path = tmp_path / "data"
    path.write_bytes(b"head" + data + b"tail")
    got: list[tuple[CommandSet, bytes | None]] = []
    with peer(lambda sock: got.extend(serve(sock, maximum))) as address:
        with opened(address) as association:
            assert association.peer_maximum_length == maximum
            context = association.context_for(ECHO)
            third = len(data) // 3
            whole = [data[:third], data[third : third + 1], data[third + 1 :]] if parts == 3 else data
            for dataset in (None, whole, FileSlice(path, 4, len(data)), b""):
                association.send_message(context.id, echo_request(dataset is not None), dataset)
                assert association.receive_message().command["Status"] == 0
        assert association.closed
    assert [dataset for _, dataset in got] == [None, data, data, b""]
    assert {command.encode() for command, _ in got} == {echo_request().encode(), echo_request(True).encode()}


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(7, 60), st.none() | st.integers(1, 20))
def test_fragments_are_within_the_maximum_and_join_to_the_data(
    parts: list[bytes], maximum: int, wanted: int | None
) -> None:
    size = fragment_size(maximum, wanted)
    lists = list(fragments(5, False, [memoryview(part) for part in parts], size))
    stream = b"".join(bytes(buffer) for buffers in lists for buffer in buffers)
    found: list[Pdv] = []
    while stream:
        end = 6 + struct.unpack_from(">I", stream, 2)[0]
        assert end - 6 <= maximum
        pdu = decode_pdu(stream[:end])
        assert isinstance(pdu, PData)
        found += pdu.pdvs
        stream = stream[end:]
    assert b"".join(pdv.data for pdv in found) == b"".join(parts)
    assert [pdv.is_last for pdv in found] == [False] * (len(found) - 1) + [True]
    assert all(len(pdv.data) % 2 == 0 for pdv in found[:-1]) or size == 1
    assert all(len(pdv.data) for pdv in found) or not any(parts)


def test_a_maximum_without_room_is_the_peers_fault() -> None:
    with pytest.raises(PeerViolation, match=r"PS3\.8 D\.1"):
        fragment_size(6)


# ---------------------------------------------------------------- negotiation


def test_rejection() -> None:
    def script(sock: socket.socket) -> None:
        read_pdu(sock)
        sock.sendall(AssociateReject(2, 3, 2).encode())
        drain(sock)

    with peer(script) as address, pytest.raises(AssociationRejected, match="local limit exceeded") as caught:
        opened(address)
    assert caught.value.transient
    assert caught.value.reject == AssociateReject(2, 3, 2)


def test_rejection_is_read_although_the_connection_was_reset() -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(AssociateReject(1, 1, 7).encode())  # before reading, and closing with unread bytes
        read_exactly(sock, 10)

    with peer(script) as address:
        association = Association.connect(address, deadline=5)
        with pytest.raises(AssociationRejected, match="called AE title not recognized"):
            association.negotiate(REQUEST)
        association.close()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Abort(2, 1).encode(), PeerAborted),
        (ReleaseRequest().encode(), UnexpectedPdu),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", DecodeError),
        (b"\x02\0\xff\xff\xff\xff", DecodeError),
        (b"\x02\0\0\0\0\x50" + bytes(40), ConnectionClosed),
        (b"", ConnectionClosed),
    ],
)
def test_other_answers_to_a_request(reply: bytes, error: type[PeerViolation]) -> None:
    def script(sock: socket.socket) -> None:
        read_pdu(sock)
        sock.sendall(reply)
        sock.shutdown(socket.SHUT_WR)
        drain(sock)

    with peer(script) as address, pytest.raises(error) as caught:
        opened(address)
    assert caught.value.clause.startswith("PS3.8")


def test_silence_is_no_answer() -> None:
    with (
        peer(lambda sock: void(drain(sock))) as address,
        pytest.raises(NoAnswer, match=r"0\.2 s: A-ASSOCIATE"),
    ):
        opened(address, deadline=0.2)


def void(_: object) -> None:
    """Drop a value."""


def test_not_accepted_says_what_was() -> None:
    with peer(accept_then()) as address:
        association = opened(address)
        with pytest.raises(NotAccepted, match=r"1\.2\.3"):
            association.context_for("1.2.3")
        with pytest.raises(NotAccepted, match="accepted with"):
            association.context_for(ECHO, "1.2.840.10008.1.2.1")
        association.abort()


def test_acceptor_can_reject_and_abort() -> None:
    for answer in (AssociateReject(1, 1, 3), Abort(2, 6)):

        def script(sock: socket.socket, answer: AssociateReject | Abort = answer) -> None:
            association = Association.accept(sock, lambda request: answer, deadline=5)
            assert not association.established

        with peer(script) as address, pytest.raises((AssociationRejected, PeerAborted)):
            opened(address)


# ---------------------------------------------------------------- what comes in


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_any_division_into_pdus_pdvs_and_segments_is_read(chunk: int) -> None:
    command = echo_request(data_set=True).encode()
    data = bytes(range(250))
    pdus = [
        PData(
            (Pdv(1, True, False, command[:10]), Pdv(1, True, False, b""), Pdv(1, True, True, command[10:]))
        ),
        PData((Pdv(1, False, False, data[:3]),)),
        PData((Pdv(1, False, False, b"", 0xFC), Pdv(1, False, False, data[3:]), Pdv(1, False, True, b""))),
        PData((command_pdv(echo_request(True)), Pdv(1, False, True, data))),
    ]

    def script(sock: socket.socket) -> None:
        accept(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = b"".join(pdu.encode() for pdu in pdus)
        for at in range(0, len(stream), chunk):
            sock.sendall(stream[at : at + chunk])
        drain(sock)

    with peer(script) as address:
        association = opened(address)
        first, sink = association.receive_message(), io.BytesIO()
        second = association.receive_message(sink=sink)
        assert (first.dataset, first.dataset_length) == (data, 250)
        assert (second.dataset, second.dataset_length, sink.getvalue()) == (None, 250, data)
        association.abort()


def test_a_wait_that_ended_goes_on_later() -> None:
    stream = PData((command_pdv(echo_request()),)).encode()
    go = threading.Event()

    def script(sock: socket.socket) -> None:
        accept(sock)
        sock.sendall(stream[:20])
        assert go.wait(5)
        sock.sendall(stream[20:])
        drain(sock)

    with peer(script) as address:
        association = opened(address)
        with pytest.raises(NoAnswer):
            association.receive_message(deadline=0.1)
        with pytest.raises(MisuseError):
            association.receive_pdu(deadline=0.1)
        go.set()
        assert association.receive_message().command == echo_request()
        association.abort()


LONG = struct.pack(">BBI", 4, 0, 0xFFFFFFFF) + struct.pack(">IBB", 0xFFFFFFFB, 1, 0)


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (LONG, PeerViolation, r"PS3\.8 D\.1"),
        (PData((Pdv(3, True, True, b"ab"),)).encode(), PeerViolation, "accepted presentation context"),
        (PData((Pdv(1, False, True, b"ab"),)).encode(), PeerViolation, "a command fragment"),
        (PData((Pdv(1, True, True, b"ab"),)).encode(), DecodeError, "command element"),
        (
            PData((command_pdv(echo_request(True)), command_pdv(echo_request()))).encode(),
            PeerViolation,
            "a data set fragment",
        ),
        (struct.pack(">BBI", 4, 0, 3) + b"abc", DecodeError, "presentation data value"),
        (struct.pack(">BBIIBB", 4, 0, 6, 1, 1, 3), DecodeError, "at least 2"),
        (struct.pack(">BBIIBB", 4, 0, 6, 0x10000, 1, 3), DecodeError, "within its PDU"),
        (b"\x08\0\0\0\0\0", DecodeError, "PDU type"),
        (ReleaseRequest().encode(), ReleaseRequested, "A-RELEASE-RQ"),
        (ReleaseResponse().encode(), UnexpectedPdu, "A-RELEASE-RP"),
        (Abort(2, 0).encode(), PeerAborted, "reason not specified"),
        (PData((Pdv(1, True, False, b""),)).encode() * 1100, PeerViolation, "empty"),
        (PData((Pdv(1, True, False, bytes(60_000)),)).encode() * 20, DecodeError, "1048576"),
    ],
)
def test_what_is_no_message(reply: bytes, error: type[PeerViolation], words: str) -> None:
    with peer(accept_then(reply)) as address:
        association = opened(address)
        with pytest.raises(error, match=words):
            association.receive_message()
        association.abort()


def test_four_gigabytes_claimed_cost_nothing() -> None:
    unlimited = associate_request("PACS", "HARNESS", contexts((ECHO, [IMPLICIT])), maximum_length=0)
    with peer(accept_then(LONG)) as address:
        association = opened(address, unlimited)
        with pytest.raises((NoAnswer, PeerViolation, MisuseError)):
            association.receive_message(deadline=0.2)
        association.abort()


def test_four_gigabytes_before_an_association_are_the_peers_fault() -> None:
    def script(sock: socket.socket) -> None:
        read_pdu(sock)
        sock.sendall(LONG)
        drain(sock)

    with peer(script) as address, pytest.raises(PeerViolation, match="4294967295 bytes"):
        opened(address)


def test_a_data_set_beyond_the_bound_is_refused() -> None:
    reply = PData((command_pdv(echo_request(True)), Pdv(1, False, True, bytes(1000)))).encode()
    with peer(accept_then(reply)) as address:
        association = opened(address)
        with pytest.raises(MisuseError, match="999"):
            association.receive_message(max_dataset=999)
        association.abort()


# ---------------------------------------------------------------- abort and reset


def test_an_abort_while_sending_is_not_swallowed_by_the_reset() -> None:
    def script(sock: socket.socket) -> None:
        accept(sock)
        read_exactly(sock, 100)
        sock.sendall(Abort(2, 6).encode())
        # closing with unread bytes resets the connection right behind the A-ABORT

    with peer(script) as address:
        association = opened(address)
        with pytest.raises(PeerAborted, match="invalid PDU parameter value") as caught:
            association.send_message(1, echo_request(True), bytes(64_000_000))
        assert caught.value.abort == Abort(2, 6)


def test_an_abort_of_a_peer_that_stops_reading_is_seen_while_blocked() -> None:
    done = threading.Event()

    def script(sock: socket.socket) -> None:
        accept(sock)
        read_exactly(sock, 100)
        sock.sendall(Abort(0, 0).encode())
        assert done.wait(10)

    with peer(script) as address:
        association = opened(address)
        with pytest.raises(PeerAborted, match="service user"):
            association.send_message(1, echo_request(True), bytes(64_000_000))
        done.set()


def test_a_reset_is_a_closed_connection() -> None:
    def script(sock: socket.socket) -> None:
        accept(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with peer(script) as address:
        association = opened(address)
        with pytest.raises(ConnectionClosed, match=r"PS3\.8 9\.1\.4"):
            association.receive_message()
        with pytest.raises(ConnectionClosed):
            association.send_message(1, echo_request())


def test_a_peer_that_stops_reading_is_no_answer() -> None:
    done = threading.Event()

    def script(sock: socket.socket) -> None:
        accept(sock)
        assert done.wait(10)

    with peer(script) as address:
        association = opened(address, deadline=0.3)
        with pytest.raises(NoAnswer, match="take the bytes"):
            association.send_message(1, echo_request(True), bytes(64_000_000))
        association.close()
        done.set()


def test_a_slow_peer_still_gets_every_byte() -> None:
    size = 20_000_000
    got: list[int] = []

    def script(sock: socket.socket) -> None:
        accept(sock, maximum=0)
        total = 0
        while total < size:
            total += len(sock.recv(1 << 20))
            time.sleep(0.002)  # the slowness is what is tested
        got.append(total)
        drain(sock)

    with peer(script) as address:
        association = opened(address)
        association.send_message(1, echo_request(True), bytes(size))
        association.abort()
    assert got
    assert got[0] >= size


def test_an_exception_aborts_and_stays_what_it_was() -> None:
    seen: list[bytes] = []

    def script(sock: socket.socket) -> None:
        accept(sock)
        seen.append(drain(sock))

    with peer(script) as address, pytest.raises(ZeroDivisionError), opened(address):
        _ = 1 // 0
    assert seen == [Abort(0, 0).encode()]


# ---------------------------------------------------------------- release


def test_release_drops_data_and_settles_a_collision() -> None:
    seen: list[bytes] = []

    def script(sock: socket.socket) -> None:
        accept(sock)
        assert read_pdu(sock) == ReleaseRequest().encode()
        sock.sendall(PData((command_pdv(echo_request()),)).encode())
        sock.sendall(ReleaseRequest().encode())
        seen.append(read_pdu(sock))
        sock.sendall(ReleaseResponse().encode())
        seen.append(drain(sock))

    with peer(script) as address:
        opened(address).release()
    assert seen == [ReleaseResponse().encode(), b""]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Abort().encode(), PeerAborted),
        (b"", ConnectionClosed),
        (AssociateReject(1, 1, 1).encode(), UnexpectedPdu),
    ],
)
def test_other_answers_to_a_release(reply: bytes, error: type[PeerViolation]) -> None:
    def script(sock: socket.socket) -> None:
        accept(sock)
        read_pdu(sock)
        sock.sendall(reply)

    with peer(script) as address, pytest.raises(error), opened(address):
        pass


# ---------------------------------------------------------------- raw


def test_raw_bytes_in_pieces_half_close_and_what_came_before_the_close() -> None:
    seen: list[bytes] = []

    def script(sock: socket.socket) -> None:
        seen.append(drain(sock))
        sock.sendall(Abort(2, 1).encode() + Abort(2, 2).encode())

    with peer(script) as address:
        association = Association.connect(address, deadline=5)
        association.send_raw(b"abcdef", memoryview(b"ghi"), chunk=2, pause=0.001)
        association.half_close()
        assert association.wait_closed(5) == [Abort(2, 1), Abort(2, 2)]
    assert seen == [b"abcdefghi"]


def test_wait_closed_tells_an_open_connection_and_a_cut_pdu() -> None:
    with peer(lambda sock: void(drain(sock))) as address:
        association = Association.connect(address, deadline=5)
        with pytest.raises(NoAnswer, match="close"):
            association.wait_closed(0.1)
        association.close()
    with peer(lambda sock: sock.sendall(b"\x07\0\0\0")) as address:
        association = Association.connect(address, deadline=5)
        with pytest.raises(ConnectionClosed, match="4 bytes of a PDU"):
            association.wait_closed(5)
        association.close()


# ---------------------------------------------------------------- no connection


def test_unreachable_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="refused") as refused:
        Association.connect(Address("127.0.0.1", port), deadline=2)
    assert refused.value.kind is UnreachableKind.REFUSED
    with pytest.raises(Unreachable, match="does not resolve") as unknown:
        Association.connect(Address("no-such-host.invalid", 104), deadline=2)
    assert unknown.value.kind is UnreachableKind.RESOLVE
