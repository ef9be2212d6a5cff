"""Legal peculiarities that reach results stored beside images."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import dcmread
from pydicom.dataset import Dataset

from harness.archive import encoding
from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.identifiers import Query
from harness.archive.index import Entity, Index, Instance
from harness.archive.negotiation import ContextAnswer, Role
from harness.archive.semantics import Semantics
from harness.archive.status import PENDING_WARNING, SUCCESS, Answer
from harness.archive.storage import Staged
from tests.mutants.storage import Rewrites, everywhere
from tests.variants.seed import variant

SEG, PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.30"
CONCEPT_NAME = 0x0040A043


@variant(
    clause="PS3.4 B.3", peculiarity="segmentations and parametric maps are not among its classes", alone=True
)
class NoSegmentations(Semantics):
    def answer_context(
        self, abstract_syntax: str, syntaxes: Sequence[str], role: Role | None
    ) -> ContextAnswer:
        if abstract_syntax in (SEG, PARAMETRIC_MAP):
            return ContextAnswer(3, syntaxes[0])
        return super().answer_context(abstract_syntax, syntaxes, role)


@variant(clause="PS3.4 B.4.1.3", peculiarity="codes are converted to another scheme, and a warning says so")
class ConvertsCodes(Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)

        def convert(item: Dataset) -> None:
            if item.get("CodingSchemeDesignator") == "SCT":
                item.CodingSchemeDesignator = "99SCT"
                item.CodeValue = f"X-{item.CodeValue}"[:16]

        everywhere(dataset, convert)

    def kept(self) -> Answer:
        return Answer(0xB000)


@variant(
    clause="PS3.4 C.4.1.1.4", peculiarity="the title of reports is neither matched nor returned; FF01 says so"
)
class TitleIsNoKey(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag == CONCEPT_NAME or super().match_value(key, candidate, tag)

    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        return AttributeSet({tag: one for tag, one in answer.elements.items() if tag != CONCEPT_NAME})

    def pending_status(self, query: Query) -> int:
        return PENDING_WARNING if CONCEPT_NAME in query.keys.elements else super().pending_status(query)


@variant(clause="PS3.4 C.3.4", peculiarity="numbers and modalities of a study are not told")
class TellsNoNumbers(Semantics):
    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        return None if tag >> 16 == 0x0020 or tag == 0x00080061 else super().computed(index, entity, tag)

    def pending_status(self, query: Query) -> int:
        return PENDING_WARNING


@variant(
    clause="PS3.5 10.1", peculiarity="what is stored is delivered in Implicit VR Little Endian, results first"
)
class ResultsFirst(Semantics):
    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return list(reversed(instances))

    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        if encoding.IMPLICIT_LITTLE in accepted:
            return encoding.IMPLICIT_LITTLE
        return super().sending_syntax(stored, accepted)


@variant(
    clause="PS3.4 B.4.1.3",
    peculiarity="institution and department are written into what is kept, and a warning says so",
)
class AddsInstitution(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        dataset = dcmread(staged.path)
        dataset.InstitutionName = "PHTEST Hospital"
        dataset.InstitutionalDepartmentName = "PHTEST Department"
        dataset.save_as(staged.path)
        return staged

    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0xB000) if answer.status == SUCCESS else answer
