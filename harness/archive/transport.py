"""pynetdicom's socket and server, so that nobody is waited for without end.

Reads take what is there, sends have a deadline. TLS handshakes have one too, and happen on the connection's
own thread. What is done with the bytes: `upper_layer`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

LOGGER = logging.getLogger(__name__)
#: The content type that a TLS handshake begins with (RFC 8446 5.1).
HANDSHAKE = b"\x16"
#: Parts that the system takes with one call: POSIX promises 16, Linux and macOS take 1,024.
MOST_PARTS = 1024 if sys.platform in ("linux", "darwin") else 16
#: Connections beside those of all associations that there may be: of peers that are about to ask for one, to
#: be rejected, or to close. Each costs two threads and three file descriptors, and whoever keeps silent has
#: it for as long as the ARTIM timer runs.
UNASKED = 128


class TimedSocket(AssociationSocket):
    """A socket that never waits: reads take what is there, writes have a deadline."""

    send_timeout: float = 30.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tls = threading.Lock()
        """OpenSSL's connections are not for two threads at a time, and one reads while another one sends."""

    @property
    def ready(self) -> bool:
        """True if there is something to read; unlike select, for any number of open files."""
        return self.await_data(0)

    def await_data(self, seconds: float, waker: socket.socket | None = None) -> bool:
        """Wait for something to read (then true), for something from `waker`, or for the time to end."""
        if self.socket is None or not self._is_connected:
            return False
        try:
            with self._tls:
                if isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
                    return True
            poller = select.poll()
            poller.register(self.socket, select.POLLIN)
            if waker is not None:
                poller.register(waker, select.POLLIN)
            mine = self.socket.fileno()
            return any(descriptor == mine for descriptor, _ in poller.poll(seconds * 1000))
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False

    def take(self, room: memoryview) -> int | None:
        """Put the bytes that are there into `room`: how many; None if there are none yet, 0 at the end.

        Raises OSError.
        """
        try:
            with self._tls:
                return self._unblocked().recv_into(room)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def send(self, bytestream: bytes) -> None:
        """Send all bytes, or close the connection if that takes longer than the deadline."""
        self.send_together((bytestream,))

    def send_together(self, parts: Sequence[bytes]) -> None:
        """The same of several, one after the other.  One thread at a time."""
        if self.socket is None:
            return
        try:
            self._send_all(deque(memoryview(part) for part in parts))
        except OSError as error:
            LOGGER.info("sending failed: %s", error)
            self.event_queue.put("Evt17")

    def _send_all(self, rest: deque[memoryview]) -> None:
        sock = self._unblocked()
        is_secure = isinstance(sock, ssl.SSLSocket)
        deadline = time.monotonic() + self.send_timeout
        while rest:
            awaited = select.POLLOUT
            try:
                with self._tls:
                    sent = sock.send(rest[0]) if is_secure else sock.sendmsg(islice(rest, MOST_PARTS))
                while rest and sent >= len(rest[0]):
                    sent -= len(rest.popleft())
                if sent:
                    rest[0] = rest[0][sent:]
                continue
            except ssl.SSLWantReadError:
                awaited = select.POLLIN
            except (BlockingIOError, ssl.SSLWantWriteError):
                pass
            poller = select.poll()
            poller.register(sock, awaited)
            if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError(f"the peer took nothing for {self.send_timeout:g} s")

    def _unblocked(self) -> socket.socket:
        """The socket, which waits for nothing from now on: asking that anew at each read costs a call."""
        assert self.socket is not None
        if self.socket.gettimeout() != 0:
            self.socket.settimeout(0)
        return self.socket

    def _shutdown_socket(self) -> None:
        if self.socket is None:
            return
        with contextlib.suppress(OSError):  # the peer may have closed it already
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Handler(RequestHandler):
    """Starts an association for a connection."""

    def handle(self) -> None:
        try:
            association = self._begun()
        except BaseException:
            self.server.left()  # type: ignore[attr-defined]
            raise
        if association is None:
            self.server.left()  # type: ignore[attr-defined]
        else:
            association.start()  # and leaves at its end

    def _begun(self) -> Any:
        """An association that awaits its request; None where TLS came to nothing."""
        context = self.server.tls_context  # type: ignore[attr-defined]
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None and not self._secured(context):
            return None
        return self._create_association()

    def _secured(self, context: ssl.SSLContext) -> bool:
        """Whether the client may be served, over TLS from here; it is closed otherwise."""
        archive = self.server.archive  # type: ignore[attr-defined]
        self.request.settimeout(archive.config.artim)
        try:
            if archive.semantics.speaks_in_clear() and self.request.recv(1, socket.MSG_PEEK) != HANDSHAKE:
                return True
            self.request = context.wrap_socket(self.request, server_side=True)
            if archive.semantics.admits(self.request):
                return True
            why = "not admitted"
        except (OSError, ssl.SSLError) as error:
            why = str(error)
        LOGGER.warning("TLS with %s failed: %s", self.client_address, why)
        archive.audit.security_alert(str(self.client_address[0]), why)
        self.request.close()
        return False

    def _create_association(self) -> Any:
        from .association import ArchiveAssociation

        archive = self.server.archive  # type: ignore[attr-defined]
        association = ArchiveAssociation(archive, "acceptor")
        association._server = self.server
        association.name = f"AcceptorThread@{self.client_address[1]}"
        association.set_socket(TimedSocket(association, client_socket=self.request))
        association.acceptor.maximum_length = archive.config.maximum_length
        association.acceptor.ae_title = archive.config.ae_title
        association.acceptor.address_info = self.local
        association.acceptor.implementation_class_uid = self.ae.implementation_class_uid
        association.acceptor.implementation_version_name = self.ae.implementation_version_name
        association.requestor.address_info = self.remote
        return association


class Server(ThreadedAssociationServer):
    """The listening socket."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, archive: Any, ae: Any, tls_context: ssl.SSLContext | None) -> None:
        self.archive = archive
        self.tls_context = tls_context
        config = archive.config
        self._places = threading.BoundedSemaphore(config.maximum_associations + UNASKED)
        super().__init__(ae, (config.host, config.port), config.ae_title, [], None, None, Handler)

    def server_bind(self) -> None:
        """Listen on a socket of its own, or on that of the first of several processes."""
        config = self.archive.config
        assert self.socket is not None
        if config.listener is None:
            super().server_bind()
        else:
            self.socket.close()
            self.socket = socket.socket(fileno=os.dup(config.listener))
            self.server_address = self.socket.getsockname()
        if config.processes > 1:
            self.socket.setblocking(False)  # another one may take what woke this one

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is a place for one more connection; else it is closed, and nothing kept of it."""
        if self._places.acquire(blocking=False):
            return True
        LOGGER.warning("too many connections: that of %s is closed", client_address[0])
        return False

    def left(self) -> None:
        """A connection has ended."""
        self._places.release()

    def server_close(self) -> None:
        """Stop listening; the first process alone ends it for all of them."""
        if self.archive.config.listener is None:
            super().server_close()
        elif self.socket is not None:
            self.socket.close()

    def _bind_defaults(self) -> None:
        """pynetdicom's handlers serve nothing here: requests go to `services`."""

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):  # the peer may have closed it already
            request.shutdown(socket.SHUT_RDWR)
        request.close()
