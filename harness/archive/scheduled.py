"""C-FIND of the Modality Worklist as SCP, PS3.4 K.4.1.3: a response for each scheduled step that matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import identifiers, services, worklist
from .matching import InvalidKey
from .messages import Message
from .status import MISMATCH, SUCCESS, Answer, Refused
from .worklist import WorklistQuery

if TYPE_CHECKING:
    from .association import ArchiveAssociation


def find_steps(association: ArchiveAssociation, request: Message) -> None:
    """Answer a worklist query to its end."""
    archive = association.archive
    try:
        query = _read_query(association, request)
        answer = _answer_matches(association, request, query)
    except Refused as refusal:
        answer = refusal.answer
    if answer is not None:
        services.reply(association, request, archive.semantics.worklist_final(answer))


def _read_query(association: ArchiveAssociation, request: Message) -> WorklistQuery:
    archive = association.archive
    if archive.config.misbehaviour.find_status is not None:
        raise Refused(archive.config.misbehaviour.find_status, "asked to answer so")
    data = request.data if isinstance(request.data, bytes) else None
    syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
    identifier, strange = identifiers.decode(data, syntax)
    archive.audit.queried(association.caller, services.affected_class(request), data or b"", syntax)
    return archive.semantics.worklist_query(identifier, strange)


def _answer_matches(association: ArchiveAssociation, request: Message, query: WorklistQuery) -> Answer | None:
    """Send all matches; the final answer, or None if the association is gone. Raises Refused."""
    archive = association.archive
    semantics = archive.semantics
    syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
    pending = Answer(semantics.worklist_pending(query))
    try:
        semantics.match_item(query, worklist.NOTHING)  # an invalid key is refused also where nothing is there
        for entry in archive.worklist.entries():
            for item in semantics.scheduled_items(entry):
                if association.dimse.is_cancelled(request) and semantics.obeys_worklist_cancel():
                    return semantics.cancelled()
                if not association.is_open:
                    return None
                shown = semantics.shown_item(item, archive.performed.statuses(item))
                if shown is not None and semantics.match_item(query, shown):
                    response = semantics.item_response(query, shown)
                    data = semantics.encode_item(query, response, syntax)
                    services.reply(association, request, pending, data)
    except InvalidKey as error:
        raise Refused(MISMATCH, str(error)) from error
    return Answer(SUCCESS)
