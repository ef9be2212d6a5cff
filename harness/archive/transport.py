"""pynetdicom's socket, upper layer and server, mended where they and PS3.8 disagree.

- A PDU is read as its bytes arrive, so that the ARTIM timer runs while half a request is there (9.2.3), and a
  half-sent PDU on an association ends in an A-ABORT after a deadline. pynetdicom blocks in recv without end.
- Lengths are bounded before anything is allocated; sends have a deadline and queues a bound.
- Whatever fails while a PDU is handled ends in an A-ABORT, never in a dead thread behind an open connection.
- After an A-ASSOCIATE-RJ or an A-ABORT the connection is kept until the peer closes it or ARTIM ends (Sta13):
  closing at once with unread bytes makes TCP reset the connection and the peer lose the PDU.
- TLS handshakes have a deadline and happen on the connection's own thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import select
import socket
import ssl
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

from pynetdicom import pdu_primitives as primitives
from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import TRANSITION_TABLE, StateMachine
from pynetdicom.pdu import A_ABORT_RQ
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from . import pdus

if TYPE_CHECKING:
    from .association import ArchiveAssociation

LOGGER = logging.getLogger(__name__)
#: PDUs that wait to be sent before their producer waits too.
QUEUE_BOUND = 64
#: The content type that a TLS handshake begins with (RFC 8446 5.1).
HANDSHAKE = b"\x16"
#: Connections beside those of all associations that there may be: of peers that are about to ask for one, to
#: be rejected, or to close. Each costs two threads and three file descriptors, and whoever keeps silent has
#: it for as long as the ARTIM timer runs.
UNASKED = 128
#: Seconds that the reactor waits for something to happen before it looks at its timers again.
LOOK = 0.1
#: Seconds between two looks at what no file descriptor tells: room in a queue, a socket that isn't there.
PAUSE = 0.005
#: The peer's A-RELEASE-RQ, its A-ABORT, the end of its connection, a PDU that was none (PS3.8 table 9-10).
ENDING = frozenset({"Evt12", "Evt16", "Evt17", "Evt19"})
#: What the service user asks for on an association: associate response, data, release, abort (PS3.8 9.2.2).
ASKED = frozenset({"Evt7", "Evt8", "Evt9", "Evt11", "Evt14", "Evt15"})


class TimedSocket(AssociationSocket):
    """A socket that never waits: reads take what is there, writes have a deadline."""

    send_timeout: float = 30.0

    @property
    def ready(self) -> bool:
        """True if there is something to read; unlike select, for any number of open files."""
        return self.await_data(0)

    def await_data(self, seconds: float, waker: socket.socket | None = None) -> bool:
        """Wait for something to read (then true), for something from `waker`, or for the time to end."""
        if self.socket is None or not self._is_connected:
            return False
        try:
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

    def take(self, most: int) -> bytes | None:
        """The bytes that are there, at most `most`; None if there are none yet, empty at the end. Raises
        OSError.
        """
        assert self.socket is not None
        self.socket.settimeout(0)
        try:
            return self.socket.recv(most)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def send(self, bytestream: bytes) -> None:
        """Send all bytes, or close the connection if that takes longer than the deadline."""
        if self.socket is None:
            return
        try:
            self.socket.settimeout(self.send_timeout)
            self.socket.sendall(bytestream)
        except OSError as error:
            LOGGER.info("sending failed: %s", error)
            self.event_queue.put("Evt17")

    def _shutdown_socket(self) -> None:
        if self.socket is None:
            return
        with contextlib.suppress(OSError):  # the peer may have closed it already
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class GuardedStateMachine(StateMachine):
    """A state machine whose failures end the association instead of its thread."""

    def do_action(self, event: str) -> None:
        if event in ASKED and (event, self.current_state) not in TRANSITION_TABLE:
            # The association has ended meanwhile. pynetdicom makes an event of the queue's head until it is
            # taken: there may be more events than primitives.
            with contextlib.suppress(queue.Empty):
                self.dul.to_provider_queue.get_nowait()
            return
        try:
            if event == "Evt18" and self.current_state == "Sta2":
                self.dul.say_farewell()  # type: ignore[attr-defined]
            super().do_action(event)
        except Exception:
            LOGGER.exception("event %s in %s failed; aborting", event, self.current_state)
            self.dul.abort_by_provider()  # type: ignore[attr-defined]
        if event in ENDING:
            self.dul.assoc.dimse.msg_queue.put((None, None))  # whoever awaits a message looks up


class UpperLayer(DULServiceProvider):
    """The upper layer of an archive's association.

    pynetdicom's reactor sleeps between two looks, at each PDU. This one waits, while there is nothing to do,
    for the socket and for whoever has something to send.
    """

    def __init__(self, assoc: ArchiveAssociation) -> None:
        super().__init__(assoc)
        self.archive_association = assoc
        self.to_provider_queue = queue.Queue(maxsize=QUEUE_BOUND)
        self.state_machine = GuardedStateMachine(self)
        self.pdu_timeout = assoc.archive.config.artim
        self.received_request = b""
        self._buffer = bytearray()
        self._pdu_began = 0.0
        self._waker: socket.socket | None = None
        self._woken: socket.socket | None = None
        self.daemon = True

    def run_reactor(self) -> None:
        """Serve the connection until it ends or `kill_dul` is called."""
        self._waker, self._woken = socket.socketpair()
        with self._waker, self._woken:
            self._waker.setblocking(False)
            self._woken.setblocking(False)
            self._idle_timer.start()
            self.assoc._dul_ready.set()
            while not self._kill_thread:
                if self.artim_timer.expired:
                    self.event_queue.put("Evt18")
                try:
                    self._send_or_receive()
                except Exception:
                    LOGGER.exception("the upper layer failed; aborting")
                    self.abort_by_provider()
                    self.assoc.is_aborted, self.assoc.is_established = True, False
                    self.assoc._kill = self._kill_thread = True
                    return

    def _send_or_receive(self) -> None:
        """One primitive to the peer or one PDU from it, and what the state machine does then."""
        if not self._process_recv_primitive() and self._is_transport_event():
            self._idle_timer.restart()
        with contextlib.suppress(queue.Empty):
            self.state_machine.do_action(self.event_queue.get(block=False))

    def wake(self) -> None:
        """End the reactor's wait."""
        if self._waker is not None:
            # Full: it is awake already. Closed: it has ended.
            with contextlib.suppress(OSError):
                self._waker.send(b"\0")

    def kill_dul(self) -> None:
        """End the reactor."""
        super().kill_dul()
        self.wake()

    def stop_dul(self) -> bool:
        """End the reactor if the connection has ended (Sta1); true if it did."""
        if self.state_machine.current_state != "Sta1":
            return False
        self.kill_dul()
        self.join()
        return True

    def abort_by_provider(self) -> None:
        """Send an A-ABORT of the service provider (PS3.8 9.3.8) and wait for the close (Sta13)."""
        if self.state_machine.current_state in ("Sta1", "Sta13"):
            self.state_machine.current_state = "Sta13"
            return
        pdu = A_ABORT_RQ()
        pdu.source, pdu.reason_diagnostic = 2, 0
        self._send(pdu)
        self.state_machine.current_state = "Sta13"
        self.artim_timer.restart()
        failure = primitives.A_P_ABORT()
        failure.provider_reason = 0
        self.to_user_queue.put(failure)
        self.assoc.dimse.msg_queue.put((None, None))

    def say_farewell(self) -> None:
        """The ARTIM timer has ended before a request."""
        farewell = self.archive_association.archive.semantics.farewell()
        if farewell and self.socket is not None:
            self.socket.send(farewell)

    def send_pdu(self, primitive: Any) -> None:
        """Hand a primitive to the reactor; waits while it's behind, gives up when it's gone."""
        while self.is_alive() or not self.assoc._started_dul:
            try:
                self.to_provider_queue.put(primitive, timeout=0.5)
            except queue.Full:
                continue
            self.wake()
            return

    def _is_transport_event(self) -> bool:
        if self._kill_thread:
            return False
        sock = self.socket
        if sock is None or sock.socket is None or not sock._is_connected:
            self._pause()
            return False
        assert isinstance(sock, TimedSocket)
        if self._take_pdu():
            return True
        if self.archive_association.dimse.is_full:
            self._pause()  # the peer is ahead of us: let TCP hold it back
            return False
        if not sock.await_data(LOOK if self.event_queue.empty() else 0, self._woken):
            self._drain_waker()
            self._check_progress()
            return False
        self.archive_association.wait_before_reading()
        try:
            chunk = sock.take(262_144)
        except OSError as error:
            LOGGER.info("connection lost: %s", error)
            self.event_queue.put("Evt17")
            return True
        if chunk is None:
            return False
        if not chunk:
            self._buffer.clear()
            self.event_queue.put("Evt17")
            return True
        if not self._buffer:
            self._pdu_began = time.monotonic()
        self._buffer += chunk
        return self._take_pdu()

    def _pause(self) -> None:
        """Wait a little, or until there is something to send."""
        assert self._woken is not None
        if self.event_queue.empty():
            poller = select.poll()
            poller.register(self._woken, select.POLLIN)
            poller.poll(PAUSE * 1000)
            self._drain_waker()

    def _drain_waker(self) -> None:
        assert self._woken is not None
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    def _check_progress(self) -> None:
        """End an association whose peer stopped within a PDU; before one there is ARTIM (Sta2, Sta13)."""
        state = self.state_machine.current_state
        if (
            self._buffer
            and state not in ("Sta2", "Sta13")
            and (time.monotonic() - self._pdu_began > self.pdu_timeout)
        ):
            LOGGER.warning("a PDU wasn't completed within %g s", self.pdu_timeout)
            self._buffer.clear()
            self.event_queue.put("Evt19")

    def _take_pdu(self) -> bool:
        """Make an event of the first whole PDU in the buffer."""
        if len(self._buffer) < 6:
            return False
        pdu_type, length = struct.unpack_from(">BxL", self._buffer)
        self.archive_association.archive.semantics.announced(pdu_type, length)
        if not 1 <= pdu_type <= 7 or length > pdus.length_limit(
            pdu_type, self.archive_association.archive.config.maximum_length
        ):
            LOGGER.warning("PDU type %02XH with length %d refused", pdu_type, length)
            # Where the next PDU would begin is unknown, so nothing more is read from this peer.
            self._buffer.clear()
            self.event_queue.put("Evt19")
            return True
        if len(self._buffer) < 6 + length:
            return False
        pdu = bytes(memoryview(self._buffer)[: 6 + length])
        del self._buffer[: 6 + length]
        self._pdu_began = time.monotonic()
        try:
            self._accept_pdu(pdu)
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the PDU is invalid (9.2.3)
            LOGGER.warning("invalid PDU: %s: %s", type(error).__name__, error)
            self.event_queue.put("Evt19")
        return True

    def _accept_pdu(self, pdu: bytes) -> None:
        kind = pdu[0]
        if kind == pdus.P_DATA:
            if self.state_machine.current_state in ("Sta6", "Sta7"):
                # Straight to the message layer: no copies by way of pynetdicom's items.
                self.archive_association.dimse.receive_fragments(pdus.fragments(memoryview(pdu)[6:]))
                return
            pdus.fragments(memoryview(pdu)[6:])
        if kind in (pdus.ASSOCIATE_RQ, pdus.ASSOCIATE_AC):
            if kind == pdus.ASSOCIATE_RQ:
                self.received_request = pdu
            pdu = pdus.readable_request(pdu)
        elif kind != pdus.P_DATA and len(pdu) != 10:
            raise pdus.InvalidPdu(f"PDU type {kind:02X}H has {len(pdu) - 6} bytes, 4 are needed")
        decoded, event = self._decode_pdu(bytearray(pdu))
        if kind in (pdus.ASSOCIATE_RQ, pdus.ASSOCIATE_AC):
            decoded.to_primitive()  # raises here what it would raise in the state machine
        self._recv_pdu.put(decoded)
        self.event_queue.put(event)

    def _send(self, pdu: Any) -> None:
        if self.socket is None:
            return
        encoded = pdu.encode()
        if encoded[0] == pdus.ASSOCIATE_AC and len(self.received_request) >= 74:
            # 9.3.3: the titles and the reserved bytes after them are copies of those received.
            encoded = encoded[:10] + self.received_request[10:74] + encoded[74:]
        encoded = self.archive_association.archive.semantics.outgoing_pdu(encoded)
        if encoded:
            self.socket.send(encoded)


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
