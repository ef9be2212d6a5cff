"""The C-STORE-RQs of sub-operations: what they name, their priority (PS3.7 9.3.1.1, PS3.4 C.4.2.1.2)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.scu.inbox import Received
from harness.scu.retrieved import named_in


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
