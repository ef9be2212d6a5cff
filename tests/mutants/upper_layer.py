"""Defects of the state machine, of release and abort, and of reading a stream of bytes (PS3.8 9.1, 9.2)."""

from __future__ import annotations

from typing import ClassVar

from tests.mutants import wire
from tests.mutants.association import accepting
from tests.mutants.seed import mutant
from tests.mutants.wire import (
    ABORT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    LONGEST,
    P_DATA,
    RELEASE_RP,
    RELEASE_RQ,
    Wire,
    pdu_of,
    pdvs_of,
)

PLACES = 40
"""Connections that a leaking archive takes at a time."""


class Staged(Wire):
    """Knows the acceptance once it was sent, and whether the association is over."""

    def __init__(self, *sockets: object) -> None:
        super().__init__(*sockets)  # type: ignore[arg-type]
        self.accepted = b""
        self.over = False

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] == ASSOCIATE_AC:
            self.accepted = pdu
        if pdu[0] in (ASSOCIATE_RJ, RELEASE_RP, ABORT):
            self.over = True
        return pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="what is unexpected or invalid ends the connection without an A-ABORT",
    caught_by=(
        "association.state.await-request-pdata",
        "association.state.await-request-release",
        "association.state.await-request-accept",
        "association.state.await-request-unknown-pdu",
        "association.state.established-second-request",
        "association.state.established-accept",
        "association.state.established-release-response",
        "association.state.established-unknown-pdu",
        "association.invalid.item-overruns-pdu",
        "association.invalid.zero-length-request",
        "association.invalid.pdv-length",
    ),
    wire=True,
)
class ClosesWithoutAbort(Wire):
    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] == ABORT:
            self.cut()
            return b""
        return pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="a release request before an association is answered with A-RELEASE-RP",
    caught_by=("association.state.await-request-release",),
    wire=True,
)
class ReleaseAtOnce(Staged):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == RELEASE_RQ and not self.accepted:
            self.to_client(pdu_of(RELEASE_RP, bytes(4)))
            return b""
        return pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="A-ABORT is answered with A-ABORT",
    caught_by=("association.state.await-request-abort", "association.state.established-abort"),
    wire=True,
)
class AbortAnswered(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == ABORT:
            self.to_client(pdu)
        return pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="after A-ABORT the connection stays open",
    caught_by=("association.state.established-abort",),
    wire=True,
)
class AbortLeavesOpen(Staged):
    def server_ended(self) -> None:
        return None


@mutant(
    clause="PS3.8 9.3.8",
    defect="aborts have the reserved source 1 and the reserved reason 3",
    caught_by=("association.state.abort-fields-valid", "association.state.await-request-abort-source"),
    wire=True,
)
class AbortReserved(Wire):
    def from_server(self, pdu: bytes) -> bytes:
        return pdu_of(ABORT, b"\0\0\1\3") if pdu[0] == ABORT else pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="a second request on an association is accepted again",
    caught_by=("association.state.established-second-request",),
    wire=True,
)
class AcceptedTwice(Staged):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == ASSOCIATE_RQ and self.accepted:
            self.to_client(self.accepted)
            return b""
        return pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="a release response that nobody asked for is answered with another",
    caught_by=("association.state.established-release-response",),
    wire=True,
)
class ReleaseResponseReturned(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == RELEASE_RP:
            self.to_client(pdu)
            return b""
        return pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="data behind a release request is served before the release",
    caught_by=("association.state.data-after-release-request",),
    wire=True,
)
class DataAfterRelease(Wire):
    held = b""

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == RELEASE_RQ and self.more:
            self.held = pdu
            return b""
        if self.held and not self.more:
            pdu, self.held = pdu + self.held, b""
        return pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="after rejection or release the connection takes another request",
    caught_by=("association.state.request-after-reject", "association.state.one-association-per-connection"),
    wire=True,
)
class ConnectionUsedAgain(Staged):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == ASSOCIATE_RQ and self.over:
            self.to_client(accepting(pdu))
            return b""
        return pdu

    def server_ended(self) -> None:
        return None


@mutant(
    clause="PS3.8 7.2.2",
    defect="a release request closes the connection, without A-RELEASE-RP",
    caught_by=("association.release.affirmed",),
    wire=True,
)
class ReleaseUnanswered(Wire):
    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] == RELEASE_RP:
            self.cut()
            return b""
        return pdu


@mutant(
    clause="PS3.7 A.6",
    defect="half an object is kept, filled up with zeros, when its sender aborts",
    caught_by=("association.abort.mid-message",),
    wire=True,
)
class HalfObjectKept(Wire):
    data = b""
    context = 0
    open = False
    finishing = b""

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            for context, control, data in pdvs_of(pdu):
                if not control & 1:
                    self.context, self.open = context, not control & 2
                    self.data = self.data + data if self.open else b""
        if pdu[0] == ABORT and self.open:
            self.finishing = pdu
            pixels = self.data.index(b"\xe0\x7f\x10\x00OW\0\0")
            length = int.from_bytes(self.data[pixels + 8 : pixels + 12], "little")
            return wire.pdata((self.context, 2, bytes(pixels + 12 + length - len(self.data))))
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        if self.finishing:
            self.to_server(self.finishing)
            return b""
        return pdu

    def client_ended(self) -> None:
        if not self.finishing:
            super().client_ended()


class Leaking(Wire):
    """Counts connections of some kind for ever; when there is no place left, every further one is refused."""

    leaked = 0

    def __init__(self, *sockets: object) -> None:
        super().__init__(*sockets)  # type: ignore[arg-type]
        self.seen: set[int] = set()

    @classmethod
    def start(cls) -> None:
        super().start()
        cls.leaked = 0

    def from_client(self, pdu: bytes) -> bytes:
        self.seen.add(pdu[0])
        return pdu

    def client_ended(self) -> None:
        if self.leaks():
            type(self).leaked += 1
            if self.leaked >= PLACES:
                self.die(1_000_000)
        super().client_ended()

    def leaks(self) -> bool:
        """Whether this connection, now at its end, goes on being counted."""
        raise NotImplementedError


@mutant(
    clause="PS3.8 9.2.3",
    defect="connections that ended within a request are counted for ever",
    caught_by=("association.cut.request",),
    wire=True,
)
class CutRequestsCount(Leaking):
    def leaks(self) -> bool:
        return not self.seen


@mutant(
    clause="PS3.8 9.2.3",
    defect="associations that were cut during an answer are counted for ever",
    caught_by=("association.cut.reset-during-response",),
    wire=True,
)
class CutAnswersCount(Leaking):
    def leaks(self) -> bool:
        return P_DATA in self.seen and not self.seen & {RELEASE_RQ, ABORT}


@mutant(
    clause="PS3.8 9.1.1",
    defect="what one read brings is taken for a whole PDU",
    caught_by=("association.transport.one-byte-segments",),
    wire=True,
)
class OneReadOnePdu(Wire):
    def cut_short(self, data: bytes) -> None:
        self.cut()


@mutant(
    clause="PS3.8 9.1.1",
    defect="what comes behind a PDU in one read is dropped",
    caught_by=("association.transport.coalesced-pdus",),
    wire=True,
)
class RestDropped(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        return b"" if self.position else pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="memory is allocated by the length field, and the worker dies of it",
    caught_by=("association.invalid.four-gigabyte-length",),
    wire=True,
)
class AllocatesByLength(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if wire.HEADER.unpack_from(pdu)[2] > LONGEST:
            self.die()
        return pdu


@mutant(
    clause="PS3.8 9.3.5.1",
    defect="PDVs of an impossible length are skipped",
    caught_by=("association.invalid.pdv-length",),
    wire=True,
)
class DamagedPdvSkipped(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA and not 2 <= int.from_bytes(pdu[6:10], "big") <= len(pdu) - 10:
            self.to_client(pdu_of(RELEASE_RP, bytes(4)))
            return b""
        return pdu


@mutant(
    clause="PS3.8 9.1.1",
    defect="the abort of one association ends all of them",
    caught_by=("association.parallel.independent",),
    wire=True,
)
class AbortEndsAll(Wire):
    living: ClassVar[list[Wire]] = []

    def __init__(self, *sockets: object) -> None:
        super().__init__(*sockets)  # type: ignore[arg-type]
        self.living.append(self)

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == ABORT:
            # This one last: whoever waits for its end finds the others ended too.
            for other in sorted(self.living, key=lambda wire: wire is self):
                other.cut()
            self.living.clear()
        return pdu
