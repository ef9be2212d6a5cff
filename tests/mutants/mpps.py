"""Defects of Modality Performed Procedure Step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.archive import performed
from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.config import ArchiveConfig
from harness.archive.negotiation import Caller, ContextAnswer, Rejection, Role
from harness.archive.performed import (
    COMPLETED,
    DISCONTINUED,
    IN_PROGRESS,
    SCHEDULED,
    SERIES,
    STATUS,
    PerformedStep,
)
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import PERFORMED_STEP
from harness.archive.status import (
    DUPLICATE_INSTANCE,
    INVALID_VALUE,
    MISSING_ATTRIBUTE,
    MISSING_VALUE,
    NO_SUCH_INSTANCE,
    PENDING,
    PROCESSING_FAILURE,
    SUCCESS,
    Answer,
    Refused,
)
from harness.archive.worklist import STEP_ID
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from harness.archive.messages import Message

N_CREATE_RSP, N_SET_RSP = 0x8140, 0x8120
NAME = 0x00100010
FAILURES = frozenset((DUPLICATE_INSTANCE, INVALID_VALUE, MISSING_ATTRIBUTE, MISSING_VALUE, NO_SUCH_INSTANCE))


def with_status(attributes: AttributeSet, status: str) -> AttributeSet:
    return attributes.merged(AttributeSet({STATUS: Attribute("CS", (status,))}))


@mutant(
    clause="PS3.4 F.7.3",
    defect="performed steps are promised and their class is refused",
    caught_by=("mpps.context.accepted",),
)
class NotAccepted(Semantics):
    def answer_context(
        self, abstract_syntax: str, syntaxes: Sequence[str], role: Role | None
    ) -> ContextAnswer:
        if abstract_syntax == PERFORMED_STEP:
            return ContextAnswer(3, syntaxes[0])
        return super().answer_context(abstract_syntax, syntaxes, role)


# -- N-CREATE --------------------------------------------------------------------------------------


@mutant(
    clause="PS3.7 10.1.5.1.4",
    defect="a step is acknowledged, and kept under another UID",
    caught_by=("mpps.create.in-progress", "mpps.set.completes", "mpps.set.after-reassociation"),
)
class KeptUnderAnotherUid(Semantics):
    def register(self, known: PerformedStep | None, created: PerformedStep) -> PerformedStep:
        return replace(super().register(known, created), sop_instance=f"{created.sop_instance}.1")


@mutant(
    clause="PS3.4 F.7.2.1.3",
    defect="a new step is answered Pending",
    caught_by=("mpps.create.in-progress", "mpps.create.unscheduled"),
)
class CreatedPending(Semantics):
    def step_answer(self, answer: Answer) -> Answer:
        return Answer(PENDING) if answer.status == SUCCESS else answer


@mutant(
    clause="PS3.4 F.7.2.1.3",
    defect="a new step may be completed from the start",
    caught_by=("mpps.create.other-status-refused", "mpps.create.names-the-cause"),
)
class AnyStatusCreated(Semantics):
    def check_creation(self, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_creation(sop_instance, with_status(attributes, IN_PROGRESS))


@mutant(
    clause="PS3.4 F.7.2.1.3",
    defect="a new step with another status is begun all the same, as IN PROGRESS",
    caught_by=("mpps.create.other-status-refused",),
)
class StatusReplaced(AnyStatusCreated):
    def register(self, known: PerformedStep | None, created: PerformedStep) -> PerformedStep:
        return super().register(
            known, replace(created, attributes=with_status(created.attributes, IN_PROGRESS))
        )


@mutant(
    clause="PS3.7 10.1.5.1.6",
    defect="a second creation overwrites the first",
    caught_by=("mpps.create.duplicate", "mpps.create.names-the-cause"),
)
class DuplicateOverwrites(Semantics):
    def register(self, known: PerformedStep | None, created: PerformedStep) -> PerformedStep:
        return created


@mutant(
    clause="PS3.7 10.1.5.1.4",
    defect="the UID that was assigned is not told",
    caught_by=("mpps.create.uid-by-scp",),
)
class UidNotTold(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        if command.CommandField == N_CREATE_RSP and "AffectedSOPInstanceUID" in command:
            del command.AffectedSOPInstanceUID
        return command


@mutant(
    clause="PS3.5 9.1",
    defect="the UID that was assigned is no UID",
    caught_by=("mpps.create.uid-by-scp",),
)
class UidMadeUp(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        if command.CommandField == N_CREATE_RSP and not request.command.get("AffectedSOPInstanceUID"):
            command.AffectedSOPInstanceUID = "2.25.007"
        return command


class _AnotherInstance(Semantics):
    """Names another instance in the response to one operation."""

    field = 0

    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        if command.CommandField == self.field:
            command.AffectedSOPInstanceUID = "2.25.1"
        return command


@mutant(
    clause="PS3.7 10.1.5.1.4",
    defect="N-CREATE-RSP names another instance than was created",
    caught_by=("mpps.create.response-fields",),
)
class CreatedAnother(_AnotherInstance):
    field = N_CREATE_RSP


@mutant(
    clause="PS3.7 10.1.3.1.8",
    defect="N-SET-RSP names another instance than was set",
    caught_by=("mpps.set.response-fields",),
)
class SetAnother(_AnotherInstance):
    field = N_SET_RSP


@mutant(
    clause="PS3.4 5.4.2.1",
    defect="nothing is missed in a new step",
    caught_by=("mpps.create.missing-type1", "mpps.create.missing-type2", "mpps.create.empty-type1"),
)
class NothingMissed(Semantics):
    def check_creation(self, sop_instance: str, attributes: AttributeSet) -> None:
        if attributes.text(STATUS) != IN_PROGRESS:
            raise Refused(INVALID_VALUE, "not IN PROGRESS")


@mutant(
    clause="PS3.4 5.4.2.1",
    defect="attributes of type 2 are not missed in a new step",
    caught_by=("mpps.create.missing-type2",),
)
class Type2NotMissed(NothingMissed):
    def check_creation(self, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_creation(sop_instance, attributes)
        performed.check_present(attributes, performed.TYPE_1, ())


@mutant(
    clause="PS3.4 5.4.2.1",
    defect="an attribute of type 1 may be empty in a new step",
    caught_by=("mpps.create.empty-type1", "mpps.create.names-the-cause"),
)
class EmptyAccepted(NothingMissed):
    def check_creation(self, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_creation(sop_instance, attributes)
        performed.check_present(attributes, (), (*performed.TYPE_1, *performed.TYPE_2))


@mutant(
    clause="PS3.4 5.4.2.1",
    defect="an attribute of type 2 may not be empty in a new step",
    caught_by=("mpps.create.missing-type2", "mpps.create.in-progress"),
)
class EmptyRefused(Semantics):
    def check_creation(self, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_creation(sop_instance, attributes)
        performed.check_present(attributes, (0x00400242,), ())


@mutant(
    clause="PS3.4 F.7.2.1.2",
    defect="a step that nobody had scheduled is refused",
    caught_by=("mpps.create.unscheduled",),
)
class UnscheduledRefused(Semantics):
    def check_creation(self, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_creation(sop_instance, attributes)
        items = attributes.elements[SCHEDULED].items
        if not all(item.text(STEP_ID) for item in items):
            raise Refused(PROCESSING_FAILURE, "no such worklist item")


@mutant(
    clause="PS3.7 10.1.5.1.6",
    defect="every refusal is a processing failure",
    caught_by=("mpps.create.names-the-cause", "mpps.set.names-the-cause"),
)
class CauseNotNamed(Semantics):
    def step_answer(self, answer: Answer) -> Answer:
        return Answer(PROCESSING_FAILURE) if answer.status in FAILURES else answer


# -- N-SET -----------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 F.7.2.2.3",
    defect="a step is set once and no more",
    caught_by=("mpps.set.completes",),
)
class SetOnce(Semantics):
    def check_modification(self, step: PerformedStep, changes: AttributeSet) -> None:
        super().check_modification(step, changes)
        series = step.attributes.get(SERIES)
        if series is not None and series.items:
            raise Refused(PROCESSING_FAILURE, "was set before")


@mutant(
    clause="PS3.4 F.1.5",
    defect="a step can be completed, not discontinued",
    caught_by=("mpps.set.discontinues", "mpps.set.after-final-refused"),
)
class CompletedAlone(Semantics):
    def check_modification(self, step: PerformedStep, changes: AttributeSet) -> None:
        super().check_modification(step, changes)
        if changes.text(STATUS) == DISCONTINUED:
            raise Refused(INVALID_VALUE, "no such status")


@mutant(
    clause="PS3.4 F.7.2.2.3",
    defect="a step that has ended is set as before",
    caught_by=("mpps.set.after-final-refused", "mpps.set.names-the-cause"),
)
class NeverFinal(Semantics):
    def check_modification(self, step: PerformedStep, changes: AttributeSet) -> None:
        super().check_modification(
            replace(step, attributes=with_status(step.attributes, IN_PROGRESS)), changes
        )


@mutant(
    clause="PS3.4 F.7.2.2.3",
    defect="a discontinued step may be set, a completed one not",
    caught_by=("mpps.set.after-final-refused",),
)
class OnlyCompletedIsFinal(NeverFinal):
    def check_modification(self, step: PerformedStep, changes: AttributeSet) -> None:
        if step.status == COMPLETED:
            performed.check_modification(step, changes)
        super().check_modification(step, changes)


@mutant(
    clause="PS3.4 F.7.2.2.3",
    defect="a step that has ended may go back to IN PROGRESS",
    caught_by=("mpps.set.after-final-refused",),
)
class Reopened(NeverFinal):
    def check_modification(self, step: PerformedStep, changes: AttributeSet) -> None:
        if changes.get(STATUS) is None:
            performed.check_modification(step, changes)
        super().check_modification(step, changes)


@mutant(
    clause="PS3.7 10.1.3.1.9",
    defect="N-SET makes a step that there is not",
    caught_by=("mpps.set.unknown-instance", "mpps.set.names-the-cause"),
)
class SetCreates(Semantics):
    def known_step(self, step: PerformedStep | None, sop_instance: str) -> PerformedStep:
        unknown = AttributeSet({STATUS: Attribute("CS", (IN_PROGRESS,)), SERIES: Attribute("SQ")})
        return step or PerformedStep(sop_instance, unknown)


@mutant(
    clause="PS3.7 10.1.2.1.9",
    defect="N-GET of a step that there is not returns an empty one",
    caught_by=("mpps.get.unknown-instance",),
)
class GetsNothing(Semantics):
    def known_step(self, step: PerformedStep | None, sop_instance: str) -> PerformedStep:
        return step or PerformedStep(sop_instance, AttributeSet())


@mutant(
    clause="PS3.7 10.1.3.1.9",
    defect="a status that is not defined is kept",
    caught_by=("mpps.set.invalid-status", "mpps.set.names-the-cause"),
)
class AnyStatusSet(Semantics):
    def check_modification(self, step: PerformedStep, changes: AttributeSet) -> None:
        known = changes.text(STATUS) in ("", IN_PROGRESS, COMPLETED, DISCONTINUED)
        super().check_modification(step, changes if known else AttributeSet())


@mutant(
    clause="PS3.4 F.7.2.2",
    defect="steps are known on the association of their creation alone",
    caught_by=("mpps.set.after-reassociation", "mpps.set.completes"),
)
class ForgottenAtTheEnd(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.associations = 0
        self.created: dict[str, int] = {}

    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        self.associations += 1
        return super().admit(caller, open_associations)

    def register(self, known: PerformedStep | None, created: PerformedStep) -> PerformedStep:
        self.created[created.sop_instance] = self.associations
        return super().register(known, created)

    def known_step(self, step: PerformedStep | None, sop_instance: str) -> PerformedStep:
        mine = self.created.get(sop_instance) == self.associations
        return super().known_step(step if mine else None, sop_instance)


@mutant(
    clause="PS3.4 table F.7.2-2",
    defect="the failure for an ended step has another Error ID",
    caught_by=("mpps.set.names-the-cause",),
)
class AnotherErrorId(Semantics):
    def step_answer(self, answer: Answer) -> Answer:
        return replace(answer, error_id=0xA711) if answer.error_id is not None else answer


# -- N-GET and the worklist ------------------------------------------------------------------------


@mutant(
    clause="PS3.4 F.8.2.1.3",
    defect="N-GET returns what was created, whatever was set",
    caught_by=("mpps.get.returns-values",),
)
class CreationAlone(Semantics):
    def modified(self, step: PerformedStep, changes: AttributeSet) -> PerformedStep:
        return super().modified(step, changes.only((STATUS,)))


@mutant(
    clause="PS3.4 F.7.2.2.3",
    defect="the end of a step is acknowledged and not kept",
    caught_by=("mpps.get.final-status", "mpps.set.after-final-refused"),
)
class EndNotKept(Semantics):
    def modified(self, step: PerformedStep, changes: AttributeSet) -> PerformedStep:
        others = {tag: value for tag, value in changes.elements.items() if tag != STATUS}
        return super().modified(step, AttributeSet(others))


@mutant(
    clause="PS3.4 F.8.2.1.3",
    defect="sequences that were set are not kept",
    caught_by=("mpps.get.returns-values",),
)
class SequencesNotKept(Semantics):
    def modified(self, step: PerformedStep, changes: AttributeSet) -> PerformedStep:
        plain = {tag: value for tag, value in changes.elements.items() if value.vr != "SQ"}
        return super().modified(step, AttributeSet(plain))


@mutant(
    clause="PS3.4 F.8.2.1.3",
    defect="a name is cut off behind 16 characters",
    caught_by=("mpps.get.created-values",),
)
class NameCutOff(Semantics):
    def retrieved_step(self, step: PerformedStep, asked: tuple[int, ...]) -> AttributeSet:
        values = super().retrieved_step(step, asked)
        return values.merged(AttributeSet({NAME: Attribute("PN", (values.text(NAME)[:16],))}))


@mutant(
    clause="PS3.4 F.8.2.1.3",
    defect="attributes asked for are returned empty",
    caught_by=("mpps.get.created-values", "mpps.get.returns-values"),
)
class AllEmpty(Semantics):
    def retrieved_step(self, step: PerformedStep, asked: tuple[int, ...]) -> AttributeSet:
        values = super().retrieved_step(step, asked)
        return AttributeSet({tag: Attribute(value.vr) for tag, value in values.elements.items()})


@mutant(
    clause="PS3.4 F.7.2.1.3",
    defect="a completed step stays in the worklist, which the target file denies",
    caught_by=("mpps.effect.worklist-status",),
)
class StaysScheduled(Semantics):
    def shown_item(self, item: AttributeSet, performed_as: tuple[str, ...]) -> AttributeSet | None:
        return item
