"""Who calls: the harness as a stranger, from elsewhere, as another user; and how they are turned away."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from harness.dimse.errors import AssociationRejected, ConnectionClosed, NotAccepted, PeerAborted
from harness.dimse.negotiation import UserIdentity
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION, Root

STRANGER = "PHSTRANGER"
"""A calling AE title that nobody has registered."""

_Result = TypeVar("_Result")


def entitled(scu: Scu, title: str) -> Scu:
    """The harness under another calling AE title."""
    return replace(scu, peer=replace(scu.peer, calling_ae_title=title))


def from_address(scu: Scu, address: str) -> Scu:
    """The harness calling from another address of this machine."""
    return replace(scu, peer=replace(scu.peer, source=address))


def as_user(scu: Scu, identity: UserIdentity | None) -> Scu:
    """The harness as another user; None as none."""
    return replace(scu, peer=replace(scu.peer, user_identity=identity))


def made_up_name() -> str:
    """The name of a user whom no product knows."""
    return f"phtest-{secrets.token_hex(6)}"


def knock(
    scu: Scu, request: AssociateRequest | None = None
) -> AssociateAccept | AssociateReject | Abort | None:
    """What a request for Verification (or this one) is answered with; None where the connection just ends.

    The association is aborted again.  Raises Unreachable, NoAnswer, and PeerViolation for another PDU.
    """
    with scu.connect() as association:
        try:
            return association.negotiate(request or scu.request(VERIFICATION))
        except AssociationRejected as rejected:
            return rejected.reject
        except PeerAborted as aborted:
            return aborted.abort
        except ConnectionClosed:
            return None


def is_let_in(scu: Scu, request: AssociateRequest | None = None) -> bool:
    """Whether the association is accepted.

    Raises AssociationRejected for congestion or a local limit (PS3.8 9.3.4, source 3): nobody was looked at.
    """
    answer = knock(scu, request)
    if isinstance(answer, AssociateReject) and (answer.result, answer.source) == (2, 3):
        words = answer_in_words(answer)
        raise AssociationRejected("PS3.8 9.3.4", "room for an association", words, answer, answer.encode())
    return isinstance(answer, AssociateAccept)


def unless_refused(attempt: Callable[[], _Result]) -> _Result | None:
    """What the attempt gives; None where it is refused before a service is asked.

    All ways count: the association rejected or aborted, no presentation context, the end of the connection.
    A rejection for now (PS3.8 9.3.4, result 2) says nothing of who may come in, and is raised.
    """
    try:
        return attempt()
    except AssociationRejected as rejected:
        if rejected.transient:
            raise
        return None
    except (NotAccepted, PeerAborted, ConnectionClosed):
        return None


def offered(scu: Scu, *sop_classes: str) -> str:
    """The first of these classes that the product accepts from the harness.  Raises NotAccepted."""
    with scu.open(*sop_classes, VERIFICATION) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
        found = next((sop_class for sop_class in sop_classes if sop_class in accepted), None)
        return found or association.context_for(sop_classes[0]).abstract_syntax


def offered_model(scu: Scu, service: Callable[[Root], str]) -> Root:
    """The first information model in which the product offers the harness that service.  NotAccepted."""
    found = offered(scu, *map(service, (Root.STUDY, Root.PATIENT)))
    return next(root for root in Root if service(root) == found)


def answer_in_words(answer: AssociateAccept | AssociateReject | Abort | None) -> str:
    """An answer to a request, for people, and to be compared: all that a caller learns of it."""
    if isinstance(answer, AssociateAccept):
        return "A-ASSOCIATE-AC"
    if isinstance(answer, AssociateReject):
        return f"A-ASSOCIATE-RJ, {answer.words()}"
    if isinstance(answer, Abort):
        return f"A-ABORT, source {answer.source}, reason {answer.reason}"
    return "the end of the connection"
