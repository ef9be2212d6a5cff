"""One ClientHello of SSL 3.0 to TLS 1.2, and what the product says to it (RFC 5246 7.4.1).

The connection ends there: no handshake is completed, so none of the keys matters.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from harness.dimse.transport import Address, Timer
from harness.security.suites import Version

FALLBACK = 0x5600
"""TLS_FALLBACK_SCSV (RFC 7507): the client says that it would have had a newer version."""
INAPPROPRIATE_FALLBACK = 86
NULL, DEFLATE = 0, 1
"""Compression methods (RFC 3749)."""
DOWNGRADED = b"DOWNGRD"
"""RFC 8446 4.1.3: how the random bytes of a server end that has a newer version than asked for."""
_NUMBERS = {Version.SSL_3: 0x0300, Version.TLS_1_0: 0x0301, Version.TLS_1_1: 0x0302, Version.TLS_1_2: 0x0303}
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, 2
_LONGEST = 1 << 14
_GROUPS = (29, 23, 24, 25)  # x25519, secp256r1, secp384r1, secp521r1
_SIGNATURES = (0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0603, 0x0201, 0x0203)
SEALED_SUITES = (0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0x009E, 0x009F, 0x009C, 0x009D)
CBC_SUITES = (
    *(0xC023, 0xC024, 0xC027, 0xC028, 0x0067, 0x006B, 0x003C, 0x003D),
    *(0xC009, 0xC00A, 0xC013, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035, 0x000A),
)
SUITES = (*SEALED_SUITES, *CBC_SUITES)
"""What is offered where nothing is said."""


class Extension(IntEnum):
    """Numbers of the IANA registry."""

    SERVER_NAME = 0
    GROUPS = 10
    POINT_FORMATS = 11
    SIGNATURES = 13
    ENCRYPT_THEN_MAC = 22
    EXTENDED_MASTER_SECRET = 23
    RENEGOTIATION_INFO = 0xFF01


@dataclass(frozen=True, slots=True)
class ServerHello:
    """What the product chose."""

    version: int
    """0x0303 for TLS 1.2, and for what is newer."""
    random: bytes
    suite: int
    compression: int
    extensions: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Alert:
    """It refused; `description` as of RFC 5246 7.2."""

    description: int


class NoHello(Exception):
    """It said nothing that is TLS, closed the connection, or kept silent."""


class Silence(NoHello):
    """It said nothing in time."""


def is_of(answer: ServerHello | Alert, version: Version) -> bool:
    """Whether that version was chosen."""
    return isinstance(answer, ServerHello) and answer.version == _NUMBERS[version]


def client_hello(
    version: Version, suites: Sequence[int], compression: Sequence[int], server_name: str = ""
) -> bytes:
    """The record.  Extensions: those that a server has to echo where it has them."""
    extensions = [
        (Extension.GROUPS, _vector16(b"".join(struct.pack(">H", one) for one in _GROUPS))),
        (Extension.POINT_FORMATS, b"\x01\x00"),
        (Extension.SIGNATURES, _vector16(b"".join(struct.pack(">H", one) for one in _SIGNATURES))),
        (Extension.ENCRYPT_THEN_MAC, b""),
        (Extension.EXTENDED_MASTER_SECRET, b""),
        (Extension.RENEGOTIATION_INFO, b"\x00"),
    ]
    if server_name:
        extensions.insert(0, (Extension.SERVER_NAME, _vector16(b"\x00" + _vector16(server_name.encode()))))
    listed = b"".join(struct.pack(">H", number) + _vector16(value) for number, value in extensions)
    body = (
        struct.pack(">H", _NUMBERS[version])
        + os.urandom(32)
        + b"\x00"
        + _vector16(b"".join(struct.pack(">H", one) for one in suites))
        + bytes([len(compression), *compression])
        + _vector16(listed)
    )
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return struct.pack(">BHH", _HANDSHAKE, 0x0301, len(message)) + message


def ask(
    address: Address,
    deadline: float,
    *,
    version: Version = Version.TLS_1_2,
    suites: Sequence[int] = SUITES,
    compression: Sequence[int] = (NULL,),
    server_name: str = "",
) -> ServerHello | Alert:
    """Send one ClientHello and read the answer.  Raises NoHello."""
    timer = Timer(deadline)
    try:
        with socket.create_connection((address.host, address.port), timer.left()) as sock:
            sock.sendall(client_hello(version, suites, compression, server_name))
            return _answer(sock, timer)
    except TimeoutError:
        raise Silence(f"no answer to a ClientHello within {deadline:g} s") from None
    except OSError as error:
        raise NoHello(f"the connection broke ({error.strerror or error})") from None


def _answer(sock: socket.socket, timer: Timer) -> ServerHello | Alert:
    kind, body = _record(sock, timer)
    if kind == _ALERT and len(body) >= 2:
        return Alert(body[1])
    while kind == _HANDSHAKE and len(body) < 4 + int.from_bytes(body[1:4], "big"):
        following, more = _record(sock, timer)
        if following != _HANDSHAKE or len(body) > _LONGEST:
            raise NoHello("the ServerHello breaks off")
        body += more
    if kind != _HANDSHAKE or body[:1] != bytes([_SERVER_HELLO]):
        raise NoHello("the answer to a ClientHello is no ServerHello")
    return read_server_hello(body[4 : 4 + int.from_bytes(body[1:4], "big")])


def read_server_hello(body: bytes) -> ServerHello:
    """The message without its header.  Raises NoHello where it is damaged."""
    try:
        at = 35 + body[34]
        suite, compression = struct.unpack_from(">HB", body, at)
        found, at = set(), at + 5
        while at < len(body):
            number, length = struct.unpack_from(">HH", body, at)
            found.add(number)
            at += 4 + length
    except (IndexError, struct.error):
        raise NoHello("the ServerHello is damaged") from None
    return ServerHello(int.from_bytes(body[:2], "big"), body[2:34], suite, compression, frozenset(found))


def _record(sock: socket.socket, timer: Timer) -> tuple[int, bytes]:
    kind, _, length = struct.unpack(">BHH", _exactly(sock, 5, timer))
    if kind not in (_ALERT, _HANDSHAKE) or length > _LONGEST + 2048:
        raise NoHello("the answer to a ClientHello is not TLS")
    return kind, _exactly(sock, length, timer)


def _exactly(sock: socket.socket, count: int, timer: Timer) -> bytes:
    data = b""
    while len(data) < count:
        sock.settimeout(timer.left() or 0.001)
        part = sock.recv(count - len(data))
        if not part:
            raise NoHello("the connection was closed in answer to a ClientHello")
        data += part
    return data


def _vector16(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value
