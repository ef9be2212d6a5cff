"""Defects of how associations end, of crowds, and of users (PS3.8 7.2, 9.1.4; PS3.7 D.3.3.7)."""

from __future__ import annotations

import struct
import threading
from typing import Any, ClassVar

from harness.archive.negotiation import Identity, IdentityAnswer
from harness.archive.semantics import Semantics
from tests.mutants.dimse import ECHO_RSP, FIELD, FIND_RSP, FLAG, STATUS, replaced
from tests.mutants.seed import mutant
from tests.mutants.upper_layer import Staged
from tests.mutants.wire import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    P_DATA,
    RELEASE_RP,
    RELEASE_RQ,
    Wire,
    command_of,
    elements_of,
    pdata,
    pdu_of,
    pdvs_of,
    us,
    value_of,
)

IDLE = 2.0
"""Seconds after which an association counts as idle."""
ROOM = 12
"""Associations that a small archive has room for."""
ANY_STUDY = b"\x20\0\x0d\0UI\0\0"
"""An empty Study Instance UID as key, in Explicit VR Little Endian."""
USER = ("PHUSER", "PHTEST-passcode")


@mutant(
    clause="PS3.8 9.1.4",
    defect="without room for another association the connection is closed without a word",
    caught_by=("association.overload.is-rejected",),
    wire=True,
)
class CutsCrowds(Wire):
    served: ClassVar[set[int]] = set()

    @classmethod
    def start(cls) -> None:
        super().start()
        cls.served.clear()

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == 1:
            if len(self.served) >= ROOM:
                self.cut()
                return b""
            self.served.add(id(self))
        return pdu

    def client_ended(self) -> None:
        self.served.discard(id(self))
        super().client_ended()


@mutant(
    clause="PS3.8 9.3.4",
    defect="without room for another association it is rejected for good",
    caught_by=("association.overload.is-rejected",),
    wire=True,
)
class RejectsCrowdsForGood(Wire):
    def from_server(self, pdu: bytes) -> bytes:
        return pdu_of(ASSOCIATE_RJ, bytes((0, 1, 1, 1))) if pdu[0] == ASSOCIATE_RJ and pdu[7] == 2 else pdu


class Endless(Staged):
    """Keeps the connection open after the PDU named last."""

    last = 0

    def server_ended(self) -> None:
        if not self.over:
            super().server_ended()

    def from_server(self, pdu: bytes) -> bytes:
        super().from_server(pdu)
        self.over = pdu[0] == self.last
        return pdu


@mutant(
    clause="PS3.8 9.2.2",
    defect="after a rejection the connection is kept for ever",
    caught_by=("association.timer.after-rejection",),
    wire=True,
)
class KeepsRejected(Endless):
    last = ASSOCIATE_RJ


@mutant(
    clause="PS3.8 9.2.3",
    defect="after a release the connection is kept for ever",
    caught_by=("association.timer.after-release",),
    wire=True,
)
class KeepsReleased(Endless):
    last = RELEASE_RP


@mutant(
    clause="PS3.7 A.5",
    defect="an idle association is released by the acceptor",
    caught_by=("association.release.not-by-acceptor",),
    wire=True,
)
class ReleasesIdle(Wire):
    timer: threading.Timer | None = None

    def from_client(self, pdu: bytes) -> bytes:
        if self.timer is not None:
            self.timer.cancel()
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] in (ASSOCIATE_AC, P_DATA):
            self.timer = threading.Timer(IDLE, self.to_client, [pdu_of(RELEASE_RQ, bytes(4))])
            self.timer.daemon = True
            self.timer.start()
        return pdu

    def client_ended(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        super().client_ended()


@mutant(
    clause="PS3.8 9.2.2",
    defect="a release request that crosses the archive's own is not answered",
    caught_by=("association.release.collision",),
)
class DeafToCrossing(Semantics):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked = threading.local()

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] == RELEASE_RQ:
            self.asked.now = True
        elif pdu[0] == RELEASE_RP and getattr(self.asked, "now", False):
            return b""
        return super().outgoing_pdu(pdu)


@mutant(
    clause="PS3.7 D.3.3.7",
    defect="a valid identity is accepted without the response that was requested",
    caught_by=("association.identity.valid-is-confirmed",),
    user=USER,
)
class ConfirmsNobody(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        known = identity is None or (identity.primary.decode(), identity.secondary.decode()) == USER
        return IdentityAnswer(known)


@mutant(
    clause="PS3.7 D.3.3.7",
    defect="a valid identity is refused where a positive response is requested",
    caught_by=("association.identity.valid-is-confirmed",),
    user=USER,
)
class RefusesToConfirm(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        return IdentityAnswer(identity is None or not identity.wants_response)


@mutant(
    clause="PS3.4 A.4",
    defect="each C-ECHO leaves an empty study",
    caught_by=("verification.echo.no-side-effect",),
    wire=True,
)
class EchoLeavesStudies(Wire):
    echoes: ClassVar[list[int]] = []

    @classmethod
    def start(cls) -> None:
        super().start()
        cls.echoes.clear()

    listing = False

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            self.listing = ANY_STUDY in pdu
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        more = b""
        for context, control, data in pdvs_of(pdu) if pdu[0] == P_DATA else []:
            command = elements_of(data) if control & 1 else []
            if value_of(command, FIELD) == ECHO_RSP:
                self.echoes.append(len(self.echoes))
            if value_of(command, FIELD) == FIND_RSP and value_of(command, STATUS) == 0 and self.listing:
                pending = command_of(replaced(replaced(command, STATUS, us(0xFF00)), FLAG, us(1)))
                for number in self.echoes:
                    uid = f"2.25.1{number:04}".encode()
                    study = ANY_STUDY[:-2] + struct.pack("<H", len(uid)) + uid
                    more += pdata((context, 3, pending)) + pdata((context, 2, study))
        return more + pdu
