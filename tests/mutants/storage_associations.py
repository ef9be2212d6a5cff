"""Defects of C-STORE: what is negotiated, what several associations do, and when an answer comes."""

from __future__ import annotations

import threading

from pydicom import Dataset

from harness.archive import storage
from harness.archive.attributes import AttributeSet
from harness.archive.config import ArchiveConfig
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from harness.archive.status import CLASS_NOT_SUPPORTED, OUT_OF_RESOURCES, SUCCESS, Answer, Refused
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites
from tests.mutants.wire import P_DATA, Wire, command_of, elements_of, pdata, pdvs_of, us, value_of

C_STORE_RSP = 0x8001


@mutant(
    clause="PS3.4 B.3.1.2",
    defect="Storage extended negotiation is answered with a level that there is not",
    caught_by=("storage.negotiation.extended-answer",),
)
class AnswersOddLevel(Semantics):
    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        return super().extended_negotiation(sop_class, offered) or bytes((4, 0, 0, 0, 1, 0))


@mutant(
    clause="PS3.4 B.3.1.2",
    defect="that no element is coerced is answered, and Patient IDs are",
    caught_by=("storage.negotiation.coercion-as-answered",),
)
class CoercesDespiteAnswer(Rewrites):
    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        return super().extended_negotiation(sop_class, offered) or bytes((2, 0, 0, 0, 0, 0))

    def change(self, dataset: Dataset) -> None:
        dataset.IssuerOfPatientID = "HOSPITAL"

    def kept(self) -> Answer:
        return Answer(0xB000)


@mutant(
    clause="PS3.4 B.3",
    defect="every object comes back under the class of the first",
    caught_by=("storage.basic.same-association-other-classes",),
)
class ClassOfTheFirst(Semantics):
    first = ""

    def store_request(self, command: Dataset) -> Dataset:
        type(self).first = self.first or str(command.AffectedSOPClassUID)
        command.AffectedSOPClassUID = self.first
        return command


@mutant(
    clause="PS3.4 B.4",
    defect="after a repeated object every other one is refused",
    caught_by=("storage.basic.association-goes-on",),
)
class RefusesAfterRepeat(Semantics):
    repeated = False

    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        self.repeated = True
        return super().duplicate(known, received, attributes)

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        if self.repeated:
            raise Refused(0xC000, "the association is spoilt")
        super().check_object(sop_class, sop_instance, attributes)


@mutant(
    clause="PS3.4 B.4",
    defect="a study is taken on the first association that brings it alone",
    caught_by=("storage.association.concurrent-same-study",),
)
class LocksStudy(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.owners: dict[str, threading.Thread] = {}

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        own = threading.current_thread()  # itself, since its number goes to another once it has ended
        if self.owners.setdefault(attributes.text(0x0020000D), own) is not own:
            raise Refused(OUT_OF_RESOURCES, "the study is being received")


@mutant(
    clause="PS3.7 A.6",
    defect="an object whose transfer broke off counts as being received for ever",
    caught_by=(
        "storage.association.abort-discards-incomplete",
        "storage.association.cut-discards-incomplete",
    ),
)
class BlocksResend(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        broken: set[str] = set()

        class Remembered(storage.Staged):
            def discard(self) -> None:
                if self._file is not None:
                    broken.add(self.sop_instance)
                super().discard()

        storage.Staged = Remembered  # type: ignore[misc]
        self.broken = broken

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        if sop_instance in self.broken:
            raise Refused(OUT_OF_RESOURCES, "the object is being received")


@mutant(
    clause="PS3.7 9.1.1.1.9",
    defect="the class of an object is not compared with that of its presentation context",
    caught_by=("storage.mismatch.class-of-context",),
)
class AnyContext(Semantics):
    def check_sop_class(self, abstract_syntax: str, affected: str) -> None:
        pass


@mutant(
    clause="PS3.4 B.3",
    defect="mammograms are accepted in negotiation, and then refused for their class",
    caught_by=("storage.class.accepted-are-stored",),
)
class RefusesMammograms(Semantics):
    def check_sop_class(self, abstract_syntax: str, affected: str) -> None:
        super().check_sop_class(abstract_syntax, affected)
        if affected == "1.2.840.10008.5.1.4.1.1.1.2":
            raise Refused(CLASS_NOT_SUPPORTED, "no mammograms")


@mutant(
    clause="PS3.4 B.4.1.2",
    defect="private classes are accepted in negotiation, and then refused for their class",
    caught_by=("storage.class.private-by-common-negotiation",),
)
class RefusesPrivateClasses(Semantics):
    def check_sop_class(self, abstract_syntax: str, affected: str) -> None:
        super().check_sop_class(abstract_syntax, affected)
        if not affected.startswith("1.2.840.10008."):
            raise Refused(CLASS_NOT_SUPPORTED, "no private classes")


@mutant(
    clause="PS3.7 9.1.1.2",
    defect="Success is said as soon as the command of a C-STORE is there",
    caught_by=("storage.response.success-behind-all",),
    wire=True,
)
class AnswersEarly(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            for context, control, data in pdvs_of(pdu):
                elements = elements_of(data) if control & 1 else []
                if value_of(elements, 0x0100) == C_STORE_RSP & 0x7FFF:
                    response = [
                        (0x0100, us(C_STORE_RSP)),
                        (0x0120, dict(elements)[0x0110]),
                        (0x0800, us(0x0101)),
                        (0x0900, us(SUCCESS)),
                    ]
                    self.to_client(pdata((context, 3, command_of(response))))
        return pdu
