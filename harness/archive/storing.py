"""The Storage service class as SCP, PS3.4 Annex B: level 2 (full), nothing is coerced.

An object counts, and is acknowledged, when its file and the folder's entry are on the disk, and everybody
finds it (`keeping`).
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from . import services
from .audit import SERIOUS, SUCCESS, Transfer
from .index import Instance
from .messages import Message
from .reading import attributes_of
from .status import (
    CANNOT_UNDERSTAND,
    INVALID_INSTANCE,
    OUT_OF_RESOURCES,
    Answer,
    Refused,
)
from .storage import Staged, Undecodable

if TYPE_CHECKING:
    from .association import ArchiveAssociation
    from .server import Archive

LOGGER = logging.getLogger(__name__)


def store(association: ArchiveAssociation, request: Message) -> None:
    """C-STORE, PS3.4 B.2.2."""
    archive = association.archive
    association.stored += 1
    try:
        answer = _store(association, request)
    except Refused as refusal:
        answer = refusal.answer
    answer = archive.semantics.store_answer(answer)
    _audit(association, request, answer)
    services.reply(association, request, answer)


def _store(association: ArchiveAssociation, request: Message) -> Answer:
    archive = association.archive
    misbehaviour = archive.config.misbehaviour
    if misbehaviour.store_status is not None:
        raise Refused(misbehaviour.store_status, "asked to answer so")
    if misbehaviour.fail_every and association.stored % misbehaviour.fail_every == 0:
        raise Refused(OUT_OF_RESOURCES, "asked to fail now and then")
    staged = request.data
    if not isinstance(staged, Staged):
        raise Refused(CANNOT_UNDERSTAND, "a C-STORE has a data set")
    if not archive.semantics.may_name(staged.sop_instance):
        raise Refused(INVALID_INSTANCE, "Affected SOP Instance UID isn't a UID")
    staged.finish()
    if staged.error is not None:
        LOGGER.error("object can't be kept: %s", staged.error)
        raise Refused(OUT_OF_RESOURCES, "the archive's disk is full or fails")
    return keep(archive, staged)


def _audit(association: ArchiveAssociation, request: Message, answer: Answer) -> None:
    staged = request.data
    if not isinstance(staged, Staged) or staged.attributes is None:
        return  # nothing is known of study and patient, which the message has to name
    if not staged.attributes.text(0x0020000D):
        return  # it belongs to no study, and is not kept
    transfer = Transfer(
        staged.attributes.text(0x0020000D),
        staged.attributes.text(0x00100020),
        staged.attributes.text(0x00100010),
        SUCCESS if answer.status == 0 else SERIOUS,
        is_new=not staged.was_held,
        classes=Counter((staged.sop_class,)),
    )
    association.archive.audit.stored(id(association), association.caller, transfer)


def keep(archive: Archive, staged: Staged) -> Answer:
    """Take a finished object into the archive; returns when it can't be lost any more. Raises Refused."""
    semantics = archive.semantics
    try:
        attributes = attributes_of(staged)
    except Undecodable as error:
        raise Refused(CANNOT_UNDERSTAND, str(error)) from error
    except OSError as error:
        raise Refused(OUT_OF_RESOURCES, "the archive's disk fails") from error
    staged.attributes = attributes
    semantics.check_object(staged.sop_class, staged.sop_instance, attributes)
    instance = Instance(
        staged.sop_instance,
        staged.sop_class,
        attributes.text(0x0020000D),
        attributes.text(0x0020000E),
        staged.transfer_syntax,
        str(archive.storage.place_of(staged.sop_instance).relative_to(archive.storage.root)),
        staged.offset,
        staged.size,
        staged.digest,
    )
    return archive.keeper.keep(staged, instance, attributes)
