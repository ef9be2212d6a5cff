"""Defects of storage commitment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.archive import commitment
from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.config import ArchiveConfig, Destination
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from tests.mutants.seed import mutant
from tests.mutants.storage import DropsPrivate

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.messages import Message

ASSOCIATE_RQ, P_DATA, RELEASE_RQ = 1, 4, 5
N_ACTION_RSP = 0x8130
N_EVENT_REPORT_RQ = b"\0\0\0\1\2\0\0\0\0\1"
"""Command Field (0000,0100) of an N-EVENT-REPORT-RQ as it is encoded."""
TRANSACTION, REFERENCED, FAILED, RETRIEVE_AE_TITLE = 0x00081195, 0x00081199, 0x00081198, 0x00080054
PUSH = b"1.2.840.10008.1.20.1"


def without_last(information: AttributeSet, tag: int) -> AttributeSet:
    """Event information whose sequence `tag` lacks its last item, and is left out where that was all."""
    sequence = information.get(tag)
    if sequence is None:
        return information
    others = {key: value for key, value in information.elements.items() if key != tag}
    if len(sequence.items) > 1:
        others[tag] = Attribute("SQ", items=sequence.items[:-1])
    return AttributeSet(others)


# -- the request -----------------------------------------------------------------------------------


class _ActionStatus(Semantics):
    """Answers N-ACTION with another status."""

    status = 0

    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        if command.CommandField == N_ACTION_RSP:
            command.Status = self.status
        return command


@mutant(
    clause="PS3.4 J.3.2.1.3",
    defect="N-ACTION is answered Pending",
    caught_by=("commitment.request.accepted", "commitment.request.response-fields"),
)
class ActionPending(_ActionStatus):
    status = 0xFF00


@mutant(
    clause="PS3.4 J.2",
    defect="the class is accepted, its operation is not known",
    caught_by=("commitment.negotiation.push-model",),
)
class ActionUnknown(_ActionStatus):
    status = 0x0211


@mutant(
    clause="PS3.7 10.1.4.1.10",
    defect="whatever is asked is answered Success",
    caught_by=(
        "commitment.request.unknown-action",
        "commitment.request.wrong-instance",
        "commitment.request.dataset-incomplete",
    ),
)
class ActionAlwaysSucceeds(_ActionStatus):
    pass


@mutant(
    clause="PS3.7 10.1.4.1.8",
    defect="the response names another SOP Instance than the request",
    caught_by=("commitment.request.response-fields",),
)
class ResponseOfAnotherInstance(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        if command.CommandField == N_ACTION_RSP:
            command.AffectedSOPInstanceUID = "1.2.840.10008.1.20.2.1"
        return command


# -- the association for the result ----------------------------------------------------------------


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="the association for the result has no SCP role",
    caught_by=("commitment.negotiation.role-as-requestor",),
)
class NoRole(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        item = b"\x54\0" + (len(PUSH) + 4).to_bytes(2, "big") + len(PUSH).to_bytes(2, "big") + PUSH
        at = pdu.find(item)
        if pdu[0] != ASSOCIATE_RQ or at < 0:
            return pdu
        end = at + len(item)
        return pdu[:end] + b"\1\0" + pdu[end + 2 :]


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="the result comes from another AE title",
    caught_by=("commitment.negotiation.same-ae-title",),
)
class AnotherTitle(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return pdu[:26] + b"ANOTHER".ljust(16) + pdu[42:] if pdu[0] == ASSOCIATE_RQ else pdu


@mutant(
    clause="PS3.5 10.1",
    defect="the association for the result offers Explicit VR alone",
    caught_by=("commitment.negotiation.default-syntax",),
)
class ExplicitAlone(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        implicit, other = b"\x40\0\0\x111.2.840.10008.1.2", b"\x40\0\0\x111.2.840.10008.9.9"
        return pdu.replace(implicit, other) if pdu[0] == ASSOCIATE_RQ else pdu


# -- the result ------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="a result is never sent on another association",
    caught_by=("commitment.result.on-other-association",),
)
class SameAssociationOnly(Semantics):
    def destination(self, ae_title: str) -> Destination | None:
        return None


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="the event type is 1 whatever failed",
    caught_by=("commitment.result.failures-listed", "commitment.result.all-fail"),
)
class AlwaysAllCommitted(Semantics):
    def commitment_event(self, any_failed: bool) -> int:
        return 1


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="the event type is 2 though nothing failed",
    caught_by=("commitment.result.all-committed",),
)
class AlwaysFailures(Semantics):
    def commitment_event(self, any_failed: bool) -> int:
        return 2


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="objects are committed that were never received",
    caught_by=("commitment.result.failures-listed", "commitment.result.all-fail"),
)
class CommitsAnything(Semantics):
    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        return None


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="the last committed object is left out of the result",
    caught_by=("commitment.result.all-committed", "commitment.result.failures-listed"),
)
class CommittedCutShort(Semantics):
    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        return without_last(information, REFERENCED)


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="the last failed object is left out of the result",
    caught_by=("commitment.result.failures-listed", "commitment.result.all-fail"),
)
class FailedCutShort(Semantics):
    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        return without_last(information, FAILED)


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="failed objects are listed among the committed ones as well",
    caught_by=("commitment.result.failures-listed", "commitment.result.all-fail"),
)
class FailedInBoth(Semantics):
    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        items = tuple(
            item for tag in (REFERENCED, FAILED) for item in getattr(information.get(tag), "items", ())
        )
        return information.merged(AttributeSet({REFERENCED: Attribute("SQ", items=items)}))


@mutant(
    clause="PS3.5 7.4.2",
    defect="the list of committed objects is there without items where nothing is committed",
    caught_by=("commitment.result.nothing-committed-is-absent",),
)
class EmptyList(Semantics):
    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        if information.get(REFERENCED) is not None:
            return information
        return information.merged(AttributeSet({REFERENCED: Attribute("SQ")}))


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="every result has one and the same Transaction UID",
    caught_by=("commitment.result.transaction-uid",),
)
class TransactionChanged(Semantics):
    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        return information.merged(AttributeSet({TRANSACTION: Attribute("UI", ("2.25.1",))}))


@mutant(
    clause="PS3.4 J.3.3.1.1",
    defect="failed objects have Failure Reason 0",
    caught_by=("commitment.result.failure-reason",),
)
class NoReason(Semantics):
    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        return None if super().commits(known, sop_class, is_safe) is None else 0


@mutant(
    clause="PS3.7 10.1.1.1.4",
    defect="the report is of another SOP Instance than the well-known one",
    caught_by=("commitment.result.report-fields",),
)
class ReportOfAnotherInstance(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA and N_EVENT_REPORT_RQ in pdu:
            return pdu.replace(PUSH + b".1", PUSH + b".2")
        return pdu


@mutant(
    clause="PS3.4 J.3.3.1.1.1",
    defect="Retrieve AE Title stands outside of the items and in them",
    caught_by=("commitment.result.retrieve-ae-title",),
)
class RetrieveTitleTwice(Semantics):
    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        title, sequence = information.elements[RETRIEVE_AE_TITLE], information.get(REFERENCED)
        items = tuple(
            item.merged(AttributeSet({RETRIEVE_AE_TITLE: title})) for item in getattr(sequence, "items", ())
        )
        return information.merged(AttributeSet({REFERENCED: Attribute("SQ", items=items)}))


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="an object is committed under a class that isn't its own",
    caught_by=("commitment.result.wrong-class",),
)
class ClassIgnored(Semantics):
    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        return None if known is not None and is_safe else 0x0112


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="a result that was acknowledged is sent once more",
    caught_by=("commitment.result.once",),
)
class ResultTwice(Semantics):
    report = b""

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA and (self.report or N_EVENT_REPORT_RQ in pdu):
            self.report += pdu
        if pdu[0] == RELEASE_RQ and self.report:
            again, self.report = self.report, b""
            return again + pdu
        return pdu


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="a result whose association was rejected for now is given up",
    caught_by=("commitment.result.retried",),
)
class NeverAgain(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        commitment.TRIES = (0.0,)
        # However late the request's association is released, no result goes out on that.
        commitment._stays_open = lambda association: False


@mutant(
    clause="PS3.4 J.3.3.1.2",
    defect="objects are committed though their private attributes were dropped",
    caught_by=("commitment.result.committed-is-complete",),
)
class CommitsWhatItCut(DropsPrivate):
    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        return None if known is not None else 0x0112
