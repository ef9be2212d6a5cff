"""Defects of C-FIND."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.archive import matching
from harness.archive.attributes import Attribute, AttributeSet, Level, Root
from harness.archive.identifiers import Query
from harness.archive.index import Entity, Index, Selection
from harness.archive.semantics import Semantics
from harness.archive.status import SUCCESS, Answer, Refused
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from harness.archive.config import ArchiveConfig

PATIENT_ID, PATIENT_NAME = 0x00100020, 0x00100010
STUDY_DATE, STUDY_TIME, ACCESSION, STUDY_ID, STUDY_UID = (
    0x00080020,
    0x00080030,
    0x00080050,
    0x00200010,
    0x0020000D,
)
SERIES_UID, SOP_UID, LEVEL = 0x0020000E, 0x00080018, 0x00080052
MODALITY, SERIES_NUMBER, INSTANCE_NUMBER = 0x00080060, 0x00200011, 0x00200013


class IgnoresKey(Semantics):
    """A key that doesn't restrict."""

    tags: frozenset[int] = frozenset()

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag in self.tags or super().match_value(key, candidate, tag)


class RewritesKey(Semantics):
    """A key that is taken for another one."""

    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        return key

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return super().match_value(self.rewritten(key, tag), candidate, tag)


class SeesEveryDay(Semantics):
    """A Study Date is misunderstood in matching: the index may not leave out other days before."""

    def selection(self, query: Query) -> Selection:
        return replace(super().selection(query), days=None)


def changed(key: Attribute, old: str, new: str) -> Attribute:
    return replace(key, values=tuple(value.replace(old, new) for value in key.values))


# -- single values ---------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.2.2.2.1",
    defect="Accession Number doesn't restrict",
    caught_by=("find.matching.accession-exact",),
)
class IgnoresAccession(IgnoresKey):
    tags = frozenset({ACCESSION})


@mutant(
    clause="PS3.4 C.2.2.2.1",
    defect="Patient ID doesn't restrict beyond its first eight characters",
    caught_by=("find.matching.patient-id-exact",),
)
class ShortPatientId(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == PATIENT_ID and candidate is not None:
            key = replace(key, values=tuple(value[:8] for value in key.values))
            candidate = replace(candidate, values=tuple(value[:8] for value in candidate.values))
        return super().match_value(key, candidate, tag)

    def selection(self, query: Query) -> Selection:
        keys = {tag: key for tag, key in query.keys.elements.items() if tag != PATIENT_ID}
        return super().selection(replace(query, keys=AttributeSet(keys)))


@mutant(
    clause="PS3.4 C.6.2.1.2", defect="Study ID doesn't restrict", caught_by=("find.matching.study-id-exact",)
)
class IgnoresStudyId(IgnoresKey):
    tags = frozenset({STUDY_ID})


@mutant(
    clause="PS3.4 C.2.2.2.1.3", defect="Study Date doesn't restrict", caught_by=("find.matching.study-date",)
)
class IgnoresDate(SeesEveryDay, IgnoresKey):
    tags = frozenset({STUDY_DATE})


@mutant(
    clause="PS3.4 C.2.2.2.1.1",
    defect="Patient's Name doesn't restrict",
    caught_by=("find.matching.patient-name-exact",),
)
class IgnoresName(IgnoresKey):
    tags = frozenset({PATIENT_NAME})


@mutant(
    clause="PS3.4 C.2.2.2.1",
    defect="every text is matched without regard to case",
    caught_by=("find.matching.case-sensitive-lo", "find.wildcard.case-sensitive"),
)
class CaseBlind(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if candidate is not None and key.vr in ("SH", "LO", "CS"):
            key = replace(key, values=tuple(value.upper() for value in key.values))
            candidate = replace(candidate, values=tuple(value.upper() for value in candidate.values))
        return super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.5 6.2",
    defect="a key is compared with its padding",
    caught_by=("find.matching.padding-not-significant",),
)
class PaddingCounts(RewritesKey):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        # The padding is gone when the key gets here; a key that was shorter than its even length had some.
        padded = tag == STUDY_ID and any(len(value) % 2 for value in key.values)
        return False if padded else super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.2.1",
    defect="'_' and '%' are handed to the database as wild cards",
    caught_by=("find.matching.metacharacters-literal", "find.wildcard.metacharacters-literal"),
)
class SqlWildCards(RewritesKey):
    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        return changed(changed(key, "_", "?"), "%", "*") if tag == STUDY_ID else key


@mutant(
    clause="PS3.4 C.2.2.2.5.4",
    defect="a hyphen makes a range in every key",
    caught_by=("find.matching.hyphen-in-text",),
)
class HyphenIsRange(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == STUDY_ID and candidate is not None and "-" in key.values[0]:
            low, _, high = key.values[0].partition("-")
            return low <= candidate.values[0] <= high
        return super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="one key that matches is enough",
    caught_by=("find.matching.all-keys-and",),
)
class AnyKey(SeesEveryDay):
    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        keys = {tag: key for tag, key in query.matched.items() if tag in (STUDY_ID, STUDY_DATE)}
        if len(keys) > 1:
            return any(self.match_value(key, attributes.get(tag), tag) for tag, key in keys.items())
        return super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 C.6.1.1.4",
    defect="Modality doesn't restrict",
    caught_by=("find.matching.series-modality", "find.wildcard.code-string"),
)
class IgnoresModality(IgnoresKey):
    tags = frozenset({MODALITY})


@mutant(
    clause="PS3.4 C.6.1.1.5",
    defect="Instance Number doesn't restrict",
    caught_by=("find.matching.instance-number",),
)
class IgnoresInstanceNumber(IgnoresKey):
    tags = frozenset({INSTANCE_NUMBER})


@mutant(
    clause="PS3.4 C.2.2.1.1",
    defect="a Study Instance UID finds nothing at STUDY level",
    caught_by=("find.matching.study-uid", "find.uid-list.long", "find.uid-list.studies"),
)
class UnknownUid(Semantics):
    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        named = query.level is Level.STUDY and STUDY_UID in query.matched
        return not named and super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="wild cards in a name match nothing",
    caught_by=("find.matching.person-name-wildcard",),
)
class NoNameWildCard(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return not (key.vr == "PN" and "*" in key.values[0]) and super().match_value(key, candidate, tag)


# -- wild cards, ranges, lists ---------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="'?' is a literal character",
    caught_by=("find.wildcard.question-one-character", "find.wildcard.combined"),
)
class LiteralQuestion(RewritesKey):
    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        return changed(key, "?", "\x01") if tag == STUDY_ID else key


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="'*' needs at least one character",
    caught_by=("find.wildcard.star-empty-run",),
)
class StarNeedsOne(RewritesKey):
    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        return changed(key, "*", "?*") if tag == STUDY_ID else key


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="'*' is understood at the end of a key only",
    caught_by=("find.wildcard.star-leading-and-inner", "find.wildcard.star-any-run"),
)
class TrailingStarOnly(RewritesKey):
    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        if tag != STUDY_ID:
            return key
        return replace(key, values=tuple(v[:-1].replace("*", "\x01") + v[-1:] for v in key.values))


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="'*' alone is a literal character",
    caught_by=("find.wildcard.star-alone",),
)
class LiteralLoneStar(RewritesKey):
    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        return replace(key, values=("\x01",)) if key.values == ("*",) else key


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="a wild card in Patient ID finds the first patient alone",
    caught_by=("find.wildcard.patient-id",),
)
class FirstPatientAlone(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.first: tuple[Query | None, str] = (None, "")

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        if not super().match_entity(query, attributes):
            return False
        key = query.matched.get(PATIENT_ID)
        if key is None or not set("*?") & set(str(key.values[0])):
            return True
        patient = attributes.text(PATIENT_ID)
        if self.first[0] is not query:
            self.first = (query, patient)
        return self.first[1] == patient


@mutant(
    clause="PS3.4 C.2.2.2.5.1",
    defect="the upper bound of a date range is ignored",
    caught_by=("find.range.date-closed", "find.range.date-single-day"),
)
class NoUpperBound(SeesEveryDay, RewritesKey):
    def rewritten(self, key: Attribute, tag: int) -> Attribute:
        value = key.values[0]
        if tag == STUDY_DATE and len(value) == 17:
            return replace(key, values=(value[:9],))
        return key


@mutant(
    clause="PS3.4 C.2.2.2.5.1",
    defect="the ends of a date range are left out",
    caught_by=("find.range.date-closed", "find.range.date-open-end", "find.range.date-open-start"),
)
class EndsLeftOut(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == STUDY_DATE and candidate is not None and candidate.values[0] in key.values[0].split("-"):
            return False
        return super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.2.5.1",
    defect="a date range is compared by day and month",
    caught_by=("find.range.date-year-boundary",),
)
class YearBlind(SeesEveryDay):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        value = key.values[0]
        if tag == STUDY_DATE and candidate is not None and len(value) == 17:
            return value[4:8] <= candidate.values[0][4:8] <= value[13:17]
        return super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.2.5.2",
    defect="Study Time doesn't restrict",
    caught_by=(
        "find.range.time-closed",
        "find.range.time-open",
        "find.range.time-short-form",
        "find.range.date-and-time-independent",
        "find.range.keys-longer-than-vr",
    ),
)
class IgnoresTime(IgnoresKey):
    tags = frozenset({STUDY_TIME})


@mutant(
    clause="PS3.4 C.2.2.2.5.4",
    defect="combined matching is agreed to and not done",
    caught_by=("find.range.date-and-time-combined",),
)
class NotCombined(Semantics):
    def match_combined(self, query: Query, date: int, time: int, attributes: AttributeSet) -> bool:
        pairs = ((tag, query.keys.elements[tag]) for tag in (date, time))
        return all(matching.matches(key, attributes.get(tag)) for tag, key in pairs)


@mutant(
    clause="PS3.4 C.2.2.2.2",
    defect="of a list of UIDs only the first is looked for",
    caught_by=("find.uid-list.studies", "find.uid-list.series", "find.uid-list.instances"),
)
class FirstOfList(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if key.vr == "UI":
            key = replace(key, values=key.values[:1])
        return super().match_value(key, candidate, tag)


# -- hierarchy and levels --------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="unique keys of higher levels are ignored",
    caught_by=("find.hierarchy.wrong-parent", "find.hierarchy.series-of-study"),
)
class NoParents(Semantics):
    def selection(self, query: Query) -> Selection:
        return Selection()

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag == STUDY_UID or super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="all instances of the study are given for a series",
    caught_by=("find.hierarchy.instances-of-series",),
)
class StudyInsteadOfSeries(Semantics):
    def selection(self, query: Query) -> Selection:
        return replace(super().selection(query), series=())

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag == SERIES_UID or super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.4.1.3.2.1",
    defect="relational queries are agreed to and refused",
    caught_by=("find.hierarchy.relational",),
)
class NotRelational(Semantics):
    def check_hierarchy(self, query: Query) -> None:
        super().check_hierarchy(replace(query, relational=False))


@mutant(
    clause="PS3.4 C.4.1.3.1",
    defect="a missing or unknown level is taken for STUDY",
    caught_by=("find.level.missing", "find.level.unknown-value"),
)
class LevelIsStudy(Semantics):
    def level_of_request(self, root: Root, identifier: AttributeSet) -> Level:
        try:
            return super().level_of_request(root, identifier)
        except Refused:
            return Level.STUDY


@mutant(
    clause="PS3.4 C.3.2",
    defect="PATIENT level is answered in Study Root",
    caught_by=("find.level.patient-in-study-root",),
)
class PatientsInStudyRoot(Semantics):
    def level_of_request(self, root: Root, identifier: AttributeSet) -> Level:
        text = identifier.text(LEVEL)
        return Level.PATIENT if text == "PATIENT" else super().level_of_request(root, identifier)


# -- responses -------------------------------------------------------------------------------------


class Answers(Semantics):
    """Alters what a match returns."""

    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        return elements

    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        return AttributeSet(self.answered(query, dict(answer.elements)))


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="required keys without value are left out",
    caught_by=("find.return.required-keys-always",),
)
class LeavesOutStudyId(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        elements.pop(STUDY_ID, None)
        return elements


@mutant(
    clause="PS3.4 C.2.2.2.3",
    defect="Patient's Name is cut after 12 characters",
    caught_by=("find.return.values-of-one-entity", "find.charset.not-altered"),
)
class CutsNames(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        if PATIENT_NAME in elements:
            name = elements[PATIENT_NAME]
            elements[PATIENT_NAME] = replace(name, values=tuple(value[:9] for value in name.values))
        return elements


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="attributes that nobody asked for are returned",
    caught_by=("find.return.nothing-unasked",),
)
class Talkative(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        return {**elements, 0x00081030: Attribute("LO", ("unasked",))}


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="every response names the STUDY level",
    caught_by=("find.return.level-echoed",),
)
class AlwaysStudyLevel(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        return {**elements, LEVEL: Attribute("CS", ("STUDY",))}


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="unique keys of higher levels are not returned",
    caught_by=("find.return.higher-unique-keys",),
)
class NoHigherKeys(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        if query.level is Level.IMAGE:
            elements.pop(STUDY_UID, None)
        return elements


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="Series Instance UIDs are returned with a component changed",
    caught_by=("find.return.uids-unaltered",),
)
class OtherUids(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        if query.level is Level.SERIES:
            elements[SERIES_UID] = Attribute("UI", (elements[SERIES_UID].values[0] + "0",))
        return elements


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="no Retrieve AE Title is returned",
    caught_by=("find.return.retrieve-location",),
)
class NoRetrieveTitle(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        elements.pop(0x00080054, None)
        return elements


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="Instance Availability is a word of the vendor's own",
    caught_by=("find.return.availability-value",),
)
class OwnAvailability(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        return {**elements, 0x00080056: Attribute("CS", ("AVAILABLE",))}


@mutant(
    clause="PS3.4 C.4.1.1.4",
    defect="status FF00 although a key is not supported",
    caught_by=("find.return.pending-status-code",),
)
class AlwaysFf00(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        elements.pop(0x00081080, None)
        return elements

    def pending_status(self, query: Query) -> int:
        return 0xFF00


@mutant(
    clause="PS3.4 C.4.1.1.4",
    defect="a key that is not supported comes back empty, with status FF00",
    caught_by=("find.return.empty-status-code",),
)
class EmptyForUnsupported(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        description = elements.get(0x00081030)
        return {**elements, 0x00081030: Attribute("LO", ())} if description else elements


@mutant(
    clause="PS3.4 C.3.4",
    defect="numbers of related entities are one too high",
    caught_by=("find.counts.study", "find.counts.series-instances", "find.counts.patient"),
)
class MiscountsEntities(Semantics):
    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        found = super().computed(index, entity, tag)
        if found is not None and found.vr == "IS" and found.values:
            return replace(found, values=(str(int(found.values[0]) + 1),))
        return found


# -- statuses --------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.1.3.1",
    defect="a query without matches ends in failure",
    caught_by=("find.status.no-match",),
)
class NoMatchIsFailure(Semantics):
    matched = False

    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        type(self).matched = True
        return super().response_attributes(query, attributes)

    def find_final(self, answer: Answer) -> Answer:
        matched, type(self).matched = self.matched, False
        return answer if matched or answer.status else Answer(0xC001, "no match")


@mutant(
    clause="PS3.4 C.4.1.3.1",
    defect="answers stop after 50 matches, and Success is said",
    caught_by=("find.status.success-is-complete",),
)
class FirstFifty(Semantics):
    sent = 0

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        found = super().match_entity(query, attributes)
        if query.level is Level.IMAGE and found:
            type(self).sent += 1
            return self.sent <= 50
        return found

    def find_final(self, answer: Answer) -> Answer:
        type(self).sent = 0
        return answer


@mutant(
    clause="PS3.4 C.4.1.3.1",
    defect="queries that worked end in an undefined status",
    caught_by=("find.status.final-without-identifier",),
)
class OddFinal(Semantics):
    def find_final(self, answer: Answer) -> Answer:
        return Answer(0xC999) if answer.status == SUCCESS else answer


@mutant(
    clause="PS3.4 C.2.2.2",
    defect="Specific Character Set in a request is matched as a key",
    caught_by=("find.charset.never-a-key",),
)
class CharacterSetIsKey(Semantics):
    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        return "ISO_IR 100" not in query.character_set and super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 C.2.2.2",
    defect="keys are compared byte by byte, whatever their character set",
    caught_by=("find.charset.key-decoded",),
)
class UndecodedKeys(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == STUDY_ID and not all(value.isascii() for value in key.values):
            return False
        return super().match_value(key, candidate, tag)
