"""Syslog as audit messages need it: RFC 5424 lines over UDP (RFC 5426), TLS (RFC 5425) or into a file.

PS3.15 A.6 and A.7. A thread of its own sends, from a bounded queue, so that a slow or absent collector never
holds up the archive; what can't be kept is counted and said in the log.
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO

from .config import AuditTarget

LOGGER = logging.getLogger(__name__)
#: Messages that wait for a collector, and their bytes: a query may have megabytes, and is told whole.
WAITING = 1000
WAITING_BYTES = 64 * 1024 * 1024
#: Seconds for a connection, a send, and the end.
DEADLINE = 5.0
_BOM = b"\xef\xbb\xbf"


class Sender:
    """Sends to everything that a target names. `close` waits for what is queued, with a deadline."""

    def __init__(self, target: AuditTarget, finish: Callable[[bytes], bytes] = lambda line: line) -> None:
        """Each line is sent as `finish` gives it back. Raises OSError when the file can't be opened."""
        self._target = target
        self._finish = finish
        self._file: IO[bytes] | None = target.file.open("ab") if target.file is not None else None
        self._queue: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._tls: ssl.SSLSocket | None = None
        self._lost = self._bytes = 0
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def send(self, message: bytes) -> None:
        """Queue a message (XML, UTF-8)."""
        whole = line(message)
        try:
            with self._counting:
                if self._bytes + len(whole) > WAITING_BYTES:
                    raise queue.Full
                self._queue.put_nowait(whole)
                self._bytes += len(whole)
        except queue.Full:
            self._lost += 1
            LOGGER.error("audit message lost, %d in all: the collector is too slow", self._lost)

    def close(self) -> None:
        """Send what is queued, within the deadline, and close."""
        with suppress(queue.Full):  # then the deadline below ends it
            self._queue.put(None, timeout=DEADLINE)
        self._thread.join(DEADLINE)
        if self._file is not None:
            self._file.close()

    def _run(self) -> None:
        while (message := self._queue.get()) is not None:
            with self._counting:
                self._bytes -= len(message)
            try:
                self._send_now(self._finish(message))
            except OSError as error:
                self._lost += 1
                LOGGER.error("audit message lost, %d in all: %s", self._lost, error)

    def _send_now(self, message: bytes) -> None:
        if self._file is not None:
            self._file.write(message + b"\n")
            self._file.flush()
        if self._target.udp is not None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(message, self._target.udp)
        if self._target.tls is not None:
            framed = str(len(message)).encode() + b" " + message  # RFC 5425 4.3: octet counting
            try:
                self._connected().sendall(framed)
            except OSError:
                self._tls = (
                    None  # the collector may have closed an idle connection: once more, then it's lost
                )
                self._connected().sendall(framed)

    def _connected(self) -> ssl.SSLSocket:
        if self._tls is None:
            assert self._target.tls is not None
            context = ssl.create_default_context(cafile=self._target.tls_authority)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            plain = socket.create_connection(self._target.tls, timeout=DEADLINE)
            try:
                self._tls = context.wrap_socket(plain, server_hostname=self._target.tls[0])
            except OSError:
                plain.close()
                raise
        return self._tls


def line(message: bytes) -> bytes:
    """A syslog message: facility 10, severity 5, so PRI 85; MSGID as PS3.15 A.6 gives it."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    host = socket.gethostname() or "-"
    header = f"<85>1 {stamp} {host} pacs-harness {os.getpid()} DICOM+RFC3881 - "
    return header.encode("ascii", "replace") + _BOM + message.replace(b"\n", b" ")
