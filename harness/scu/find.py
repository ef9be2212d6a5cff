"""C-FIND as SCU (PS3.7 9.1.2, PS3.4 C.4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydicom import Dataset

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import PeerViolation
from harness.scu.echo import NO_DATA_SET, WITH_DATA_SET
from harness.scu.identifier import Identifier, encode_identifier, keys_of, read_identifier
from harness.scu.progress import Progress
from harness.scu.session import Scu
from harness.scu.status import PENDING, describe, response_to
from harness.scu.uids import QueryLevel, Root

MAX_RESPONSES = 100_000
"""No query of the harness's own data has so many matches; an endless answer has to end somewhere."""


@dataclass(frozen=True, slots=True)
class Matches:
    """All that came back for one C-FIND."""

    identifiers: tuple[Identifier, ...]
    """Those of the pending responses, in order."""
    pending: tuple[CommandSet, ...]
    final: CommandSet
    final_data_set: bytes | None
    late: tuple[CommandSet, ...] = field(default=())
    """Pending responses after the C-CANCEL had been sent."""

    @property
    def status(self) -> int:
        """The final status."""
        return self.final.integer("Status")

    def texts(self, keyword: str) -> list[str]:
        """The value of an attribute in every match; PeerViolation where one lacks it."""
        return [identifier.text(keyword) for identifier in self.identifiers]

    def where_known(self, keyword: str) -> Matches:
        """Without the entities whose value of that key is unknown.

        They match any value of a Required Key (PS3.4 C.2.2.1.2), so others' objects, and those of other
        scenarios, may be among the matches of any query.
        """
        known = tuple(one for one in self.identifiers if keyword not in one or one.text(keyword))
        return replace(self, identifiers=known)

    def require_success(self) -> Matches:
        """Itself, where the final status is Success.  Raises PeerViolation otherwise (PS3.4 C.4.1.1.4)."""
        if self.status != 0:
            raise PeerViolation("PS3.4 C.4.1.1.4", "final status 0x0000 (success)", describe(self.final))
        return self


def find_request(association: Association, sop_class: str) -> CommandSet:
    """The command set of a C-FIND-RQ (PS3.7 9.3.2.1)."""
    return CommandSet.of(
        AffectedSOPClassUID=sop_class,
        CommandField=int(Command.C_FIND_RQ),
        MessageID=association.next_message_id(),
        Priority=0,
        CommandDataSetType=WITH_DATA_SET,
    )


def find_with(
    association: Association,
    sop_class: str,
    identifier: Dataset,
    *,
    cancel_after: int | None = None,
) -> Matches:
    """One C-FIND with these very keys; C-CANCEL follows ``cancel_after`` pending responses (0: at once)."""
    syntax = association.context_for(sop_class).transfer_syntax
    return find_encoded(
        association, sop_class, encode_identifier(identifier, syntax), cancel_after=cancel_after
    )


def find_encoded(
    association: Association, sop_class: str, identifier: bytes, *, cancel_after: int | None = None
) -> Matches:
    """One C-FIND with an Identifier encoded already, in the transfer syntax of the class's context."""
    context = association.context_for(sop_class)
    request = find_request(association, sop_class)
    association.send_message(context.id, request, identifier)
    progress = Progress(association)
    cancelled = False
    identifiers: list[Identifier] = []
    pending: list[CommandSet] = []
    late: list[CommandSet] = []
    while True:
        if cancel_after is not None and not cancelled and len(pending) >= cancel_after:
            association.send_message(context.id, cancel_request(request))
            cancelled = True
        message = association.receive_message()
        response = response_to(request, message)
        if response.integer("Status") not in PENDING:
            return Matches(tuple(identifiers), tuple(pending), response, message.dataset, tuple(late))
        progress.note((response, message.dataset))
        identifiers.append(read_identifier(message.dataset, context.transfer_syntax))
        pending.append(response)
        if cancelled:
            late.append(response)
        if len(pending) > MAX_RESPONSES:
            raise PeerViolation("PS3.4 C.4.1.1", "an answer that ends", f"{len(pending)} pending responses")


def cancel_request(request: CommandSet) -> CommandSet:
    """The C-CANCEL-RQ for a request (PS3.7 9.3.2.3)."""
    return CommandSet.of(
        CommandField=int(Command.C_CANCEL_RQ),
        MessageIDBeingRespondedTo=request["MessageID"],
        CommandDataSetType=NO_DATA_SET,
    )


def find(
    scu: Scu, root: Root, level: QueryLevel, keys: Mapping[str, Any] | None = None, **more: Any
) -> Matches:
    """One C-FIND on an association of its own.

    Keys go by keyword: None asks for the attribute, a value has to match.  Raises NotAccepted where the
    product does not offer the model.
    """
    with scu.open(root.find) as association:
        return find_with(association, root.find, keys_of(level, {**(keys or {}), **more}))


def study_uids(scu: Scu, **keys: Any) -> list[str]:
    """Study Instance UIDs of a Study Root query at STUDY level that ended in Success, in order of arrival.

    With a Patient ID as key, studies of patients without one are left out: the standard has them match every
    Patient ID (PS3.4 C.2.2.1.2), so that other people's studies may be among the answers.
    """
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, {"StudyInstanceUID": None, **keys}).require_success()
    identifiers = matches.identifiers
    if keys.get("PatientID"):
        identifiers = tuple(one for one in identifiers if "PatientID" not in one or one.text("PatientID"))
    return [identifier.text("StudyInstanceUID") for identifier in identifiers]
