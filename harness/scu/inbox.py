"""What arrives at a move destination, and how it is answered: one `Inbox` for a scenario."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.dimse.association import Association, SinkOf
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import ConnectionClosed, DimseError, PeerAborted, PeerViolation
from harness.dimse.inbound import Message
from harness.dimse.negotiation import DEFAULT_MAXIMUM_LENGTH, AnsweredContext, ContextResult, UserInformation
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest, accept_of
from harness.scu.echo import NO_DATA_SET
from harness.scu.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN

if TYPE_CHECKING:
    from harness.dimse.capture import Recorder


@dataclass(frozen=True, slots=True)
class Received:
    """One object of a C-STORE sub-operation.  ``association`` counts the inbox's associations from 0."""

    sop_class: str
    sop_instance_uid: str
    transfer_syntax: str
    dataset: bytes = field(repr=False)
    command: CommandSet
    context_id: int
    abstract_syntax: str = ""
    """That of the presentation context it came on."""
    association: int = 0
    carrier: Association | None = field(default=None, repr=False, compare=False)
    """The association itself; to be used by who answers the object, before that is answered."""


@dataclass(frozen=True, slots=True)
class Reported:
    """One N-EVENT-REPORT (PS3.7 10.1.1)."""

    command: CommandSet
    dataset: bytes | None
    transfer_syntax: str


class Ending(enum.Enum):
    """How an association that the product opened has ended."""

    OPEN = "is still open"
    RELEASED = "was released"
    ABORTED = "was aborted by the product"
    CUT = "was cut without A-RELEASE"
    OURS = "was ended by the harness"


@dataclass
class Incoming:
    """An association that the product opened to the destination."""

    request: AssociateRequest
    ending: Ending = Ending.OPEN


StatusOf = Callable[["Received"], "int | None"]
"""The status with which an object is answered; None answers nothing and aborts the association."""
AnswerOf = Callable[[AssociateRequest], "AssociateAccept | AssociateReject | Abort"]
OnRelease = Callable[[Association], Ending]
"""Answers the product's A-RELEASE-RQ in a way of its own; how the association ended."""


def success(received: Received) -> int:
    """Every object is taken."""
    return 0


def received_from(association: Association, message: Message, number: int = 0) -> Received:
    """The object of a C-STORE-RQ.  PeerViolation where the request lacks what PS3.7 9.3.1.1 demands."""
    context = association.accepted_contexts[message.context_id]
    message.command.integer("MessageID")
    return Received(
        message.command.string("AffectedSOPClassUID"),
        message.command.string("AffectedSOPInstanceUID"),
        context.transfer_syntax,
        message.dataset or b"",
        message.command,
        message.context_id,
        context.abstract_syntax,
        number,
        association,
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


def event_response(request: CommandSet) -> CommandSet:
    """The N-EVENT-REPORT-RSP for a report (PS3.7 10.3.1.2)."""
    return CommandSet.of(
        AffectedSOPClassUID=request.string("AffectedSOPClassUID"),
        CommandField=int(Command.N_EVENT_REPORT_RSP),
        MessageIDBeingRespondedTo=request.integer("MessageID"),
        CommandDataSetType=NO_DATA_SET,
        Status=0,
        AffectedSOPInstanceUID=request.string("AffectedSOPInstanceUID"),
        EventTypeID=request.integer("EventTypeID"),
    )


def answering(
    *,
    classes: Collection[str] | None = None,
    syntaxes: Collection[str] | None = None,
    maximum_length: int = DEFAULT_MAXIMUM_LENGTH,
) -> AnswerOf:
    """How a destination answers that takes these SOP classes and transfer syntaxes; None takes them all.

    Of the syntaxes of a context the first that it takes is accepted, deflated only where there is no other:
    it is the one that no checker of bytes wants when it has a choice.
    """

    def answer(request: AssociateRequest) -> AssociateAccept:
        answers = []
        for context in request.contexts:
            offered = context.transfer_syntaxes or (EXPLICIT_VR_LITTLE_ENDIAN,)
            taken = [syntax for syntax in offered if syntaxes is None or syntax in syntaxes]
            taken.sort(key=lambda syntax: syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
            result = ContextResult.ACCEPTANCE
            if classes is not None and context.abstract_syntax not in classes:
                result = ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
            elif not taken:
                result = ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
            answers.append(AnsweredContext(context.id, int(result), (taken or list(offered))[0]))
        # Every role that the product offers is accepted: N-EVENT-REPORT comes from an SCP (PS3.7 D.3.3.4).
        user = UserInformation(maximum_length=maximum_length, roles=request.user.roles)
        return accept_of(request, tuple(answers), user)

    return answer


prefer_given_order = answering()


def refuse_permanently(request: AssociateRequest) -> AssociateReject:
    """Answer with A-ASSOCIATE-RJ: permanent, by the service user, no reason given (PS3.8 9.3.4)."""
    return AssociateReject(1, 1, 1)


@dataclass
class Inbox:
    """What arrived for one scenario, and how to answer it."""

    status_of: StatusOf = success
    answer: AnswerOf = prefer_given_order
    recorder: Recorder | None = None
    sink_of: SinkOf | None = None
    """Where data sets go as they arrive, instead of into `received` (which then has them empty)."""
    on_release: OnRelease | None = None
    """What to do with an A-RELEASE-RQ instead of the affirmative answer."""
    received: list[Received] = field(default_factory=list)
    """Objects, in order of arrival; each is here before it is answered."""
    reports: list[Reported] = field(default_factory=list)
    requests: list[AssociateRequest] = field(default_factory=list)
    associations: list[Incoming] = field(default_factory=list)
    """Those that were established."""
    troubles: list[DimseError] = field(default_factory=list)
    """What the product did wrong on an association that it opened."""
    faults: list[Exception] = field(default_factory=list)
    """What went wrong in the harness itself; raised when the inbox is closed."""
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

    def uids(self) -> list[str]:
        """The SOP Instance UIDs that arrived, in order."""
        with self.arrived:
            return [item.sop_instance_uid for item in self.received]

    def violation(self) -> PeerViolation | None:
        """The first illegal thing that the product sent; the end of an association is none."""
        with self.arrived:
            for trouble in self.troubles:
                if isinstance(trouble, PeerViolation) and not isinstance(
                    trouble, PeerAborted | ConnectionClosed
                ):
                    return trouble
        return None
