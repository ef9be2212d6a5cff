"""C-MOVE and C-GET as SCP, PS3.4 C.4.2 and C.4.3: sub-operations, their counts, and how they end."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from . import identifiers, messages, services, transcoding
from .attributes import Attribute, AttributeSet
from .audit import MINOR, SUCCESS, Transfer
from .config import Destination
from .encoding import Malformed, syntax_of
from .index import Instance
from .messages import Message, Source
from .requesting import CONTEXT_LIMIT, NotAssociated, close, open_association
from .sopclasses import QUERY_RETRIEVE
from .status import PENDING, UNABLE_TO_COUNT, UNKNOWN_DESTINATION, Answer, Refused

if TYPE_CHECKING:
    from .association import ArchiveAssociation
    from .server import Archive

LOGGER = logging.getLogger(__name__)
_FAILED_LIST = 0x00080058


@dataclass
class Progress:
    """Sub-operations so far. `reason` tells why the last one failed, in a few words."""

    remaining: int
    completed: int = 0
    failed: int = 0
    warning: int = 0
    failed_instances: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def done(self) -> int:
        """Sub-operations that ended."""
        return self.completed + self.failed + self.warning

    def count(self, instance: Instance, outcome: str, reason: str = "") -> None:
        """One sub-operation ended: `completed`, `warning` or `failed`."""
        self.remaining -= 1
        setattr(self, outcome, getattr(self, outcome) + 1)
        if outcome == "failed":
            self.failed_instances.append(instance.sop_instance)
            self.reason = reason or self.reason


class SubOperationFailed(Exception):
    """A C-STORE that couldn't be tried or wasn't answered."""


def retrieve(association: ArchiveAssociation, request: Message) -> None:
    """Answer a C-MOVE or C-GET to its end."""
    archive = association.archive
    is_move = request.field == messages.C_MOVE_RQ
    try:
        destination = _destination(association, request) if is_move else None
        instances = _selected(association, request)
    except Refused as refusal:
        services.reply(association, request, refusal.answer)
        return
    progress = Progress(len(instances))
    if destination is not None and archive.semantics.moves_elsewhere():
        answer = _move(association, request, destination, instances, progress)
    else:
        answer = _get(association, request, instances, progress)
    archive.audit.sent(association.caller, destination, _transfers(archive, instances, progress))
    if answer is not None:
        _final(association, request, progress, answer)


def _transfers(archive: Archive, instances: list[Instance], progress: Progress) -> list[Transfer]:
    """What went out, study by study; what failed of a study is told for itself (PS3.15 A.5.2)."""
    failed = set(progress.failed_instances)
    transfers: dict[tuple[str, str], Transfer] = {}
    for instance in instances[: progress.done]:
        outcome = MINOR if instance.sop_instance in failed else SUCCESS
        transfer = transfers.get((instance.study, outcome))
        if transfer is None:
            patient_id, name = archive.index.patient_of(instance.study)
            transfer = Transfer(instance.study, patient_id, name, outcome)
            transfers[instance.study, outcome] = transfer
        transfer.classes[instance.sop_class] += 1
    return list(transfers.values())


def _destination(association: ArchiveAssociation, request: Message) -> Destination:
    title = str(request.command.get("MoveDestination", "") or "").strip()
    destination = association.archive.semantics.destination(title)
    if destination is None:
        raise Refused(UNKNOWN_DESTINATION, f"move destination {title!r} isn't configured")
    return destination


def _selected(association: ArchiveAssociation, request: Message) -> list[Instance]:
    archive = association.archive
    semantics = archive.semantics
    misbehaviour = archive.config.misbehaviour
    status = misbehaviour.move_status if request.field == messages.C_MOVE_RQ else misbehaviour.get_status
    if status is not None:
        raise Refused(status, "asked to answer so")
    context = association._accepted_cx[request.context_id]
    root, _ = QUERY_RETRIEVE[str(context.abstract_syntax)]
    data = request.data if isinstance(request.data, bytes) else None
    identifier, _ = identifiers.decode(data, str(context.transfer_syntax[0]))
    level = semantics.level_of_request(root, identifier)
    relational = association.extended.get(str(context.abstract_syntax), b"")[:1] == b"\1"
    selection = semantics.retrieve_selection(root, level, identifier, relational)
    instances = semantics.to_send(archive.index.instances(selection))
    if len(instances) > 0xFFFF:
        raise Refused(UNABLE_TO_COUNT, "more than 65535 sub-operations: ask for less at a time")
    return instances


def _final(association: ArchiveAssociation, request: Message, progress: Progress, answer: Answer) -> None:
    """The final response; a list of failed instances only if there are any (C.4.2.1.4.2)."""
    semantics = association.archive.semantics
    syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
    uids = semantics.failed_list(progress)
    data = None
    if uids:
        attribute = Attribute("UI", _fitting(uids, explicit=not syntax_of(syntax).implicit))
        data = identifiers.encode(AttributeSet({_FAILED_LIST: attribute}), (), syntax)
    counts = semantics.counts(progress, final=True, status=answer.status)
    services.reply(association, request, answer, data, counts)


def _fitting(uids: tuple[str, ...], *, explicit: bool) -> tuple[str, ...]:
    """As many UIDs as an explicit VR UI can hold (65,534 bytes, PS3.5 7.1.2)."""
    if not explicit:
        return uids
    size = 0
    for number, uid in enumerate(uids):
        size += len(uid) + 1
        if size > 0xFFFE:
            return uids[:number]
    return uids


def _pending(association: ArchiveAssociation, request: Message, progress: Progress) -> None:
    semantics = association.archive.semantics
    if progress.remaining > 0 and semantics.sends_pending():
        counts = semantics.counts(progress, final=False, status=PENDING)
        services.reply(association, request, Answer(PENDING), None, counts)


# -- C-GET -----------------------------------------------------------------------------------------


def _get(
    association: ArchiveAssociation, request: Message, instances: list[Instance], progress: Progress
) -> Answer | None:
    """Send all on the association of the request; None if that is gone (C.4.3.3.1)."""
    semantics = association.archive.semantics
    for number, instance in enumerate(instances):
        if semantics.obeys_cancel() and association.dimse.is_cancelled(request):
            return semantics.cancelled()
        may_send = semantics.may_send(association.roles.get(instance.sop_class))
        taken = _contexts(association, instance.sop_class) if may_send else {}
        message_id = (request.message_id + number + 1) % 0x10000
        _one(association, request, instance, progress, taken, _store_command(request, instance, message_id))
        if not association.is_open:
            return None
        _pending(association, request, progress)
    return (
        semantics.cancelled()
        if _late_cancel(association, request, progress)
        else semantics.retrieve_final(progress)
    )


def _late_cancel(association: ArchiveAssociation, request: Message, progress: Progress) -> bool:
    """A cancel that came when everything was sent already changes nothing."""
    return association.dimse.is_cancelled(request) and progress.remaining > 0


# -- C-MOVE ----------------------------------------------------------------------------------------


def _move(
    association: ArchiveAssociation,
    request: Message,
    destination: Destination,
    instances: list[Instance],
    progress: Progress,
) -> Answer | None:
    """Send all to the destination; None if the requestor is gone (C.4.2.3.1)."""
    archive = association.archive
    waiting = list(instances)
    while waiting:
        batch, contexts = _batch(archive, waiting)
        del waiting[: len(batch)]
        try:
            outgoing = open_association(archive, destination, contexts)
        except NotAssociated as error:
            LOGGER.warning("%s", error)
            for instance in (*batch, *waiting):
                progress.count(instance, "failed", f"{destination.ae_title} took no association")
            break
        try:
            ended = _send_batch(association, outgoing, request, batch, progress)
        finally:
            close(outgoing)
        if not association.is_open:
            return None
        if ended:
            return archive.semantics.cancelled()
    return archive.semantics.retrieve_final(progress)


def _batch(
    archive: Archive, waiting: list[Instance]
) -> tuple[list[Instance], list[tuple[str, tuple[str, ...]]]]:
    """As many objects as 128 contexts can carry, and these contexts."""
    contexts: dict[tuple[str, tuple[str, ...]], None] = {}
    batch: list[Instance] = []
    for instance in waiting:
        needed = {
            (instance.sop_class, syntaxes): None
            for syntaxes in archive.semantics.proposed_syntaxes(instance.transfer_syntax)
        }
        if len(contexts | needed) > CONTEXT_LIMIT:
            break
        contexts |= needed
        batch.append(instance)
    return batch, list(contexts)


def _send_batch(
    association: ArchiveAssociation,
    outgoing: ArchiveAssociation,
    request: Message,
    batch: list[Instance],
    progress: Progress,
) -> bool:
    """True if a cancel ended it."""
    title = association.caller.calling
    for instance in batch:
        if association.archive.semantics.obeys_cancel() and association.dimse.is_cancelled(request):
            return True
        if not association.is_open:
            return False
        if not outgoing.is_open:
            progress.count(instance, "failed", "the destination ended the association")
            continue
        command = _store_command(request, instance, progress.done % 0xFFFF + 1)
        command.MoveOriginatorApplicationEntityTitle = title
        command.MoveOriginatorMessageID = request.message_id
        _one(outgoing, request, instance, progress, _contexts(outgoing, instance.sop_class), command)
        _pending(association, request, progress)
    return False


# -- sub-operations --------------------------------------------------------------------------------


def _store_command(request: Message, instance: Instance, message_id: int) -> Dataset:
    return messages.command_set(
        {
            0x0002: instance.sop_class,
            0x0100: messages.C_STORE_RQ,
            0x0110: message_id,
            # C.4.2.1.2: the same priority for all sub-operations.
            0x0700: int(request.values.get(0x0700, 0)),
            0x0800: messages.DATA_SET,
            0x1000: instance.sop_instance,
        }
    )


def _contexts(association: ArchiveAssociation, sop_class: str) -> dict[str, int]:
    """Accepted contexts of a class: context ID by transfer syntax."""
    return {
        str(context.transfer_syntax[0]): number
        for number, context in association._accepted_cx.items()
        if str(context.abstract_syntax) == sop_class
    }


def _one(
    carrier: ArchiveAssociation,
    request: Message,
    instance: Instance,
    progress: Progress,
    contexts: dict[str, int],
    command: Dataset,
) -> None:
    """One C-STORE sub-operation, counted."""
    archive = carrier.archive
    every = archive.config.misbehaviour.fail_every
    if every and (progress.done + 1) % every == 0:
        progress.count(instance, "failed", "asked to fail now and then")
        return
    try:
        status = _store(carrier, instance, contexts, archive.semantics.store_request(command))
    except (SubOperationFailed, transcoding.NotConvertible, Malformed, OSError) as error:
        LOGGER.warning("%s isn't sent: %s", instance.sop_instance, error)
        # An error of the system names the file, which is nobody's business but the log's.
        words = "its file can't be read" if isinstance(error, OSError) else str(error)
        progress.count(instance, "failed", words)
        return
    progress.count(instance, archive.semantics.outcome_of(status), f"C-STORE was answered {status:04X}H")


def _store(
    carrier: ArchiveAssociation, instance: Instance, contexts: dict[str, int], command: Dataset
) -> int:
    """Send one object; the status it's answered with. Raises SubOperationFailed, NotConvertible, OSError."""
    archive = carrier.archive
    syntax = archive.semantics.sending_syntax(instance.transfer_syntax, tuple(contexts))
    if syntax is None:
        raise SubOperationFailed("no presentation context for it was accepted")
    path = archive.storage.root / instance.path
    with contextlib.ExitStack() as opened:
        source: Source
        length: int | None = None
        if syntax == instance.transfer_syntax:
            file = opened.enter_context(path.open("rb"))
            length = max(0, file.seek(0, os.SEEK_END) - instance.offset)
            file.seek(instance.offset)
            source = file
        else:
            pieces = transcoding.convert(path, instance.offset, instance.transfer_syntax, syntax)
            converted = opened.enter_context(_Pieces(pieces, archive, instance))
            converted.peek_first()
            source = converted
        try:
            carrier.dimse.send_from(contexts[syntax], command, source, length)
        except (Malformed, OSError):
            carrier.abort()  # half a data set has gone out, and nothing can follow it
            raise
    return _status_of(carrier, int(command.MessageID), archive.config.operation_timeout)


def _status_of(carrier: ArchiveAssociation, message_id: int, timeout: float) -> int:
    """Wait for the response to a sub-operation; requests that come meanwhile are served afterwards."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0 and carrier.is_open:
        message = carrier.dimse.wait(min(left, 0.2))
        if message is None:
            continue
        if not message.is_response:
            carrier.deferred.append(message)
            continue
        if int(message.values.get(0x0120, -1)) == message_id:
            status = message.values.get(0x0900)
            if status is None:
                raise SubOperationFailed("the C-STORE response has no status")
            return int(status)
        LOGGER.warning(
            "response to message %s, which isn't outstanding",
            message.values.get(0x0120),
        )
    if carrier.is_open:
        carrier.abort()
        raise SubOperationFailed(f"no C-STORE response within {timeout:g} s")
    raise SubOperationFailed("the association ended within the sub-operation")


class _Pieces:
    """An iterator of bytes, read like a file."""

    def __init__(self, pieces: Iterator[bytes], archive: Archive, instance: Instance) -> None:
        self._pieces, self._archive, self._instance = pieces, archive, instance
        self._buffer = bytearray()

    def __enter__(self) -> _Pieces:
        return self

    def __exit__(self, *_: object) -> None:
        getattr(self._pieces, "close", lambda: None)()

    def peek_first(self) -> None:
        """Convert the beginning, so that what can't be converted fails before anything is sent."""
        self._fill(1)

    def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._buffer += self._archive.semantics.sent_bytes(self._instance, piece)

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer at the end only."""
        self._fill(size)
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
