"""C-MOVE as SCU (PS3.7 9.1.4, PS3.4 C.4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydicom import Dataset

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import PeerViolation
from harness.scu.asking import ask
from harness.scu.brought import Brought
from harness.scu.find import MAX_RESPONSES, cancel_request
from harness.scu.identifier import keys_of
from harness.scu.inbox import AnswerOf, StatusOf, prefer_given_order, success
from harness.scu.progress import Progress
from harness.scu.retrieve import Retrieval
from harness.scu.session import Scu
from harness.scu.status import PENDING, response_to
from harness.scu.uids import QueryLevel, Root

if TYPE_CHECKING:
    from harness.dimse.capture import Recorder
    from harness.scu.destination import Destination


def begin_move(
    association: Association,
    sop_class: str,
    destination: str,
    identifier: Dataset,
    *,
    message_id: int | None = None,
    priority: int = 0,
) -> CommandSet:
    """Send one C-MOVE-RQ with these very keys and read nothing; its command set, for `finish_move`."""
    return ask(
        association,
        sop_class,
        Command.C_MOVE_RQ,
        identifier,
        message_id,
        AffectedSOPClassUID=sop_class,
        Priority=priority,
        MoveDestination=destination,
    )


def cancel_move(association: Association, request: CommandSet) -> None:
    """Send C-CANCEL-RQ for a move that was begun (PS3.7 9.3.4.3)."""
    context = association.context_for(request.string("AffectedSOPClassUID"))
    association.send_message(context.id, cancel_request(request))


def finish_move(
    association: Association, request: CommandSet, *, cancel_after: int | None = None
) -> Retrieval:
    """Read the responses to a move that was begun, to the final one.

    C-CANCEL goes out after ``cancel_after`` pending responses (0: at once).
    """
    context = association.context_for(request.string("AffectedSOPClassUID"))
    progress = Progress(association)
    cancelled = False
    pending: list[CommandSet] = []
    data_sets: list[bytes] = []
    while True:
        if cancel_after is not None and not cancelled and len(pending) >= cancel_after:
            cancel_move(association, request)
            cancelled = True
        message = association.receive_message()
        response = response_to(request, message)
        if response.integer("Status") not in PENDING:
            return Retrieval(
                tuple(pending), response, message.dataset, context.transfer_syntax, tuple(data_sets)
            )
        progress.note(response)
        pending.append(response)
        if message.dataset is not None:
            data_sets.append(message.dataset)
        if len(pending) > MAX_RESPONSES:
            raise PeerViolation("PS3.4 C.4.2.1", "an answer that ends", f"{len(pending)} pending responses")


def move_with(
    association: Association,
    sop_class: str,
    destination: str,
    identifier: Dataset,
    *,
    cancel_after: int | None = None,
    message_id: int | None = None,
    priority: int = 0,
) -> Retrieval:
    """One C-MOVE with these very keys, to its final response."""
    request = begin_move(
        association, sop_class, destination, identifier, message_id=message_id, priority=priority
    )
    return finish_move(association, request, cancel_after=cancel_after)


def move(
    scu: Scu,
    root: Root,
    level: QueryLevel | None,
    destination: str,
    keys: Mapping[str, Any] | None = None,
    **more: Any,
) -> Retrieval:
    """One C-MOVE on an association of its own.  NotAccepted where the product lacks the model."""
    with scu.open(root.move) as association:
        return move_with(association, root.move, destination, keys_of(level, {**(keys or {}), **more}))


def move_to(
    scu: Scu,
    destination: Destination,
    recorder: Recorder,
    root: Root,
    level: QueryLevel | None,
    keys: Mapping[str, Any],
    *,
    status_of: StatusOf = success,
    answer: AnswerOf = prefer_given_order,
) -> Brought:
    """One C-MOVE to the harness's own destination, and what arrived there before its final response."""
    with destination.inbox(recorder, status_of=status_of, answer=answer) as inbox:
        retrieval = move(scu, root, level, destination.ae_title, keys)
    return Brought(retrieval, tuple(inbox.received))
