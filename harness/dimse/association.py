"""A blocking association over one TCP connection, as requestor or acceptor (PS3.8 clauses 7 and 9).

Typed calls (`negotiate`, `send_message`, `receive_message`, `release`) follow the upper layer's states;
`send_pdu`, `send_raw`, `receive_pdu`, `half_close` and `wait_closed` leave the order to the caller.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from harness.dimse import transport
from harness.dimse.command import CommandSet
from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DimseError,
    MisuseError,
    NoAnswer,
    NotAccepted,
    UnexpectedPdu,
)
from harness.dimse.fragments import DataSet, fragment_size, fragments, pdus_of
from harness.dimse.inbound import Inbound, Message, Sink, aborted
from harness.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    Pdu,
    ReleaseRequest,
    ReleaseResponse,
    name_of,
)
from harness.dimse.transport import Address, Buffer, Connection, Deadlines, Timer

if TYPE_CHECKING:
    from harness.dimse.capture import Recorder

MAX_DATASET = 64 * 1024 * 1024
"""The longest data set that `receive_message` keeps in memory unless told otherwise."""
MAX_SINK = 1 << 40
_ABORT_WAIT = 1.0
"""Seconds after A-ABORT for the peer to close first, so that no reset swallows it (PS3.8 9.2.2, AA-1)."""
_PDUS_BEFORE_CLOSE = 10_000


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """A presentation context in use: one abstract syntax, one transfer syntax."""

    id: int
    abstract_syntax: str
    transfer_syntax: str


Answer = Callable[[AssociateRequest], AssociateAccept | AssociateReject | Abort]
SinkOf = Callable[[AcceptedContext, CommandSet], Sink | None]
"""Where the data set of a message goes, once its command set is known; None keeps it in memory."""


class Association:
    """One association; a context manager that releases at its end and aborts on an exception."""

    def __init__(self, connection: Connection, deadlines: Deadlines, *, requestor: bool) -> None:
        self._connection = connection
        self._inbound = Inbound(connection)
        self._deadlines = deadlines
        self._requestor = requestor
        self._request: AssociateRequest | None = None
        self._accepted: AssociateAccept | None = None
        self._contexts: dict[int, AcceptedContext] = {}
        self._message_id = 0

    # ------------------------------------------------------------ coming about

    @classmethod
    def connect(
        cls,
        address: Address,
        *,
        deadline: float | Deadlines = 30.0,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        source: str = "",
        quickack: bool = True,
        recorder: Recorder | None = None,
    ) -> Self:
        """A TCP connection (with TLS if given) on which nothing has been said yet.  Unreachable.

        `source` is the address of this machine to call from; empty leaves the choice to the system.
        """
        deadlines = deadline if isinstance(deadline, Deadlines) else Deadlines.all(deadline)
        sock = transport.connect(address, deadlines.connect, tls, server_hostname, source)
        return cls(_connection(sock, quickack, recorder, server=False), deadlines, requestor=True)

    @classmethod
    def open(
        cls,
        address: Address,
        request: AssociateRequest,
        *,
        deadline: float | Deadlines = 30.0,
        tls: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        source: str = "",
        quickack: bool = True,
        recorder: Recorder | None = None,
    ) -> Self:
        """`connect`, then `negotiate`; the connection is closed where that fails."""
        association = cls.connect(
            address,
            deadline=deadline,
            tls=tls,
            server_hostname=server_hostname,
            source=source,
            quickack=quickack,
            recorder=recorder,
        )
        try:
            association.negotiate(request)
        except BaseException:
            association.abort()
            raise
        return association

    @classmethod
    def accept(
        cls,
        sock: socket.socket,
        answer: Answer,
        *,
        deadline: float | Deadlines = 30.0,
        tls: ssl.SSLContext | None = None,
        quickack: bool = True,
        recorder: Recorder | None = None,
    ) -> Self:
        """The acceptor's side on a socket that `accept` of a listening one gave.

        Reads A-ASSOCIATE-RQ and sends what `answer` says.  After a rejection or abort the association is
        closed and `established` False.  Raises UnexpectedPdu for another PDU, DecodeError, NoAnswer.
        """
        deadlines = deadline if isinstance(deadline, Deadlines) else Deadlines.all(deadline)
        if tls is not None:
            sock = transport.secure_server(sock, deadlines.connect, tls)
        association = cls(_connection(sock, quickack, recorder, server=True), deadlines, requestor=False)
        try:
            association._answer(answer)
        except BaseException:
            association.abort(2, 0)
            raise
        return association

    def _answer(self, answer: Answer) -> None:
        pdu = self._inbound.pdu(Timer(self._deadlines.answer), "A-ASSOCIATE-RQ")
        if not isinstance(pdu, AssociateRequest):
            raise self._unexpected(pdu, "A-ASSOCIATE-RQ")
        self._request = pdu
        response = answer(pdu)
        self.send_pdu(response)
        if isinstance(response, AssociateAccept):
            self._establish(pdu, response)
        else:
            self._linger(self._deadlines.release)

    def negotiate(self, request: AssociateRequest) -> AssociateAccept:
        """Send A-ASSOCIATE-RQ and return the A-ASSOCIATE-AC, judged by no more than that it decodes.

        Raises AssociationRejected, PeerAborted, UnexpectedPdu, ConnectionClosed, DecodeError, NoAnswer.
        """
        self._request = request
        awaited = "A-ASSOCIATE-AC or A-ASSOCIATE-RJ"
        try:
            self.send_pdu(request)
        except ConnectionClosed:
            if not self._connection.buffered:
                raise
        pdu = self._inbound.pdu(Timer(self._deadlines.answer), awaited)
        if isinstance(pdu, AssociateReject):
            self.close()
            observed = f"A-ASSOCIATE-RJ, {pdu.words()}"
            raise AssociationRejected("PS3.8 9.3.4", "A-ASSOCIATE-AC", observed, pdu, pdu.encode())
        if not isinstance(pdu, AssociateAccept):
            raise self._unexpected(pdu, awaited)
        self._establish(request, pdu)
        return pdu

    def _establish(self, request: AssociateRequest, accepted: AssociateAccept) -> None:
        self._accepted = accepted
        own = request if self._requestor else accepted
        self._inbound.own_maximum = own.user.maximum_length or 0
        proposed = {context.id: context.abstract_syntax for context in request.contexts}
        self._contexts = {
            context.id: AcceptedContext(
                context.id, _bare(proposed[context.id]), _bare(context.transfer_syntax)
            )
            for context in accepted.contexts
            if context.accepted and context.id in proposed
        }

    # ------------------------------------------------------------ what was agreed

    @property
    def established(self) -> bool:
        """Whether A-ASSOCIATE-AC was exchanged and the connection is not closed on this side."""
        return self._accepted is not None and not self._connection.closed

    @property
    def closed(self) -> bool:
        """Whether this side has closed the connection."""
        return self._connection.closed

    @property
    def connection(self) -> Connection:
        """The connection below, for what has no method here."""
        return self._connection

    @property
    def deadlines(self) -> Deadlines:
        """The deadlines of this association's waits."""
        return self._deadlines

    @property
    def request(self) -> AssociateRequest:
        """The A-ASSOCIATE-RQ; MisuseError before there is one."""
        if self._request is None:
            raise MisuseError("no A-ASSOCIATE-RQ was exchanged yet")
        return self._request

    @property
    def accepted(self) -> AssociateAccept:
        """The A-ASSOCIATE-AC; MisuseError before there is one."""
        if self._accepted is None:
            raise MisuseError("no A-ASSOCIATE-AC was exchanged yet")
        return self._accepted

    @property
    def accepted_contexts(self) -> dict[int, AcceptedContext]:
        """The presentation contexts in use, by id."""
        return dict(self._contexts)

    def context_for(self, abstract_syntax: str, transfer_syntax: str | None = None) -> AcceptedContext:
        """The first accepted context of that abstract (and transfer) syntax; NotAccepted."""
        of_class = [
            context for context in self._contexts.values() if context.abstract_syntax == abstract_syntax
        ]
        for context in of_class:
            if transfer_syntax in (None, context.transfer_syntax):
                return context
        if of_class:
            have = ", ".join(context.transfer_syntax for context in of_class)
            message = (
                f"{abstract_syntax} was accepted with {have}, not with transfer syntax {transfer_syntax}"
            )
        else:
            message = f"the peer accepted no presentation context for SOP class {abstract_syntax}"
        raise NotAccepted(abstract_syntax, message)

    @property
    def peer_maximum_length(self) -> int | None:
        """What the peer takes in a P-DATA-TF, in bytes; 0 unlimited, None not stated (PS3.8 D.1)."""
        peer = self.accepted if self._requestor else self.request
        return peer.user.maximum_length

    def take_any_length(self) -> None:
        """From now on take P-DATA-TF beyond the declared maximum too: their lengths are judged elsewhere."""
        self._inbound.own_maximum = 0

    def next_message_id(self) -> int:
        """1, 2 … 65535 and again from 1."""
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    # ------------------------------------------------------------ messages

    def send_message(
        self,
        context_id: int,
        command: CommandSet,
        dataset: DataSet | None = None,
        *,
        fragment: int | None = None,
    ) -> None:
        """Send a message in P-DATA-TF PDUs of one PDV each, within the peer's maximum length.

        `fragment` asks for smaller pieces of data (bytes in a PDV).  `command` goes out as it is: whether it
        announces a data set is the caller's.  Raises PeerAborted or ConnectionClosed as soon as the peer ends
        the association, NoAnswer if it stops reading.
        """
        self._inbound_ended()
        size = fragment_size(self.peer_maximum_length, fragment)
        head = list(fragments(context_id, True, [memoryview(command.encode())], size))
        if dataset is None:
            for pdus in head:
                self._send(pdus)
            return
        # The command goes with the first part of the data set, in PDUs of its own.
        first = [buffer for pdus in head for buffer in pdus]
        for pdus in pdus_of(context_id, dataset, size):
            self._send(first + pdus)
            first = []

    def receive_message(
        self,
        *,
        deadline: float | None = None,
        sink: Sink | None = None,
        sink_of: SinkOf | None = None,
        max_dataset: int | None = None,
    ) -> Message:
        """The next message; a data set goes to `sink` as it arrives, else into memory up to `max_dataset`.

        `sink_of` chooses the sink by the message's context and command set instead, where it is not known
        beforehand what comes.  `deadline` bounds each wait for more of the message.  Raises PeerAborted,
        ReleaseRequested, UnexpectedPdu, ConnectionClosed, DecodeError, PeerViolation, NoAnswer, and
        MisuseError for a data set that is longer than `max_dataset`.
        """
        seconds = self._deadlines.answer if deadline is None else deadline

        def choose(context_id: int, command: CommandSet) -> tuple[Sink | None, int]:
            chosen = sink if sink_of is None else sink_of(self._contexts[context_id], command)
            if max_dataset is not None:
                return chosen, max_dataset
            return chosen, MAX_DATASET if chosen is None else MAX_SINK

        try:
            return self._inbound.message(seconds, self._contexts, choose)
        except DimseError as error:
            if hasattr(error, "abort"):
                self.close()
            raise

    # ------------------------------------------------------------ single PDUs and raw bytes

    def send_pdu(self, pdu: Pdu) -> None:
        """Send one PDU, whatever the state."""
        self._send([pdu.encode()])

    def send_raw(self, *buffers: Buffer, chunk: int | None = None, pause: float = 0.0) -> None:
        """Send bytes as they are; with `chunk` in pieces of so many bytes, `pause` seconds apart.

        Raises PeerAborted, ConnectionClosed or NoAnswer where the peer takes them no longer.
        """
        if chunk is None:
            self._send([memoryview(buffer).cast("B") for buffer in buffers])
            return
        for buffer in buffers:
            view = memoryview(buffer).cast("B")
            for at in range(0, len(view), chunk):
                self._send([view[at : at + chunk]])
                if pause:
                    time.sleep(pause)

    def receive_pdu(self, *, deadline: float | None = None, awaited: str = "a PDU") -> Pdu:
        """The next PDU, whatever it is.  NoAnswer, ConnectionClosed, DecodeError, MisuseError.

        ``awaited`` is for the words of these.
        """
        return self._inbound.pdu(Timer(self._deadlines.answer if deadline is None else deadline), awaited)

    def _send(self, buffers: list[Buffer]) -> None:
        try:
            self._connection.send(buffers, self._deadlines.send, self._inbound_stopped)
        except ConnectionClosed as error:
            abort = self._inbound.pending_abort()
            if abort is not None:
                self.close()
                raise aborted(abort, "the peer to take what is sent") from error
            raise

    def _inbound_ended(self) -> None:
        """Raise if the peer has ended the association, by what has arrived so far."""
        self._connection.poll()
        self._inbound_stopped()

    def _inbound_stopped(self) -> None:
        abort = self._inbound.pending_abort()
        if abort is not None:
            self.close()
            raise aborted(abort, "an association on which to send")
        if self._connection.end is not None:
            observed = self._connection.end
            raise ConnectionClosed("PS3.8 9.1.4", "an association on which to send", observed)

    def _unexpected(self, pdu: Pdu, awaited: str) -> DimseError:
        if isinstance(pdu, Abort):
            self.close()
            return aborted(pdu, awaited)
        return UnexpectedPdu("PS3.8 9.2.3", awaited, name_of(pdu), pdu, pdu.encode())

    # ------------------------------------------------------------ ending

    def release(self, deadline: float | None = None) -> None:
        """A-RELEASE: ask, wait for the response, close.  P-DATA on its way is dropped (PS3.8 9.2.3, Sta7).

        A release that the peer asks for at the same time is answered (release collision).  Raises
        PeerAborted, UnexpectedPdu, ConnectionClosed, DecodeError, NoAnswer.
        """
        timer = Timer(self._deadlines.release if deadline is None else deadline)
        self.send_pdu(ReleaseRequest())
        while True:
            pdu = self._inbound.pdu(timer, "A-RELEASE-RP")
            if isinstance(pdu, ReleaseResponse):
                self.close()
                return
            if isinstance(pdu, ReleaseRequest):
                self.send_pdu(ReleaseResponse())
            elif not isinstance(pdu, PData):
                raise self._unexpected(pdu, "A-RELEASE-RP")

    def confirm_release(self, deadline: float | None = None) -> None:
        """Answer the peer's A-RELEASE-RQ, let it close first for up to `deadline` seconds, then close."""
        self.send_pdu(ReleaseResponse())
        self._linger(self._deadlines.release if deadline is None else deadline)

    def abort(self, source: int = 0, reason: int = 0) -> None:
        """Send A-ABORT if that still goes, let the peer close first for a second, close.  Never raises."""
        if self._connection.closed:
            return
        with contextlib.suppress(DimseError):
            self._connection.send([Abort(source, reason).encode()], _ABORT_WAIT)
            self._connection.half_close()
        self._linger(_ABORT_WAIT)

    def _linger(self, seconds: float) -> None:
        """Read and drop until the peer closes: closing with unread bytes would reset the connection."""
        timer = Timer(seconds)
        with contextlib.suppress(DimseError):
            while timer.left() and self._connection.read_some(65536, timer, "the peer to close"):
                pass
        self.close()

    def wait_closed(self, deadline: float | None = None) -> list[Pdu]:
        """Wait for the peer to close: the PDUs that came before.  NoAnswer if it is still open then.

        ConnectionClosed here means a PDU cut off in its middle.
        """
        timer = Timer(self._deadlines.answer if deadline is None else deadline)
        pdus: list[Pdu] = []
        while len(pdus) < _PDUS_BEFORE_CLOSE:
            try:
                pdus.append(self._inbound.pdu(timer, "the peer to close the connection"))
            except ConnectionClosed as closed:
                if closed.raw:
                    raise
                self.close()
                return pdus
        raise NoAnswer(timer.seconds, f"the peer to close the connection ({len(pdus)} PDUs came instead)")

    def half_close(self) -> None:
        """Close this side for sending (TCP FIN); receiving goes on."""
        self._connection.half_close()

    def close(self) -> None:
        """Close the connection without a word; safe to call again."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None or not self.established:
            self.abort()
            return
        try:
            self.release()
        finally:
            self.close()


def _bare(uid: str) -> str:
    """A UID without the padding that some peers put into negotiation items."""
    return uid.rstrip("\0 ")


def _connection(
    sock: socket.socket, quickack: bool, recorder: Recorder | None, *, server: bool
) -> Connection:
    tape = None if recorder is None else recorder.connection(sock, server=server)
    return Connection(sock, quickack=quickack, tape=tape)
