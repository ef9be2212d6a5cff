"""C-FIND as SCP, PS3.4 C.4.1.3: hierarchical, and relational where that was negotiated."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from . import identifiers, matching, services
from .attributes import AttributeSet
from .identifiers import Query
from .index import Entity
from .matching import InvalidKey
from .messages import Message
from .sopclasses import QUERY_RETRIEVE
from .status import MISMATCH, SUCCESS, Answer, Refused

if TYPE_CHECKING:
    from .association import ArchiveAssociation

LOGGER = logging.getLogger(__name__)


def find(association: ArchiveAssociation, request: Message) -> None:
    """Answer a C-FIND to its end."""
    archive = association.archive
    try:
        query = read_query(association, request)
        syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
        identifier = request.data if isinstance(request.data, bytes) else b""
        archive.audit.queried(association.caller, services.affected_class(request), identifier, syntax)
        answer = _answer_matches(association, request, query)
    except Refused as refusal:
        answer = refusal.answer
    if answer is not None:
        services.reply(association, request, archive.semantics.find_final(answer))


def read_query(association: ArchiveAssociation, request: Message) -> Query:
    """The query of a request. Raises Refused."""
    semantics = association.archive.semantics
    status = association.archive.config.misbehaviour.find_status
    if status is not None:
        raise Refused(status, "asked to answer so")
    context = association._accepted_cx[request.context_id]
    root, _ = QUERY_RETRIEVE[str(context.abstract_syntax)]
    data = request.data if isinstance(request.data, bytes) else None
    identifier, strange = identifiers.decode(data, str(context.transfer_syntax[0]))
    level = semantics.level_of_request(root, identifier)
    agreed = association.extended.get(str(context.abstract_syntax), b"")
    query = identifiers.understand(
        root,
        level,
        identifier,
        strange,
        relational=agreed[:1] == b"\1",
        combined_date_time=agreed[1:2] == b"\1",
    )
    semantics.check_hierarchy(query)
    return query


def _answer_matches(association: ArchiveAssociation, request: Message, query: Query) -> Answer | None:
    """Send all matches; the final answer, or None if the association is gone. Raises Refused."""
    archive = association.archive
    semantics = archive.semantics
    syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
    pending = Answer(semantics.pending_status(query))
    try:
        _check_keys(association, query)
        for entity in archive.index.entities(query.level, semantics.selection(query)):
            if semantics.obeys_cancel() and association.dimse.is_cancelled(request):
                return semantics.cancelled()
            if not association.is_open:
                return None
            attributes = _with_computed(association, query, entity)
            if semantics.match_entity(query, attributes):
                response = semantics.response_attributes(query, attributes)
                data = semantics.encode_response(query, response, syntax)
                services.reply(association, request, pending, data)
    except InvalidKey as error:
        raise Refused(MISMATCH, str(error)) from error
    if association.dimse.is_cancelled(request):
        return semantics.cancelled()
    return Answer(SUCCESS)


def _check_keys(association: ArchiveAssociation, query: Query) -> None:
    """Let an invalid key be refused also where there's no entity to match it against. Raises InvalidKey."""
    # Hours alone may run backwards where days and hours are one range (C.2.2.2.5.4).
    pairs = matching.DATE_TIME_PAIRS if query.combined_date_time else ()
    taken = {tag for pair in pairs if identifiers.is_combined(query, *pair) for tag in pair}
    for tag, key in query.matched.items():
        if tag not in taken:
            association.archive.semantics.match_value(key, None, tag)


def _with_computed(association: ArchiveAssociation, query: Query, entity: Entity) -> AttributeSet:
    computed = {
        tag: attribute
        for tag in query.keys.elements
        if (attribute := association.archive.semantics.computed(association.archive.index, entity, tag))
    }
    return entity.attributes.merged(AttributeSet(computed)) if computed else entity.attributes
