"""More defects of C-FIND: universal and sequence keys, derived attributes, responses, cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from harness.archive import elements as encoded_elements
from harness.archive import encoding, identifiers, matching
from harness.archive.attributes import Attribute, AttributeSet, Level, Root
from harness.archive.identifiers import CHARACTER_SET, TIMEZONE, Query
from harness.archive.index import Entity, Index, Selection
from harness.archive.semantics import Semantics
from harness.archive.status import CANNOT_UNDERSTAND, MISMATCH, Refused
from tests.mutants.dimse import (
    ANSWERED,
    CANCEL_RQ,
    ECHO_RSP,
    FIELD,
    FIND_RSP,
    FLAG,
    ID,
    STATUS,
    Elements,
    Pdvs,
    replaced,
)
from tests.mutants.find import (
    ACCESSION,
    INSTANCE_NUMBER,
    PATIENT_ID,
    PATIENT_NAME,
    SERIES_NUMBER,
    SERIES_UID,
    SOP_UID,
    STUDY_DATE,
    STUDY_ID,
    STUDY_TIME,
    STUDY_UID,
    Answers,
    IgnoresKey,
    RewritesKey,
    changed,
)
from tests.mutants.seed import mutant
from tests.mutants.wire import P_DATA, Wire, elements_of, pdata, pdvs_of, us, value_of

MODALITY_KEY = b"\x08\0\x60\0CS"
SOP_CLASS, DESCRIPTION, PROCEDURES, OCCUPATION = 0x00080016, 0x00081030, 0x00081032, 0x00102180
MODALITIES, CLASSES, SERIES_COUNT, STUDY_COUNT = 0x00080061, 0x00080062, 0x00201209, 0x00201208
PATIENT_COUNTS = (0x00201200, 0x00201202, 0x00201204)
TRANSFER_SYNTAX = 0x00020010


def without(query: Query, *tags: int) -> Query:
    """The query without some of its keys."""
    left = {tag: key for tag, key in query.keys.elements.items() if tag not in tags}
    return replace(query, keys=AttributeSet(left))


class Drops(Semantics):
    """Forgets some keys of some queries."""

    def dropped(self, query: Query) -> tuple[int, ...]:
        return ()

    def selection(self, query: Query) -> Selection:
        return super().selection(without(query, *self.dropped(query)))

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        return super().match_entity(without(query, *self.dropped(query)), attributes)


class Loses(Semantics):
    """Loses matches."""

    def loses(self, query: Query, attributes: AttributeSet) -> bool:
        return False

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        return not self.loses(query, attributes) and super().match_entity(query, attributes)


class Computes(Semantics):
    """Alters attributes that describe what is beneath an entity."""

    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        return value

    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        found = super().computed(index, entity, tag)
        return found and self.altered(index, entity, tag, found)


# -- universal matching, empty values ----------------------------------------------------------------


@mutant(
    clause="PS3.4 C.2.2.2.3",
    defect="an empty key matches empty values only",
    caught_by=("find.universal.zero-length",),
)
class EmptyMatchesEmpty(Loses):
    def loses(self, query: Query, attributes: AttributeSet) -> bool:
        asked = (STUDY_DATE, STUDY_TIME, ACCESSION)
        return any(tag in query.keys.elements.keys() - query.matched.keys() for tag in asked)


@mutant(
    clause="PS3.4 C.2.2.2.3",
    defect="a study that has no value for a key is not found",
    caught_by=("find.universal.absent-value-matches",),
)
class NeedsValues(Loses):
    def loses(self, query: Query, attributes: AttributeSet) -> bool:
        return STUDY_ID in query.keys.elements and not attributes.text(STUDY_ID)


@mutant(
    clause="PS3.4 C.2.2.1.2",
    defect="an empty value matches no key, as NULL does in a database",
    caught_by=("find.empty.required-key-matches-all", "find.empty.required-date-matches-all"),
)
class NullNeverMatches(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        found = super().match_value(key, candidate, tag)
        return found and candidate is not None and not candidate.is_empty


# -- sequences ---------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.2.2.2.6",
    defect="the keys of an item are matched over different items",
    caught_by=("find.sequence.item-match",),
)
class CrossesItems(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag != PROCEDURES or candidate is None:
            return super().match_value(key, candidate, tag)
        return all(
            any(matching.matches(part, item.get(inner)) for item in candidate.items)
            for inner, part in key.items[0].elements.items()
        )


@mutant(
    clause="PS3.4 C.2.2.2.6",
    defect="an empty item matches entities without the sequence only",
    caught_by=("find.sequence.zero-length-item",),
)
class EmptyItemIsKey(Loses):
    def loses(self, query: Query, attributes: AttributeSet) -> bool:
        return PROCEDURES in query.keys.elements.keys() - query.matched.keys()


@mutant(
    clause="PS3.4 C.2.2.2.6",
    defect="whole stored sequences are returned",
    caught_by=("find.sequence.only-matching-items",),
)
class WholeSequences(Semantics):
    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        stored = attributes.only([PROCEDURES])
        return answer.merged(stored) if PROCEDURES in query.keys.elements else answer


# -- derived attributes ------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.3.4",
    defect="Modalities in Study is that of one series",
    caught_by=("find.modalities.match", "find.modalities.distinct"),
)
class OneModality(Computes):
    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        return replace(value, values=value.values[:1]) if tag == MODALITIES else value


@mutant(
    clause="PS3.4 C.3.4",
    defect="Modalities in Study has a value for each series",
    caught_by=("find.modalities.distinct",),
)
class RepeatsModalities(Computes):
    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        return replace(value, values=(*value.values[:1], *value.values)) if tag == MODALITIES else value


@mutant(
    clause="PS3.4 C.2.2.3",
    defect="of several values the matching one is returned alone",
    caught_by=("find.modalities.all-values-returned",),
)
class MatchingValueAlone(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        if MODALITIES in query.matched:
            elements[MODALITIES] = query.matched[MODALITIES]
        return elements


@mutant(
    clause="PS3.4 C.3.4",
    defect="Modalities in Study is settled when it is first asked for",
    caught_by=("find.modalities.follows-additions",),
)
class SettledModalities(Computes):
    known: ClassVar[dict[tuple[str, ...], Attribute]] = {}

    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        return self.known.setdefault(entity.keys, value) if tag == MODALITIES else value


@mutant(
    clause="PS3.4 C.3.4",
    defect="the instances of a study are counted without one of them",
    caught_by=("find.counts.study",),
)
class MissesInstance(Computes):
    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        return replace(value, values=(str(int(value.values[0]) - 1),)) if tag == STUDY_COUNT else value


@mutant(
    clause="PS3.4 C.3.4",
    defect="the instances of the study are counted for each series",
    caught_by=("find.counts.series-instances",),
)
class StudyCountForSeries(Computes):
    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        if tag != SERIES_COUNT:
            return value
        return replace(value, values=(str(index.instances_of(entity.keys[:2])),))


@mutant(
    clause="PS3.4 C.3.4",
    defect="a patient's numbers count the first study alone",
    caught_by=("find.counts.patient",),
)
class FirstStudyCounts(Computes):
    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        return replace(value, values=("1",)) if tag in PATIENT_COUNTS else value


@mutant(
    clause="PS3.4 C.3.4",
    defect="SOP Classes in Study is the class of one object",
    caught_by=("find.counts.sop-classes",),
)
class OneClass(Computes):
    def altered(self, index: Index, entity: Entity, tag: int, value: Attribute) -> Attribute:
        return replace(value, values=value.values[:1]) if tag == CLASSES else value


# -- single values -----------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.2.2.2.1",
    defect="Series Number is matched by its beginning",
    caught_by=("find.matching.series-number",),
)
class NumberPrefix(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == SERIES_NUMBER and candidate is not None:
            return candidate.values[0].startswith(key.values[0])
        return super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.1.1",
    defect="SOP Instance UID doesn't restrict",
    caught_by=("find.matching.series-and-instance-uid", "find.uid-list.instances"),
)
class IgnoresInstanceUid(IgnoresKey):
    tags = frozenset({SOP_UID})

    def selection(self, query: Query) -> Selection:
        return replace(super().selection(query), instances=())


@mutant(
    clause="PS3.4 C.2.2.1.3",
    defect="SOP Class UID is matched, and never matches",
    caught_by=("find.matching.sop-class-uid",),
)
class NoClassMatches(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag != SOP_CLASS and super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.2.1.3",
    defect="a single time is compared as a string",
    caught_by=("find.matching.study-time-exact",),
)
class TimeIsString(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == STUDY_TIME and candidate is not None and "-" not in key.values[0]:
            return key.values == candidate.values
        return super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.5.1.1",
    defect="a name is matched by its beginning",
    caught_by=("find.matching.name-literal",),
)
class NamePrefix(RewritesKey):
    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        return replace(key, values=(key.values[0] + "*",)) if tag == PATIENT_NAME else key


@mutant(
    clause="PS3.4 C.5.1.1",
    defect="names are matched by their sound though nobody negotiated it",
    caught_by=("find.matching.name-literal",),
)
class Phonetic(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == PATIENT_NAME and candidate is not None:
            key, candidate = self.sounding(key), self.sounding(candidate)
        return super().match_value(key, candidate, tag)

    def sounding(self, name: Attribute) -> Attribute:
        lower = replace(name, values=tuple(value.lower() for value in name.values))
        return changed(changed(lower, "ph", "f"), "c", "k")


@mutant(
    clause="PS3.7 9.1.2.1.6",
    defect="a wild card in a date ends the query in an undefined status",
    caught_by=("find.wildcard.not-for-uid-or-date",),
)
class DateWildCardCrashes(Semantics):
    def check_hierarchy(self, query: Query) -> None:
        super().check_hierarchy(query)
        if "*" in query.keys.text(STUDY_DATE):
            raise Refused(0x1234, "wild card in a date")


# -- character sets ----------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="responses don't declare their character set",
    caught_by=("find.charset.response-declares",),
)
class Undeclared(Semantics):
    def encode_response(self, query: Query, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        rest = AttributeSet({tag: a for tag, a in attributes.elements.items() if tag != CHARACTER_SET})
        stored = attributes.get(CHARACTER_SET)
        charset = encoded_elements.fitting(rest, ((), stored.values if stored else ()))
        return encoded_elements.encode(rest, charset, encoding.syntax_of(transfer_syntax))


@mutant(
    clause="PS3.4 C.2.2.2",
    defect="Specific Character Set is returned empty where ASCII does",
    caught_by=("find.charset.never-empty",),
)
class EmptyCharacterSet(Semantics):
    def encode_response(self, query: Query, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        rest = attributes.merged(AttributeSet({CHARACTER_SET: Attribute("CS")}))
        if encoded_elements.fitting(attributes, ((),)):
            return super().encode_response(query, attributes, transfer_syntax)
        return identifiers.encode(rest, (), transfer_syntax)


@mutant(
    clause="PS3.4 C.2.2.2",
    defect="a character set of several values is refused",
    caught_by=("find.charset.multi-valued",),
)
class OneCharacterSet(Semantics):
    def check_hierarchy(self, query: Query) -> None:
        if len(query.character_set) > 1:
            raise Refused(CANNOT_UNDERSTAND, "unknown character set")
        super().check_hierarchy(query)


@mutant(
    clause="PS3.5 6.2.1.2",
    defect="of a name only the last group is matched",
    caught_by=("find.charset.name-groups",),
)
class LastGroup(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == PATIENT_NAME and candidate is not None:
            last = tuple(value.split("=")[-1] for value in candidate.values)
            candidate = replace(candidate, values=last)
        return super().match_value(key, candidate, tag)


# -- hierarchy ---------------------------------------------------------------------------------------


class Doubles(Wire):
    """Sends some pending responses twice."""

    asked = b""
    held = b""

    def doubled(self, asked: bytes, message: bytes) -> bool:
        raise NotImplementedError

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            self.asked = pdu
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        self.held += pdu
        _, control, data = pdvs_of(pdu)[-1]
        if control & 3 == 3 and value_of(elements_of(data), FLAG) != 0x0101:
            return b""  # its data set follows
        if not control & 2:
            return b""
        message, self.held = self.held, b""
        return message * 2 if self.doubled(self.asked, message) else message


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="a patient is returned once for each study",
    caught_by=("find.hierarchy.patient-once",),
    wire=True,
)
class PatientTwice(Doubles):
    def doubled(self, asked: bytes, message: bytes) -> bool:
        return b"PATIENT " in message


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="a study is returned for each series if a key of series is asked for",
    caught_by=("find.hierarchy.keys-below-level",),
    wire=True,
)
class StudyForEachSeries(Doubles):
    def doubled(self, asked: bytes, message: bytes) -> bool:
        return b"STUDY " in message and MODALITY_KEY in asked


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="a study query of Patient Root goes over all patients",
    caught_by=("find.hierarchy.studies-of-patient",),
)
class AllPatients(Drops):
    def dropped(self, query: Query) -> tuple[int, ...]:
        return (PATIENT_ID,) if query.root is Root.PATIENT and query.level is Level.STUDY else ()


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="without its study's UID a series query brings any series",
    caught_by=("find.hierarchy.missing-parent-key",),
)
class AnySeries(Drops):
    def dropped(self, query: Query) -> tuple[int, ...]:
        return (SERIES_UID,) if query.level is Level.SERIES and STUDY_UID not in query.matched else ()

    def check_hierarchy(self, query: Query) -> None:
        if query.level is not Level.SERIES:
            super().check_hierarchy(query)


@mutant(
    clause="PS3.4 C.4.1.3.2.1",
    defect="relational queries ignore the keys of higher levels",
    caught_by=("find.hierarchy.relational-upper-keys",),
)
class RelationalIgnoresDate(Drops):
    def dropped(self, query: Query) -> tuple[int, ...]:
        return (STUDY_DATE,) if query.level is Level.SERIES else ()


@mutant(
    clause="PS3.4 C.4.1.3.2.2",
    defect="relational queries bring the keys of higher levels empty",
    caught_by=("find.hierarchy.relational-upper-keys",),
)
class RelationalEmptyAbove(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        if query.level is Level.SERIES and ACCESSION in elements:
            elements[ACCESSION] = Attribute("SH")
        return elements


@mutant(
    clause="PS3.4 C.2.2.2.3",
    defect="an empty key of a higher level finds nothing",
    caught_by=("find.hierarchy.keys-above-level",),
)
class NothingAbove(Loses):
    def loses(self, query: Query, attributes: AttributeSet) -> bool:
        return query.level is Level.SERIES and PATIENT_NAME in query.keys.elements


@mutant(
    clause="PS3.4 C.6.1.1.2",
    defect="Patient's Name doesn't restrict at PATIENT level",
    caught_by=("find.hierarchy.patient-by-name",),
)
class PatientsByIdAlone(Drops):
    def dropped(self, query: Query) -> tuple[int, ...]:
        return (PATIENT_NAME,) if query.level is Level.PATIENT else ()


# -- responses and statuses --------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.1.3.1",
    defect="every third answer lacks a match",
    caught_by=("find.status.repeatable",),
)
class ForgetsInTurn(Loses):
    queries = 0

    def level_of_request(self, root: Root, identifier: AttributeSet) -> Level:
        self.queries += 1
        return super().level_of_request(root, identifier)

    def loses(self, query: Query, attributes: AttributeSet) -> bool:
        first = query.level is Level.IMAGE and attributes.text(INSTANCE_NUMBER) == "1"
        return first and self.queries % 3 == 0


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="Series Number is left out of responses",
    caught_by=("find.return.required-keys-always",),
)
class LeavesOutSeriesNumber(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        elements.pop(SERIES_NUMBER, None)
        return elements


@mutant(
    clause="PS3.4 C.4.1.3.1",
    defect="an optional key comes with a default value",
    caught_by=("find.return.optional-value",),
)
class MadeUpDescription(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        if DESCRIPTION in elements:
            elements[DESCRIPTION] = Attribute("LO", ("UNKNOWN",))
        return elements


@mutant(
    clause="PS3.4 C.2.2.1.3",
    defect="a key that is not supported matches nothing",
    caught_by=("find.return.unsupported-key-ignored",),
)
class UnsupportedMatchesNothing(Loses):
    def loses(self, query: Query, attributes: AttributeSet) -> bool:
        return OCCUPATION in query.matched


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="a private key is refused",
    caught_by=("find.return.private-key-harmless",),
)
class RefusesPrivate(Semantics):
    def check_hierarchy(self, query: Query) -> None:
        super().check_hierarchy(query)
        if any(tag >> 16 & 1 for tag in query.unsupported):
            raise Refused(MISMATCH, "private key")


@mutant(
    clause="PS3.4 C.4.1.1.3",
    defect="Transfer Syntax UID is returned",
    caught_by=("find.return.no-meta-groups",),
)
class ReturnsTransferSyntax(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        return {**elements, TRANSFER_SYNTAX: Attribute("UI", (encoding.EXPLICIT_LITTLE,))}


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="Timezone Offset From UTC is returned empty",
    caught_by=("find.return.timezone-never-empty",),
)
class EmptyTimezone(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        return {**elements, TIMEZONE: Attribute("SH")}


# -- cancel ------------------------------------------------------------------------------------------


class Cancelled(Pdvs):
    """Knows that a C-CANCEL came."""

    cancelled = False

    def request(self, elements: Elements) -> None:
        self.cancelled = self.cancelled or value_of(elements, FIELD) == CANCEL_RQ

    def is_final(self, elements: Elements) -> bool:
        """Whether it is the final response of a query that was cancelled."""
        pending = (value_of(elements, STATUS) or 0) & 0xFF00 == 0xFF00
        return self.cancelled and value_of(elements, FIELD) == FIND_RSP and not pending


@mutant(
    clause="PS3.4 C.4.1.3.1",
    defect="a query that was cancelled ends in failure",
    caught_by=("find.cancel.ends-with-cancel-status",),
    wire=True,
)
class CancelIsFailure(Cancelled):
    def command(self, elements: Elements) -> Elements:
        return replaced(elements, STATUS, us(0xC001)) if self.is_final(elements) else elements


@mutant(
    clause="PS3.7 9.1.2.1.6",
    defect="the response that ends a cancelled query has an Identifier",
    caught_by=("find.cancel.no-identifier",),
    wire=True,
)
class CancelWithIdentifier(Cancelled):
    def from_server(self, pdu: bytes) -> bytes:
        sent = super().from_server(pdu)
        if pdu[0] != P_DATA:
            return sent
        context, control, data = pdvs_of(pdu)[-1]
        if control & 3 == 3 and self.is_final(elements_of(data)):
            return sent + pdata((context, 2, b"\x08\0\x52\0CS\x06\0STUDY "))
        return sent

    def command(self, elements: Elements) -> Elements:
        return replaced(elements, FLAG, us(0)) if self.is_final(elements) else elements


@mutant(
    clause="PS3.7 9.1.2.2",
    defect="what follows a cancelled query is answered for the query",
    caught_by=("find.cancel.association-lives-on",),
    wire=True,
)
class AnswersForCancelled(Cancelled):
    query = 0

    def request(self, elements: Elements) -> None:
        super().request(elements)
        if not self.cancelled:
            self.query = value_of(elements, ID) or 0

    def command(self, elements: Elements) -> Elements:
        late = self.cancelled and value_of(elements, FIELD) == ECHO_RSP
        return replaced(elements, ANSWERED, us(self.query)) if late else elements
