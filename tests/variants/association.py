"""Legal, unusual ways to establish associations (PS3.8 7.1, 9.3; PS3.7 D.3)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.archive.negotiation import Caller, Rejection
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import Service
from tests.mutants.wire import (
    ASSOCIATE_AC,
    items_of,
    join,
    pdu_of,
    user_items_of,
    with_items,
    with_user_items,
)
from tests.variants.seed import variant

IMPLICIT = "1.2.840.10008.1.2"


class Accepting(Semantics):
    """Writes acceptances in another way."""

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        pdu = super().outgoing_pdu(pdu)
        return self.acceptance(pdu) if pdu[0] == ASSOCIATE_AC else pdu

    def acceptance(self, pdu: bytes) -> bytes:
        """An A-ASSOCIATE-AC before it is sent, as others have written it."""
        return pdu


@variant(clause="PS3.8 7.1.1.14", peculiarity="results come in falling order of context ids")
class ResultsFalling(Accepting):
    def acceptance(self, pdu: bytes) -> bytes:
        pdu = super().acceptance(pdu)
        return with_items(pdu, sorted(items_of(pdu), key=lambda item: (item[0], -item[1][0])))


@variant(
    clause="PS3.8 9.3.3.2",
    peculiarity="every rejection is a user's (1), with an empty transfer syntax, which is not significant",
)
class BareRejections(Accepting):
    def acceptance(self, pdu: bytes) -> bytes:
        pdu = super().acceptance(pdu)
        bare = join([(0x40, b"")])
        items = [
            (type_, bytes((value[0], 0, 1, 0)) + bare if type_ == 0x21 and value[2] else value)
            for type_, value in items_of(pdu)
        ]
        return with_items(pdu, items)


@variant(
    clause="PS3.8 9.3.3.3, PS3.7 D.3.3.2",
    peculiarity="no implementation version name, and the other user items in falling order of types",
)
class UserItemsFalling(Accepting):
    def acceptance(self, pdu: bytes) -> bytes:
        pdu = super().acceptance(pdu)
        items = [item for item in user_items_of(pdu) if item[0] != 0x55]
        return with_user_items(pdu, sorted(items, key=lambda item: -item[0]))


@variant(
    clause="PS3.8 9.3.1",
    peculiarity="items and user items of types that no edition has yet",
)
class LaterEdition(Accepting):
    def acceptance(self, pdu: bytes) -> bytes:
        pdu = super().acceptance(pdu)
        richer = with_user_items(pdu, [*user_items_of(pdu), (0xEE, b"of a later edition")])
        body = join([*items_of(richer), (0x60, b"of a later edition")])
        return pdu_of(ASSOCIATE_AC, richer[6:74] + body)


@variant(clause="PS3.7 D.3.2", peculiarity="a request of which nothing is acceptable is rejected as a whole")
class NothingIsRejected(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        pdu = super().outgoing_pdu(pdu)
        if pdu[0] == ASSOCIATE_AC and all(value[2] for type_, value in items_of(pdu) if type_ == 0x21):
            return pdu_of(3, b"\0\1\1\1")
        return pdu


@variant(
    clause="PS3.7 D.3.3.4, D.3.3.5",
    peculiarity="SOP class extended negotiation is not supported, so never answered",
)
class NoExtendedNegotiation(Semantics):
    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        return None


@variant(clause="PS3.8 7.1.1.14", peculiarity="Implicit VR Little Endian is taken wherever it is offered")
class PrefersImplicit(Semantics):
    def choose_transfer_syntax(self, service: Service, syntaxes: Sequence[str], role: object) -> str | None:
        if IMPLICIT in syntaxes:
            return IMPLICIT
        return super().choose_transfer_syntax(service, syntaxes, role)  # type: ignore[arg-type]


@variant(clause="PS3.8 7.1.1.3, 7.1.1.4", peculiarity="only known titles are admitted, called and calling")
class KnowsTitles(Semantics):
    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        if caller.called != self.config.ae_title:
            return Rejection(1, 1, 7)
        if caller.calling == "PHSTRANGER":
            return Rejection(1, 1, 3)
        return super().admit(caller, open_associations)
