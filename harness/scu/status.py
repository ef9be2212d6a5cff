"""DIMSE statuses by class (PS3.7 C) and the reading of a response."""

from __future__ import annotations

from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import PeerViolation
from harness.dimse.inbound import Message

SUCCESS = 0x0000
PENDING = (0xFF00, 0xFF01)
CANCEL = 0xFE00
MOVE_DESTINATION_UNKNOWN = 0xA801
SUB_OPERATIONS_FAILED = 0xB000


def is_warning(status: int) -> bool:
    """PS3.7 C.3 and C.4: 0001, 0107, 0116, and Bxxx."""
    return status in (0x0001, 0x0107, 0x0116) or status & 0xF000 == 0xB000


def was_done(status: int) -> bool:
    """Success, or a warning: the operation was performed (PS3.7 C.4)."""
    return status == SUCCESS or is_warning(status)


def is_failure(status: int) -> bool:
    """PS3.7 C.5: Axxx, Cxxx, and 01xx and 02xx but for the warnings among them."""
    if is_warning(status):
        return False
    return status & 0xF000 in (0xA000, 0xC000) or status & 0xFF00 in (0x0100, 0x0200)


def name_of(status: int) -> str:
    """``0xA700 (failure)``"""
    if status == SUCCESS:
        kind = "success"
    elif status in PENDING:
        kind = "pending"
    elif status == CANCEL:
        kind = "cancel"
    elif is_warning(status):
        kind = "warning"
    elif is_failure(status):
        kind = "failure"
    else:
        kind = "no status of the standard"
    return f"0x{status:04X} ({kind})"


def describe(command: CommandSet) -> str:
    """The status of a response, with the Error Comment where it has one."""
    status = command.get("Status")
    comment = command.get("ErrorComment")
    text = name_of(status) if isinstance(status, int) else "no Status"
    return f"{text}, Error Comment {comment!r}" if comment else text


def response_to(request: CommandSet, message: Message) -> CommandSet:
    """The command set of ``message``, which has to be a response to ``request``.

    Raises PeerViolation where it is another kind of command, answers another message, or has no
    Status (PS3.7 9.3 and 10.3: Command Field, Message ID Being Responded To and Status are mandatory).
    """
    command = message.command
    wanted = request.integer("CommandField") | 0x8000
    field = command.require("CommandField")
    if field != wanted:
        raise PeerViolation(
            "PS3.7 9.3", f"a response with Command Field 0x{wanted:04X}", f"Command Field 0x{field:04X}"
        )
    answered = command.require("MessageIDBeingRespondedTo")
    if answered != request["MessageID"]:
        raise PeerViolation(
            "PS3.7 9.3",
            f"Message ID Being Responded To {request['MessageID']}",
            f"Message ID Being Responded To {answered}",
        )
    command.require("Status")
    return command


def is_request(command: CommandSet, kind: Command) -> bool:
    """Whether the command set is a request of that kind."""
    return command.get("CommandField") == int(kind)
