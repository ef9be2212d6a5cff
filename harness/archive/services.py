"""Requests to services: which one is meant, is it allowed on this context, and how is it answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from . import messages
from .messages import Message
from .sopclasses import Service, service_of
from .status import NOT_AUTHORIZED, SUCCESS, UNRECOGNIZED_OPERATION, Answer, Refused

if TYPE_CHECKING:
    from .association import ArchiveAssociation

LOGGER = logging.getLogger(__name__)

_OPERATIONS = {
    messages.C_ECHO_RQ: (Service.VERIFICATION,),
    messages.C_STORE_RQ: (Service.STORAGE,),
    messages.C_FIND_RQ: (Service.FIND, Service.WORKLIST),
    messages.C_MOVE_RQ: (Service.MOVE,),
    messages.C_GET_RQ: (Service.GET,),
    messages.N_ACTION_RQ: (Service.COMMITMENT,),
    messages.N_CREATE_RQ: (Service.PERFORMED_STEP,),
    messages.N_SET_RQ: (Service.PERFORMED_STEP,),
    messages.N_GET_RQ: (Service.PERFORMED_STEP_RETRIEVE,),
}
_REQUESTED = frozenset((messages.N_ACTION_RQ, messages.N_SET_RQ, messages.N_GET_RQ))
"""Requests that name their class in Requested SOP Class UID (PS3.7 10.3)."""


def serve(association: ArchiveAssociation, request: Message) -> None:
    """Serve one message to its end; every operation gets a response (PS3.7 A.4)."""
    if request.is_response:
        LOGGER.warning("response %04XH to nothing asked; aborting", request.field)
        association.abort()
        return
    if 0x0110 not in request.values:
        LOGGER.warning("request %04XH without a Message ID; aborting", request.field)
        association.abort()
        return
    misbehave_before(association)
    if not association.is_open:
        return
    try:
        handler = _handler(association, request)
    except Refused as refusal:
        reply(association, request, refusal.answer)
        return
    handler(association, request)


def _handler(
    association: ArchiveAssociation, request: Message
) -> Callable[[ArchiveAssociation, Message], None]:
    archive = association.archive
    operations = _OPERATIONS.get(request.field)
    if operations is None:
        raise Refused(UNRECOGNIZED_OPERATION, f"command {request.field:04X}H isn't served")
    abstract = str(association._accepted_cx[request.context_id].abstract_syntax)
    operation = service_of(abstract, archive.config.unknown_classes)
    if operation not in operations:
        raise Refused(UNRECOGNIZED_OPERATION, f"{operations[0].value} isn't an operation of this SOP class")
    if not archive.semantics.permits(association.caller, operation):
        raise Refused(NOT_AUTHORIZED, f"{operation.value} isn't permitted to {association.caller.calling}")
    archive.semantics.check_sop_class(abstract, affected_class(request))
    if operation is Service.VERIFICATION:
        return echo
    # Each service is loaded when it is first asked for: starting takes less than a second that way.
    if operation is Service.STORAGE:
        from .storing import store

        return store
    if operation is Service.FIND:
        from .find import find

        return find
    if operation is Service.WORKLIST:
        from .scheduled import find_steps

        return find_steps
    if operation in (Service.PERFORMED_STEP, Service.PERFORMED_STEP_RETRIEVE):
        from . import performed

        return {
            messages.N_CREATE_RQ: performed.create,
            messages.N_SET_RQ: performed.modify,
            messages.N_GET_RQ: performed.get,
        }[request.field]
    if operation is Service.COMMITMENT:
        from .commitment import action

        return action
    from .retrieve import retrieve

    return retrieve


def affected_class(request: Message) -> str:
    """Affected (or requested) SOP Class UID of a request."""
    return str(request.values.get(0x0003 if request.field in _REQUESTED else 0x0002) or "")


def echo(association: ArchiveAssociation, request: Message) -> None:
    """C-ECHO, PS3.7 9.1.5."""
    reply(association, request, Answer(association.archive.semantics.echo_status()))


def response_to(request: Message, answer: Answer, extra: Mapping[str, int | str] | None = None) -> Dataset:
    """The command set of a response (PS3.7 9.3); `extra` holds further elements by keyword."""
    values: dict[int, object] = {
        0x0100: request.field | messages.RESPONSE,
        0x0120: request.message_id,
        0x0800: messages.NO_DATA_SET,
        0x0900: answer.status,
    }
    if sop_class := affected_class(request):
        values[0x0002] = sop_class
    if answer.offending:
        values[0x0901] = list(answer.offending)
    if answer.attributes:
        values[0x1005] = list(answer.attributes)
    if answer.error_id is not None:
        values[0x0903] = answer.error_id
    if answer.comment:
        values[0x0902] = answer.comment.encode("ascii", "replace").decode()[:64]
    instance = request.values.get(0x1001) or request.values.get(0x1000)
    # PS3.7 10.1.5.1.4: in the success response of an N-CREATE alone.
    if instance and request.field != messages.N_CREATE_RQ:
        values[0x1000] = str(instance)
    for keyword, value in (extra or {}).items():
        values[_number(keyword)] = value
    return messages.command_set(values)


@cache
def _number(keyword: str) -> int:
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag


def reply(
    association: ArchiveAssociation,
    request: Message,
    answer: Answer,
    data: bytes | None = None,
    extra: Mapping[str, int | str] | None = None,
) -> None:
    """Send a response; `extra` holds further command elements by keyword."""
    command = response_to(request, answer, extra)
    command = association.archive.semantics.response_command(request, command)
    if association.archive.config.misbehaviour.response_delay:
        time.sleep(association.archive.config.misbehaviour.response_delay)
    if association.is_open:
        association.dimse.send(request.context_id, command, data)
    if answer.status not in (SUCCESS, 0xFF00, 0xFF01):
        # Without the comment: it may repeat a value of the request, and so name a patient.
        LOGGER.info("%04XH answered with %04XH", request.field, answer.status)


def misbehave_before(association: ArchiveAssociation) -> None:
    """Abort in place of the answer, where asked for."""
    limit = association.archive.config.misbehaviour.abort_after
    association.requested += 1
    if limit is not None and association.requested > limit:
        association.abort()
