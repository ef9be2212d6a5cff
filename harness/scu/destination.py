"""The harness's own Storage SCP: where C-MOVE sends to and storage commitment reports to.

It takes every presentation context, keeps what it receives as the bytes that came, and answers with the
status that a scenario asks for.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import DimseError, MisuseError, ReleaseRequested
from harness.dimse.inbound import Message
from harness.dimse.negotiation import AnsweredContext
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest, accept_of
from harness.scu.echo import NO_DATA_SET
from harness.scu.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from harness.dimse.capture import Recorder


@dataclass(frozen=True, slots=True)
class Received:
    """One object of a C-STORE sub-operation."""

    sop_class: str
    sop_instance_uid: str
    transfer_syntax: str
    dataset: bytes
    command: CommandSet
    context_id: int


@dataclass(frozen=True, slots=True)
class Reported:
    """One N-EVENT-REPORT (PS3.7 10.1.1)."""

    command: CommandSet
    dataset: bytes | None
    transfer_syntax: str


def received_from(association: Association, message: Message) -> Received:
    """The object of a C-STORE-RQ.  PeerViolation where the request lacks what PS3.7 9.3.1.1 demands."""
    context = association.accepted_contexts[message.context_id]
    return Received(
        message.command.string("AffectedSOPClassUID"),
        message.command.string("AffectedSOPInstanceUID"),
        context.transfer_syntax,
        message.dataset or b"",
        message.command,
        message.context_id,
    )


def store_response(received: Received, status: int) -> CommandSet:
    """The C-STORE-RSP for an object (PS3.7 9.3.1.2)."""
    return CommandSet.of(
        AffectedSOPClassUID=received.sop_class,
        CommandField=int(Command.C_STORE_RSP),
        MessageIDBeingRespondedTo=received.command["MessageID"],
        CommandDataSetType=NO_DATA_SET,
        Status=status,
        AffectedSOPInstanceUID=received.sop_instance_uid,
    )


def prefer_given_order(request: AssociateRequest) -> AssociateAccept:
    """Accept every context in its first transfer syntax, but deflated only where nothing else is offered.

    Deflate is the one syntax that no checker of bytes wants when it has a choice.
    """
    answers = []
    for context in request.contexts:
        offered = [ts for ts in context.transfer_syntaxes if ts != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]
        syntaxes = offered or list(context.transfer_syntaxes) or [EXPLICIT_VR_LITTLE_ENDIAN]
        answers.append(AnsweredContext(context.id, 0, syntaxes[0]))
    return accept_of(request, tuple(answers))


@dataclass
class Inbox:
    """What arrived for one scenario, and how to answer it."""

    status_of: Callable[[Received], int] = lambda received: 0
    answer: Callable[[AssociateRequest], AssociateAccept | AssociateReject | Abort] = prefer_given_order
    recorder: Recorder | None = None
    received: list[Received] = field(default_factory=list)
    reports: list[Reported] = field(default_factory=list)
    requests: list[AssociateRequest] = field(default_factory=list)
    troubles: list[DimseError] = field(default_factory=list)
    """What the product did wrong on an association that it opened."""
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, condition: Callable[[Inbox], bool], seconds: float) -> bool:
        """Wait until the condition holds for this inbox; False where it does not within the time."""
        with self.arrived:
            return self.arrived.wait_for(lambda: condition(self), seconds)

    def note(self, add: Callable[[], None]) -> None:
        """Change the lists and wake those who wait for them."""
        with self.arrived:
            add()
            self.arrived.notify_all()


class Destination:
    """A listening Storage SCP with an AE title.  A thread per association, all of them ended by `stop`."""

    def __init__(self, ae_title: str, host: str, port: int, deadline: float = 30.0) -> None:
        """Raises OSError where the port cannot be listened on; port 0 takes a free one."""
        self.ae_title = ae_title
        self.deadline = deadline
        self._inbox = Inbox()
        self._stopping = threading.Event()
        self._associations: set[Association] = set()
        self._lock = threading.Lock()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=64)
        self.host, self.port = self._listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._listen, name=f"destination-{ae_title}", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def inbox(
        self,
        recorder: Recorder | None = None,
        status_of: Callable[[Received], int] = lambda received: 0,
        answer: Callable[[AssociateRequest], AssociateAccept | AssociateReject | Abort] = prefer_given_order,
    ) -> Iterator[Inbox]:
        """What arrives from now on goes into this inbox."""
        mine = Inbox(status_of=status_of, answer=answer, recorder=recorder)
        with self._lock:
            before, self._inbox = self._inbox, mine
        try:
            yield mine
        finally:
            with self._lock:
                self._inbox = before

    def stop(self) -> None:
        """Stop listening and cut what is still open."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            open_ones = list(self._associations)
        for association in open_ones:
            association.close()
        self._thread.join(self.deadline)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with self._lock:
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
        with self._lock:
            self._associations.add(association)
        try:
            self._converse(association, inbox)
        finally:
            with self._lock:
                self._associations.discard(association)
            association.close()

    def _answer(
        self, inbox: Inbox
    ) -> Callable[[AssociateRequest], AssociateAccept | AssociateReject | Abort]:
        def answer(request: AssociateRequest) -> AssociateAccept | AssociateReject | Abort:
            inbox.note(lambda: inbox.requests.append(request))
            return inbox.answer(request)

        return answer

    def _converse(self, association: Association, inbox: Inbox) -> None:
        try:
            while True:
                self._respond(association, association.receive_message(), inbox)
        except ReleaseRequested:
            with contextlib.suppress(DimseError):
                association.confirm_release()
        except MisuseError:
            association.abort()
        except DimseError as error:
            if not self._stopping.is_set():
                inbox.note(lambda error=error: inbox.troubles.append(error))  # type: ignore[misc]
            association.abort()

    def _respond(self, association: Association, message: Message, inbox: Inbox) -> None:
        field_ = message.command.require("CommandField")
        if field_ == Command.C_STORE_RQ:
            item = received_from(association, message)
            status = inbox.status_of(item)
            association.send_message(message.context_id, store_response(item, status))
            inbox.note(lambda: inbox.received.append(item))
        elif field_ == Command.C_ECHO_RQ:
            response = CommandSet.of(
                AffectedSOPClassUID=message.command["AffectedSOPClassUID"],
                CommandField=int(Command.C_ECHO_RSP),
                MessageIDBeingRespondedTo=message.command["MessageID"],
                CommandDataSetType=NO_DATA_SET,
                Status=0,
            )
            association.send_message(message.context_id, response)
        elif field_ == Command.N_EVENT_REPORT_RQ:
            syntax = association.accepted_contexts[message.context_id].transfer_syntax
            association.send_message(message.context_id, event_response(message.command))
            report = Reported(message.command, message.dataset, syntax)
            inbox.note(lambda: inbox.reports.append(report))
        else:
            raise MisuseError(f"the destination serves no command 0x{field_:04X}")


def event_response(request: CommandSet) -> CommandSet:
    """The N-EVENT-REPORT-RSP for a report (PS3.7 10.3.1.2)."""
    return CommandSet.of(
        AffectedSOPClassUID=request["AffectedSOPClassUID"],
        CommandField=int(Command.N_EVENT_REPORT_RSP),
        MessageIDBeingRespondedTo=request["MessageID"],
        CommandDataSetType=NO_DATA_SET,
        Status=0,
        AffectedSOPInstanceUID=request["AffectedSOPInstanceUID"],
        EventTypeID=request["EventTypeID"],
    )
