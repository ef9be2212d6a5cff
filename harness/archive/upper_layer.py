"""pynetdicom's upper layer, mended where it and PS3.8 disagree.

- A PDU is read as its bytes arrive, so that the ARTIM timer runs while half a request is there (9.2.3), and a
  half-sent PDU on an association ends in an A-ABORT after a deadline. pynetdicom blocks in recv without end.
- Lengths are bounded before anything is allocated; queues have a bound.
- Whatever fails while a PDU is handled ends in an A-ABORT, never in a dead thread behind an open connection.
- After an A-ASSOCIATE-RJ or an A-ABORT the connection is kept until the peer closes it or ARTIM ends (Sta13):
  closing at once with unread bytes makes TCP reset the connection and the peer lose the PDU.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import select
import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pynetdicom import pdu_primitives as primitives
from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import TRANSITION_TABLE, StateMachine
from pynetdicom.pdu import A_ABORT_RQ

from . import pdus
from .transport import TimedSocket

if TYPE_CHECKING:
    from .association import ArchiveAssociation

LOGGER = logging.getLogger(__name__)
#: What waits for the reactor (data does not) before who asks for it waits too.
QUEUE_BOUND = 64
#: Seconds that the reactor waits for something to happen before it looks at its timers again.
LOOK = 0.1
#: Seconds between two looks at what no file descriptor tells: room in a queue, a socket that isn't there.
PAUSE = 0.005
#: The peer's A-RELEASE-RQ, its A-ABORT, the end of its connection, a PDU that was none (PS3.8 table 9-10).
ENDING = frozenset({"Evt12", "Evt16", "Evt17", "Evt19"})
#: States in which data may be sent: also between the peer's A-RELEASE-RQ and its answer (PS3.8 table 9-10).
CARRYING = frozenset({"Sta6", "Sta8"})
#: After these PDUs nothing of ours follows.
LAST = frozenset({pdus.ABORT, pdus.RELEASE_RQ, pdus.RELEASE_RP})
#: What the service user asks for on an association: associate response, data, release, abort (PS3.8 9.2.2).
ASKED = frozenset({"Evt7", "Evt8", "Evt9", "Evt11", "Evt14", "Evt15"})
#: Bytes that a connection can send before more room is made for it: enough until its first data set.
FIRST_ROOM = 16_384
#: So many PDUs are read with one call where they are no longer than that.
TOGETHER, MOST_TOGETHER = 4, 262_144


class Received:
    """The bytes of a connection that have come and are not dealt with: room for some PDUs, where they stay.

    A view that `take` gives is good until more is put into `room`.
    """

    def __init__(self) -> None:
        self._room = bytearray(FIRST_ROOM)
        self._begin = self._end = 0

    def __len__(self) -> int:
        return self._end - self._begin

    def clear(self) -> None:
        """Forget them."""
        self._begin = self._end = 0

    def room(self) -> memoryview:
        """Where the next bytes go: never empty, and enough for the rest of the PDU that has begun."""
        needed = 6
        if (head := self.head()) is not None:
            needed += head[1]
        if self._begin + needed > len(self._room):
            kept = self._room[self._begin : self._end]
            if needed > len(self._room):
                # Not touched, and so not taken, before it is filled.
                self._room = bytearray(needed * TOGETHER if needed <= MOST_TOGETHER else needed)
            self._room[: len(kept)] = kept
            self._begin, self._end = 0, len(kept)
        return memoryview(self._room)[self._end :]

    def came(self, count: int) -> None:
        """So many bytes were put into the room."""
        self._end += count

    def head(self) -> tuple[int, int] | None:
        """Type of the first PDU, and the length that it announces; None before that has come."""
        if len(self) < 6:
            return None
        kind, length = struct.unpack_from(">BxL", self._room, self._begin)
        return int(kind), int(length)

    def take(self, count: int) -> memoryview | None:
        """The first `count` bytes, or None before so many have come."""
        if len(self) < count:
            return None
        begin = self._begin
        self._begin += count
        if self._begin == self._end:
            self._begin = self._end = 0
        return memoryview(self._room)[begin : begin + count]


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
        if self.current_state == "Sta1":
            self.dul.has_ended.set()  # type: ignore[attr-defined]
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
        self._received = Received()
        self._pdu_began = 0.0
        self._sending = threading.Lock()
        self._has_said_all = False
        self._waker: socket.socket | None = None
        self._woken: socket.socket | None = None
        self.daemon = True
        self.has_ended = threading.Event()
        """Set when there is no connection any more, or nobody who serves it."""

    def run_reactor(self) -> None:
        """Serve the connection until it ends or `kill_dul` is called."""
        self._waker, self._woken = socket.socketpair()
        with self._waker, self._woken:
            self._waker.setblocking(False)
            self._woken.setblocking(False)
            self._idle_timer.start()
            self.assoc._dul_ready.set()
            try:
                while not self._kill_thread:
                    if self.artim_timer.expired:
                        self.event_queue.put("Evt18")
                    self._send_or_receive()
            except Exception:
                LOGGER.exception("the upper layer failed; aborting")
                self.abort_by_provider()
                self.assoc.is_aborted, self.assoc.is_established = True, False
                self.assoc._kill = self._kill_thread = True
            finally:
                self.has_ended.set()
                self.archive_association.archive.index.release_thread()

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
            if threading.current_thread() is not self:
                self.wake()
            return

    def send_data(self, data: Sequence[bytes]) -> None:
        """Send whole P-DATA-TF PDUs from the thread that has them, while the association lasts (DT-1, AR-7).

        By way of the reactor each would cost two changes of threads.
        """
        outgoing = self.archive_association.archive.semantics.outgoing_pdu
        changed = [pdu for pdu in map(outgoing, data) if pdu]
        with self._sending:
            sock = self.socket
            if sock is None or self._has_said_all or not self._is_carrying():
                return
            assert isinstance(sock, TimedSocket)
            sock.send_together(changed)

    def _is_carrying(self) -> bool:
        state = self.state_machine.current_state
        # A requestor learns of the acceptance an instant before its state machine has moved on (AE-3).
        return state in CARRYING or (state == "Sta5" and bool(self.assoc.is_established))

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
        try:
            count = sock.take(self._received.room())
        except OSError as error:
            LOGGER.info("connection lost: %s", error)
            count = 0
        if count is None:
            self._await_something(sock)
            return False
        if not count:
            self._received.clear()
            self.event_queue.put("Evt17")
            return True
        self.archive_association.wait_after_reading()
        if not self._received:
            self._pdu_began = time.monotonic()
        self._received.came(count)
        return self._take_pdu()

    def _await_something(self, sock: TimedSocket) -> None:
        if not sock.await_data(LOOK if self.event_queue.empty() else 0, self._woken):
            self._drain_waker()
            self._check_progress()

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
            self._received
            and state not in ("Sta2", "Sta13")
            and (time.monotonic() - self._pdu_began > self.pdu_timeout)
        ):
            LOGGER.warning("a PDU wasn't completed within %g s", self.pdu_timeout)
            self._received.clear()
            self.event_queue.put("Evt19")

    def _take_pdu(self) -> bool:
        """Make an event of the first whole PDU in the buffer."""
        head = self._received.head()
        if head is None:
            return False
        pdu_type, length = head
        self.archive_association.archive.semantics.announced(pdu_type, length)
        if not 1 <= pdu_type <= 7 or length > pdus.length_limit(
            pdu_type, self.archive_association.archive.config.maximum_length
        ):
            LOGGER.warning("PDU type %02XH with length %d refused", pdu_type, length)
            # Where the next PDU would begin is unknown, so nothing more is read from this peer.
            self._received.clear()
            self.event_queue.put("Evt19")
            return True
        pdu = self._received.take(6 + length)
        if pdu is None:
            return False
        self._pdu_began = time.monotonic()
        try:
            self._accept_pdu(pdu)
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the PDU is invalid (9.2.3)
            LOGGER.warning("invalid PDU: %s: %s", type(error).__name__, error)
            self.event_queue.put("Evt19")
        return True

    def _accept_pdu(self, view: memoryview) -> None:
        kind = view[0]
        if kind == pdus.P_DATA:
            fragments = pdus.fragments(view[6:])
            if self.state_machine.current_state in ("Sta6", "Sta7"):
                # Straight to the message layer: no copies by way of pynetdicom's items.
                self.archive_association.dimse.receive_fragments(fragments)
                return
        pdu = bytes(view)
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
        with self._sending:
            if encoded:
                self.socket.send(encoded)
                self._has_said_all = encoded[0] in LAST
