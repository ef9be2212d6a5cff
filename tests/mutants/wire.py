"""Seeded defects of the upper layer: a TCP proxy before an archive that alters, drops or inserts PDUs.

A defect is a subclass of `Wire`, an instance of it for each connection.  It sees whole PDUs of both
directions.  The defects are in the modules beside this one.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
HEADER = struct.Struct(">BBI")
LONGEST = 16 * 1024 * 1024
"""A length field beyond it is no PDU: what follows passes as it comes."""
JOIN = 5.0


class Wire:
    """A faithful proxy.  Each method returns the bytes to pass on; empty ones drop the PDU."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._client = client
        self._server = server
        self._locks = {id(client): threading.Lock(), id(server): threading.Lock()}
        self.position = 0
        """The place of the PDU at hand among those of the client that one read brought."""
        self.more = False
        """Whether one read brought more from the client behind the PDU at hand."""

    longest = LONGEST
    """As long a PDU may be; below 0 every read passes as it comes, as of something that is not DICOM."""

    _refusals = 0

    @classmethod
    def refuse(cls) -> bool:
        """Whether to close a new connection at once: what a worker that died looks like."""
        if cls._refusals:
            cls._refusals -= 1
            return True
        return False

    @classmethod
    def die(cls, connections: int = 1) -> None:
        """Refuse the next connections."""
        cls._refusals = connections

    @classmethod
    def start(cls) -> None:
        """Forget what an earlier use of the class has left."""
        cls._refusals = 0

    def from_client(self, pdu: bytes) -> bytes:
        """A PDU on its way to the archive."""
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        """A PDU on its way to the harness."""
        return pdu

    def cut_short(self, data: bytes) -> None:
        """A read from the client brought `data` and not the rest of its PDU yet."""

    def client_ended(self) -> None:
        """The harness has closed its side."""
        _shut(self._server)

    def server_ended(self) -> None:
        """The archive has closed its side."""
        _shut(self._client)

    def to_client(self, data: bytes) -> None:
        """Send something to the harness beside what the archive says."""
        self._send(self._client, data)

    def to_server(self, data: bytes) -> None:
        """Send something to the archive beside what the harness says."""
        self._send(self._server, data)

    def cut(self) -> None:
        """End both connections without a word."""
        _shut(self._client)
        _shut(self._server)

    def reject(self, result: int, source: int, reason: int) -> bytes:
        """Turn the association down; nothing for the archive."""
        self.to_client(pdu_of(ASSOCIATE_RJ, bytes((0, result, source, reason))))
        return b""

    def abort(self) -> bytes:
        """End the association with A-ABORT by the service provider; nothing for the archive."""
        self.to_client(pdu_of(ABORT, bytes((0, 0, 2, 0))))
        self.cut()
        return b""

    def _send(self, sock: socket.socket, data: bytes) -> None:
        if data:
            with self._locks[id(sock)], contextlib.suppress(OSError):
                sock.sendall(data)

    def serve(self) -> None:
        """Pass PDUs both ways until both sides have ended."""
        back = threading.Thread(target=self._pump, args=(self._server, False), daemon=True)
        back.start()
        self._pump(self._client, True)
        back.join()
        self._client.close()
        self._server.close()

    def _pump(self, source: socket.socket, from_client: bool) -> None:
        pending = b""
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            pending += data
            self.position = 0 if from_client else self.position
            while len(pending) >= HEADER.size:
                _, _, length = HEADER.unpack_from(pending)
                size = HEADER.size + length
                if length > self.longest:
                    size = len(pending)
                elif len(pending) < size:
                    break
                pdu, pending = pending[:size], pending[size:]
                if from_client:
                    self.more = bool(pending)
                    self.to_server(self.from_client(pdu))
                    self.position += 1
                else:
                    self.to_client(self.from_server(pdu))
            if from_client and pending:
                self.cut_short(pending)
        if from_client:
            self.to_server(pending)
            self.client_ended()
        else:
            self.to_client(pending)
            self.server_ended()


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy(upstream: tuple[str, int], mutant_class: type[Wire] = Wire) -> Iterator[int]:
    """A listening proxy before `upstream`; its port.  Every connection is ended with the context."""
    mutant_class.start()
    sockets: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    def between(client: socket.socket) -> Wire | None:
        if mutant_class.refuse():
            client.close()
            return None
        try:
            server = socket.create_connection(upstream, timeout=10)
        except OSError:
            client.close()
            return None
        for sock in (client, server):
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sockets.append(sock)
        return mutant_class(client, server)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            # Here, not in its thread: the order of the connections is that of their wires.
            if (wire := between(client)) is not None:
                threading.Thread(target=wire.serve, daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        thread.join(JOIN)


# ------------------------------------------------------------ PDUs taken apart and put together


def pdu_of(type_: int, body: bytes) -> bytes:
    """A PDU with its header."""
    return HEADER.pack(type_, 0, len(body)) + body


def split(data: bytes) -> list[tuple[int, bytes]]:
    """(type, value) of each item."""
    found, at = [], 0
    while at < len(data):
        type_, length = struct.unpack_from(">BxH", data, at)
        found.append((type_, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def join(items: list[tuple[int, bytes]]) -> bytes:
    """Items with their headers."""
    return b"".join(struct.pack(">BxH", type_, len(value)) + value for type_, value in items)


def with_items(pdu: bytes, items: list[tuple[int, bytes]]) -> bytes:
    """An A-ASSOCIATE PDU with other items."""
    return pdu_of(pdu[0], pdu[6:74] + join(items))


def items_of(pdu: bytes) -> list[tuple[int, bytes]]:
    """The items of an A-ASSOCIATE PDU."""
    return split(pdu[74:])


def with_user_items(pdu: bytes, items: list[tuple[int, bytes]]) -> bytes:
    """An A-ASSOCIATE PDU with other user information."""
    others = [(type_, value) for type_, value in items_of(pdu) if type_ != 0x50]
    return with_items(pdu, [*others, (0x50, join(items))])


def user_items_of(pdu: bytes) -> list[tuple[int, bytes]]:
    """The user information of an A-ASSOCIATE PDU."""
    return [sub for type_, value in items_of(pdu) if type_ == 0x50 for sub in split(value)]


def uid_field(uid: str) -> bytes:
    """A UID with its length before it."""
    return struct.pack(">H", len(uid)) + uid.encode()


def pdvs_of(pdu: bytes) -> list[tuple[int, int, bytes]]:
    """(context id, control header, data) of each PDV."""
    found, at = [], 6
    while at < len(pdu):
        length, context, control = struct.unpack_from(">IBB", pdu, at)
        found.append((context, control, pdu[at + 6 : at + 4 + length]))
        at += 4 + length
    return found


def pdata(*pdvs: tuple[int, int, bytes]) -> bytes:
    """A P-DATA-TF."""
    body = b"".join(
        struct.pack(">IBB", len(data) + 2, context, control) + data for context, control, data in pdvs
    )
    return pdu_of(P_DATA, body)


def elements_of(command: bytes) -> list[tuple[int, bytes]]:
    """(element number, value) of a command set, group length left out."""
    found, at = [], 0
    while at < len(command):
        _, number, length = struct.unpack_from("<HHI", command, at)
        if number:
            found.append((number, command[at + 8 : at + 8 + length]))
        at += 8 + length
    return found


def command_of(elements: list[tuple[int, bytes]], surplus: int = 0) -> bytes:
    """A command set; `surplus` makes its group length wrong."""
    body = b"".join(struct.pack("<HHI", 0, number, len(value)) + value for number, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body) + surplus) + body


def us(value: int) -> bytes:
    """A value of VR US."""
    return struct.pack("<H", value)


def value_of(elements: list[tuple[int, bytes]], number: int) -> int | None:
    """The value of an element of VR US."""
    data = next((data for found, data in elements if found == number), None)
    return struct.unpack("<H", data[:2])[0] if data else None
