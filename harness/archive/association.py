"""An association of the archive, in either role, with deadlines on all waits."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE

from . import services
from .messages import Message, Messages
from .negotiation import Acceptor, Caller, Role
from .storage import Staged
from .transport import Server, TimedSocket
from .upper_layer import UpperLayer

if TYPE_CHECKING:
    from .server import Archive

LOGGER = logging.getLogger(__name__)


class ArchiveAssociation(Association):
    """pynetdicom's association with the archive's layers below and its services above."""

    dimse: Messages
    dul: UpperLayer

    def __init__(self, archive: Archive, mode: str) -> None:
        self.archive = archive
        super().__init__(archive.ae, mode)
        self.acse = Acceptor(self)
        self.dul = UpperLayer(self)
        self.dimse = Messages(self)
        self.acse_timeout = archive.semantics.artim()
        self.network_timeout = archive.config.idle_timeout
        self.caller = Caller("", "", "")
        self.extended: dict[str, bytes] = {}
        self.roles: dict[str, Role] = {}
        self.stored = 0
        self.requested = 0
        self.deferred: list[Message] = []

    @property
    def peer_address(self) -> str:
        """Address of the peer."""
        info = self.requestor.address_info if self.is_acceptor else self.acceptor.address_info
        return str(info.address) if info is not None else ""

    @property
    def is_open(self) -> bool:
        """False once messages can't be exchanged any more."""
        return bool(self.is_established) and self.dul.is_alive() and not self.acse.is_aborted()

    @property
    def is_serving(self) -> bool:
        """Whether requests are served on it."""
        return bool(self.is_acceptor and self.is_established and not self._kill)

    def wait_after_reading(self) -> None:
        """Slow reads, where asked for."""
        if self.archive.config.misbehaviour.receive_delay:
            time.sleep(self.archive.config.misbehaviour.receive_delay)

    def stage(self, context_id: int, command: Dataset) -> Staged:
        """Begin to receive the data set of a C-STORE-RQ."""
        context = self._accepted_cx[context_id]
        return self.archive.storage.stage(
            str(context.transfer_syntax[0]),
            str(command.get("AffectedSOPClassUID", "") or ""),
            str(command.get("AffectedSOPInstanceUID", "") or ""),
        )

    def next_message(self, timeout: float) -> Message | None:
        """A request that had to wait, or the next message."""
        return self.deferred.pop(0) if self.deferred else self.dimse.wait(timeout)

    def run_reactor(self) -> None:
        """Serve as acceptor until the association ends."""
        if not self.is_acceptor:
            super().run_reactor()
            return
        try:
            self._serve()
        finally:
            self.dimse.drop()
            self.archive.audit.ended(id(self), self.caller)
            self._close()
            self.archive.index.release_thread()
            assert isinstance(self._server, Server)
            self._server.left()

    def _serve(self) -> None:
        self.dul.start()
        self._started_dul = True
        self._dul_ready.wait()
        primitive = self._await_request()
        if primitive is None:
            return
        self.requestor.primitive = primitive
        self.acse.negotiate_association()
        if self.is_established:
            self._run_reactor()

    def _await_request(self) -> A_ASSOCIATE | None:
        deadline = time.monotonic() + self.archive.config.artim
        while time.monotonic() < deadline and self.dul.is_alive():
            primitive = self.dul.receive_pdu(wait=True, timeout=0.2)
            if primitive is not None:
                return primitive if isinstance(primitive, A_ASSOCIATE) else None
        return None

    def _close(self) -> None:
        """Wait for the peer to close (ARTIM bounds it), then free the socket."""
        if self.dul.is_alive():
            self.dul.has_ended.wait(self.archive.config.artim + 1)
        self.dul.kill_dul()
        sock = self.dul.socket
        if isinstance(sock, TimedSocket):
            sock._shutdown_socket()

    def kill(self) -> None:
        """End the serving loop; the connection itself is closed by `_close`."""
        self._reactor_checkpoint.set()
        self._kill = True
        self.is_established = False
        self._is_paused = True
        if not self.is_acceptor:
            self._close()

    def abort(self, block: bool = True) -> None:
        """Send an A-ABORT as service user and end."""
        if self._sent_abort or self.is_released:
            return
        self._sent_abort = True
        self._reactor_checkpoint.set()
        self.acse.send_abort(0)
        self.kill()

    def _run_reactor(self) -> None:
        """Serve one message after the other, in the order of their arrival (synchronous mode, PS3.7 A.4)."""
        if not self.is_acceptor:
            super()._run_reactor()
            return
        while not self._kill:
            message = self.next_message(0.1)
            if message is not None and self.is_established:
                self.serve(message)
            elif self.acse.is_release_requested():
                self.acse.send_release(is_response=True)
                self.is_released = True
                self.kill()
            elif self.acse.is_aborted() or not self.dul.is_alive():
                self.is_aborted = True
                self.kill()
            elif self.dul.idle_timer_expired():
                LOGGER.info("idle for %g s: aborting", self.network_timeout)
                self.abort()

    def _serve_request(self, msg: Any, context_id: int) -> None:
        """What pynetdicom's reactor of a requestor calls for what a peer asks unasked."""
        assert isinstance(msg, Message)
        self.serve(msg)

    def serve(self, request: Message) -> None:
        """Serve one message to its end, whatever happens."""
        try:
            services.serve(self, request)
        except Exception:
            LOGGER.exception("serving command %04XH failed", request.field)
            with contextlib.suppress(Exception):
                self.abort()
        finally:
            self.dimse.finish(request)
            if isinstance(request.data, Staged):
                request.data.discard()
