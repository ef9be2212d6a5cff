"""Defects of the Modality Worklist."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.archive import elements, encoding, identifiers, matching
from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.config import ArchiveConfig
from harness.archive.negotiation import ContextAnswer, Role
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import MODALITY_WORKLIST
from harness.archive.status import MISMATCH, SUCCESS, Answer, Refused
from harness.archive.worklist import START_DATE, START_TIME, STEP_SEQUENCE, WorklistQuery
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from collections.abc import Sequence

STATION, MODALITY, PHYSICIAN = 0x00400001, 0x00080060, 0x00400006
NAME, PATIENT_ID, ACCESSION, STUDY_UID, LEVEL = 0x00100010, 0x00100020, 0x00080050, 0x0020000D, 0x00080052


def without(attributes: AttributeSet, *tags: int) -> AttributeSet:
    """These attributes, some left out."""
    return AttributeSet({tag: value for tag, value in attributes.elements.items() if tag not in tags})


def in_step(attributes: AttributeSet, change: Callable[[AttributeSet], AttributeSet]) -> AttributeSet:
    """A response with another step in it."""
    sequence = attributes.get(STEP_SEQUENCE)
    if sequence is None:
        return attributes
    items = tuple(change(item) for item in sequence.items)
    return attributes.merged(AttributeSet({STEP_SEQUENCE: Attribute("SQ", items=items)}))


@mutant(
    clause="PS3.4 K.6.1.4",
    defect="the worklist is promised and its class is refused",
    caught_by=("worklist.context.accepted",),
)
class NotAccepted(Semantics):
    def answer_context(
        self, abstract_syntax: str, syntaxes: Sequence[str], role: Role | None
    ) -> ContextAnswer:
        if abstract_syntax == MODALITY_WORKLIST:
            return ContextAnswer(3, syntaxes[0])
        return super().answer_context(abstract_syntax, syntaxes, role)


@mutant(
    clause="PS3.4 K.5.1.2",
    defect="fuzzy matching is granted to those who did not ask for it",
    caught_by=("worklist.context.extended-negotiation",),
)
class FuzzyUnasked(Semantics):
    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        if sop_class == MODALITY_WORKLIST:
            return b"\1\1\1"
        return super().extended_negotiation(sop_class, offered)


@mutant(
    clause="PS3.4 K.5.1",
    defect="extended negotiation is answered as for a query, with five bytes",
    caught_by=("worklist.context.extended-negotiation",),
)
class FiveBytes(Semantics):
    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        return (
            bytes(5) if sop_class == MODALITY_WORKLIST else super().extended_negotiation(sop_class, offered)
        )


# -- matching --------------------------------------------------------------------------------------


class _Ignores(Semantics):
    """Does not look at a key."""

    tag = 0

    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag == self.tag or super().match_scheduled(key, candidate, tag)


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="Scheduled Station AE Title is no key",
    caught_by=("worklist.match.scheduled-aet", "worklist.match.one-item-of-sequence"),
)
class StationIgnored(_Ignores):
    tag = STATION


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="Modality is no key",
    caught_by=("worklist.match.modality", "worklist.match.one-item-of-sequence"),
)
class ModalityIgnored(_Ignores):
    tag = MODALITY


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="the start time is no key",
    caught_by=("worklist.match.start-time",),
)
class TimeIgnored(_Ignores):
    tag = START_TIME


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="the start date is no key",
    caught_by=("worklist.match.start-date",),
)
class DateIgnored(_Ignores):
    tag = START_DATE


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="Scheduled Performing Physician's Name is no key",
    caught_by=("worklist.match.performing-physician", "worklist.match.unknown-value-fails"),
)
class PhysicianIgnored(_Ignores):
    tag = PHYSICIAN


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="Patient's Name is no key",
    caught_by=("worklist.match.patient-name", "worklist.wildcard.name"),
)
class NameIgnored(_Ignores):
    tag = NAME


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="Patient ID is no key: the items of all patients come",
    caught_by=("worklist.match.patient-id", "worklist.status.no-match"),
)
class PatientIdIgnored(_Ignores):
    tag = PATIENT_ID


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="a Patient ID finds nothing",
    caught_by=("worklist.match.patient-id",),
)
class PatientIdFindsNothing(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return (tag != PATIENT_ID or key.is_empty) and super().match_scheduled(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.2.6",
    defect="the keys inside of the step sequence are not looked at",
    caught_by=(
        "worklist.match.scheduled-aet",
        "worklist.match.start-date",
        "worklist.match.modality",
        "worklist.match.one-item-of-sequence",
    ),
)
class SequenceIgnored(Semantics):
    def match_step(self, keys: AttributeSet, step: AttributeSet) -> bool:
        return True


@mutant(
    clause="PS3.4 C.2.2.2.6",
    defect="one key of the step sequence that holds is enough",
    caught_by=("worklist.match.one-item-of-sequence", "worklist.match.start-period"),
)
class AnyKeyOfStep(Semantics):
    def match_step(self, keys: AttributeSet, step: AttributeSet) -> bool:
        restricting = {tag: key for tag, key in keys.elements.items() if not matching.is_universal(key)}
        return not restricting or any(
            self.match_scheduled(key, step.get(tag), tag) for tag, key in restricting.items()
        )


class _Date(Semantics):
    """Matches ranges of the start date in another way."""

    def in_range(self, first: str, last: str, day: str) -> bool:
        return first <= day <= last

    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == START_DATE and candidate is not None and "-" in "".join(key.values):
            first, _, last = key.values[0].partition("-")
            return self.in_range(first, last, candidate.values[0])
        return super().match_scheduled(key, candidate, tag)


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="a range of dates is compared as it stands",
    caught_by=("worklist.match.start-date",),
)
class RangeIsLiteral(_Date):
    def in_range(self, first: str, last: str, day: str) -> bool:
        return False


@mutant(
    clause="PS3.4 C.2.2.2.5",
    defect="the last day of a range is left out",
    caught_by=("worklist.match.start-date",),
)
class LastDayLeftOut(_Date):
    def in_range(self, first: str, last: str, day: str) -> bool:
        return first <= day and (not last or day < last)


@mutant(
    clause="PS3.4 C.2.2.2.5",
    defect="a range without an end finds nothing",
    caught_by=("worklist.match.start-date",),
)
class OpenEndFindsNothing(_Date):
    def in_range(self, first: str, last: str, day: str) -> bool:
        return bool(last) and first <= day <= last


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="ranges of date and time are matched each by itself",
    caught_by=("worklist.match.start-period",),
)
class HoursOfEachDay(Semantics):
    def match_start(self, keys: AttributeSet, step: AttributeSet) -> bool:
        return all(
            self.match_scheduled(keys.elements[tag], step.get(tag), tag) for tag in (START_DATE, START_TIME)
        )


@mutant(
    clause="PS3.4 K.2.2.1.1.1",
    defect="an entry without a value matches every value, as in Query/Retrieve",
    caught_by=("worklist.match.unknown-value-fails",),
)
class UnknownMatches(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return matching.matches(key, candidate)


@mutant(
    clause="PS3.4 C.2.2.2.3",
    defect="an entry without a value is not found though nothing is asked of it",
    caught_by=("worklist.match.unknown-value-fails",),
)
class UnknownIsLost(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        known = candidate is not None and not candidate.is_empty
        return known and super().match_scheduled(key, candidate, tag)


@mutant(
    clause="PS3.4 K.2.2.3",
    defect="of several stations the first alone is compared",
    caught_by=("worklist.match.multiple-values",),
)
class FirstStationAlone(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == STATION and candidate is not None:
            candidate = Attribute(candidate.vr, candidate.values[:1])
        return super().match_scheduled(key, candidate, tag)


@mutant(
    clause="PS3.4 K.2.2.3",
    defect="of several stations the one that matched is returned",
    caught_by=("worklist.match.multiple-values",),
)
class MatchedStationAlone(Semantics):
    def item_response(self, query: WorklistQuery, item: AttributeSet) -> AttributeSet:
        sequence = query.keys.get(STEP_SEQUENCE)
        key = sequence.items[0].get(STATION) if sequence and sequence.items else None
        answer = super().item_response(query, item)
        if key is None or key.is_empty:
            return answer
        return in_step(answer, lambda step: step.merged(AttributeSet({STATION: key})))


@mutant(
    clause="PS3.4 K.2.2.2",
    defect="entries in another character set than the query's are left out",
    caught_by=("worklist.match.never-keys",),
)
class CharacterSetIsKey(Semantics):
    def match_item(self, query: WorklistQuery, item: AttributeSet) -> bool:
        own = item.text(identifiers.CHARACTER_SET)
        foreign = bool(query.character_set) and own not in query.character_set
        return not foreign and super().match_item(query, item)


@mutant(
    clause="PS3.4 K.2.2.1.1.2",
    defect="a value of an optional key is refused",
    caught_by=("worklist.match.optional-ignored-not-refused",),
)
class OptionalRefused(Semantics):
    def worklist_query(self, identifier: AttributeSet, strange: frozenset[int]) -> WorklistQuery:
        if identifier.text(ACCESSION):
            raise Refused(MISMATCH, "Accession Number is no key", ACCESSION)
        return super().worklist_query(identifier, strange)


@mutant(
    clause="PS3.4 K.2.2.1.1.2",
    defect="an optional key that isn't supported finds nothing",
    caught_by=("worklist.match.optional-ignored-not-refused",),
)
class OptionalFindsNothing(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag != ACCESSION and super().match_scheduled(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="a lone '*' is an ordinary character",
    caught_by=("worklist.wildcard.star",),
)
class StarIsLiteral(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if key.values == ("*",):
            return candidate is not None and candidate.values == key.values
        return super().match_scheduled(key, candidate, tag)


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="a wild card in Patient's Name is an ordinary character",
    caught_by=("worklist.wildcard.name",),
)
class NameIsLiteral(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == NAME:
            return candidate is not None and candidate.values == key.values
        return super().match_scheduled(key, candidate, tag)


# -- responses -------------------------------------------------------------------------------------


class _Response(Semantics):
    """Changes what a match returns."""

    def item_response(self, query: WorklistQuery, item: AttributeSet) -> AttributeSet:
        return self.changed(query, super().item_response(query, item), item)

    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        return answer


@mutant(
    clause="PS3.4 K.6.1.2.1",
    defect="each step comes twice",
    caught_by=("worklist.response.one-per-step",),
)
class StepTwice(Semantics):
    def scheduled_items(self, entry: AttributeSet) -> list[AttributeSet]:
        return super().scheduled_items(entry) * 2


@mutant(
    clause="PS3.4 K.6.1.2.2",
    defect="a response has two items in the step sequence",
    caught_by=("worklist.response.one-per-step",),
)
class TwoStepsInOne(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        sequence = answer.get(STEP_SEQUENCE)
        items = sequence.items * 2 if sequence else ()
        return answer.merged(AttributeSet({STEP_SEQUENCE: Attribute("SQ", items=items)}))


@mutant(
    clause="PS3.4 K.2.2.1.2",
    defect="Study Instance UID is not returned",
    caught_by=("worklist.response.type1-present",),
)
class NoStudyUid(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        return without(answer, STUDY_UID)


@mutant(
    clause="PS3.4 K.2.2.1.2",
    defect="the start time comes without a value",
    caught_by=("worklist.response.type1-present",),
)
class NoStartTime(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        empty = AttributeSet({START_TIME: Attribute("TM")})
        return in_step(answer, lambda step: step.merged(empty) if step.get(START_TIME) else step)


@mutant(
    clause="PS3.4 K.2.2.1.2",
    defect="keys without a value are left out of the response",
    caught_by=("worklist.response.type2-present",),
)
class EmptyLeftOut(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        return AttributeSet({tag: value for tag, value in answer.elements.items() if not value.is_empty})


@mutant(
    clause="PS3.4 K.2.2.1.2",
    defect="keys without a value are left out of the step",
    caught_by=("worklist.response.type2-present",),
)
class EmptyLeftOutOfStep(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        return in_step(
            answer,
            lambda step: AttributeSet({t: value for t, value in step.elements.items() if not value.is_empty}),
        )


@mutant(
    clause="PS3.4 K.2.2.1.2",
    defect="what was matched is not returned",
    caught_by=("worklist.response.values",),
)
class KeysNotReturned(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        sequence = query.keys.get(STEP_SEQUENCE)
        keys: Mapping[int, Attribute] = sequence.items[0].elements if sequence and sequence.items else {}
        matched = [tag for tag, key in keys.items() if not key.is_empty]
        return in_step(answer, lambda step: without(step, *matched))


@mutant(
    clause="PS3.4 K.4.1.3.1",
    defect="names are cut off behind 16 characters",
    caught_by=("worklist.response.values", "worklist.response.charset"),
)
class NameCutOff(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        name = answer.get(NAME)
        if name is None or name.is_empty:
            return answer
        return answer.merged(AttributeSet({NAME: Attribute("PN", (name.values[0][:16],))}))


@mutant(
    clause="PS3.4 K.4.1.3.1",
    defect="every response has another Study Instance UID for the same order",
    caught_by=("worklist.response.values",),
)
class StudyUidMadeUp(_Response):
    made = 0

    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        self.made += 1
        own = AttributeSet({STUDY_UID: Attribute("UI", (f"2.25.{self.made}",))})
        return answer.merged(own) if answer.get(STUDY_UID) else answer


@mutant(
    clause="PS3.4 K.4.1.1.3.2",
    defect="the whole item is returned, whatever was asked for",
    caught_by=("worklist.response.nothing-unasked",),
)
class WholeItem(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        return item.merged(without(answer, STEP_SEQUENCE))


@mutant(
    clause="PS3.4 K.4.1.1.3.2",
    defect="the whole step is returned, whatever was asked of it",
    caught_by=("worklist.response.nothing-unasked",),
)
class WholeStep(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        return answer.merged(item.only((STEP_SEQUENCE,)))


@mutant(
    clause="PS3.4 K.2.2.1.2",
    defect="a sequence that is asked for with an empty item comes back empty",
    caught_by=("worklist.response.empty-item-key",),
)
class EmptyItemReturnsNothing(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        empty = {
            tag: Attribute("SQ")
            for tag, key in query.keys.elements.items()
            if key.vr == "SQ" and key.items and not key.items[0].elements
        }
        return answer.merged(AttributeSet(empty))


@mutant(
    clause="PS3.4 K.2.2.1.2",
    defect="a sequence that is asked for with zero length is not returned",
    caught_by=("worklist.response.empty-item-key",),
)
class NoItemReturnsNothing(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        asked = [tag for tag, key in query.keys.elements.items() if key.vr == "SQ" and not key.items]
        return without(answer, *asked)


@mutant(
    clause="PS3.4 K.4.1.3.1",
    defect="accents are taken from names",
    caught_by=("worklist.response.charset",),
)
class AccentsRemoved(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        name = answer.get(NAME)
        if name is None or name.is_empty:
            return answer
        plain = "".join(c for c in unicodedata.normalize("NFKD", name.values[0]) if c.isascii())
        return answer.merged(AttributeSet({NAME: Attribute("PN", (plain,))}))


@mutant(
    clause="PS3.4 K.4.1.1.3.2",
    defect="Specific Character Set is never returned",
    caught_by=("worklist.response.charset",),
)
class CharacterSetNotDeclared(Semantics):
    def encode_item(self, query: WorklistQuery, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        rest = without(attributes, identifiers.CHARACTER_SET)
        return identifiers.encode(rest, elements.UNICODE, transfer_syntax)


@mutant(
    clause="PS3.4 K.4.1.1.3.2",
    defect="the request's lack of a character set is taken for Latin-1, what it lacks is replaced",
    caught_by=("worklist.response.charset",),
)
class AlwaysLatin1(Semantics):
    def encode_item(self, query: WorklistQuery, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        latin = ("ISO_IR 100",)
        declared = attributes.merged(AttributeSet({identifiers.CHARACTER_SET: Attribute("CS", latin)}))
        name = declared.get(NAME)
        if name is not None and not name.is_empty:
            text = name.values[0].encode("latin-1", "replace").decode("latin-1")
            declared = declared.merged(AttributeSet({NAME: Attribute("PN", (text,))}))
        return elements.encode(declared, latin, encoding.syntax_of(transfer_syntax))


@mutant(
    clause="PS3.4 K.4.1.1.3.1",
    defect="a query without a Query/Retrieve Level is refused",
    caught_by=("worklist.response.no-level-needed",),
)
class LevelRequired(Semantics):
    def worklist_query(self, identifier: AttributeSet, strange: frozenset[int]) -> WorklistQuery:
        if not identifier.text(LEVEL):
            raise Refused(MISMATCH, "no Query/Retrieve Level", LEVEL)
        return super().worklist_query(identifier, strange)


@mutant(
    clause="PS3.4 K.4.1.1.3.2",
    defect="responses have a Query/Retrieve Level",
    caught_by=("worklist.response.no-level-needed", "worklist.response.nothing-unasked"),
)
class LevelReturned(_Response):
    def changed(self, query: WorklistQuery, answer: AttributeSet, item: AttributeSet) -> AttributeSet:
        return answer.merged(AttributeSet({LEVEL: Attribute("CS", ("PATIENT",))}))


# -- statuses --------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 K.4.1.1.4",
    defect="matches come with a status that the class does not have",
    caught_by=("worklist.response.pending-status", "worklist.match.patient-id"),
)
class AnotherPending(Semantics):
    def worklist_pending(self, query: WorklistQuery) -> int:
        return 0xFF02


@mutant(
    clause="PS3.4 K.4.1.1.4",
    defect="the query ends with a warning",
    caught_by=("worklist.response.pending-status",),
)
class EndsInWarning(Semantics):
    def worklist_final(self, answer: Answer) -> Answer:
        return Answer(0xB000) if answer.status == SUCCESS else answer


class _NoMatch(Semantics):
    """Knows at the end whether anything matched."""

    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.matched = False

    def worklist_query(self, identifier: AttributeSet, strange: frozenset[int]) -> WorklistQuery:
        self.matched = False
        return super().worklist_query(identifier, strange)

    def match_item(self, query: WorklistQuery, item: AttributeSet) -> bool:
        matches = super().match_item(query, item)
        self.matched = self.matched or matches
        return matches


@mutant(
    clause="PS3.4 K.4.1.3",
    defect="a query without a match fails",
    caught_by=("worklist.status.no-match",),
)
class NothingIsFailure(_NoMatch):
    def worklist_final(self, answer: Answer) -> Answer:
        return answer if self.matched else Answer(0xC001, "nothing found")


class _Slow(Semantics):
    """Takes a moment for each item, so that a C-CANCEL comes while there are more."""

    def shown_item(self, item: AttributeSet, performed_as: tuple[str, ...]) -> AttributeSet | None:
        time.sleep(0.003)
        return super().shown_item(item, performed_as)


@mutant(
    clause="PS3.4 K.4.1.3",
    defect="a cancelled query ends in Success with what had come",
    caught_by=("worklist.cancel.status",),
)
class CancelIsSuccess(_Slow):
    def cancelled(self) -> Answer:
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 K.4.1.3",
    defect="a cancelled query ends in failure",
    caught_by=("worklist.cancel.status",),
)
class CancelIsFailure(_Slow):
    def cancelled(self) -> Answer:
        return Answer(0xC001, "cancelled")
