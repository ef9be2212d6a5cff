"""Legal peculiarities of archives that show when services are compared with each other."""

from __future__ import annotations

import threading
from dataclasses import replace

from pydicom import dcmread

from harness.archive import encoding
from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.config import ArchiveConfig
from harness.archive.identifiers import RETRIEVE_AE_TITLE, Query
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from harness.archive.status import MISMATCH, Answer, Refused
from harness.archive.storage import Staged
from tests.variants.seed import variant

PATIENT_ID, PATIENT_NAME, STUDY = 0x00100020, 0x00100010, 0x0020000D
SERIES_NUMBER, INSTANCE_NUMBER = 0x00200011, 0x00200013


@variant(clause="PS3.4 B.2.3", peculiarity="an object that gives a known Patient ID another name is refused")
class RefusesOtherName(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.names: dict[str, str] = {}

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        name = attributes.text(PATIENT_NAME)
        if self.names.setdefault(attributes.text(PATIENT_ID), name) != name:
            raise Refused(MISMATCH, "the Patient ID is known under another name")


@variant(
    clause="PS3.4 B.4.1.3",
    peculiarity="a Patient ID that contradicts its study is coerced to the study's, and a warning says so",
)
class CoercesPatientId(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.owners: dict[str, str] = {}
        self.coercing = threading.local()

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        own = attributes.text(PATIENT_ID)
        owner = self.owners.setdefault(attributes.text(STUDY), own)
        self.coercing.owner = owner if owner != own else ""
        if self.coercing.owner:
            attributes.elements[PATIENT_ID] = Attribute("LO", (owner,))  # type: ignore[index]

    def coerced(self, staged: Staged) -> Staged:
        if self.coercing.owner:
            dataset = dcmread(staged.path)
            dataset.PatientID = self.coercing.owner
            dataset.save_as(staged.path)
        return staged

    def kept(self) -> Answer:
        return Answer(0xB000) if self.coercing.owner else super().kept()


@variant(clause="PS3.4 C.4.1.1.3.2", peculiarity="objects are retrieved from another application entity")
class KeptElsewhere(Semantics):
    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        elsewhere = AttributeSet({RETRIEVE_AE_TITLE: Attribute("AE", ("PHARCHIVE",))})
        return answer.merged(elsewhere)


@variant(
    clause="PS3.4 C.4.2.3.1",
    peculiarity="a move delivers in Implicit VR Little Endian and in another order, a get as it is stored",
)
class MovesOtherwise(Semantics):
    backwards = False

    def proposed_syntaxes(self, stored: str) -> tuple[tuple[str, ...], ...]:
        return (
            ((stored,), (encoding.IMPLICIT_LITTLE,))
            if stored not in encoding.NATIVE
            else ((encoding.IMPLICIT_LITTLE,),)
        )

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        self.backwards = not self.backwards
        return list(reversed(instances)) if self.backwards else instances


@variant(clause="PS3.5 6.2", peculiarity="numbers are found with zeros in front, names with empty components")
class OtherForms(Semantics):
    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        changed: dict[int, Attribute] = {}
        for tag in (SERIES_NUMBER, INSTANCE_NUMBER):
            number = answer.get(tag)
            if number is not None and not number.is_empty:
                changed[tag] = replace(number, values=tuple(f"0{value}" for value in number.values))
        name = answer.get(PATIENT_NAME)
        if name is not None and not name.is_empty:
            changed[PATIENT_NAME] = replace(name, values=tuple(f"{value}^^" for value in name.values))
        return answer.merged(AttributeSet(changed))


@variant(
    clause="PS3.4 C.4.1.3.1",
    peculiarity="one request at a time is worked on, and objects that arrive meanwhile have to wait",
)
class TakesTurns(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.turn = threading.Lock()

    def kept(self) -> Answer:
        with self.turn:
            threading.Event().wait(0.01)
        return super().kept()

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        with self.turn:
            threading.Event().wait(0.01)
        return instances


@variant(clause="PS3.4 C.4.3.3.1", peculiarity="of a study that is arriving the newest object is held back")
class HoldsBackNewest(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.newest = ""
        self.settled = threading.Timer(0, lambda: None)

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        self.settled.cancel()
        self.newest = attributes.text(0x00080018)
        self.settled = threading.Timer(0.05, self.settle)
        self.settled.daemon = True
        self.settled.start()
        return attributes

    def settle(self) -> None:
        self.newest = ""

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        return attributes.text(0x00080018) != (self.newest or "-") and super().match_entity(query, attributes)

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [instance for instance in instances if instance.sop_instance != self.newest]


@variant(
    clause="PS3.4 C.4.1.3.1", peculiarity="what is acknowledged is found half a second later", alone=True
)
class IndexesLater(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        # The archive goes by the same configuration; what was in its files at the start is indexed at once.
        object.__setattr__(config, "misbehaviour", replace(config.misbehaviour, index_delay=0.5))
        object.__setattr__(config, "reindex", True)
