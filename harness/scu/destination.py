"""The harness's own Storage SCP: where C-MOVE sends to and storage commitment reports to.

It listens, hands what arrives to the `Inbox` of the scenario that is running, and answers as that says.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.dimse.association import Association, SinkOf
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import (
    ConnectionClosed,
    DimseError,
    MisuseError,
    NoAnswer,
    PeerAborted,
    PeerViolation,
    ReleaseRequested,
)
from harness.dimse.inbound import Message
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from harness.scu.echo import NO_DATA_SET
from harness.scu.inbox import (
    AnswerOf,
    Ending,
    Inbox,
    Incoming,
    OnRelease,
    Reported,
    StatusOf,
    event_response,
    prefer_given_order,
    received_from,
    store_response,
    success,
)

if TYPE_CHECKING:
    from harness.dimse.capture import Recorder

SHORTEST_IDLE = 60.0
"""Seconds without a message, at least, before the destination gives an association up: DICOM sets no limit to
the time that a product takes between two sub-operations."""
_LINGER = 0.5
"""Seconds that a new scenario grants the associations of the one before to be released."""


class Destination:
    """A listening Storage SCP with an AE title.  A thread per association, all of them ended by `stop`."""

    def __init__(self, ae_title: str, host: str, port: int, deadline: float = 30.0) -> None:
        """Raises OSError where the port cannot be listened on; port 0 takes a free one."""
        self.ae_title = ae_title
        self.deadline = deadline
        self.idle = max(SHORTEST_IDLE, 4 * deadline)
        """Seconds without a message after which an association is aborted."""
        self._inbox = Inbox()
        self._stopping = False
        self._reported: list[Reported] = []
        self._open: dict[Association, Incoming] = {}
        self._changed = threading.Condition()
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.host, self.port = host, port
        self._listener, self._thread = self._listen()
        self.host, self.port = self._listener.getsockname()[:2]

    @contextlib.contextmanager
    def inbox(
        self,
        recorder: Recorder | None = None,
        status_of: StatusOf = success,
        answer: AnswerOf = prefer_given_order,
        on_release: OnRelease | None = None,
        sink_of: SinkOf | None = None,
    ) -> Iterator[Inbox]:
        """What arrives from now on goes into this inbox.

        Associations of an earlier inbox that the product keeps open for reuse are aborted first, so that this
        one is answered as its scenario wants.  Raises what went wrong in the harness meanwhile.
        """
        mine = Inbox(status_of, answer, recorder, sink_of, on_release)
        with self._changed:
            before, self._inbox = self._inbox, mine
        self._cut(_LINGER, except_for=mine)
        try:
            yield mine
        finally:
            with self._changed:
                self._inbox = before
        if mine.faults:
            raise mine.faults[0]

    def wait_for_reports(self, condition: Callable[[Sequence[Reported]], bool], seconds: float) -> bool:
        """Wait until the condition holds for every N-EVENT-REPORT that ever came, in whichever inbox."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._reported), seconds)

    @contextlib.contextmanager
    def unreachable(self) -> Iterator[None]:
        """Nobody listens at the destination's address for a while."""
        self._deafen()
        self._cut(_LINGER)
        try:
            yield
        finally:
            self._listener, self._thread = self._listen()

    def stop(self) -> None:
        """Stop listening and cut what is still open."""
        with self._changed:
            self._stopping = True
        self._deafen()
        self._cut(0.0)

    def _deafen(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(self.deadline)

    def _cut(self, linger: float, except_for: Inbox | None = None) -> None:
        """Abort what is open still after `linger` seconds, but for the associations of one inbox."""

        def others() -> list[Association]:
            spared = [] if except_for is None else except_for.associations
            return [one for one, incoming in self._open.items() if not any(incoming is i for i in spared)]

        with self._changed:
            self._changed.wait_for(lambda: not others(), linger)
            for association in others():
                self._open[association].ending = Ending.OURS
                # The association's own thread reads and writes through its buffers: these bytes and the
                # shutdown, which wakes that thread, go past them.
                sock = association.connection.sock
                with contextlib.suppress(OSError):
                    sock.send(Abort(2, 0).encode())
                    sock.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> tuple[socket.socket, threading.Thread]:
        listener = socket.create_server((self.host, self.port), family=self._family, backlog=64)
        thread = threading.Thread(
            target=self._accept, args=(listener,), name=f"destination-{self.ae_title}", daemon=True
        )
        thread.start()
        return listener, thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with self._changed:
            inbox = self._inbox
        try:
            association = Association.accept(
                sock, self._answer(inbox), deadline=self.deadline, recorder=inbox.recorder
            )
        except DimseError as error:
            inbox.note(lambda error=error: inbox.troubles.append(error))  # type: ignore[misc]
            sock.close()
            return
        if not association.established:
            association.close()
            return
        incoming = Incoming(association.request)
        number = len(inbox.associations)

        def opened() -> None:
            nonlocal number
            number = len(inbox.associations)
            inbox.associations.append(incoming)

        inbox.note(opened)
        with self._changed:
            self._open[association] = incoming
        ending = Ending.OURS
        try:
            ending = self._converse(association, inbox, number)
        except Exception as fault:  # noqa: BLE001 - a scenario's callback: raised again by `inbox`
            inbox.note(lambda fault=fault: inbox.faults.append(fault))  # type: ignore[misc]
            association.abort()
        finally:
            with self._changed:
                del self._open[association]
                if incoming.ending is Ending.OPEN:
                    incoming.ending = ending
                self._changed.notify_all()
            inbox.note(lambda: None)
            association.close()

    def _answer(self, inbox: Inbox) -> AnswerOf:
        def answer(request: AssociateRequest) -> AssociateAccept | AssociateReject | Abort:
            inbox.note(lambda: inbox.requests.append(request))
            return inbox.answer(request)

        return answer

    def _converse(self, association: Association, inbox: Inbox, number: int) -> Ending:
        """Answer messages until the association ends; how it does."""
        try:
            while self._respond(
                association,
                association.receive_message(deadline=self.idle, sink_of=inbox.sink_of),
                inbox,
                number,
            ):
                pass
        except ReleaseRequested:
            if inbox.on_release is not None:
                return inbox.on_release(association)
            with contextlib.suppress(DimseError):
                association.confirm_release()
            return Ending.RELEASED
        except (MisuseError, NoAnswer):
            # A data set beyond our bounds, or an association kept for longer than we wait.
            association.abort()
            return Ending.OURS
        except PeerViolation as error:
            cut = isinstance(error, ConnectionClosed)
            with self._changed:
                ours = self._open[association].ending is Ending.OURS or self._stopping
            if not ours:
                inbox.note(lambda error=error: inbox.troubles.append(error))  # type: ignore[misc]
            association.abort()
            if isinstance(error, PeerAborted):
                return Ending.ABORTED
            return Ending.CUT if cut else Ending.OURS
        association.abort()
        return Ending.OURS

    def _respond(self, association: Association, message: Message, inbox: Inbox, number: int) -> bool:
        """Answer one message; False where the scenario wants the association to be aborted instead."""
        field_ = message.command.require("CommandField")
        if field_ == Command.C_STORE_RQ:
            item = received_from(association, message, number)
            inbox.note(lambda: inbox.received.append(item))
            status = inbox.status_of(item)
            if status is None:
                return False
            association.send_message(message.context_id, store_response(item, status))
        elif field_ == Command.C_ECHO_RQ:
            response = CommandSet.of(
                AffectedSOPClassUID=message.command.string("AffectedSOPClassUID"),
                CommandField=int(Command.C_ECHO_RSP),
                MessageIDBeingRespondedTo=message.command.integer("MessageID"),
                CommandDataSetType=NO_DATA_SET,
                Status=0,
            )
            association.send_message(message.context_id, response)
        elif field_ == Command.N_EVENT_REPORT_RQ:
            syntax = association.accepted_contexts[message.context_id].transfer_syntax
            association.send_message(message.context_id, event_response(message.command))
            report = Reported(message.command, message.dataset, syntax)
            with self._changed:
                self._reported.append(report)
                self._changed.notify_all()
            inbox.note(lambda: inbox.reports.append(report))
        else:
            raise PeerViolation(
                "PS3.4 C.4.2", "C-STORE-RQ on the association of the sub-operations", message.command.name
            )
        return True
