"""Whose message is it?  Questions to an arrival, by what the harness knows of its own doing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.dimse.errors import DecodeError
from harness.dimse.walker import walk
from harness.security.audit.kinds import (
    APPLICATION_ACTIVITY,
    BEGIN_TRANSFERRING,
    DATA_EXPORT,
    DATA_IMPORT,
    DESTINATION,
    INSTANCES_ACCESSED,
    INSTANCES_TRANSFERRED,
    QUERY,
    SECURITY_ALERT,
    SOURCE,
    START,
    USER_AUTHENTICATION,
)
from harness.security.audit.message import AuditMessage, Subject
from harness.security.audit.trail import Arrival

Question = Callable[[Arrival], bool]

_BROUGHT = (INSTANCES_TRANSFERRED, DATA_IMPORT, INSTANCES_ACCESSED)
"""How it may be told that objects came.  Begin Transferring says what is meant to be, not what became of
it."""
_SENT = (BEGIN_TRANSFERRING, INSTANCES_TRANSFERRED, DATA_EXPORT, INSTANCES_ACCESSED)
"""How it may be told that objects went out: a sender need not know how that ended."""


def brought(study_uid: str) -> Question:
    """Objects of the study were received."""
    return lambda arrival: _is(arrival, _BROUGHT) and study_uid in _message(arrival).studies


def sent(study_uid: str, *, stored_by: str) -> Question:
    """Objects of the study were sent; asked of messages that came after they were requested.

    One that has the AE title as source who had stored them is late, and about that.
    """
    return lambda arrival: (
        _is(arrival, _SENT)
        and study_uid in _message(arrival).studies
        and stored_by not in _names(_message(arrival), SOURCE)
    )


def asked(value: str) -> Question:
    """There was a query that has this value as a key."""
    wanted = value.encode()
    return lambda arrival: (
        _is(arrival, (QUERY,)) and any(wanted in (one.query or b"") for one in _message(arrival).subjects)
    )


def refused(*marks: str, address: str) -> Question:
    """Somebody was refused who named himself so, or who came from that address."""

    def is_it(arrival: Arrival) -> bool:
        if not _is(arrival, (SECURITY_ALERT, USER_AUTHENTICATION)):
            return False
        message = _message(arrival)
        places = [one.address for one in message.participants] + [one.id for one in message.subjects]
        return address in places or any(map(arrival.mentions, marks))

    return is_it


def started(arrival: Arrival) -> bool:
    """The product has started."""
    return _is(arrival, (APPLICATION_ACTIVITY,)) and any(
        code.is_dicom(START) for code in _message(arrival).types
    )


def is_changed_over(message: AuditMessage, title: str) -> bool:
    """Whether who sent is told as who received.

    A participant need not name its AE title: where neither does, nothing can be said.
    """
    return title in _names(message, DESTINATION) and title not in _names(message, SOURCE)


def query_faults(query: Subject, sop_class: str, identifier: bytes, syntax: str) -> list[str]:
    """Where the query of a message is another than the one that was sent (A.5.3.10)."""
    found = []
    if query.id != sop_class:
        found.append(f"the SOP class is {query.id or 'absent'}, not {sop_class}")
    told = next((value for name, value in query.details if "".join(name.split()).casefold() == _SYNTAX), b"")
    named = told.decode("ascii", "replace").strip("\0 ")
    try:
        # Without its transfer syntax, which is a fault of its own, the one it was sent in is the best guess.
        there = _elements(query.query or b"", named or syntax)
    except DecodeError as error:
        return [*found, f"the query cannot be read in transfer syntax {named or syntax}: {error}"]
    lost = [tag for tag, value in _elements(identifier, syntax).items() if there.get(tag) != value]
    shown = ", ".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in lost[:5])
    return [*found, f"keys are missing or others than in the request: {shown}"] if lost else found


_SYNTAX = "transfersyntax"


def _elements(data_set: bytes, syntax: str) -> dict[int, bytes]:
    """Values of a query's keys without padding; group lengths and sequences aside."""
    return {
        element.tag: bytes(element.value).rstrip(b"\0 ")
        for element in walk(data_set, syntax)
        if element.parent is None and not element.is_sequence and element.tag & 0xFFFF
    }


def _names(message: AuditMessage, role: str) -> frozenset[str]:
    return frozenset(title for one in message.with_role(role) for title in one.titles)


def _is(arrival: Arrival, events: Iterable[str]) -> bool:
    return arrival.message is not None and arrival.message.is_event(*events)


def _message(arrival: Arrival) -> AuditMessage:
    assert arrival.message is not None
    return arrival.message
