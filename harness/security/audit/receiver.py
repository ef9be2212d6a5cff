"""A collector of audit messages: over UDP (RFC 5426), over TLS (RFC 5425), or out of a file that grows."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from harness.security.audit.syslog import LONGEST, BadFrame, OctetCounting
from harness.security.audit.trail import Trail, Way
from harness.target import Security, audit_address

POLL = 0.1
"""Seconds after which a thread looks whether it is to end, and whether a file has grown."""
HANDSHAKE = 10.0
"""Seconds for a TLS handshake."""
MOST_CONNECTIONS = 16
"""At a time."""
_BUFFER = 4 << 20
"""Octets of datagrams that the system is asked to keep while this process is busy."""
_LARGEST_DATAGRAM = 65535
_CHUNK = 1 << 16
_BEGIN, _END = b"<AuditMessage", b"</AuditMessage>"


@contextlib.contextmanager
def receiving(security: Security) -> Iterator[Trail]:
    """Receive what ``[security] audit`` names, until the end of the block, when all threads have ended.

    Raises OSError where a port cannot be listened on, or a certificate not be used.
    """
    way, _, place = security.audit.partition(":")
    trail = Trail(security.audit_within)
    ends = threading.Event()
    with contextlib.ExitStack() as stack:
        if way == "udp":
            work = _udp(stack, trail, audit_address(place))
        elif way == "tls":
            work = _tls(stack, trail, audit_address(place), security)
        else:
            work = _file(stack, trail, Path(place))
        thread = threading.Thread(target=work, args=(ends,), name="audit-receiver", daemon=True)
        thread.start()
        try:
            yield trail
        finally:
            ends.set()
            thread.join()


_Work = Callable[[threading.Event], None]


def _udp(stack: contextlib.ExitStack, trail: Trail, address: tuple[str, int]) -> _Work:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.bind(address)
    sock.settimeout(POLL)

    def work(ends: threading.Event) -> None:
        while not ends.is_set():
            with contextlib.suppress(TimeoutError, ConnectionError):
                octets, sender = sock.recvfrom(_LARGEST_DATAGRAM)
                trail.add(octets, Way.UDP, str(sender[0]))

    return work


def _tls(stack: contextlib.ExitStack, trail: Trail, address: tuple[str, int], security: Security) -> _Work:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(security.audit_certificate, security.audit_key)
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listening = stack.enter_context(socket.create_server(address, family=family))
    listening.settimeout(POLL)

    def work(ends: threading.Event) -> None:
        readers: list[threading.Thread] = []
        while not ends.is_set():
            readers = [reader for reader in readers if reader.is_alive()]
            with contextlib.suppress(TimeoutError, ConnectionError):
                connection, sender = listening.accept()
                if len(readers) >= MOST_CONNECTIONS:
                    connection.close()
                    trail.refused(f"more than {MOST_CONNECTIONS} connections at a time")
                    continue
                reader = threading.Thread(
                    target=_read_stream, args=(connection, context, str(sender[0]), trail, ends), daemon=True
                )
                reader.start()
                readers.append(reader)
        for reader in readers:
            reader.join()

    return work


def _read_stream(
    connection: socket.socket, context: ssl.SSLContext, sender: str, trail: Trail, ends: threading.Event
) -> None:
    """All messages of one connection."""
    connection.settimeout(HANDSHAKE)
    try:
        stream = context.wrap_socket(connection, server_side=True)
    except OSError as error:
        connection.close()
        trail.refused(f"TLS with {sender}, who wanted to send audit messages, failed: {error}")
        return
    counting = OctetCounting()
    with stream:
        stream.settimeout(POLL)
        try:
            while not ends.is_set():
                try:
                    octets = stream.recv(_CHUNK)
                except TimeoutError:
                    continue
                if not octets:
                    break
                for message in counting.feed(octets):
                    trail.add(message, Way.TLS, sender)
        except BadFrame as fault:
            trail.broken(str(fault))
            return
        except OSError:
            pass  # the connection is gone: what is left of it is told below
    if counting.rest and not ends.is_set():
        trail.broken(f"the connection ended after {len(counting.rest):,} octets of a message")


def _file(stack: contextlib.ExitStack, trail: Trail, path: Path) -> _Work:
    opened: IO[bytes] | None = None
    if path.exists():
        opened = stack.enter_context(path.open("rb"))
        opened.seek(0, os.SEEK_END)  # what stands there is of the time before

    def work(ends: threading.Event) -> None:
        waiting = bytearray()
        file = opened
        while not ends.is_set():
            if file is None or _was_replaced(file, path):
                # A log that was rotated goes on in a new file.
                file = _opened(path)
                if file is not None:
                    stack.enter_context(file)
            octets = file.read(_CHUNK) if file is not None else b""
            waiting += octets
            for message in cut_out(waiting):
                trail.add(message, Way.FILE)
            if not octets:
                ends.wait(POLL)

    return work


def _opened(path: Path) -> IO[bytes] | None:
    try:
        return path.open("rb")
    except OSError:
        return None


def _was_replaced(file: IO[bytes], path: Path) -> bool:
    try:
        now, then = path.stat(), os.fstat(file.fileno())
    except OSError:
        return False  # it is being rotated: the new one is going to be there
    return now.st_ino != then.st_ino or now.st_size < file.tell()


def cut_out(waiting: bytearray) -> Iterator[bytes]:
    """Take whole messages out of what has been read of a file, each with what stands in front of it.

    In a file, messages may be on a line each or on several, with or without the header of syslog.
    """
    while (end := waiting.find(_END)) >= 0:
        piece = bytes(waiting[: end + len(_END)])
        del waiting[: end + len(_END)]
        first, last = piece.find(_BEGIN), piece.rfind(_BEGIN)
        if last > first:  # a message before it has no end
            cut = piece.rfind(b"\n", first, last) + 1 or last
            yield piece[:cut].strip()
            piece = piece[cut:]
        yield piece.strip()
    if len(waiting) > LONGEST:
        yield bytes(waiting)
        waiting.clear()
