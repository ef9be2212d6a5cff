"""Weaknesses of who is let in and what is permitted, seeded into the hardened archive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.archive.attributes import AttributeSet
from harness.archive.config import ArchiveConfig, Destination, KnownCaller
from harness.archive.identifiers import Query
from harness.archive.index import Instance
from harness.archive.negotiation import Caller, Rejection
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import Service
from harness.archive.status import NOT_AUTHORIZED, SUCCESS, Answer, Refused
from tests.mutants.seed import mutant
from tests.mutants.wire import ASSOCIATE_RQ, Wire

CALLING = slice(26, 42)
"""The calling AE title in an A-ASSOCIATE-RQ (PS3.8 9.3.2)."""


class Open(Semantics):
    """Lets everybody in, and knows who is a stranger."""

    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        self.is_strange = not self.is_registered(caller)
        return None

    def is_registered(self, caller: Caller) -> bool:
        return any(self.is_caller(known, caller) for known in self.config.callers)


@mutant(
    clause="PS3.8 9.3.4",
    defect="admits whoever calls, though callers are configured",
    caught_by=(
        "security.access.unknown-calling-title",
        "security.access.foreign-address",
        "security.permission.query",
        "security.permission.get",
        "security.permission.move",
        "security.permission.store",
        "security.permission.commitment",
        "security.permission.worklist",
        "security.permission.performed-step",
    ),
    hardened=True,
)
class AdmitsStrangers(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(replace(config, callers=()))


@mutant(
    clause="PS3.7 C.5.25",
    defect="lets strangers echo, and query too",
    caught_by=("security.permission.query",),
    hardened=True,
)
class EchoesAndFindsForAll(Open):
    def permits(self, caller: Caller, service: Service) -> bool:
        return self.is_registered(caller) or service in (Service.VERIFICATION, Service.FIND)


@mutant(
    clause="PS3.7 C.5.25",
    defect="takes objects from whoever sends them, while it refuses all other services",
    caught_by=("security.permission.store",),
    hardened=True,
)
class StoresForAll(Open):
    def permits(self, caller: Caller, service: Service) -> bool:
        return self.is_registered(caller) or service is Service.STORAGE


@mutant(
    clause="CWE-204",
    defect="looks for the study first, and then at who asks",
    caught_by=("security.permission.existence",),
    hardened=True,
)
class TellsWhatExists(Open):
    def permits(self, caller: Caller, service: Service) -> bool:
        return self.is_registered(caller) or service is Service.FIND

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        matches = super().match_entity(query, attributes)
        if matches and self.is_strange:
            raise Refused(NOT_AUTHORIZED, "not for you")
        return matches


@mutant(
    clause="PS3.8 7.1.1.4",
    defect="ignores the called AE title",
    caught_by=("security.access.wrong-called-title",),
    hardened=True,
)
class IgnoresCalledTitle(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(replace(config, check_called_title=False))


@mutant(
    clause="PS3.5 6.2",
    defect="takes small and capital letters of calling AE titles for the same",
    caught_by=("security.access.calling-title-case",),
    hardened=True,
)
class IgnoresCaseOfTitles(Semantics):
    def is_caller(self, known: KnownCaller, caller: Caller) -> bool:
        return super().is_caller(known, replace(caller, calling=caller.calling.upper()))


@mutant(
    clause="PS3.8 7.1.1.3",
    defect="compares calling AE titles as far as the shorter one goes",
    caught_by=("security.access.calling-title-likeness",),
    hardened=True,
)
class ComparesBeginnings(Semantics):
    def is_caller(self, known: KnownCaller, caller: Caller) -> bool:
        return known.ae_title.startswith(caller.calling) or caller.calling.startswith(known.ae_title)


@mutant(
    clause="PS3.8 9.3.2",
    defect="takes who says no calling AE title for somebody known",
    caught_by=("security.access.no-calling-title",),
    wire=True,
)
class BlankIsKnown(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == ASSOCIATE_RQ and not pdu[CALLING].strip(b" \0"):
            return pdu[: CALLING.start] + b"PACSHARNESS".ljust(16) + pdu[CALLING.stop :]
        return pdu


@mutant(
    clause="PS3.8 9.3.2",
    defect="counts spaces before a calling AE title as part of it",
    caught_by=("security.access.calling-title-spaces",),
    wire=True,
)
class SpacesCount(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == ASSOCIATE_RQ and pdu[CALLING].startswith(b" "):
            return pdu[: CALLING.start] + pdu[CALLING].replace(b" ", b"_") + pdu[CALLING.stop :]
        return pdu


@mutant(
    clause="CWE-290",
    defect="takes a known calling AE title from every address",
    caught_by=("security.access.foreign-address",),
    hardened=True,
)
class IgnoresAddress(Semantics):
    def is_caller(self, known: KnownCaller, caller: Caller) -> bool:
        return caller.calling == known.ae_title


@mutant(
    clause="PS3.4 C.4.2.1.5",
    defect="sends objects for a destination that it does not know to the address of the caller",
    caught_by=("security.destination.unregistered",),
    hardened=True,
)
class MovesToCaller(Semantics):
    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        self.address = caller.address
        return super().admit(caller, open_associations)

    def destination(self, ae_title: str) -> Destination | None:
        port = self.config.destinations[0].port
        return super().destination(ae_title) or Destination(ae_title, self.address, port)


@mutant(
    clause="PS3.5 6.2",
    defect="takes small and capital letters of move destinations for the same",
    caught_by=("security.destination.likeness",),
    hardened=True,
)
class IgnoresCaseOfDestinations(Semantics):
    def destination(self, ae_title: str) -> Destination | None:
        return super().destination(ae_title.upper())


@mutant(
    clause="PS3.4 B.1.2",
    defect="replaces an object by what anybody sends under its SOP Instance UID, and says Success",
    caught_by=("security.overwriting.by-another", "security.overwriting.by-its-sender"),
    hardened=True,
)
class Overwrites(Semantics):
    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        (incoming,) = (self.config.folder / "incoming").iterdir()
        Path(self.config.folder / known.path).write_bytes(incoming.read_bytes())
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 B.1.2",
    defect="replaces an object whenever somebody else than its sender sends another one",
    caught_by=("security.overwriting.by-another",),
    hardened=True,
)
class OverwritesForOthers(Overwrites):
    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        self.is_other = caller.calling != self.config.callers[0].ae_title
        return super().admit(caller, open_associations)

    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        if self.is_other:
            return super().duplicate(known, received, attributes)
        return Semantics.duplicate(self, known, received, attributes)
