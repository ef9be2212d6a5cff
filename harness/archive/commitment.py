"""Storage Commitment, Push Model, as SCP: PS3.4 J.3.

The result goes out on the association of the request if that stays open, else on a new one to the caller's
configured address, with the SCP role negotiated (J.3.3.1.2). What is owed when the archive stops is sent
after its next start.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pynetdicom.pdu_primitives import A_RELEASE

from . import encoding, identifiers, messages, services
from .attributes import Attribute, AttributeSet
from .config import Destination
from .index import Instance
from .messages import Message
from .owed import Owed
from .requesting import NotAssociated, close, open_association
from .sopclasses import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, is_uid
from .status import (
    INVALID_ARGUMENT,
    NO_SUCH_ACTION,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    RESOURCE_LIMITATION,
    SUCCESS,
    Answer,
    Refused,
)

if TYPE_CHECKING:
    from .association import ArchiveAssociation
    from .server import Archive

LOGGER = logging.getLogger(__name__)
_TRANSACTION, _REFERENCED, _FAILED, _REASON = 0x00081195, 0x00081199, 0x00081198, 0x00081197
_CLASS, _INSTANCE, _RETRIEVE_AE_TITLE = 0x00081150, 0x00081155, 0x00080054
#: Seconds in which a requestor that wants the result elsewhere releases the association.
GRACE = 0.5
#: Threads that deliver at the same time: a caller that cannot be reached has one for 45 s with each request.
MOST_DELIVERIES = 64
#: Seconds before each try to deliver a result on an association of our own.
TRIES = (0.0, 0.5, 3.0, 10.0, 30.0)


@dataclass(frozen=True)
class Reference:
    """A referenced instance, and why it isn't safe (None: it is)."""

    sop_class: str
    sop_instance: str
    failure: int | None


@dataclass(frozen=True)
class Result:
    """The outcome of a request."""

    transaction: str
    references: tuple[Reference, ...]

    @property
    def any_failed(self) -> bool:
        """True if an instance isn't safe."""
        return any(reference.failure is not None for reference in self.references)


def action(association: ArchiveAssociation, request: Message) -> None:
    """N-ACTION: take a request, answer it, then deliver the result (J.3.2.1.3)."""
    archive = association.archive
    kind = int(request.command.get("ActionTypeID", 0) or 0)
    extra = {"ActionTypeID": kind}
    try:
        if len(archive.deliveries) >= MOST_DELIVERIES:
            raise Refused(RESOURCE_LIMITATION, "too many results wait for callers that don't take them")
        transaction, asked = _understood(association, request, kind)
        owed = Owed(transaction, association.caller.calling, tuple(asked))
        _remember(archive, owed)
    except Refused as refusal:
        services.reply(association, request, refusal.answer, None, extra)
        return
    services.reply(association, request, Answer(SUCCESS), None, extra)
    if _stays_open(association) and _report(association, request.context_id, _result(archive, owed)):
        _settle(archive, owed)
    else:
        _deliver_later(archive, [owed])


def resume(archive: Archive) -> None:
    """Deliver what was owed when the archive stopped."""
    if owed := archive.owed.all():
        _deliver_later(archive, owed)


def _remember(archive: Archive, owed: Owed) -> None:
    try:
        archive.owed.put(owed)
    except sqlite3.Error as error:
        raise Refused(PROCESSING_FAILURE, f"the request can't be remembered: {error}") from error


def _settle(archive: Archive, owed: Owed) -> None:
    try:
        archive.owed.settle(owed)
    except sqlite3.Error as error:  # sent once more after the next start
        LOGGER.error("commitment result %s is still thought to be owed: %s", owed.transaction, error)


def _result(archive: Archive, owed: Owed) -> Result:
    return Result(owed.transaction, tuple(_judged(archive, *pair) for pair in owed.asked))


def _understood(
    association: ArchiveAssociation, request: Message, kind: int
) -> tuple[str, list[tuple[str, str]]]:
    archive = association.archive
    if archive.config.misbehaviour.commit_status is not None:
        raise Refused(archive.config.misbehaviour.commit_status, "asked to answer so")
    if str(request.command.get("RequestedSOPInstanceUID", "")) != STORAGE_COMMITMENT_INSTANCE:
        raise Refused(NO_SUCH_INSTANCE, "only the well-known instance takes commitment requests")
    if kind != 1:
        raise Refused(NO_SUCH_ACTION, f"action type {kind} isn't defined")
    syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
    data = request.data if isinstance(request.data, bytes) else None
    try:
        information, _ = identifiers.decode(data, syntax)
    except Refused as refusal:
        raise Refused(INVALID_ARGUMENT, refusal.answer.comment) from refusal
    transaction = information.text(_TRANSACTION)
    sequence = information.get(_REFERENCED)
    asked = [(item.text(_CLASS), item.text(_INSTANCE)) for item in (sequence.items if sequence else ())]
    if not is_uid(transaction):
        raise Refused(INVALID_ARGUMENT, "the request has no Transaction UID")
    if not asked or not all(sop_class and sop_instance for sop_class, sop_instance in asked):
        raise Refused(INVALID_ARGUMENT, "the request references no instances, or incompletely")
    if len({sop_instance for _, sop_instance in asked}) != len(asked):
        raise Refused(INVALID_ARGUMENT, "an instance is referenced more than once")
    return transaction, asked


def _judged(archive: Archive, sop_class: str, sop_instance: str) -> Reference:
    known = archive.index.instance(sop_instance)
    safe = known is not None and is_safe(archive, known)
    return Reference(sop_class, sop_instance, archive.semantics.commits(known, sop_class, safe))


def is_safe(archive: Archive, instance: Instance) -> bool:
    """True if the file still has every byte that was received."""
    digest = hashlib.sha256()
    try:
        with (archive.storage.root / instance.path).open("rb") as file:
            file.seek(instance.offset)
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        LOGGER.error("%s isn't safe: %s", instance.sop_instance, error)
        return False
    return digest.hexdigest() == instance.digest


def _stays_open(association: ArchiveAssociation) -> bool:
    """Wait for a release; True if none comes within the grace period."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        if not association.is_open or isinstance(association.dul.peek_next_pdu(), A_RELEASE):
            return False
        time.sleep(0.01)
    return association.is_open


def _deliver_later(archive: Archive, owed: list[Owed]) -> None:
    thread = threading.Thread(target=_deliver, args=(archive, owed), name="commitment", daemon=True)
    archive.deliveries.add(thread)
    thread.start()


def _deliver(archive: Archive, owed: list[Owed]) -> None:
    """Deliver on associations of our own, with some patience; what can't be is tried at the next start."""
    try:
        left = owed
        for delay in TRIES:
            if archive.stopping.wait(delay):
                return
            left = [one for one in left if not archive.stopping.is_set() and not _is_delivered(archive, one)]
            if not left:
                return
        for one in left:
            LOGGER.error("commitment result %s wasn't delivered to %s", one.transaction, one.ae_title)
    finally:
        archive.deliveries.discard(threading.current_thread())
        archive.index.release_thread()


def _is_delivered(archive: Archive, owed: Owed) -> bool:
    """Whether nothing is left to do for it; one for which there is no address never will be delivered."""
    peer = archive.semantics.destination(owed.ae_title)
    if peer is None:
        LOGGER.error("commitment result for %s can't be delivered: no address of it", owed.ae_title)
    else:
        try:
            if not _deliver_once(archive, peer, _result(archive, owed)):
                return False
        except NotAssociated as error:
            LOGGER.warning("commitment result isn't delivered yet: %s", error)
            return False
    _settle(archive, owed)
    return True


def _deliver_once(archive: Archive, peer: Destination, result: Result) -> bool:
    contexts = [(STORAGE_COMMITMENT, (uid,)) for uid in (encoding.EXPLICIT_LITTLE, encoding.IMPLICIT_LITTLE)]
    association = open_association(archive, peer, contexts, scp_roles=(STORAGE_COMMITMENT,))
    try:
        # PS3.7 D.3.3.4: without an answer the default roles hold, and an SCU can't send this.
        usable = [number for number, context in association._accepted_cx.items() if context.as_scp]
        if not usable:
            LOGGER.error("%s doesn't accept us as SCP of Storage Commitment", peer.ae_title)
            return False
        return _report(association, usable[0], result)
    finally:
        close(association)


def _report(association: ArchiveAssociation, context_id: int, result: Result) -> bool:
    """N-EVENT-REPORT; True if it was acknowledged."""
    archive = association.archive
    syntax = str(association._accepted_cx[context_id].transfer_syntax[0])
    information = archive.semantics.commitment_information(event_information(result, archive.config.ae_title))
    data = identifiers.encode(information, (), syntax)
    message_id = 1
    command = Dataset()
    command.AffectedSOPClassUID = STORAGE_COMMITMENT
    command.CommandField = messages.N_EVENT_REPORT_RQ
    command.MessageID = message_id
    command.CommandDataSetType = 1
    command.AffectedSOPInstanceUID = STORAGE_COMMITMENT_INSTANCE
    command.EventTypeID = archive.semantics.commitment_event(result.any_failed)
    association.dimse.send(context_id, command, data)
    deadline = time.monotonic() + archive.config.operation_timeout
    while (left := deadline - time.monotonic()) > 0 and association.is_open:
        message = association.dimse.wait(min(left, 0.2))
        if message is None:
            if isinstance(association.dul.peek_next_pdu(), A_RELEASE):
                return False
        elif not message.is_response:
            association.deferred.append(message)
        elif int(message.command.get("MessageIDBeingRespondedTo", -1)) == message_id:
            return True  # J.3.3.1.4: the transaction is over, whatever the status says
    return False


def event_information(result: Result, ae_title: str) -> AttributeSet:
    """The event information of a result, PS3.4 table J.3-2."""
    safe = tuple(_item(reference) for reference in result.references if reference.failure is None)
    lost = tuple(_item(reference) for reference in result.references if reference.failure is not None)
    elements = {
        _RETRIEVE_AE_TITLE: Attribute("AE", (ae_title,)),
        _TRANSACTION: Attribute("UI", (result.transaction,)),
    }
    if safe:
        elements[_REFERENCED] = Attribute("SQ", items=safe)
    if lost:
        elements[_FAILED] = Attribute("SQ", items=lost)
    return AttributeSet(elements)


def _item(reference: Reference) -> AttributeSet:
    elements = {
        _CLASS: Attribute("UI", (reference.sop_class,)),
        _INSTANCE: Attribute("UI", (reference.sop_instance,)),
    }
    if reference.failure is not None:
        elements[_REASON] = Attribute("US", (str(reference.failure),))
    return AttributeSet(elements)
