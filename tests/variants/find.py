"""Legal peculiarities of C-FIND."""

from __future__ import annotations

from dataclasses import replace

from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.identifiers import Query
from harness.archive.index import Entity, Index
from harness.archive.semantics import Semantics
from tests.variants.seed import variant

PATIENT_NAME = 0x00100010


@variant(
    clause="PS3.4 C.2.2.2.1.1", peculiarity="names are matched with regard to case and accents, no wild cards"
)
class ExactNames(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == PATIENT_NAME and candidate is not None and not candidate.is_empty:
            return key.values == candidate.values
        return super().match_value(key, candidate, tag)


@variant(clause="PS3.4 C.2.2.1.3", peculiarity="no optional key is supported")
class RequiredKeysOnly(Semantics):
    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        return None


@variant(clause="PS3.4 C.5.1.1", peculiarity="no extended negotiation is answered")
class NoExtendedNegotiation(Semantics):
    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        return None


@variant(clause="PS3.5 6.2.1", peculiarity="names are returned with all their trailing delimiters")
class TrailingDelimiters(Semantics):
    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        name = answer.get(PATIENT_NAME)
        if name is None or name.is_empty or "=" in name.values[0]:
            return answer
        full = replace(name, values=tuple(value + "^" * (4 - value.count("^")) for value in name.values))
        return answer.merged(AttributeSet({PATIENT_NAME: full}))
