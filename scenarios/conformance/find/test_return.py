"""What responses contain (PS3.4 C.4.1.1.3.2, C.2.2.1)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, SHOULD, not_supported, requirement
from harness.scu.find import Matches, find, find_encoded, find_with
from harness.scu.identifier import encode_with_group_lengths, keys_of
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.status import PENDING, SUCCESS, describe, is_failure, name_of
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
    "StudyInstanceUID",
}
"""What a response at STUDY level of Study Root may hold beyond the keys of the request."""
OPTIONAL_KEYS = (
    "StudyDescription",
    "ReferringPhysicianName",
    "PatientBirthDate",
    "PatientSex",
)
"""Optional keys at STUDY level that a stored study has a value for."""
RARE_KEYS = (
    "AdmittingDiagnosesDescription",
    "ProcedureCodeSequence",
    "NumberOfStudyRelatedSeries",
    "SOPClassesInStudy",
    "AnatomicRegionsInStudyCodeSequence",
    "OtherStudyNumbers",
)
"""Optional keys at STUDY level that few products support all of."""
REQUIRED_KEYS = {
    (Root.STUDY, QueryLevel.STUDY): STUDY_KEYS,
    (Root.STUDY, QueryLevel.SERIES): ("Modality", "SeriesNumber", "SeriesInstanceUID"),
    (Root.STUDY, QueryLevel.IMAGE): ("InstanceNumber", "SOPInstanceUID"),
    (Root.PATIENT, QueryLevel.PATIENT): ("PatientName", "PatientID"),
}
"""Unique and required keys of each level (PS3.4 tables C.6-1 to C.6-5)."""
NEVER_STORED = (
    "Occupation",
    "MilitaryRank",
    "EthnicGroup",
    "PatientComments",
    "AdditionalPatientHistory",
    "MedicalAlerts",
    "Allergies",
    "SmokingStatus",
    "PatientReligiousPreference",
    "OtherStudyNumbers",
    "AdmittingDiagnosesDescription",
    "NameOfPhysiciansReadingStudy",
)
"""Optional keys at STUDY level that a stored study has no value for, and no product can work out."""
PRIVATE_CREATOR, PRIVATE_VALUE = 0x00190010, 0x00191001


def one_study(scu: Scu, study: SyntheticStudy, *keys: str) -> Matches:
    """What is found for a study, with these keys asked for.  That it comes once is judged elsewhere."""
    asked = dict.fromkeys(keys)
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, {**asked, "StudyInstanceUID": study.study_uid})
    matches.require_success()
    assert matches.identifiers, "a study is not found by its UID"
    return matches


@pytest.mark.parametrize(("root", "level"), REQUIRED_KEYS, ids=[level for _, level in REQUIRED_KEYS])
@requirement("PS3.4 C.4.1.1.3.2", SHALL, "Each required key of the request is in each response.")
def test_required_keys_always(scu: Scu, stored_study: SyntheticStudy, root: Root, level: QueryLevel) -> None:
    # The study's own keys confine the query: they come last, over those that are asked for.
    asked = dict.fromkeys(REQUIRED_KEYS[root, level])
    above = {**asked, **keys_for(root, level, stored_study, stored_study.series[0])}
    for identifier in find(scu, root, level, above).require_success().identifiers:
        missing = [keyword for keyword in asked if keyword not in identifier]
        assert not missing, f"asked for at {level} level, but not in the response: {', '.join(missing)}"


@pytest.mark.parametrize("keyword", [key for key in STUDY_KEYS if key != "StudyInstanceUID"])
@requirement("PS3.4 C.2.2.2.3", SHALL, "A key without value brings the value of the study that was stored.")
def test_values_of_one_entity(scu: Scu, stored_study: SyntheticStudy, keyword: str) -> None:
    identifier, *_ = one_study(scu, stored_study, keyword).identifiers
    wanted = str(stored_study.attributes.get(keyword))
    value = identifier.text(keyword).strip(" ^=") if keyword == "PatientName" else identifier.text(keyword)
    if keyword == "StudyTime":
        value, wanted = value.split(".")[0], wanted.split(".")[0]
    assert value.strip() == wanted.strip(), f"{keyword} {value!r}, stored was {wanted!r}"


@requirement(
    "PS3.4 C.4.1.1.3.2", SHALL, "Responses hold no attribute that wasn't asked for, but for those allowed."
)
def test_nothing_unasked(scu: Scu, stored_study: SyntheticStudy) -> None:
    identifier, *_ = one_study(scu, stored_study, "StudyDate").identifiers
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
    # It is not to be asked for: a product that knows it gives it unasked.
    for identifier in at_level(scu, stored_study, QueryLevel.IMAGE).identifiers:
        if "InstanceAvailability" not in identifier:
            raise not_supported("no Instance Availability is given")
        value = identifier.text("InstanceAvailability")
        assert value in ("ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"), f"Instance Availability {value!r}"


@requirement("PS3.4 C.4.1.1.4", SHALL, "A pending response without a key that was asked for has status FF01.")
def test_pending_status_code(scu: Scu, stored_study: SyntheticStudy) -> None:
    # A supported key is in the response, empty if there is no value (C.4.1.1.3.2): one that is absent isn't.
    keys = {**dict.fromkeys(RARE_KEYS), "StudyInstanceUID": stored_study.study_uid}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    for identifier, response in zip(matches.identifiers, matches.pending, strict=True):
        absent = [keyword for keyword in RARE_KEYS if keyword not in identifier]
        assert not absent or response.integer("Status") == PENDING[1], (
            f"{', '.join(absent)} are absent from the response, whose status is "
            f"{name_of(response.integer('Status'))}"
        )


@requirement(
    "PS3.4 C.4.1.1.4",
    SHALL,
    "A pending response with a key that is empty though it has a value has status FF01.",
)
def test_empty_status_code(scu: Scu, stored_study: SyntheticStudy) -> None:
    # By FF00 every optional key is supported as a required one is, which comes with its value.
    keys = {**dict.fromkeys(OPTIONAL_KEYS), "StudyInstanceUID": stored_study.study_uid}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    for identifier, response in zip(matches.identifiers, matches.pending, strict=True):
        empty = [key for key in OPTIONAL_KEYS if key in identifier and not identifier.text(key)]
        assert not empty or response.integer("Status") == PENDING[1], (
            f"{', '.join(empty)} were stored with values and come back empty, with status "
            f"{name_of(response.integer('Status'))}"
        )


@pytest.mark.parametrize("keyword", OPTIONAL_KEYS)
@requirement(
    "PS3.4 C.2.2.1.3", SHALL, "An optional key is returned with the value that was stored, or not at all."
)
def test_optional_value(scu: Scu, stored_study: SyntheticStudy, keyword: str) -> None:
    identifier, *_ = one_study(scu, stored_study, keyword).identifiers
    if keyword not in identifier or not identifier.text(keyword):
        # "A value may be returned" where a key is not supported for matching (C.2.2.1.3).
        how = "returned empty" if keyword in identifier else "not returned"
        raise not_supported(f"{keyword}, an optional key, is {how}")
    wanted = str(stored_study.attributes.get(keyword))
    value = identifier.text(keyword).strip(" ^=")
    assert value == wanted, f"{keyword} {value!r}, stored was {wanted!r}"


@requirement(
    "PS3.4 C.2.2.1.3",
    SHALL,
    "An optional key that a study has no value for comes back empty, or not at all.",
)
def test_unsupported_optional_absent(scu: Scu, stored_study: SyntheticStudy) -> None:
    identifier, *_ = one_study(scu, stored_study, *NEVER_STORED).identifiers
    made_up = [keyword for keyword in NEVER_STORED if keyword in identifier and identifier.text(keyword)]
    values = ", ".join(f"{keyword} {identifier.text(keyword)!r}" for keyword in made_up)
    assert not made_up, f"a study that was stored without these attributes is returned with {values}"


@requirement("PS3.5 7.2", SHALL, "Group Length elements in a query don't disturb it.")
def test_group_length_key_harmless(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": stored_study.study_uid, "PatientID": None})
    with scu.open(Root.STUDY.find) as association:
        syntax = association.context_for(Root.STUDY.find).transfer_syntax
        encoded = encode_with_group_lengths(keys, syntax)
        matches = find_encoded(association, Root.STUDY.find, encoded).require_success()
    assert len(matches.identifiers) == 1, (
        f"one study, asked with (gggg,0000) in each group: {len(matches.identifiers)} matches"
    )


@requirement("PS3.4 C.4.1.3.1.1", QUALITY, "A query with no key of its own level ends in an orderly way.")
def test_no_keys_at_all(scu: Scu, stored_study: SyntheticStudy) -> None:
    # The study's UID keeps other people's data out.
    matches = find(scu, Root.STUDY, QueryLevel.SERIES, StudyInstanceUID=stored_study.study_uid)
    assert matches.status == SUCCESS or is_failure(matches.status), (
        f"a query at SERIES level with the study's UID alone is answered {describe(matches.final)}"
    )


@requirement(
    "PS3.4 C.2.2.1.3", SHALL, "The value of an optional key that is not supported for matching is ignored."
)
def test_unsupported_key_ignored(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    # The values are those that were stored: where the product does match these keys, the study is found too.
    values = {"Occupation": "PHTEST", "MilitaryRank": "PHTEST", "StudyDescription": "PHTEST"}
    study = store_study(corpus.new_study(**values))
    for key, value in values.items():
        keys = {"StudyInstanceUID": study.study_uid, key: value}
        matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
        assert len(matches.identifiers) == 1, (
            f"a study is not found by its UID together with its {key}, an optional key"
        )


@requirement("PS3.4 C.4.1.1.3.2", SHOULD, "A private key is ignored or served; it refuses no query.")
def test_private_key_harmless(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": stored_study.study_uid, "PatientID": None})
    keys.add_new(PRIVATE_CREATOR, "LO", "PHTEST ONE 1.0")
    keys.add_new(PRIVATE_VALUE, "LO", "")
    with scu.open(Root.STUDY.find) as association:
        matches = find_with(association, Root.STUDY.find, keys).require_success()
    assert len(matches.identifiers) == 1, (
        f"one study, asked with an empty private key: {len(matches.identifiers)} matches"
    )


@pytest.mark.parametrize("level", [QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE])
@requirement("PS3.4 C.4.1.1.3", SHALL, "An Identifier has no element of a group below 0008.")
def test_no_meta_groups(scu: Scu, stored_study: SyntheticStudy, level: QueryLevel) -> None:
    for identifier in at_level(scu, stored_study, level).identifiers:
        low = [
            f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
            for tag in map(int, identifier.dataset.keys())
            if tag >> 16 < 8
        ]
        assert not low, f"{', '.join(low)} in a response"


@requirement("PS3.4 C.4.1.1.3.2", SHALL, "Timezone Offset From UTC is absent from a response or has a value.")
def test_timezone_never_empty(scu: Scu, stored_study: SyntheticStudy) -> None:
    for identifier in one_study(scu, stored_study, *STUDY_KEYS).identifiers:
        assert "TimezoneOffsetFromUTC" not in identifier or identifier.text("TimezoneOffsetFromUTC"), (
            "Timezone Offset From UTC of zero length in a response"
        )


def at_level(scu: Scu, study: SyntheticStudy, level: QueryLevel) -> Matches:
    keys: dict[str, str | None] = {"StudyInstanceUID": study.study_uid}
    if level is QueryLevel.SERIES:
        keys["SeriesInstanceUID"] = None
    if level is QueryLevel.IMAGE:
        keys |= {"SeriesInstanceUID": study.series[0].series_uid, "SOPInstanceUID": None}
    matches = find(scu, Root.STUDY, level, keys).require_success()
    assert matches.identifiers, f"no match at {level} level"
    return matches
