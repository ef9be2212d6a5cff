"""What responses contain (PS3.4 C.4.1.1.3.2, C.2.2.1)."""

from __future__ import annotations

import pytest

from harness.scenario import SHALL, not_supported, requirement
from harness.scu.find import Matches, find
from harness.scu.session import Scu
from harness.scu.status import name_of
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy, valid_uid

STUDY_KEYS = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "PatientName",
    "PatientID",
    "StudyID",
    "StudyInstanceUID",
)
"""Unique and required keys of Study Root at STUDY level (PS3.4 table C.6-5)."""
UNASKED = {
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "QueryRetrieveLevel",
    "RetrieveAETitle",
    "StorageMediaFileSetID",
    "StorageMediaFileSetUID",
    "InstanceAvailability",
    "PatientID",
    "IssuerOfPatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
}
"""What a response may hold beyond the keys of the request."""


def one_study(scu: Scu, study: SyntheticStudy, *keys: str) -> Matches:
    """The single match for a study, with these keys asked for."""
    asked = dict.fromkeys(keys)
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, {**asked, "StudyInstanceUID": study.study_uid})
    matches.require_success()
    assert len(matches.identifiers) == 1, f"one Study Instance UID: {len(matches.identifiers)} matches"
    return matches


@requirement("PS3.4 C.4.1.1.3.2", SHALL, "Each required key of the request is in each response.")
def test_required_keys_always(scu: Scu, stored_study: SyntheticStudy) -> None:
    (identifier,) = one_study(scu, stored_study, *STUDY_KEYS).identifiers
    missing = [keyword for keyword in STUDY_KEYS if keyword not in identifier]
    assert not missing, f"asked for, but not in the response: {', '.join(missing)}"


@pytest.mark.parametrize("keyword", [key for key in STUDY_KEYS if key != "StudyInstanceUID"])
@requirement("PS3.4 C.2.2.2.3", SHALL, "A key without value brings the value of the study that was stored.")
def test_values_of_one_entity(scu: Scu, stored_study: SyntheticStudy, keyword: str) -> None:
    (identifier,) = one_study(scu, stored_study, keyword).identifiers
    wanted = str(stored_study.attributes.get(keyword))
    value = identifier.text(keyword).strip(" ^=") if keyword == "PatientName" else identifier.text(keyword)
    if keyword == "StudyTime":
        value, wanted = value.split(".")[0], wanted.split(".")[0]
    assert value.strip() == wanted.strip(), f"{keyword} {value!r}, stored was {wanted!r}"


@requirement(
    "PS3.4 C.4.1.1.3.2", SHALL, "Responses hold no attribute that wasn't asked for, but for those allowed."
)
def test_nothing_unasked(scu: Scu, stored_study: SyntheticStudy) -> None:
    (identifier,) = one_study(scu, stored_study, "StudyDate").identifiers
    extra = [name for name in identifier if name not in UNASKED | {"StudyDate"} and not name.endswith("0000")]
    assert not extra, f"not asked for: {', '.join(extra)}"


@pytest.mark.parametrize("level", [QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE])
@requirement("PS3.4 C.4.1.1.3.2", SHALL, "Each response names its Query/Retrieve Level, that of the request.")
def test_level_echoed(scu: Scu, stored_study: SyntheticStudy, level: QueryLevel) -> None:
    matches = at_level(scu, stored_study, level)
    levels = set(matches.texts("QueryRetrieveLevel"))
    assert levels == {str(level)}, (
        f"level {', '.join(sorted(levels)) or 'without value'} in responses at {level}"
    )


@requirement("PS3.4 C.4.1.3.1.1", SHALL, "Responses hold the unique keys of the levels above.")
def test_higher_unique_keys(scu: Scu, stored_study: SyntheticStudy) -> None:
    matches = at_level(scu, stored_study, QueryLevel.IMAGE)
    assert set(matches.texts("StudyInstanceUID")) == {stored_study.study_uid}, "another Study Instance UID"
    assert set(matches.texts("SeriesInstanceUID")) == {stored_study.series[0].series_uid}, (
        "another Series Instance UID"
    )


@requirement("PS3.4 C.4.1.1.3.2", SHALL, "UIDs in responses are valid and those that were stored.")
def test_uids_unaltered(scu: Scu, stored_study: SyntheticStudy) -> None:
    stored = {series.series_uid for series in stored_study.series}
    for uid in at_level(scu, stored_study, QueryLevel.SERIES).texts("SeriesInstanceUID"):
        assert valid_uid(uid), f"Series Instance UID {uid!r} is no valid UID"
        assert uid in stored, f"Series Instance UID {uid} was not stored"


@requirement(
    "PS3.4 C.4.1.1.3.2",
    SHALL,
    "Responses say where to retrieve from: Retrieve AE Title, or file-set ID and UID.",
)
def test_retrieve_location(scu: Scu, stored_study: SyntheticStudy) -> None:
    for identifier in at_level(scu, stored_study, QueryLevel.IMAGE).identifiers:
        media = "StorageMediaFileSetID" in identifier and "StorageMediaFileSetUID" in identifier
        assert "RetrieveAETitle" in identifier or media, "neither Retrieve AE Title nor a file-set is named"
        assert media or identifier.text("RetrieveAETitle"), "Retrieve AE Title has no value at IMAGE level"


@requirement("PS3.4 C.4.1.1.3.2", SHALL, "Instance Availability, where given, is one of its four values.")
def test_availability_value(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {"StudyInstanceUID": stored_study.study_uid, "InstanceAvailability": None}
    for identifier in find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success().identifiers:
        if "InstanceAvailability" not in identifier or not identifier.text("InstanceAvailability"):
            raise not_supported("no Instance Availability is given")
        value = identifier.text("InstanceAvailability")
        assert value in ("ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"), f"Instance Availability {value!r}"


@requirement("PS3.4 C.4.1.1.4", SHALL, "A pending response without a key that was asked for has status FF01.")
def test_pending_status_code(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {"StudyInstanceUID": stored_study.study_uid, "AdmittingDiagnosesDescription": None}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    for identifier, response in zip(matches.identifiers, matches.pending, strict=True):
        status = response.integer("Status")
        assert "AdmittingDiagnosesDescription" in identifier or status == 0xFF01, (
            f"an optional key is not supported, and the status is {name_of(status)}"
        )


@pytest.mark.parametrize(
    ("keyword", "level", "value"),
    [
        ("NumberOfStudyRelatedSeries", QueryLevel.STUDY, "2"),
        ("NumberOfStudyRelatedInstances", QueryLevel.STUDY, "6"),
        ("NumberOfSeriesRelatedInstances", QueryLevel.SERIES, "3"),
        ("ModalitiesInStudy", QueryLevel.STUDY, "CT"),
    ],
)
@requirement(
    "PS3.4 C.3.4", SHALL, "Numbers of related entities and Modalities in Study, where given, are right."
)
def test_additional_attributes(
    scu: Scu, stored_study: SyntheticStudy, keyword: str, level: QueryLevel, value: str
) -> None:
    matches = at_level(scu, stored_study, level, keyword)
    for identifier in matches.identifiers:
        if keyword not in identifier or not identifier.text(keyword):
            raise not_supported(f"{keyword} is not given")
        given = identifier.text(keyword).strip()
        assert given == value, f"{keyword} is {given!r}, stored were {value}"


def at_level(scu: Scu, study: SyntheticStudy, level: QueryLevel, *more: str) -> Matches:
    keys: dict[str, str | None] = {"StudyInstanceUID": study.study_uid}
    if level is QueryLevel.SERIES:
        keys["SeriesInstanceUID"] = None
    if level is QueryLevel.IMAGE:
        keys |= {"SeriesInstanceUID": study.series[0].series_uid, "SOPInstanceUID": None}
    matches = find(scu, Root.STUDY, level, {**dict.fromkeys(more), **keys}).require_success()
    assert matches.identifiers, f"no match at {level} level"
    return matches
