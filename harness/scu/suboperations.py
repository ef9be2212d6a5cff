"""The C-STORE-RQs of sub-operations: what they name, their priority (PS3.7 9.3.1.1, PS3.4 C.4.2.1.2)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.dimse.command import Command
from harness.dimse.errors import MisuseError, NoAnswer
from harness.scu.inbox import Received
from harness.scu.retrieved import named_in
from harness.scu.status import PENDING, is_request

_PENDING_LIMIT = 100


def mislabelled(received: Sequence[Received]) -> str:
    """The first request that names another object than it carries, or stands on another class's context.

    Affected SOP Class and Instance UID are those of the data set (PS3.7 9.1.1.1).  Empty where there is none.
    """
    for item in received:
        sop_class, uid = named_in(item)
        named = f"C-STORE-RQ names {item.sop_class}, {item.sop_instance_uid}"
        if (sop_class, uid) != (item.sop_class, item.sop_instance_uid):
            return f"{named}; its data set {sop_class or 'no class'}, {uid or 'no instance'}"
        if item.abstract_syntax != item.sop_class:
            return f"{named} on a context of {item.abstract_syntax}"
    return ""


def ill_prioritised(received: Sequence[Received]) -> str:
    """How the sub-operations of one retrieval have not all one priority, one of the three, in words."""
    priorities = {item.command.integer("Priority") for item in received}
    if len(priorities) > 1:
        return f"priorities {', '.join(map(str, sorted(priorities)))} within one retrieval"
    return "" if priorities <= {0, 1, 2} else f"priority {priorities.pop()}"


def came_in(received: Sequence[Received]) -> str:
    """The transfer syntax of what arrived, in words."""
    return "sent in " + (", ".join(sorted({item.transfer_syntax for item in received})) or "none")


def sent_ahead(received: Received, seconds: float) -> str:
    """What comes, before so many seconds without a message, while this object is unanswered; in words.

    Without an agreed window nothing may but the pending responses of a C-GET (PS3.7 A.4, D.3.3.3).  To be
    asked by what answers the object.
    """
    association = received.carrier
    if association is None:
        raise MisuseError("an object of no association: nothing can come on that")
    for _ in range(_PENDING_LIMIT):
        try:
            command = association.receive_message(deadline=seconds).command
        except NoAnswer:
            return ""
        if is_request(command, Command.C_STORE_RQ):
            return f"C-STORE-RQ {command.integer('MessageID')} came before the one ahead of it was answered"
        if command.get("Status") not in PENDING:
            return f"{command.name} came before a C-STORE-RQ ahead of it was answered"
    return f"{_PENDING_LIMIT} pending responses came within one sub-operation"
