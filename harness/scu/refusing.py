"""Associations that a careful product refuses: of a caller, or a user, whom nobody knows."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from harness.dimse.errors import ConnectionClosed
from harness.dimse.negotiation import UserIdentity
from harness.dimse.pdu import AssociateAccept, Pdu
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION

_PASSCODE = 2
"""User-Identity-Type of a user name and a passcode (PS3.7 D.3.3.7.1)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An association that was refused."""

    name: str
    """The AE title, or the user, in whose name it was asked for."""
    address: str
    """The address that it was asked for from."""


def called_as(scu: Scu, title: str | None = None, *, user: tuple[str, str] | None = None) -> Refusal | None:
    """Ask for an association as another AE title, or as a user with a passcode; None where it is accepted.

    A-ASSOCIATE-RJ, A-ABORT and the end of the connection are refusals alike.  Raises PeerViolation, NoAnswer.
    """
    identity = user and UserIdentity(_PASSCODE, primary=user[0].encode(), secondary=user[1].encode())
    name = title or (user[0] if user else scu.peer.calling_ae_title)
    with scu.connect() as association:
        address = str(association.connection.sock.getsockname()[0])
        association.send_pdu(scu.request(VERIFICATION, calling=title, user_identity=identity))
        answer: Pdu | None = None
        with contextlib.suppress(ConnectionClosed):
            answer = association.receive_pdu(awaited="A-ASSOCIATE-AC, A-ASSOCIATE-RJ or A-ABORT")
    return None if isinstance(answer, AssociateAccept) else Refusal(name, address)
