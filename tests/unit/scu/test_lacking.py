"""A product that rejects the association as a whole where it has none of the services."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Collection, Iterator

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import AssociationRejected, DimseError, NotAccepted
from harness.dimse.pdu import AssociateAccept, AssociateReject, AssociateRequest
from harness.dimse.transport import Address
from harness.scu.session import Peer, Scu
from harness.scu.uids import STUDY_ROOT_FIND, VERIFICATION
from tests.unit.acceptor import accept_only

Answer = Callable[[AssociateRequest], AssociateAccept | AssociateReject]
REJECTED = AssociateReject(1, 1, 1)


@contextlib.contextmanager
def product(answer: Answer) -> Iterator[Scu]:
    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listening.accept()
                association = Association.accept(sock, answer, deadline=5)
                with contextlib.suppress(DimseError):
                    association.wait_closed()
                association.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield Scu(Peer(Address("127.0.0.1", listening.getsockname()[1]), "PACS", "ME", 2.0))
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def rejecting(has: Collection[str], but: Collection[str] = ()) -> Answer:
    """Rejects what has none of the services, and what is for `but` alone."""

    def answer(request: AssociateRequest) -> AssociateAccept | AssociateReject:
        asked = {context.abstract_syntax for context in request.contexts}
        if asked.isdisjoint(has) or asked == set(but):
            return REJECTED
        return accept_only(lambda uid: uid in has)(request)

    return answer


def test_without_the_service_it_is_not_accepted() -> None:
    with product(rejecting({VERIFICATION})) as scu, pytest.raises(NotAccepted, match="no SOP class"):
        scu.open(STUDY_ROOT_FIND)


def test_with_the_service_the_rejection_stands() -> None:
    answer = rejecting({VERIFICATION, STUDY_ROOT_FIND}, but={STUDY_ROOT_FIND})
    with product(answer) as scu, pytest.raises(AssociationRejected):
        scu.open(STUDY_ROOT_FIND)


def test_a_rejected_caller_is_a_rejected_caller() -> None:
    with product(lambda request: REJECTED) as scu, pytest.raises(AssociationRejected):
        scu.open(STUDY_ROOT_FIND)
