"""What archives die of, hang on, or let others suffer for, when an object is damaged."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, ClassVar

from harness.archive.attributes import AttributeSet
from harness.archive.semantics import Semantics
from harness.archive.status import Answer
from harness.findings import Area, Symptom
from tests.mutants.fuzzed.seed import weakness

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.messages import Message

LIVES = "PS3.4 B.2.3"


class Believes(Semantics):
    """Looks at answers to objects that could not be understood."""

    def store_answer(self, answer: Answer) -> Answer:
        if answer.status:
            self.failed(answer)
        return answer

    def failed(self, answer: Answer) -> None:
        """An object was refused, for the reason in the answer's comment."""


@weakness(Area.DAMAGED, Symptom.DIED, clause=LIVES, defect="it dies of objects that break off")
class DiesOfTheEnd(Believes):
    def failed(self, answer: Answer) -> None:
        if "end" in answer.comment:
            os._exit(1)


@weakness(Area.DAMAGED, Symptom.DIED, clause=LIVES, defect="it dies where command and data set differ")
class DiesOfMismatch(Semantics):
    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        if attributes.text(0x00080018) != sop_instance:
            os._exit(1)
        super().check_object(sop_class, sop_instance, attributes)


@weakness(Area.DAMAGED, Symptom.SILENT, clause="PS3.7 9.1.1", defect="it does not answer what it cannot read")
class SilentOnDamage(Believes):
    def failed(self, answer: Answer) -> None:
        threading.Event().wait(60)


@weakness(Area.DAMAGED, Symptom.GREW, clause="CWE-401", defect="1 MiB of each object that it refuses is kept")
class LeaksMemoryOfRefusals(Believes):
    leaked: ClassVar[list[bytes]] = []

    def failed(self, answer: Answer) -> None:
        self.leaked.append(b"\1" * 2**20)


@weakness(Area.DAMAGED, Symptom.ILLEGAL_STATUS, clause="PS3.7 C", defect="damage is answered with 0x3333")
class OddStatus(Semantics):
    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0x3333) if answer.status else answer


@weakness(
    Area.DAMAGED, Symptom.ILLEGAL_ANSWER, clause="PS3.7 9.3.1.2", defect="damage is answered without a Status"
)
class NoStatus(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        if command.get("Status", 0) & 0xF000 == 0xC000:
            del command.Status
        return command
