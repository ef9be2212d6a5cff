"""Defects of C-STORE: identities that are changed, answers that are wrong, objects that get lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom import Dataset

from harness.archive.attributes import PATIENT_TAGS, STUDY_TAGS, Attribute, AttributeSet
from harness.archive.config import ArchiveConfig
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from harness.archive.status import SUCCESS, Answer, Refused
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites, everywhere

if TYPE_CHECKING:
    from harness.archive.messages import Message

C_STORE_RSP = 0x8001


# -- identity --------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 B.4.1.3",
    defect="Patient ID is changed under Success",
    caught_by=("storage.coercion.is-announced",),
)
class CoercesSilently(Rewrites):
    def change(self, dataset: Dataset) -> None:
        dataset.PatientID = f"HOSPITAL-{dataset.PatientID}"


@mutant(
    clause="PS3.4 B.4.1.3",
    defect="codes are converted under Success",
    caught_by=("storage.coercion.is-announced",),
)
class ConvertsCodesSilently(Rewrites):
    def change(self, dataset: Dataset) -> None:
        def convert(item: Dataset) -> None:
            if "CodingSchemeDesignator" in item:
                item.CodingSchemeDesignator = "SCT"

        everywhere(dataset, convert)


@mutant(
    clause="PS3.4 B.4.1.3",
    defect="objects get a SOP Instance UID of the archive's own",
    caught_by=("storage.coercion.sop-instance-uid-kept",),
)
class NewInstanceUid(Rewrites):
    def change(self, dataset: Dataset) -> None:
        dataset.SOPInstanceUID = "2.25.4711"


@mutant(
    clause="PS3.7 9.3.1.1",
    defect="an object whose UIDs differ is found under one that nobody gave it",
    caught_by=("storage.mismatch.instance-uid",),
)
class InventsUid(Semantics):
    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        pass

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        return attributes.merged(AttributeSet({0x00080018: Attribute("UI", ("2.25.4711",))}))


# -- answers ---------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 B.2.3",
    defect="an object that is there already is answered with a status of C-MOVE",
    caught_by=("storage.basic.status-in-range",),
)
class StatusOfMove(Semantics):
    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        return Answer(0xA801, "there already")


@mutant(
    clause="PS3.7 9.1.1.1",
    defect="the response names another SOP Instance than the request",
    caught_by=("storage.response.fields",),
)
class ResponseOfAnotherInstance(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        if command.CommandField == C_STORE_RSP:
            command.AffectedSOPInstanceUID = "2.25.4711"
        return command


@mutant(
    clause="PS3.4 B.2.2",
    defect="the file of an object that is sent again is removed",
    caught_by=("storage.duplicate.identical-resend", "storage.association.concurrent-same-instance"),
)
class ResendDeletes(Semantics):
    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        (self.config.folder / known.path).unlink(missing_ok=True)
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 B.2.2",
    defect="what is refused is acknowledged with Success all the same",
    caught_by=(
        "storage.mismatch.instance-uid",
        "storage.type1.absent-study-uid",
        "storage.uid.leading-zero-component",
        "storage.uid.path-characters",
        "storage.values.elements-out-of-order",
        "storage.values.odd-length-sent",
    ),
)
class AcknowledgesRefused(Semantics):
    def store_answer(self, answer: Answer) -> Answer:
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 B.2.3",
    defect="an object that does not match its command is refused, and kept",
    caught_by=("storage.basic.failure-stores-nothing",),
)
class KeepsRefused(Semantics):
    is_refused = False

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        try:
            super().check_object(sop_class, sop_instance, attributes)
            self.is_refused = False
        except Refused:
            self.is_refused = True

    def kept(self) -> Answer:
        return Answer(0xA900) if self.is_refused else super().kept()


@mutant(
    clause="PS3.5 9",
    defect="an object is put into the study in which its Series Instance UID was seen first",
    caught_by=("storage.duplicate.same-series-other-study",),
)
class MergesBySeries(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.studies: dict[str, AttributeSet] = {}

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        first = self.studies.setdefault(attributes.text(0x0020000E), attributes)
        return attributes.merged(first.only((0x0020000D, *PATIENT_TAGS, *STUDY_TAGS)))


@mutant(
    clause="PS3.4 B.2.3",
    defect="the class that the command names is kept, whatever the data set says",
    caught_by=("storage.mismatch.class-uid",),
)
class BelievesCommand(Semantics):
    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        pass


@mutant(
    clause="PS3.5 7.4.3",
    defect="objects without a value in Patient ID are refused",
    caught_by=("storage.type2.empty-patient-id",),
)
class DemandsPatientId(Semantics):
    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        if not attributes.text(0x00100020):
            raise Refused(0xA900, "no Patient ID")


@mutant(
    clause="PS3.4 B.2.2",
    defect="objects without Accession Number are acknowledged and not kept",
    caught_by=("storage.type2.absent",),
)
class LosesWithoutAccession(Semantics):
    is_lost = False

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        self.is_lost = attributes.get(0x00080050) is None
        if self.is_lost:
            raise Refused(0xA900, "no Accession Number")

    def store_answer(self, answer: Answer) -> Answer:
        return Answer(SUCCESS) if self.is_lost else answer
