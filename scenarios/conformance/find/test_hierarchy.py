"""The hierarchy Patient, Study, Series, Instance in queries (PS3.4 C.4.1.3.1, C.4.1.3.2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.dimse.negotiation import ExtendedNegotiation
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_supported, requirement
from harness.scu.find import find, find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]


@requirement(
    "PS3.4 C.6.1.1.2", SHALL, "A Patient Root query at PATIENT level gives one response per patient."
)
def test_patient_once(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    first = store_study(corpus.new_study(instances=2))
    store_study(corpus.new_study(PatientID=first.patient_id))
    matches = find(scu, Root.PATIENT, QueryLevel.PATIENT, PatientID=first.patient_id, PatientName=None)
    found = matches.require_success().texts("PatientID")
    assert found == [first.patient_id], f"one patient with two studies: {len(found)} responses"


@requirement(
    "PS3.4 C.6.1.1.3", SHALL, "A Patient Root query at STUDY level gives the studies of that patient."
)
def test_studies_of_patient(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    first = store_study(corpus.new_study())
    second = store_study(corpus.new_study(PatientID=first.patient_id))
    store_study(corpus.new_study())
    matches = find(
        scu, Root.PATIENT, QueryLevel.STUDY, PatientID=first.patient_id, StudyInstanceUID=None
    ).require_success()
    found = matches.where_known("PatientID").texts("StudyInstanceUID")
    assert sorted(found) == sorted([first.study_uid, second.study_uid]), (
        f"a patient with 2 studies: {len(found)} found"
    )


@requirement(
    "PS3.4 C.4.1.3.1.1", SHALL, "A query at SERIES level gives all series of the named study and no other."
)
def test_series_of_study(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(series=2))
    other = store_study(corpus.new_study(PatientID=study.patient_id))
    matches = find(
        scu, Root.STUDY, QueryLevel.SERIES, StudyInstanceUID=study.study_uid, SeriesInstanceUID=None
    ).require_success()
    found = matches.texts("SeriesInstanceUID")
    assert other.series[0].series_uid not in found, "a series of another study of the patient is found"
    assert sorted(found) == sorted(series.series_uid for series in study.series), (
        f"a study of 2 series: {len(found)} found"
    )


@pytest.mark.parametrize("root", [Root.STUDY, Root.PATIENT], ids=["study-root", "patient-root"])
@requirement(
    "PS3.4 C.4.1.3.1.1", SHALL, "A query at IMAGE level gives all instances of the named series and no other."
)
def test_instances_of_series(scu: Scu, stored_study: SyntheticStudy, root: Root) -> None:
    series = stored_study.series[0]
    keys = {"PatientID": stored_study.patient_id} if root is Root.PATIENT else {}
    matches = find(
        scu,
        root,
        QueryLevel.IMAGE,
        keys,
        StudyInstanceUID=stored_study.study_uid,
        SeriesInstanceUID=series.series_uid,
        SOPInstanceUID=None,
    ).require_success()
    found = matches.texts("SOPInstanceUID")
    assert sorted(found) == sorted(instance.sop_instance_uid for instance in series.instances), (
        f"a series of {len(series.instances)} instances: {len(found)} found"
    )


@requirement(
    "PS3.4 C.4.1.3.1.1", SHALL, "Unique keys of higher levels have to match: a wrong parent has no children."
)
def test_wrong_parent(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, stored_study: SyntheticStudy
) -> None:
    other = store_study(corpus.new_study())
    matches = find(
        scu,
        Root.STUDY,
        QueryLevel.SERIES,
        StudyInstanceUID=other.study_uid,
        SeriesInstanceUID=stored_study.series[0].series_uid,
    ).require_success()
    assert not matches.identifiers, "a series is found under a study that it is not part of"


@requirement(
    "PS3.4 C.4.1.3.1.1", QUALITY, "A query at SERIES level without its study's UID is refused or empty."
)
def test_missing_parent_key(scu: Scu, stored_study: SyntheticStudy) -> None:
    wanted = stored_study.series[0].series_uid
    matches = find(scu, Root.STUDY, QueryLevel.SERIES, SeriesInstanceUID=wanted)
    found = matches.texts("SeriesInstanceUID")
    assert is_failure(matches.status) or set(found) <= {wanted}, (
        f"{describe(matches.final)} with {len(found)} series that were not asked for"
    )


@requirement("PS3.4 C.4.1.3.2.1", SHALL, "Once negotiated, relational queries need no keys of higher levels.")
def test_relational(scu: Scu, stored_study: SyntheticStudy) -> None:
    offer = ExtendedNegotiation(Root.STUDY.find, b"\x01")
    with scu.open(Root.STUDY.find, extended=(offer,)) as association:
        answers = [
            item.data for item in association.accepted.user.extended if item.sop_class == Root.STUDY.find
        ]
        if not answers or answers[0][:1] != b"\x01":
            raise not_supported("relational queries are not agreed to")
        keys = {"PatientID": stored_study.patient_id, "SeriesInstanceUID": None}
        matches = find_with(association, Root.STUDY.find, keys_of(QueryLevel.SERIES, keys)).require_success()
    found = matches.where_known("PatientID").texts("SeriesInstanceUID")
    assert sorted(found) == sorted(series.series_uid for series in stored_study.series), (
        f"a patient with 2 series: {len(found)} found"
    )


@requirement(
    "PS3.4 C.4.1.3.2.1", SHALL, "Once negotiated, relational queries match and return keys of higher levels."
)
def test_relational_upper_keys(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    early = store_study(corpus.new_study(StudyDate="20240110", PatientName="PHTEST^Relational"))
    store_study(corpus.new_study(PatientID=early.patient_id, StudyDate="20240220"))
    offer = ExtendedNegotiation(Root.STUDY.find, b"\x01")
    keys = {
        "PatientID": early.patient_id,
        "StudyDate": "20240101-20240131",
        "AccessionNumber": None,
        "SeriesInstanceUID": None,
    }
    with scu.open(Root.STUDY.find, extended=(offer,)) as association:
        answers = [
            item.data for item in association.accepted.user.extended if item.sop_class == Root.STUDY.find
        ]
        if not answers or answers[0][:1] != b"\x01":
            raise not_supported("relational queries are not agreed to")
        matches = find_with(association, Root.STUDY.find, keys_of(QueryLevel.SERIES, keys)).require_success()
    found = matches.texts("SeriesInstanceUID")
    assert found == [early.series[0].series_uid], (
        f"one of the patient's 2 series is of a study of January: {len(found)} found"
    )
    assert matches.texts("AccessionNumber") == [early.accession_number], (
        "Accession Number of the study is asked for at SERIES level and comes without its value"
    )


@requirement(
    "PS3.4 C.4.1.2.1", QUALITY, "A key of a higher level in a hierarchical query does no harm to its answer."
)
def test_keys_above_level(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {"StudyInstanceUID": stored_study.study_uid, "SeriesInstanceUID": None, "PatientName": None}
    matches = find(scu, Root.STUDY, QueryLevel.SERIES, keys)
    if is_failure(matches.status):
        return  # The request breaks a rule for requestors.
    found = matches.texts("SeriesInstanceUID")
    assert set(found) == {series.series_uid for series in stored_study.series}, (
        f"a study of 2 series, asked with an empty Patient's Name: {len(set(found))} found"
    )


@requirement(
    "PS3.4 C.4.1.3.1.1", QUALITY, "Empty keys of lower levels don't multiply the answers of a query."
)
def test_keys_below_level(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {
        "StudyInstanceUID": stored_study.study_uid,
        "SeriesInstanceUID": None,
        "Modality": None,
        "InstanceNumber": None,
    }
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys)
    if is_failure(matches.status):
        return
    assert len(matches.identifiers) == 1, (
        f"one study, asked with empty keys of series and instance: {len(matches.identifiers)} responses"
    )


@requirement("PS3.4 C.6.1.1.2", SHALL, "Patient's Name is a required key at PATIENT level.")
def test_patient_by_name(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(PatientName="PHTEST^ByName"))
    keys = {"PatientID": study.patient_id}
    found = find(scu, Root.PATIENT, QueryLevel.PATIENT, keys, PatientName="PHTEST^ByName").require_success()
    assert found.texts("PatientID") == [study.patient_id], "a patient is not found by ID and name"
    other = find(scu, Root.PATIENT, QueryLevel.PATIENT, keys, PatientName="PHTEST^Another").require_success()
    assert not other.identifiers, "a patient is found by an ID with another patient's name"
