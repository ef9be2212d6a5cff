"""C-GET as SCU: the objects arrive as C-STORE sub-operations on the same association (PS3.4 C.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydicom import Dataset

from harness.dimse.association import Association, SinkOf
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import PeerViolation
from harness.dimse.negotiation import RoleSelection
from harness.scu.asking import ask
from harness.scu.brought import Brought
from harness.scu.find import MAX_RESPONSES, cancel_request
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received, received_from, store_response, success
from harness.scu.progress import Progress
from harness.scu.retrieve import Retrieval
from harness.scu.session import Scu
from harness.scu.status import PENDING, is_request, response_to
from harness.scu.uids import UNCOMPRESSED, QueryLevel, Root
from harness.synthesis import SyntheticInstance


def storage_for(
    instances: Iterable[SyntheticInstance], *syntaxes: Sequence[str]
) -> list[tuple[str, Sequence[str]]]:
    """What has to be proposed to get these objects: for each class a context for each list of syntaxes.

    Without lists, one context in the uncompressed syntaxes.
    """
    classes = dict.fromkeys(instance.sop_class for instance in instances)
    return [(sop_class, offered) for sop_class in classes for offered in syntaxes or (UNCOMPRESSED,)]


def open_for_get(
    scu: Scu,
    root: Root,
    storage: Sequence[tuple[str, Sequence[str]]],
    *,
    roles: bool = True,
    calling: str | None = None,
    maximum_length: int | None = 65536,
) -> Association:
    """An association on which C-GET can bring objects of the storage classes in those transfer syntaxes.

    The requestor proposes itself as SCP of each class (PS3.7 D.3.3.4, PS3.4 C.5.3) unless ``roles`` is False.
    """
    classes = dict.fromkeys(sop_class for sop_class, _ in storage)
    return scu.open(
        root.get,
        *storage,
        calling=calling,
        maximum_length=maximum_length,
        roles=tuple(RoleSelection(sop_class, 0, 1) for sop_class in classes) if roles else (),
    )


def begin_get(association: Association, sop_class: str, identifier: Dataset) -> CommandSet:
    """Send one C-GET-RQ with these very keys and read nothing; its command set."""
    return ask(
        association, sop_class, Command.C_GET_RQ, identifier, AffectedSOPClassUID=sop_class, Priority=0
    )


def get_with(
    association: Association,
    sop_class: str,
    identifier: Dataset,
    *,
    status_of: Callable[[Received], int] = success,
    cancel_after: int | None = None,
    cancel_before_response: bool = False,
    sink_of: SinkOf | None = None,
) -> Brought:
    """One C-GET with these very keys; each object is answered with ``status_of`` it.

    ``sink_of`` takes data sets as they arrive; the objects are without theirs, then.

    C-CANCEL goes out after ``cancel_after`` objects (0: at once): behind the response to the last of them, or
    before it with ``cancel_before_response``, so that the sub-operation is still outstanding.
    """
    context = association.context_for(sop_class)
    request = begin_get(association, sop_class, identifier)
    progress = Progress(association)
    cancelled = False
    pending: list[CommandSet] = []
    data_sets: list[bytes] = []
    received: list[Received] = []
    while len(pending) + len(received) <= MAX_RESPONSES:
        if cancel_after is not None and not cancelled and len(received) >= cancel_after:
            association.send_message(context.id, cancel_request(request))
            cancelled = True
        message = association.receive_message(sink_of=sink_of)
        if is_request(message.command, Command.C_STORE_RQ):
            item = received_from(association, message)
            received.append(item)
            if cancel_before_response and not cancelled and len(received) == cancel_after:
                association.send_message(context.id, cancel_request(request))
                cancelled = True
            association.send_message(message.context_id, store_response(item, status_of(item)))
            continue
        response = response_to(request, message)
        if response.integer("Status") not in PENDING:
            retrieval = Retrieval(
                tuple(pending), response, message.dataset, context.transfer_syntax, tuple(data_sets)
            )
            return Brought(retrieval, tuple(received))
        progress.note((response, len(received)))
        pending.append(response)
        if message.dataset is not None:
            data_sets.append(message.dataset)
    raise PeerViolation("PS3.4 C.4.3.1", "an answer that ends", f"{len(pending)} pending responses")


def get(
    scu: Scu,
    root: Root,
    level: QueryLevel,
    storage: Sequence[tuple[str, Sequence[str]]],
    keys: Mapping[str, Any] | None = None,
    **more: Any,
) -> Brought:
    """One C-GET on an association of its own.  NotAccepted where the product lacks the model."""
    with open_for_get(scu, root, storage) as association:
        return get_with(association, root.get, keys_of(level, {**(keys or {}), **more}))
