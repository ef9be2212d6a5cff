"""The same association over TLS and on sockets that gevent has patched."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.dimse.association import Association
from harness.dimse.capture import Endpoints, Recorder
from harness.dimse.command import CommandSet
from harness.dimse.errors import ConnectionClosed, ReleaseRequested, Unreachable, UnreachableKind
from harness.dimse.negotiation import AnsweredContext, contexts
from harness.dimse.pdu import Abort, ReleaseRequest, accept_of, associate_request
from harness.dimse.transport import Address, Connection
from tests.programs import require_program

ECHO = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
REQUEST = associate_request("PACS", "HARNESS", contexts((ECHO, [IMPLICIT])))
ASK = CommandSet.of(AffectedSOPClassUID=ECHO, CommandField=0x30, MessageID=1, CommandDataSetType=0)
REPLY = CommandSet.of(CommandField=0x8030, MessageIDBeingRespondedTo=1, CommandDataSetType=0x0101, Status=0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = require_program("openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return cert, key


def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def serve(listener: socket.socket, tls: ssl.SSLContext | None, got: list[bytes]) -> None:
    sock, _ = listener.accept()
    association = Association.accept(
        sock, lambda request: accept_of(request, (AnsweredContext(1, 0, IMPLICIT),)), deadline=10, tls=tls
    )
    while True:
        try:
            message = association.receive_message()
        except ReleaseRequested:
            association.confirm_release(5)
            return
        got.append(message.dataset or b"")
        association.send_message(1, REPLY)


def test_tls(certificate: tuple[Path, Path]) -> None:
    client = ssl.create_default_context(cafile=str(certificate[0]))
    recorder = Recorder()
    got: list[bytes] = []
    data = [bytes(range(256)) * 3000, b"", b"tail" * 5]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener, server_context(certificate), got))
        thread.start()
        address = Address("127.0.0.1", listener.getsockname()[1])
        with Association.open(
            address, REQUEST, deadline=10, tls=client, server_hostname="localhost", recorder=recorder
        ) as association:
            for _ in range(3):
                association.send_message(1, ASK, data)
                assert association.receive_message().command["Status"] == 0
        thread.join(10)
    assert not thread.is_alive()
    assert got == [b"".join(data)] * 3
    assert "C-ECHO-RSP" in recorder.dump()  # the plain text is recorded


def test_an_untrusted_certificate_is_told_in_words(certificate: tuple[Path, Path]) -> None:
    failures: list[Unreachable] = []

    def refuse(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        try:
            Association.accept(sock, pytest.fail, deadline=5, tls=server_context(certificate))
        except Unreachable as error:
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=refuse, args=(listener,))
        thread.start()
        address = Address("127.0.0.1", listener.getsockname()[1])
        with pytest.raises(Unreachable, match="is not trusted") as caught:
            Association.connect(
                address, deadline=5, tls=ssl.create_default_context(), server_hostname="localhost"
            )
        thread.join(10)
    assert caught.value.kind is UnreachableKind.TLS
    assert [error.kind for error in failures] == [UnreachableKind.TLS]


def test_a_connection_comes_from_the_address_that_is_wanted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        address = Address("127.0.0.1", listener.getsockname()[1])
        association = Association.connect(address, deadline=5, source="127.0.0.1")
        sock, (host, _) = listener.accept()
        sock.close()
        association.close()
        assert host == "127.0.0.1"
        # An address for documentation (RFC 5737), so no machine's own.
        with pytest.raises(Unreachable, match=r"cannot be reached from 192\.0\.2\.1") as caught:
            Association.connect(address, deadline=5, source="192.0.2.1")
    assert caught.value.kind is UnreachableKind.NETWORK


def test_a_port_without_tls_is_told_in_words() -> None:
    def plain(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(100)
            sock.sendall(b"not TLS at all")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=plain, args=(listener,))
        thread.start()
        address = Address("127.0.0.1", listener.getsockname()[1])
        with pytest.raises(Unreachable, match=r"TLS: the handshake .* failed"):
            Association.connect(address, deadline=5, tls=ssl.create_default_context())
        thread.join(10)


_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, socket, sys
sys.path[:0] = {path!r}
from harness.dimse.association import Association
from harness.dimse.command import CommandSet
from harness.dimse.errors import NoAnswer, ReleaseRequested
from harness.dimse.negotiation import AnsweredContext, contexts
from harness.dimse.pdu import Abort, ReleaseRequest, accept_of, associate_request
from harness.dimse.transport import Address, Connection

listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
IMPLICIT = "1.2.840.10008.1.2"
ask = CommandSet.of(CommandField=0x30, MessageID=1, CommandDataSetType=0)
reply = CommandSet.of(CommandField=0x8030, MessageIDBeingRespondedTo=1, CommandDataSetType=0x101, Status=0)
data = bytes(range(256)) * 30000


def one(sock):
    association = Association.accept(
        sock, lambda request: accept_of(request, (AnsweredContext(1, 0, IMPLICIT),)), deadline=20)
    while True:
        try:
            message = association.receive_message()
        except ReleaseRequested:
            return association.confirm_release(5)
        assert message.dataset == data
        gevent.sleep(0.05)
        association.send_message(1, reply)


def server():
    while True:
        gevent.spawn(one, listener.accept()[0])


def client():
    request = associate_request("A", "B", contexts(("1.2.840.10008.1.1", [IMPLICIT])))
    with Association.open(Address("127.0.0.1", port), request, deadline=20) as association:
        try:
            association.receive_message(deadline=0.05)
        except NoAnswer:
            pass
        for _ in range(3):
            association.send_message(1, ask, data)
            assert association.receive_message().command["Status"] == 0
    return "done"


gevent.spawn(server)
clients = [gevent.spawn(client) for _ in range(5)]
gevent.joinall(clients, timeout=60, raise_error=True)
print([client.value for client in clients])
"""


def test_patched_by_gevent() -> None:
    pytest.importorskip("gevent", reason="gevent is not installed")
    path = [str(Path(__file__).parents[3])]
    script = _GEVENT.format(path=path)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == str(["done"] * 5)


class Overtaken(socket.socket):
    """A socket of which a send returns only after the peer has acted on what it got."""

    def __init__(self, inner: socket.socket, acted: Callable[[], None]) -> None:
        super().__init__(inner.family, inner.type, fileno=inner.detach())
        self._acted = acted

    def sendmsg(self, *args: object) -> int:  # type: ignore[override]
        count = super().sendmsg(*args)  # type: ignore[arg-type]
        self._acted()
        return count


def elsewhere(recorder: Recorder) -> Callable[[], None]:
    """The peer opens an association of its own to us, as for the sub-operations of a C-MOVE."""
    tape = recorder.tape(Endpoints(("127.0.0.1", 40_001), ("127.0.0.1", 11_113), True))
    return lambda: tape.received(REQUEST.encode())


def test_a_request_is_recorded_ahead_of_what_it_brings_about() -> None:
    recorder = Recorder()
    tape = recorder.tape(Endpoints(("127.0.0.1", 40_000), ("127.0.0.1", 11_112), False))
    ours, theirs = socket.socketpair()
    with theirs, Overtaken(ours, elsewhere(recorder)) as sock:
        connection = Connection(sock, tape=tape)
        connection.send([ReleaseRequest().encode(), Abort(0, 0).encode()], 5.0)
    records = recorder.records()
    kinds = [record.kept.data[0] for record in records if record.kept]
    assert kinds == [5, 7, 1]  # A-RELEASE-RQ and A-ABORT of ours in their order, the peer's A-ASSOCIATE-RQ
    assert [record.time for record in records] == sorted(record.time for record in records)


def test_over_tls_too(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    acted = elsewhere(recorder)
    whole = ssl.SSLSocket.send

    def send(self: ssl.SSLSocket, data: bytes, flags: int = 0) -> int:
        count = whole(self, data, flags)
        if not self.server_side:
            acted()
        return count

    monkeypatch.setattr(ssl.SSLSocket, "send", send)
    client = ssl.create_default_context(cafile=str(certificate[0]))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener, server_context(certificate), []))
        thread.start()
        address = Address("127.0.0.1", listener.getsockname()[1])
        options = {"deadline": 10.0, "tls": client, "server_hostname": "localhost", "recorder": recorder}
        Association.open(address, REQUEST, **options).release()  # type: ignore[arg-type]
        thread.join(10)
    first = [(record.tape, record.kept.data[0]) for record in recorder.records() if record.kept][:2]
    assert first == [(1, 1), (0, 1)]


@pytest.mark.parametrize("taken", [0, 100])
def test_what_was_not_sent_is_not_recorded_as_sent(taken: int) -> None:
    class Failing(socket.socket):
        sends = 0

        def sendmsg(self, buffers: Sequence[bytes], *args: object) -> int:  # type: ignore[override]
            self.sends += 1
            if self.sends > 1 or not taken:
                raise ConnectionResetError("reset")
            return super().send(buffers[0][:taken])

    recorder = Recorder()
    tape = recorder.tape(Endpoints(("127.0.0.1", 40_000), ("127.0.0.1", 11_112), False))
    ours, theirs = socket.socketpair()
    with (
        theirs,
        Failing(ours.family, ours.type, fileno=ours.detach()) as sock,
        pytest.raises(ConnectionClosed),
    ):
        Connection(sock, tape=tape).send([REQUEST.encode()], 5.0)
    out = [record for record in recorder.records() if record.outgoing and record.kept]
    assert [(len(record.kept.data), record.note) for record in out if record.kept] == (
        [(taken, "incomplete")] if taken else []
    )
