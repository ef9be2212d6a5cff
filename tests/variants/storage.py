"""Legal peculiarities of C-STORE."""

from __future__ import annotations

from collections.abc import Sequence

from harness.archive.attributes import AttributeSet
from harness.archive.index import Instance
from harness.archive.negotiation import Role
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import Service
from harness.archive.status import SUCCESS, Answer
from tests.variants.seed import variant

IMPLICIT = "1.2.840.10008.1.2"


@variant(clause="PS3.4 B.2.3", peculiarity="every object is acknowledged with a warning: attributes coerced")
class AlwaysWarns(Semantics):
    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0xB000) if answer.status == SUCCESS else answer


@variant(clause="PS3.5 10.1", peculiarity="nothing but Implicit VR Little Endian is accepted")
class ImplicitOnly(Semantics):
    def choose_transfer_syntax(
        self, service: Service, syntaxes: Sequence[str], role: Role | None
    ) -> str | None:
        return IMPLICIT if IMPLICIT in syntaxes else None


@variant(clause="PS3.4 B.2.3", peculiarity="an object that is there already is refused whatever its content")
class RefusesDuplicates(Semantics):
    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        return Answer(0x0111, "there already")
