"""Whether a product owes an answer to what was sent: only where nothing in it is unusual, patience is due."""

from __future__ import annotations

import enum
import functools
import re

from pydicom.datadict import dictionary_has_tag, dictionary_VR

from harness.dimse.command import Command
from harness.dimse.errors import DecodeError, MisuseError
from harness.dimse.negotiation import APPLICATION_CONTEXT
from harness.dimse.pdu import ASSOCIATE_RQ, P_DATA, RELEASE_RQ, AssociateRequest, checked_title
from harness.dimse.walker import DEFLATED, ITEM, PIXEL_DATA, UNDEFINED, walk
from harness.fuzz.pdus.reading import Fault, Sent, SentCommand
from harness.fuzz.pdus.script import Awaited
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    STORAGE_COMMITMENT_PUSH,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)

_SERVICES = {
    VERIFICATION: (Command.C_ECHO_RQ, "AffectedSOPClassUID"),
    CT_IMAGE_STORAGE: (Command.C_STORE_RQ, "AffectedSOPClassUID"),
    STUDY_ROOT_FIND: (Command.C_FIND_RQ, "AffectedSOPClassUID"),
    STUDY_ROOT_GET: (Command.C_GET_RQ, "AffectedSOPClassUID"),
    STUDY_ROOT_MOVE: (Command.C_MOVE_RQ, "AffectedSOPClassUID"),
    STORAGE_COMMITMENT_PUSH: (Command.N_ACTION_RQ, "RequestedSOPClassUID"),
}
"""The request of each SOP class that is recorded, and the element that names the class (PS3.7 9.3, 10.3)."""
_UID = re.compile(r"[0-9]+(\.[0-9]+)+\0?")


class Due(enum.Enum):
    """What a product owes at a moment."""

    NOTHING = enum.auto()
    """It waits for more itself."""
    PERHAPS = enum.auto()
    """Something, by the standard; but products differ in what they make of such bytes."""
    ANSWER = enum.auto()
    """An answer to what has nothing wrong with it."""


def due(so_far: Sent) -> Due:
    """What is due for what was sent, to be asked where the sender pauses."""
    if not so_far.frames:
        return Due.NOTHING
    if so_far.violation is not None:
        return Due.PERHAPS
    if so_far.is_within_pdu:
        return Due.NOTHING
    if so_far.end is not None and so_far.end < len(so_far.frames) - 1:
        return Due.PERHAPS
    if any(frame.fault is not Fault.NONE for frame in so_far.frames) or not so_far.is_orderly:
        return Due.PERHAPS
    if so_far.request is None or not is_ordinary(so_far.request):
        return Due.PERHAPS
    last = so_far.frames[-1]
    if len(so_far.frames) == 1 and last.type == ASSOCIATE_RQ:
        return Due.ANSWER
    if not all(_is_ordinary_message(so_far.request, one) for one in so_far.commands):
        return Due.PERHAPS
    if last.type == RELEASE_RQ:
        return Due.ANSWER
    if last.type == P_DATA and so_far.commands and so_far.commands[-1].frame == len(so_far.frames) - 1:
        # C-CANCEL is answered by the response to the request that it cancels (PS3.7 9.3.2.3).
        return Due.ANSWER if any(one.field != Command.C_CANCEL_RQ for one in so_far.commands) else Due.PERHAPS
    return Due.PERHAPS


def answer_to(so_far: Sent) -> tuple[Awaited, int]:
    """What answers that which was sent last, and the presentation context of it; 0 where that has none."""
    last = so_far.frames[-1].type
    if last == ASSOCIATE_RQ:
        return Awaited.ASSOCIATION, 0
    if last == RELEASE_RQ:
        return Awaited.RELEASE, 0
    return Awaited.RESPONSE, so_far.commands[-1].context_id if so_far.commands else 0


@functools.lru_cache(maxsize=64)
def is_ordinary(request: AssociateRequest) -> bool:
    """Whether nothing in a request is unusual, so that every acceptor has to answer it (PS3.8 9.3.2)."""
    ids = [context.id for context in request.contexts]
    user = request.user
    return (
        all(map(_is_title, (request.called_raw, request.calling_raw)))
        and request.protocol_version == 1
        and request.application_context == APPLICATION_CONTEXT
        and user.present
        and user.maximum_length is not None
        and _is_uid(user.implementation_class_uid or "")
        and len(user.implementation_version_name or "") <= 16
        and not (request.extra or user.unknown or request.order or request.raw)
        and 0 < len(ids) == len(set(ids)) <= 128
        and all(number % 2 for number in ids)
        and all(
            _is_uid(one.abstract_syntax)
            and 0 < len(one.transfer_syntaxes) == len(set(one.transfer_syntaxes))
            and all(map(_is_uid, one.transfer_syntaxes))
            and not one.extra
            for one in request.contexts
        )
    )


def _is_title(field: bytes) -> bool:
    """Whether 16 bytes are an AE title (PS3.5 6.2, AE)."""
    try:
        checked_title(field.decode("latin-1").strip(" "))
    except MisuseError:
        return False
    return True


def _is_uid(uid: str) -> bool:
    """PS3.5 9.1, as far as a reader's patience depends on it."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def _is_ordinary_message(request: AssociateRequest, one: SentCommand) -> bool:
    """Whether a message is whole, of the service of its context, and of a data set that can be read."""
    if one.command is None or not one.has_all:
        return False
    if one.field == Command.C_CANCEL_RQ:
        return True
    context = next((context for context in request.contexts if context.id == one.context_id), None)
    if context is None or one.message_id is None:
        return False
    kind, keyword = _SERVICES.get(context.abstract_syntax, (None, ""))
    return (
        kind is not None
        and kind == one.field
        and one.command.raw(keyword)
        == context.abstract_syntax.encode().ljust(_even(context.abstract_syntax), b"\0")
        and len(context.transfer_syntaxes) == 1
        and _is_readable(one.data, context.transfer_syntaxes[0])
    )


def _even(uid: str) -> int:
    return len(uid) + len(uid) % 2


def _may_be_undefined(tag: int) -> bool:
    """Whether an element of undefined length is no surprise: a sequence, or Pixel Data (PS3.5 7.1.1)."""
    return tag == PIXEL_DATA or (dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ")


@functools.lru_cache(maxsize=64)
def _is_readable(data: bytes, syntax: str) -> bool:
    """Whether a data set can be walked to its end: tags in order, even lengths (PS3.5 7.1)."""
    if syntax == DEFLATED:
        return False
    last = -1
    try:
        for element in walk(data, syntax):
            is_undefined = element.length == UNDEFINED
            if element.tag != ITEM and is_undefined and not _may_be_undefined(element.tag):
                return False
            if not is_undefined and element.length % 2:
                return False
            if element.depth:
                continue
            if element.tag <= last:
                return False
            last = element.tag
    except DecodeError:
        return False
    return True
