"""Legal peculiarities of Modality Performed Procedure Step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.performed import IN_PROGRESS, PerformedStep
from harness.archive.semantics import Semantics
from harness.archive.status import ATTRIBUTE_LIST_ERROR, INVALID_INSTANCE, SUCCESS, Answer, Refused
from tests.variants.seed import variant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.messages import Message

NORMALIZED = frozenset((0x8110, 0x8120, 0x8140))


@variant(clause="PS3.4 F.7.2.1.2", peculiarity="a step without a SOP Instance UID is refused", alone=True)
class UidNeeded(Semantics):
    def new_step_uid(self) -> str:
        raise Refused(INVALID_INSTANCE, "the request has no SOP Instance UID")


@variant(clause="PS3.7 C.4.2", peculiarity="every step is taken with the warning that something was left out")
class AlwaysWarns(Semantics):
    def step_answer(self, answer: Answer) -> Answer:
        return Answer(ATTRIBUTE_LIST_ERROR) if answer.status == SUCCESS else answer


@variant(clause="PS3.7 10.1.3.1", peculiarity="responses have their mandatory elements alone")
class BareResponses(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        told = request.command.get("AffectedSOPInstanceUID") or request.command.get("RequestedSOPInstanceUID")
        if command.CommandField in NORMALIZED and told:
            for keyword in ("AffectedSOPClassUID", "AffectedSOPInstanceUID", "ErrorComment", "ErrorID"):
                if keyword in command:
                    delattr(command, keyword)
        return command


@variant(
    clause="PS3.4 F.7.2.2.3", peculiarity="patient and end of a step are corrected once it has been completed"
)
class Corrected(Semantics):
    def modified(self, step: PerformedStep, changes: AttributeSet) -> PerformedStep:
        after = super().modified(step, changes)
        if after.status == IN_PROGRESS:
            return after
        own = AttributeSet(
            {0x00100010: Attribute("PN", ("PHTEST^Corrected",)), 0x00400250: Attribute("DA", ("20200101",))}
        )
        return PerformedStep(after.sop_instance, after.attributes.merged(own))


@variant(clause="PS3.4 F.8.2.1.3", peculiarity="N-GET returns all that is known of a step")
class ReturnsMore(Semantics):
    def retrieved_step(self, step: PerformedStep, asked: tuple[int, ...]) -> AttributeSet:
        return super().retrieved_step(step, ())
