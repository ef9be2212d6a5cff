"""A product that answers for ever, without getting anywhere."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

import pytest

from harness.dimse.association import Association
from harness.dimse.command import CommandSet
from harness.dimse.errors import DimseError, NoAnswer, ReleaseRequested
from harness.dimse.negotiation import contexts
from harness.dimse.pdu import associate_request
from harness.dimse.transport import Address
from harness.scu.get import get_with
from harness.scu.identifier import keys_of
from harness.scu.move import move_with
from harness.scu.uids import QueryLevel, Root
from tests.unit.acceptor import accept_all, listening

RESPONSES_BEFORE_THE_END = 400
"""More than a deadline of a second and a half lets through, one every five milliseconds."""
KEYS = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": "2.25.1"})


def answering_with(remaining: Callable[[int], int]) -> Callable[[socket.socket], None]:
    """Pending responses, of which each says how many sub-operations remain; a final one in the end."""

    def converse(sock: socket.socket) -> None:
        association = Association.accept(sock, accept_all, deadline=5.0)
        with contextlib.suppress(DimseError):
            message = association.receive_message()
            for number in range(RESPONSES_BEFORE_THE_END + 1):
                is_last = number == RESPONSES_BEFORE_THE_END
                response = CommandSet.of(
                    AffectedSOPClassUID=message.command["AffectedSOPClassUID"],
                    CommandField=int(message.command["CommandField"]) | 0x8000,
                    MessageIDBeingRespondedTo=message.command["MessageID"],
                    CommandDataSetType=0x0101,
                    Status=0x0000 if is_last else 0xFF00,
                    NumberOfRemainingSuboperations=None if is_last else remaining(number),
                )
                association.send_message(message.context_id, response)
                time.sleep(0.005)
            with contextlib.suppress(ReleaseRequested):
                association.receive_message()
            association.confirm_release()
        association.close()

    return converse


def ask(port: int, model: str) -> int:
    request = associate_request("PEER", "TESTER", contexts((model, ["1.2.840.10008.1.2"])))
    with Association.open(Address("127.0.0.1", port), request, deadline=1.5) as association:
        if model == Root.STUDY.move:
            return move_with(association, model, "DEST", KEYS).status
        return get_with(association, model, KEYS).status


@pytest.mark.parametrize("model", [Root.STUDY.move, Root.STUDY.get])
def test_the_same_response_again_and_again_is_no_answer(model: str) -> None:
    with listening(answering_with(lambda number: 1)) as port, pytest.raises(NoAnswer, match="anything new"):
        ask(port, model)


@pytest.mark.parametrize("model", [Root.STUDY.move, Root.STUDY.get])
def test_a_long_retrieval_that_gets_on_is_waited_for(model: str) -> None:
    with listening(answering_with(lambda number: RESPONSES_BEFORE_THE_END - number)) as port:
        assert ask(port, model) == 0
