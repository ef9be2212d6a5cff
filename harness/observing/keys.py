"""Which query keys a product matches, and how: queries for a study of which every value is known.

A kind of matching is at work where the key finds the study, and does not with a value that the study has
not.  Every query is confined to that study's patient, study or series, so that others' data stay out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.datadict import dictionary_VR

from harness.behaviour import KeyAnswer, LevelKeys, Matching
from harness.dimse.association import Association
from harness.dimse.errors import DimseError, PeerViolation
from harness.observing.bounds import Look
from harness.scu.find import Matches, find_with
from harness.scu.identifier import Identifier, keys_of
from harness.scu.offer import NO_SUCH_UID
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

CANCEL_AFTER = 50
"""Responses after which a query is cancelled: so many are not ours."""
NO_SUCH_UID_EITHER = NO_SUCH_UID + ".1"

_PATIENT = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientBirthTime", "PatientSex"),
    *("OtherPatientNames", "EthnicGroup", "PatientComments"),
)
_STUDY = (
    *("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyInstanceUID", "ModalitiesInStudy"),
    *("SOPClassesInStudy", "ReferringPhysicianName", "StudyDescription", "NameOfPhysiciansReadingStudy"),
    *("AdmittingDiagnosesDescription", "PatientAge", "PatientSize", "PatientWeight", "Occupation"),
    *("AdditionalPatientHistory", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
)
KEYS: Mapping[QueryLevel, tuple[str, ...]] = {
    QueryLevel.PATIENT: (
        *_PATIENT,
        *("NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances"),
    ),
    QueryLevel.STUDY: _STUDY,
    QueryLevel.SERIES: (
        *("Modality", "SeriesNumber", "SeriesInstanceUID", "NumberOfSeriesRelatedInstances"),
        *("SeriesDescription", "SeriesDate", "SeriesTime", "BodyPartExamined", "ProtocolName"),
        *("PerformedProcedureStepStartDate", "RequestAttributesSequence.ScheduledProcedureStepID"),
        "RequestAttributesSequence.RequestedProcedureID",
    ),
    QueryLevel.IMAGE: (
        *("InstanceNumber", "SOPInstanceUID", "SOPClassUID", "ContentDate", "ContentTime", "Rows", "Columns"),
        "ImageComments",
    ),
}
"""The keys of PS3.4 tables C.6-1 to C.6-5 that a study can be given values for, and usual ones beside."""
KNOWN: Mapping[str, str] = {
    "PatientName": "PHTEST^Statement",
    "IssuerOfPatientID": "PHTESTISSUER",
    "PatientBirthDate": "19600229",
    "PatientBirthTime": "093000",
    "PatientSex": "O",
    "OtherPatientNames": "PHTEST^Other",
    "EthnicGroup": "PHTESTGROUP",
    "PatientComments": "PHTEST patient comment",
    "StudyDescription": "PHTEST study description",
    "NameOfPhysiciansReadingStudy": "PHTEST^Reading",
    "AdmittingDiagnosesDescription": "PHTEST diagnosis",
    "PatientAge": "064Y",
    "PatientSize": "1.75",
    "PatientWeight": "72.5",
    "Occupation": "PHTESTJOB",
    "AdditionalPatientHistory": "PHTEST history",
    "SeriesDescription": "PHTEST series description",
    "BodyPartExamined": "CHEST",
    "ProtocolName": "PHTEST protocol",
    "PerformedProcedureStepStartDate": "20240229",
    "ImageComments": "PHTEST image comment",
}
"""Values of the study that is stored for this."""
STEP, PROCEDURE = "PHTESTSTEP", "PHTESTPROC"
RETURNED_ONLY = tuple(key for keys in KEYS.values() for key in keys if key.startswith("NumberOf"))
"""Derived from what is stored: matching by them is not required (PS3.4 C.3.4)."""

_OTHER = {
    "DA": "19010203",
    "TM": "000001",
    "UI": NO_SUCH_UID,
    "IS": "987654",
    "DS": "987.5",
    "AS": "001D",
    "US": 7,
    "CS": "PHNOSUCH",
    "PN": "PHNOSUCH^Nobody",
}
"""Values that the study has not, by VR."""
_WITHOUT_WILD_CARDS = frozenset(
    ("DA", "TM", "DT", "UI", "IS", "DS", "US", "SS", "UL", "SL", "FL", "FD", "AT", "SQ", "AS")
)
"""PS3.4 C.2.2.2.4."""

Finds = Callable[[Any], bool]
"""Whether a query with this value of the key finds what is known."""


def attributes_of_the_study() -> dict[str, Any]:
    """What the study is stored with, for `new_study`."""
    request = Dataset()
    request.ScheduledProcedureStepID, request.RequestedProcedureID = STEP, PROCEDURE
    return {**KNOWN, "RequestAttributesSequence": [request]}


def level_keys(scu: Scu, root: Root, level: QueryLevel, study: SyntheticStudy, look: Look) -> LevelKeys:
    """All keys of one level of a model.  DimseError where not even an association comes about."""
    keywords = KEYS[level]
    if root is Root.STUDY and level is QueryLevel.STUDY:
        keywords = (*_PATIENT, *_STUDY)
    queries = Queries(scu, root, level, study, look)
    try:
        known = [key for key in keywords if key in RETURNED_ONLY or _known_value(queries, key)]
        return LevelKeys(root.find, str(level), tuple(_key(queries, keyword) for keyword in known))
    finally:
        queries.end()


@dataclass
class Queries:
    """Queries at one level for a known study, on an association that is opened again where one is lost."""

    scu: Scu
    root: Root
    level: QueryLevel
    study: SyntheticStudy
    look: Look
    association: Association | None = None
    _given_back: dict[str, str] | None = None

    def end(self) -> None:
        """Release the association."""
        if self.association is not None and self.association.established:
            with self.look.at("release after queries"):
                self.association.release()
        if self.association is not None:
            self.association.close()

    def finds(self, keys: Mapping[str, Any]) -> bool:
        """Whether the study, series or object is among the matches.  False where the query fails."""
        unique = self._unique_keyword()
        answers = self._ask({**self._confined(keys), **keys})
        return any(_text(identifier, unique) == self._own()[unique] for identifier in answers)

    def given_back(self) -> dict[str, str]:
        """The values that come back where every key is sent without one, by keyword; asked once."""
        if self._given_back is None:
            self._given_back = {}
            keywords = (*_PATIENT, *_STUDY) if self.level is QueryLevel.STUDY else KEYS[self.level]
            asked: dict[str, Any] = {}
            for keyword in keywords:
                outer, _, inner = keyword.partition(".")
                asked[outer] = [_item({**dict.fromkeys(_inner(outer))})] if inner else None
            for identifier in self._ask({**asked, **self._named()}):
                for keyword in keywords:
                    self._given_back[keyword] = _text(identifier, keyword)
        return self._given_back

    def _ask(self, keys: Mapping[str, Any]) -> tuple[Identifier, ...]:
        if self.look.ended:
            return ()
        what = f"C-FIND at {self.level} with {', '.join(keys)}"
        try:
            matches = self._matches(keys)
        except DimseError as error:
            if self.association is not None:
                self.association.abort()
            self.association = None
            self.look.failure(what, error)
            return ()
        return matches.identifiers

    def _matches(self, keys: Mapping[str, Any]) -> Matches:
        if self.association is None:
            self.association = self.scu.open(self.root.find)
        return find_with(
            self.association, self.root.find, keys_of(self.level, keys), cancel_after=CANCEL_AFTER
        )

    def _own(self) -> dict[str, str]:
        series = self.study.series[0]
        return {
            "PatientID": self.study.patient_id,
            "StudyInstanceUID": self.study.study_uid,
            "SeriesInstanceUID": series.series_uid,
            "SOPInstanceUID": series.instances[0].sop_instance_uid,
        }

    def _unique_keyword(self) -> str:
        return {
            QueryLevel.PATIENT: "PatientID",
            QueryLevel.STUDY: "StudyInstanceUID",
            QueryLevel.SERIES: "SeriesInstanceUID",
            QueryLevel.IMAGE: "SOPInstanceUID",
        }[self.level]

    def _named(self) -> dict[str, Any]:
        """The one entity of this level that is known, by its unique keys."""
        own = self._own()
        named = dict(list(own.items())[: list(own).index(self._unique_keyword()) + 1])
        if self.root is Root.STUDY and self.level is not QueryLevel.STUDY:
            del named["PatientID"]
        return named

    def _confined(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        """The unique keys of the levels above, the level's own to be returned, and what keeps others out."""
        named = self._named()
        unique = self._unique_keyword()
        if len(named) == 1 or "PatientID" in keys:
            return named
        # Not all products match other keys beside a unique key of the level: those above confine it as well.
        return {**named, unique: None}


def _key(queries: Queries, keyword: str) -> KeyAnswer:
    returned = bool(queries.given_back().get(keyword, "").strip(" ^="))
    if keyword in RETURNED_ONLY:
        return KeyAnswer(keyword, (), (), returned)
    outer, _, inner = keyword.partition(".")

    def finds(value: Any) -> bool:
        return queries.finds({outer: [_item({inner: value})]} if inner else {keyword: value})

    return key_answer(keyword, _known_value(queries, keyword), returned, finds)


def key_answer(keyword: str, value: str, returned: bool, finds: Finds) -> KeyAnswer:
    """The kinds of matching seen at work for a key with this value, and those that were not.

    ``returned`` shows universal matching: the value came back when the key was sent without one.
    """
    inner = keyword.partition(".")[2]
    vr = dictionary_VR(inner or keyword)

    def works(*pairs: tuple[Any, Any]) -> bool:
        """Every first value finds it, and no second one does."""
        return all(finds(hit) and not finds(miss) for hit, miss in pairs)

    single = works((int(value) if vr == "US" else value, _OTHER.get(vr, "PHNOSUCH")))
    tried = {Matching.SINGLE: single}
    if inner:
        tried[Matching.SEQUENCE] = single
    if vr not in _WITHOUT_WILD_CARDS:
        wild = (value[:-1] + "*", "PHNOSUCH*"), (value[:-1] + "?", "PHNOSUCH?")
        tried[Matching.WILD_CARD] = works(*wild)
    if ranges := _ranges(vr, value):
        tried[Matching.RANGE] = works(*ranges)
    if vr == "UI":
        tried[Matching.UID_LIST] = works(([NO_SUCH_UID, value], [NO_SUCH_UID, NO_SUCH_UID_EITHER]))
    if vr == "PN":
        tried[Matching.CASE_INSENSITIVE] = single and finds(value.swapcase())
    tried[Matching.UNIVERSAL] = returned
    return KeyAnswer(
        keyword,
        tuple(kind for kind, seen in tried.items() if seen),
        tuple(kind for kind, seen in tried.items() if not seen),
        returned,
    )


def _ranges(vr: str, value: str) -> tuple[tuple[str, str], ...]:
    """Pairs of ranges, closed and open: the first has the value in it, the second hasn't."""
    if vr == "DA":
        year = value[:4]
        return (f"{year}0101-{year}1231", "19010101-19020101"), (f"{year}0101-", "-19020101")
    if vr == "TM":
        hour = value[:2]
        return (f"{hour}00-{hour}59", "000000-000100"), (f"{hour}00-", "-000100")
    return ()


def _known_value(queries: Queries, keyword: str) -> str:
    study = queries.study
    derived = {"ModalitiesInStudy": study.modality, "SOPClassesInStudy": study.instance(0).sop_class}
    inner = {"ScheduledProcedureStepID": STEP, "RequestedProcedureID": PROCEDURE}
    if "." in keyword:
        return inner[keyword.partition(".")[2]]
    return derived.get(keyword) or study.series[0].instances[0].text(keyword)


def _inner(outer: str) -> Sequence[str]:
    return [
        keyword.partition(".")[2]
        for keywords in KEYS.values()
        for keyword in keywords
        if keyword.startswith(outer + ".")
    ]


def _item(keys: Mapping[str, Any]) -> Dataset:
    return keys_of(None, keys)


def _text(identifier: Identifier, keyword: str) -> str:
    """The value in an answer; empty where there is none, or none that can be read."""
    outer, _, inner = keyword.partition(".")
    try:
        if outer not in identifier:
            return ""
        if not inner:
            return identifier.text(outer)
        return next((item.text(inner) for item in identifier.nested(outer) if inner in item), "")
    except PeerViolation:
        return ""
