"""Operations are confirmed, each on its own association (PS3.7 A.4)."""

from __future__ import annotations

import pytest

from harness.dimse.command import Command, CommandSet
from harness.dimse.pdu import Abort
from harness.scenario import SHALL, answer_or_abort, requirement
from harness.scu.echo import WITH_DATA_SET
from harness.scu.identifier import encode_identifier, keys_of, read_identifier
from harness.scu.observed import observe
from harness.scu.session import Scu
from harness.scu.status import describe, response_to
from harness.scu.uids import STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE, QueryLevel
from harness.synthesis import SyntheticStudy

SERVICES = {
    STUDY_ROOT_FIND: Command.C_FIND_RQ,
    STUDY_ROOT_MOVE: Command.C_MOVE_RQ,
    STUDY_ROOT_GET: Command.C_GET_RQ,
}


def request_of(sop_class: str, message_id: int = 1) -> CommandSet:
    """The request of the service that the class is for."""
    return CommandSet.of(
        AffectedSOPClassUID=sop_class,
        CommandField=int(SERVICES[sop_class]),
        MessageID=message_id,
        Priority=0,
        CommandDataSetType=WITH_DATA_SET,
        MoveDestination="PHNOWHERE" if sop_class == STUDY_ROOT_MOVE else None,
    )


@requirement("PS3.7 A.4", SHALL, "Each operation is answered on the association that it was invoked on.")
def test_response_on_same_association(scu: Scu, stored_study: SyntheticStudy) -> None:
    request = request_of(STUDY_ROOT_FIND, 7)
    uids = [series.series_uid for series in stored_study.series]
    with scu.open(STUDY_ROOT_FIND) as first, scu.open(STUDY_ROOT_FIND) as second:
        for association, uid in zip((first, second), uids, strict=True):
            context = association.context_for(STUDY_ROOT_FIND)
            keys = {"StudyInstanceUID": stored_study.study_uid, "SeriesInstanceUID": uid}
            identifier = encode_identifier(keys_of(QueryLevel.SERIES, keys), context.transfer_syntax)
            association.send_message(context.id, request, identifier)
        for association, uid in zip((first, second), uids, strict=True):
            syntax = association.context_for(STUDY_ROOT_FIND).transfer_syntax
            message = observe(association)
            answered = message.command.integer("MessageIDBeingRespondedTo")
            assert answered == 7, f"message 7 was answered as {answered}"
            assert not message.is_final, f"no match for a series that is stored: {describe(message.command)}"
            found = read_identifier(message.dataset, syntax).text("SeriesInstanceUID")
            assert found == uid, f"the association that asked for {uid} got {found}"
            while not message.is_final:
                message = observe(association)


@requirement("PS3.7 A.4", SHALL, "Every operation gets a response, one that cannot be served too.")
@pytest.mark.usefixtures("writes")
def test_all_confirmed(scu: Scu) -> None:
    with scu.open(*SERVICES) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
    for sop_class in accepted:
        association = scu.open(sop_class)
        try:
            context = association.context_for(sop_class)
            keys = keys_of("NOWHERE", {"StudyInstanceUID": "2.25.1"})
            request = request_of(sop_class)
            association.send_message(context.id, request, encode_identifier(keys, context.transfer_syntax))
            # Any final status will do, and an abort: silence is what must not be.
            answer = answer_or_abort(association, request)
            while not isinstance(answer, Abort) and answer.integer("Status") & 0xFF00 == 0xFF00:
                answer = response_to(request, association.receive_message())
        finally:
            association.abort()
