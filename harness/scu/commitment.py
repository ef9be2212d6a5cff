"""Storage Commitment, Push Model, as SCU: N-ACTION, then N-EVENT-REPORT wherever it comes (PS3.4 J.3).

The result may come on the association of the request while that is open, or on one that the product opens
to the harness's destination; both are watched.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pydicom import Dataset

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import ConnectionClosed, PeerAborted, PeerViolation, ReleaseRequested
from harness.dimse.inbound import Message, aborted
from harness.dimse.pdu import Abort, PData, ReleaseRequest, ReleaseResponse
from harness.dimse.walker import Element, shown_tag, walk
from harness.scu.asking import ask
from harness.scu.identifier import keys_of
from harness.scu.inbox import Ending, Inbox, Incoming, Reported, event_response
from harness.scu.status import is_request, response_to
from harness.scu.uids import STORAGE_COMMITMENT_PUSH, STORAGE_COMMITMENT_PUSH_INSTANCE
from harness.synthesis import SyntheticInstance

REQUEST_COMMITMENT = 1
"""The only Action Type ID (PS3.4 table J.3-1)."""
ALL_COMMITTED, FAILURES_EXIST = 1, 2
"""Event Type IDs (PS3.4 table J.3-2)."""
NEXT_LOOK = 0.05
"""Seconds between two looks at the association of the request, while the destination is watched."""
_MESSAGES = 100
_TRANSACTION, _REFERENCED, _FAILED = 0x00081195, 0x00081199, 0x00081198
_NAMES = {_REFERENCED: "Referenced SOP Sequence", _FAILED: "Failed SOP Sequence"}
_CLASS, _INSTANCE, _REASON, _RETRIEVE_AE_TITLE = 0x00081150, 0x00081155, 0x00081197, 0x00080054


@dataclass(frozen=True, slots=True)
class Reference:
    """A SOP Instance in a request or its result."""

    sop_class: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A SOP Instance that is not committed, and Failure Reason (0008,1197) where the item has it."""

    reference: Reference
    reason: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """What one N-EVENT-REPORT says (PS3.4 table J.3-2)."""

    command: CommandSet
    event_type: int
    transaction_uid: str
    committed: tuple[Reference, ...]
    failed: tuple[Failure, ...]
    retrieve_ae_titles: tuple[int, int] = (0, 0)
    """How often (0008,0054) stands outside of the Referenced SOP Sequence, and within its items."""
    same_association: bool = False
    """Whether it came on the association of the request."""
    empty_sequences: tuple[str, ...] = ()
    """Names of those of its two sequences that are there and have no items."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every reference, committed ones first."""
        return (*self.committed, *(failure.reference for failure in self.failed))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request."""

    response: CommandSet
    results: tuple[Result, ...]
    overtaken: bool = False
    """Whether P-DATA came on the request's association while that was being released, and was lost."""
    is_pending: bool = False
    """Whether an association that the product opened for results was open still when the wait ended."""


def references_to(instances: Iterable[SyntheticInstance]) -> tuple[Reference, ...]:
    """References to these objects."""
    return tuple(Reference(one.sop_class, one.sop_instance_uid) for one in instances)


def action_information(transaction_uid: str | None, references: Sequence[Reference] | None) -> Dataset:
    """The Action Information of a request (PS3.4 table J.3-1); None leaves an attribute out."""
    information = keys_of(None, {})
    if transaction_uid is not None:
        information.TransactionUID = transaction_uid
    if references is not None:
        information.ReferencedSOPSequence = [
            keys_of(
                None,
                {"ReferencedSOPClassUID": one.sop_class, "ReferencedSOPInstanceUID": one.sop_instance_uid},
            )
            for one in references
        ]
    return information


@dataclass(frozen=True, slots=True)
class Action:
    """An N-ACTION-RQ (PS3.7 10.3.5.1): a request for commitment, or what is nearly one."""

    information: Dataset
    action_type: int = REQUEST_COMMITMENT
    sop_instance_uid: str = STORAGE_COMMITMENT_PUSH_INSTANCE
    message_id: int | None = None
    """None for the next of the association."""


def send_action(association: Association, action: Action) -> CommandSet:
    """Send it and read nothing; its command set.  NotAccepted."""
    return ask(
        association,
        STORAGE_COMMITMENT_PUSH,
        Command.N_ACTION_RQ,
        action.information,
        action.message_id,
        RequestedSOPClassUID=STORAGE_COMMITMENT_PUSH,
        RequestedSOPInstanceUID=action.sop_instance_uid,
        ActionTypeID=action.action_type,
    )


def request_commitment(association: Association, action: Action) -> tuple[CommandSet, list[Reported]]:
    """One N-ACTION, to its response; with reports that came ahead of that, which no clause forbids."""
    request = send_action(association, action)
    reports: list[Reported] = []
    for _ in range(_MESSAGES):
        message = association.receive_message()
        if not is_request(message.command, Command.N_EVENT_REPORT_RQ):
            return response_to(request, message), reports
        reports.append(_acknowledged(association, message))
    raise PeerViolation("PS3.7 10.1.4.2", "an N-ACTION-RSP", f"{_MESSAGES} N-EVENT-REPORTs")


def commit(
    association: Association,
    inbox: Inbox,
    transaction_uid: str,
    references: Sequence[Reference],
    *,
    within: float,
    release: bool,
    watch: Callable[[float], float] = lambda seconds: 0.0,
) -> Outcome:
    """Request commitment on an open association and await the result; ends the association.

    ``release`` ends it at once behind the response, so that the result needs an association of its own; else
    it stays open until a result has come on either.  ``watch`` gives, for the seconds that the first
    result took, how long to look for more.  A request that is refused has no result.
    """
    began = time.monotonic()
    overtaken = False
    action = Action(action_information(transaction_uid, references))
    response, early = request_commitment(association, action)
    if response.integer("Status") != 0:
        finish(association)
        return Outcome(response, ())
    here: list[Reported] = early
    if release:
        overtaken = _release(association)

    def more_than(count: int) -> Callable[[Inbox], bool]:
        return lambda _: len(_results(here, inbox.reports, transaction_uid, references)) > count

    end = began + within
    found: list[Result] = []
    while (left := end - time.monotonic()) > 0:
        if not association.closed:
            _look(association, here)
        pause = left if association.closed else min(left, NEXT_LOOK)
        if inbox.wait_for(more_than(len(found)), pause):
            if not found:
                end = time.monotonic() + watch(time.monotonic() - began)
            found = _results(here, inbox.reports, transaction_uid, references)
    finish(association)
    if not found and (wrong := inbox.violation()) is not None:
        raise wrong
    return Outcome(response, tuple(found), overtaken, any(map(_awaits_result, tuple(inbox.associations))))


def finish(association: Association) -> None:
    """Release what is open still; how that goes is for others to judge."""
    if not association.closed:
        with contextlib.suppress(PeerViolation):
            association.release()
        association.close()


def read_result(report: Reported, *, same_association: bool = False) -> Result:
    """What an N-EVENT-REPORT says.  PeerViolation where it lacks what tables 10.1-1 and J.3-2 demand."""
    transaction = ""
    titles = [0, 0]
    there: set[int] = set()
    items: dict[int, dict[int, list[Element]]] = {_REFERENCED: {}, _FAILED: {}}
    for element in walk(report.dataset or b"", report.transfer_syntax):
        if element.parent is None:
            there.add(element.tag)
            if element.tag == _TRANSACTION:
                transaction = _uid(element)
            titles[0] += element.tag == _RETRIEVE_AE_TITLE
            continue
        if element.is_item:
            if element.parent.parent is None and element.parent.tag in items:
                items[element.parent.tag].setdefault(element.index, [])
            continue
        sequence = element.parent.parent
        if sequence is not None and sequence.parent is None and sequence.tag in items:
            items[sequence.tag].setdefault(element.parent.index, []).append(element)
            titles[1] += sequence.tag == _REFERENCED and element.tag == _RETRIEVE_AE_TITLE
    return Result(
        report.command,
        report.command.integer("EventTypeID"),
        transaction,
        tuple(_reference(item) for item in items[_REFERENCED].values()),
        tuple(Failure(_reference(item), _reason(item)) for item in items[_FAILED].values()),
        (titles[0], titles[1]),
        same_association,
        tuple(name for tag, name in _NAMES.items() if tag in there and not items[tag]),
    )


def _awaits_result(incoming: Incoming) -> bool:
    asked = (context.abstract_syntax for context in incoming.request.contexts)
    return incoming.ending is Ending.OPEN and STORAGE_COMMITMENT_PUSH in asked


def _results(
    here: Sequence[Reported],
    elsewhere: Sequence[Reported],
    transaction_uid: str,
    references: Sequence[Reference],
) -> list[Result]:
    """The results that belong to a request: by its Transaction UID, or by what they refer to.

    The second way finds those that have the Transaction UID wrong.
    """
    asked = {one.sop_instance_uid for one in references}
    read = [
        replace(read_result(report), same_association=same)
        for reports, same in ((tuple(here), True), (tuple(elsewhere), False))
        for report in reports
    ]
    return [
        one
        for one in read
        if one.transaction_uid == transaction_uid
        or asked & {reference.sop_instance_uid for reference in one.references}
    ]


def _look(association: Association, reports: list[Reported]) -> None:
    """Take what has come on the request's association; close it where the product ends it."""
    association.connection.poll()
    if not association.connection.buffered and association.connection.end is None:
        return
    try:
        message = association.receive_message()
    except ReleaseRequested:
        association.confirm_release()
        return
    except (ConnectionClosed, PeerAborted):
        # To end an association is anybody's right; the result may come on another.
        association.close()
        return
    if not is_request(message.command, Command.N_EVENT_REPORT_RQ):
        raise PeerViolation("PS3.4 J.3.3", "N-EVENT-REPORT", message.command.name)
    reports.append(_acknowledged(association, message))


def _acknowledged(association: Association, message: Message) -> Reported:
    """Answer an N-EVENT-REPORT with Success; the report."""
    context = association.accepted_contexts[message.context_id]
    association.send_message(message.context_id, event_response(message.command))
    return Reported(message.command, message.dataset, context.transfer_syntax)


def _release(association: Association) -> bool:
    """A-RELEASE; whether P-DATA was under way, which is dropped then (PS3.8 9.2.3, Sta7)."""
    association.send_pdu(ReleaseRequest())
    overtaken = False
    for _ in range(_MESSAGES):
        pdu = association.receive_pdu()
        if isinstance(pdu, Abort):
            association.close()
            raise aborted(pdu, "A-RELEASE-RP")
        if isinstance(pdu, ReleaseResponse):
            break
        if isinstance(pdu, ReleaseRequest):
            association.send_pdu(ReleaseResponse())
        overtaken = overtaken or isinstance(pdu, PData)
    association.close()
    return overtaken


def _uid(element: Element) -> str:
    raw = bytes(element.value)
    try:
        return raw.decode("ascii").rstrip("\0 ")
    except UnicodeDecodeError:
        raise PeerViolation("PS3.5 9.1", f"a UID in {element.path}", repr(raw), raw) from None


def _reference(item: Sequence[Element]) -> Reference:
    found = {element.tag: _uid(element) for element in item if element.tag in (_CLASS, _INSTANCE)}
    for tag in (_CLASS, _INSTANCE):
        if not found.get(tag):
            raise PeerViolation(
                "PS3.4 J.3.3.1.1", f"{shown_tag(tag)} in every item of the result", "an item without it"
            )
    return Reference(found[_CLASS], found[_INSTANCE])


def _reason(item: Sequence[Element]) -> int | None:
    for element in item:
        if element.tag == _REASON:
            raw = bytes(element.value)
            if len(raw) != 2:
                raise PeerViolation("PS3.5 6.2", "Failure Reason (US) of 2 bytes", f"{len(raw)} bytes", raw)
            return int.from_bytes(raw, "big" if element.big else "little")
    return None
