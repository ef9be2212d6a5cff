"""Defects of C-GET alone; those that it shares with C-MOVE are in `tests.mutants.move`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.archive import encoding, retrieve
from harness.archive.config import ArchiveConfig
from harness.archive.index import Instance
from harness.archive.negotiation import Role
from harness.archive.semantics import Semantics
from harness.archive.status import SUCCESS, Answer
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from harness.archive.association import ArchiveAssociation
    from harness.archive.messages import Message

ASSOCIATE_AC = 2
CT = b"1.2.840.10008.5.1.4.1.1.2"


@mutant(
    clause="PS3.7 D.3.3.4",
    defect="objects are sent to a requestor whose SCP role was refused",
    caught_by=("get.role.accepted", "get.role.both"),
)
class SendsAgainstAnswer(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        """The role item of CT says SCP 0 on the wire, while the archive goes by SCP 1."""
        item = b"\x54\0" + (len(CT) + 4).to_bytes(2, "big") + len(CT).to_bytes(2, "big") + CT
        at = pdu.find(item)
        if pdu[0] != ASSOCIATE_AC or at < 0:
            return pdu
        end = at + len(item)
        return pdu[:end] + b"\0\0" + pdu[end + 2 :]


@mutant(
    clause="PS3.7 D.3.3.4",
    defect="both roles are accepted whatever was proposed",
    caught_by=("get.role.not-beyond-proposal",),
)
class BothRoles(Semantics):
    def answer_role(self, abstract_syntax: str, offered: Role | None) -> Role | None:
        return offered and Role(True, True)


@mutant(
    clause="PS3.7 D.3.3.4",
    defect="roles are answered that nobody proposed, and objects sent by them",
    caught_by=("get.role.no-answer-unasked", "get.role.without-negotiation"),
)
class RolesUnasked(Semantics):
    def answer_role(self, abstract_syntax: str, offered: Role | None) -> Role | None:
        return super().answer_role(abstract_syntax, offered or Role(True, True))


@mutant(
    clause="PS3.7 D.3.3.4",
    defect="objects are sent without any role negotiation",
    caught_by=("get.role.without-negotiation",),
)
class RolesNotNeeded(Semantics):
    def may_send(self, role: Role | None) -> bool:
        return True


@mutant(
    clause="PS3.5 10.1",
    defect="compressed objects are always decompressed",
    caught_by=("get.suboperation.prefers-stored-syntax",),
)
class AlwaysDecompressed(Semantics):
    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        return next((uid for uid in encoding.NATIVE if uid in accepted), None)


@mutant(
    clause="PS3.7 A.4",
    defect="no sub-operation waits for its response",
    caught_by=("get.suboperation.waits-for-response", "move.suboperation.waits-for-response"),
)
class SendsAhead(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        retrieve._status_of = lambda carrier, message_id, timeout: SUCCESS


@mutant(
    clause="PS3.4 C.4.3",
    defect="the objects of a get are sent to the address of who asks for them",
    caught_by=("get.suboperation.same-association",),
)
class GetsElsewhere(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        here = retrieve._get

        def elsewhere(
            association: ArchiveAssociation,
            request: Message,
            instances: list[Instance],
            progress: retrieve.Progress,
        ) -> Answer | None:
            caller = self.destination(association.caller.calling)
            if caller is None:
                return here(association, request, instances, progress)
            return retrieve._move(association, request, caller, instances, progress)

        retrieve._get = elsewhere
