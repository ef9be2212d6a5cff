"""What archives die of, keep silent at, or answer wrongly, below the objects: associations and commands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.archive.negotiation import Caller, ContextAnswer, Identity, IdentityAnswer, Rejection, Role
from harness.archive.semantics import Semantics
from harness.findings import Area, Symptom
from tests.mutants.fuzzed.seed import weakness

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.messages import Message

ACCEPT, RELEASE_RESPONSE, ABORT = 2, 6, 7
STATES = "PS3.8 9.2.3"


@weakness(Area.PDUS, Symptom.SILENT, clause=f"{STATES}, AA-8", defect="it keeps silent where it has to abort")
class NeverAborts(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return b"" if pdu[0] == ABORT else pdu


@weakness(Area.PDUS, Symptom.ILLEGAL_ANSWER, clause="PS3.8 9.3.8", defect="its A-ABORT has a wrong length")
class ShortAbort(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return pdu[:2] + b"\0\0\0\2" + pdu[8:] if pdu[0] == ABORT else pdu


@weakness(
    Area.PDUS, Symptom.ILLEGAL_ANSWER, clause=STATES, defect="a release that nobody asked for is confirmed"
)
class ReleasesUnasked(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return bytes((RELEASE_RESPONSE, 0, 0, 0, 0, 4, 0, 0, 0, 0)) + pdu if pdu[0] == ABORT else pdu


@weakness(Area.PDUS, Symptom.DIED, clause=STATES, defect="it dies of the 40th A-ABORT that it sends")
class DiesOfAborts(Semantics):
    aborts = 0

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        type(self).aborts += pdu[0] == ABORT
        if self.aborts >= 40:
            os._exit(1)
        return pdu


@weakness(
    *(Area.PDUS, Symptom.HUNG, Symptom.FLAKY),
    clause=STATES,
    defect="each association that is aborted takes a place for ever",
)
class LeaksAssociations(DiesOfAborts):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        type(self).aborts += pdu[0] == ABORT
        return pdu

    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        return Rejection(1, 1, 1) if self.aborts >= 30 else super().admit(caller, open_associations)


@weakness(
    Area.PDUS, Symptom.GREW, clause="CWE-401", defect="1 MiB of each association that it aborts is kept"
)
class LeaksMemoryOfAborts(Semantics):
    leaked: ClassVar[list[bytes]] = []

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] == ABORT:
            self.leaked.append(b"\1" * 2**20)
        return pdu


class Counts(Semantics):
    """Counts the presentation contexts of a request."""

    contexts = 0

    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        type(self).contexts = 0
        return super().admit(caller, open_associations)

    def answer_context(
        self, abstract_syntax: str, syntaxes: Sequence[str], role: Role | None
    ) -> ContextAnswer:
        type(self).contexts += 1
        return super().answer_context(abstract_syntax, syntaxes, role)


@weakness(
    Area.PDUS, Symptom.ILLEGAL_ANSWER, clause=STATES, defect="requests of a few contexts are accepted twice"
)
class AcceptsTwice(Counts):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return pdu + pdu if pdu[0] == ACCEPT and 2 <= self.contexts <= 5 else pdu


@weakness(Area.PDUS, Symptom.DIED, clause="PS3.8 9.3.3.2", defect="it dies of abstract syntaxes of others")
class DiesOfOthers(Semantics):
    def answer_context(
        self, abstract_syntax: str, syntaxes: Sequence[str], role: Role | None
    ) -> ContextAnswer:
        if not abstract_syntax.startswith("1.2.840.10008."):
            os._exit(1)
        return super().answer_context(abstract_syntax, syntaxes, role)


@weakness(Area.KNOWN, Symptom.DIED, clause="PS3.8 9.3.2", defect="it dies of a title that looks like a path")
class DiesOfPaths(Semantics):
    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        if ".." in caller.calling or ".." in caller.called:
            os._exit(1)
        return super().admit(caller, open_associations)


@weakness(
    Area.KNOWN,
    Symptom.DIED,
    clause="PS3.7 D.3.3.7",
    defect="it dies of a user identity of 1,001 bytes",
)
class DiesOfIdentity(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        if identity is not None and len(identity.primary) > 1000:
            os._exit(1)
        return super().identify(identity)


@weakness(Area.KNOWN, Symptom.DIED, clause="PS3.7 9.3", defect="it dies of a request without a SOP Class UID")
class DiesOfAbsence(Semantics):
    def check_sop_class(self, abstract_syntax: str, affected: str) -> None:
        if not affected:
            os._exit(1)
        super().check_sop_class(abstract_syntax, affected)


@weakness(
    Area.PDUS, Symptom.ILLEGAL_ANSWER, clause="PS3.7 9.3", defect="failures are answered to another message"
)
class AnswersAnother(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        if command.get("Status", 0) not in (0, 0xFF00, 0xFF01):
            command.MessageIDBeingRespondedTo = (command.MessageIDBeingRespondedTo + 1000) & 0xFFFF
        return command
