"""More legal peculiarities of C-FIND: optional keys, character sets, locations, and coerced values."""

from __future__ import annotations

from dataclasses import replace

from harness.archive import elements as encoded_elements
from harness.archive import identifiers
from harness.archive.attributes import REQUIRED_TAGS, UNIQUE_KEYS, Attribute, AttributeSet, level_of
from harness.archive.identifiers import CHARACTER_SET, RETRIEVE_AE_TITLE, TIMEZONE, Query
from harness.archive.semantics import Semantics
from harness.archive.status import MISMATCH, PENDING, PENDING_WARNING, Refused
from tests.variants.seed import variant

ACCESSION, FILE_SET_ID, FILE_SET_UID, AVAILABILITY = 0x00080050, 0x00880130, 0x00880140, 0x00080056
STUDY_TIME = 0x00080030
KEPT = REQUIRED_TAGS | identifiers.NO_KEYS


@variant(
    clause="PS3.4 C.2.2.1.3",
    peculiarity="optional keys are neither matched nor returned; FF01 says so",
    alone=True,
)
class RequiredKeysAlone(Semantics):
    def known(self, query: Query) -> Query:
        """The query without its optional keys."""
        return replace(query, keys=query.keys.only(KEPT))

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        return super().match_entity(self.known(query), attributes)

    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        return super().response_attributes(self.known(query), attributes)

    def pending_status(self, query: Query) -> int:
        return PENDING_WARNING if query.unsupported or query.keys.elements.keys() - KEPT else PENDING


@variant(clause="PS3.4 C.2.2.1.3", peculiarity="optional keys are returned and not matched; FF01 says so")
class ReturnsWithoutMatching(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag not in KEPT or super().match_value(key, candidate, tag)

    def pending_status(self, query: Query) -> int:
        return PENDING_WARNING if query.unsupported or query.matched.keys() - KEPT else PENDING


@variant(clause="PS3.4 C.4.1.1.3.2", peculiarity="every response is in Unicode, and declared so")
class AlwaysUnicode(Semantics):
    def encode_response(self, query: Query, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        unicode = encoded_elements.UNICODE
        declared = attributes.merged(AttributeSet({CHARACTER_SET: Attribute("CS", unicode)}))
        return identifiers.encode(declared, unicode, transfer_syntax)


@variant(
    clause="PS3.4 C.4.1.1.3.2",
    peculiarity="a file-set is named instead of a Retrieve AE Title; no availability, a time zone",
)
class NamesFileSet(Semantics):
    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = dict(super().response_attributes(query, attributes).elements)
        del answer[RETRIEVE_AE_TITLE], answer[AVAILABILITY]
        answer[FILE_SET_ID] = Attribute("SH", ("SHELF 1",))
        answer[FILE_SET_UID] = Attribute("UI", ("2.25.1",))
        answer[TIMEZONE] = Attribute("SH", ("+0100",))
        return AttributeSet(answer)


@variant(
    clause="PS3.4 B.4.1.3 note 4",
    peculiarity="an empty Accession Number is coerced to one of the archive's own",
)
class NumbersStudies(Semantics):
    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        if attributes.text(ACCESSION):
            return attributes
        return attributes.merged(AttributeSet({ACCESSION: Attribute("SH", ("PHCOERCED",))}))


@variant(clause="PS3.5 6.2", peculiarity="times are returned with their fraction")
class TimesWithFraction(Semantics):
    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        time = answer.get(STUDY_TIME)
        if time is None or time.is_empty or "." in time.values[0]:
            return answer
        full = Attribute("TM", tuple(f"{value}.000000" for value in time.values))
        return answer.merged(AttributeSet({STUDY_TIME: full}))


@variant(clause="PS3.4 C.4.1.1.4", peculiarity="a query without the unique key of its own level is refused")
class NeedsUniqueKey(Semantics):
    def check_hierarchy(self, query: Query) -> None:
        super().check_hierarchy(query)
        if not query.relational and UNIQUE_KEYS[query.level] not in query.keys.elements:
            raise Refused(MISMATCH, f"the unique key of {query.level.value} is missing")


@variant(
    clause="PS3.4 C.4.1.2.1",
    peculiarity="a query with keys of levels above, other than unique ones, is refused",
)
class KeysOfTheLevelAlone(Semantics):
    def check_hierarchy(self, query: Query) -> None:
        super().check_hierarchy(query)
        unique = {UNIQUE_KEYS[level] for level in query.root.levels}
        top = query.root.levels[0].depth
        for tag in query.keys.elements.keys() - unique:
            if not query.relational and max(level_of(tag).depth, top) < query.level.depth:
                raise Refused(MISMATCH, f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is of a level above", tag)
