"""Single value matching of the required keys (PS3.4 C.2.2.2.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.plugin.fixtures import Corpus
from harness.scenario import MAY, QUALITY, SHALL, SHOULD, not_supported, requirement
from harness.scu.find import find, study_uids
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy, assemble

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]


@pytest.fixture(scope="module")
def pair(corpus: Corpus, store_study: StoreStudy) -> tuple[SyntheticStudy, SyntheticStudy]:
    """Two studies of one patient that differ in every key."""
    patient = corpus.identity.patient_id()
    first = corpus.new_study(
        PatientID=patient, PatientName="PHTEST^Pair", StudyDate="20240110", StudyTime="101530", StudyID="A-1"
    )
    second = corpus.new_study(
        PatientID=patient, PatientName="PHTEST^Pair", StudyDate="20240111", StudyTime="111530", StudyID="B-1"
    )
    return store_study(first), store_study(second)


@requirement("PS3.4 C.2.2.2.1", SHALL, "Patient ID matches its exact value and no other.")
def test_patient_id_exact(scu: Scu, pair: tuple[SyntheticStudy, ...], stored_study: SyntheticStudy) -> None:
    found = study_uids(scu, PatientID=pair[0].patient_id)
    assert set(found) == {study.study_uid for study in pair}, f"a patient with 2 studies: {len(found)} found"


@requirement("PS3.4 C.2.2.2.1", SHALL, "Accession Number matches its exact value and no other.")
def test_accession_exact(scu: Scu, pair: tuple[SyntheticStudy, ...]) -> None:
    found = study_uids(scu, PatientID=pair[0].patient_id, AccessionNumber=pair[1].accession_number)
    assert found == [pair[1].study_uid], f"Accession Number of one study: {len(found)} found"


@requirement("PS3.4 C.6.2.1.2", SHALL, "Study ID is a required key and matches its exact value.")
def test_study_id_exact(scu: Scu, pair: tuple[SyntheticStudy, ...]) -> None:
    found = study_uids(scu, PatientID=pair[0].patient_id, StudyID="B-1")
    assert found == [pair[1].study_uid], f"Study ID of one study: {len(found)} found"


@requirement("PS3.4 C.2.2.1.1", SHALL, "Study Instance UID, the unique key, selects one study.")
def test_study_uid(scu: Scu, pair: tuple[SyntheticStudy, ...]) -> None:
    found = study_uids(scu, StudyInstanceUID=pair[0].study_uid)
    assert found == [pair[0].study_uid], f"a Study Instance UID: {found} found"


@requirement("PS3.4 C.2.2.2.1.3", SHALL, "A single Study Date matches the studies of that day.")
def test_study_date(scu: Scu, pair: tuple[SyntheticStudy, ...]) -> None:
    found = study_uids(scu, PatientID=pair[0].patient_id, StudyDate="20240111")
    assert found == [pair[1].study_uid], f"Study Date 20240111, of one study: {len(found)} found"


@requirement("PS3.4 C.2.2.2.1.1", SHALL, "A whole Patient's Name matches the patients of that name.")
def test_patient_name_exact(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    patient = corpus.identity.patient_id()
    study = store_study(corpus.new_study(PatientID=patient, PatientName="PHTEST^NAMEEXACT"))
    other = store_study(corpus.new_study(PatientName="PHTEST^NAMEOTHER"))
    assert study.study_uid in study_uids(scu, PatientID=patient, PatientName="PHTEST^NAMEEXACT"), (
        "the study of that name is not found"
    )
    assert not study_uids(scu, PatientID=other.patient_id, PatientName="PHTEST^NAMEEXACT"), (
        "a study of another name is found"
    )


@requirement("PS3.4 C.2.2.2.1", SHALL, "Matching of LO and SH is sensitive to case.")
def test_case_sensitive_lo(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(StudyID="CASEab"))
    found = study_uids(scu, PatientID=study.patient_id, StudyID="caseAB")
    assert not found, "Study ID 'caseAB' matches the study with 'CASEab'"


@requirement("PS3.5 6.2", SHALL, "Padding spaces around a key's value have no meaning.")
def test_padding_not_significant(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(StudyID="PAD"))
    found = study_uids(scu, PatientID=study.patient_id, StudyID="PAD   ")
    assert found == [study.study_uid], "Study ID 'PAD' is not found with trailing spaces in the key"


@pytest.mark.parametrize("value", ["A_B%1", "A'B", 'A"B', "A;B--", "A[1]", "A{B}", "A.B"])
@requirement("PS3.4 C.2.2.2.1", SHALL, "Only '*', '?' and '\\' have a meaning in a key; all else is literal.")
def test_metacharacters_literal(scu: Scu, corpus: Corpus, store_study: StoreStudy, value: str) -> None:
    study = store_study(corpus.new_study(StudyID=value))
    other = corpus.new_study(PatientID=study.patient_id, StudyID="AXB11")
    store_study(other)
    found = study_uids(scu, PatientID=study.patient_id, StudyID=value)
    assert found == [study.study_uid], f"Study ID {value!r}: {len(found)} of 2 studies found, 1 has it"


@requirement("PS3.4 C.2.2.2.5.4", SHALL, "A hyphen makes a range in DA, TM and DT only.")
def test_hyphen_in_text(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(StudyID="100-200"))
    store_study(corpus.new_study(PatientID=study.patient_id, StudyID="150"))
    found = study_uids(scu, PatientID=study.patient_id, StudyID="100-200")
    assert found == [study.study_uid], f"Study ID '100-200': {len(found)} of 2 studies found, 1 has it"


@requirement("PS3.4 C.4.1.3.1.1", SHALL, "All keys have to match at once.")
def test_all_keys_and(scu: Scu, pair: tuple[SyntheticStudy, ...]) -> None:
    found = study_uids(scu, PatientID=pair[0].patient_id, StudyID="A-1", StudyDate="20240111")
    assert not found, "Study ID of the one and Study Date of the other study match together"


@requirement("PS3.4 C.6.1.1.4", SHALL, "Modality and Series Number are required keys at SERIES level.")
def test_series_modality(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study("CT", series=2))
    keys = {"StudyInstanceUID": study.study_uid, "SeriesInstanceUID": None}
    with_ct = find(scu, Root.STUDY, QueryLevel.SERIES, keys, Modality="CT").require_success()
    assert len(with_ct.identifiers) == 2, f"2 CT series: {len(with_ct.identifiers)} found with Modality CT"
    with_mr = find(scu, Root.STUDY, QueryLevel.SERIES, keys, Modality="MR").require_success()
    assert not with_mr.identifiers, "CT series are found with Modality MR"
    second = study.series[1]
    numbered = find(scu, Root.STUDY, QueryLevel.SERIES, keys, SeriesNumber=second.number).require_success()
    assert numbered.texts("SeriesInstanceUID") == [second.series_uid], (
        f"Series Number {second.number}: {len(numbered.identifiers)} of 2 series found, 1 has it"
    )


@requirement("PS3.4 C.6.1.1.5", SHALL, "Instance Number is a required key at IMAGE level.")
def test_instance_number(scu: Scu, stored_study: SyntheticStudy) -> None:
    series = stored_study.series[0]
    instance = series.instances[1]
    matches = find(
        scu,
        Root.STUDY,
        QueryLevel.IMAGE,
        StudyInstanceUID=stored_study.study_uid,
        SeriesInstanceUID=series.series_uid,
        SOPInstanceUID=None,
        InstanceNumber=instance.text("InstanceNumber"),
    ).require_success()
    assert matches.texts("SOPInstanceUID") == [instance.sop_instance_uid], (
        f"Instance Number of one image: {len(matches.identifiers)} found"
    )


@requirement("PS3.5 6.2", SHOULD, "A number of VR IS matches whatever spaces pad it.")
def test_integer_forms(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    whole = corpus.new_study(InstanceNumber="7")
    instance = whole.instance(0)
    padded = instance.dataset.replace(b"\x20\0\x13\0IS\x02\x007 ", b"\x20\0\x13\0IS\x02\0 7")
    study = store_study(assemble([replace(instance, dataset=padded)])[0])
    keys = {"StudyInstanceUID": study.study_uid, "SeriesInstanceUID": study.series[0].series_uid}
    matches = find(scu, Root.STUDY, QueryLevel.IMAGE, keys, SOPInstanceUID=None, InstanceNumber="7")
    assert len(matches.require_success().identifiers) == 1, (
        "Instance Number '7' doesn't find the image that was stored with ' 7'"
    )


@requirement("PS3.4 C.2.2.2.1.1", MAY, "Names are matched without regard to case.")
def test_patient_name_case(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(PatientName="PHTEST^Casing"))
    found = study_uids(scu, PatientID=study.patient_id, PatientName="phtest^casing")
    assert found == [study.study_uid], "names are matched with regard to case"


@requirement("PS3.4 C.2.2.2.4", QUALITY, "A family name with a trailing '*' finds the patient.")
def test_person_name_wildcard(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(PatientName="PHTEST^Wildcard"))
    found = study_uids(scu, PatientID=study.patient_id, PatientName="PHTEST*")
    assert found == [study.study_uid], "the patient's study is not found by 'PHTEST*'"


@requirement("PS3.4 C.6.1.1.4", SHALL, "Series Number matches the series of that very number.")
def test_series_number(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study("CT", series=12))
    keys = {"StudyInstanceUID": study.study_uid, "SeriesInstanceUID": None}
    matches = find(scu, Root.STUDY, QueryLevel.SERIES, keys, SeriesNumber="1").require_success()
    wanted = [series.series_uid for series in study.series if series.number == "1"]
    assert matches.texts("SeriesInstanceUID") == wanted, (
        f"Series Number 1 among 1 to 12: {len(matches.identifiers)} series found"
    )


@requirement(
    "PS3.4 C.2.2.1.1", SHALL, "Series and SOP Instance UID, the unique keys, select one entity each."
)
def test_series_and_instance_uid(scu: Scu, stored_study: SyntheticStudy) -> None:
    series = stored_study.series[1]
    instance = series.instances[1]
    keys = {"StudyInstanceUID": stored_study.study_uid, "SeriesInstanceUID": series.series_uid}
    found = find(scu, Root.STUDY, QueryLevel.SERIES, keys).require_success().texts("SeriesInstanceUID")
    assert found == [series.series_uid], f"a Series Instance UID: {len(found)} series found"
    matches = find(scu, Root.STUDY, QueryLevel.IMAGE, keys, SOPInstanceUID=instance.sop_instance_uid)
    found = matches.require_success().texts("SOPInstanceUID")
    assert found == [instance.sop_instance_uid], f"a SOP Instance UID: {len(found)} instances found"


@requirement("PS3.4 C.6.1.1.5", SHALL, "SOP Class UID, if it is matched, finds the instances of that class.")
def test_sop_class_uid(scu: Scu, stored_study: SyntheticStudy) -> None:
    series = stored_study.series[0]
    keys = {
        "StudyInstanceUID": stored_study.study_uid,
        "SeriesInstanceUID": series.series_uid,
        "SOPInstanceUID": None,
    }
    other = find(scu, Root.STUDY, QueryLevel.IMAGE, keys, SOPClassUID=Root.STUDY.find).require_success()
    if other.identifiers:
        raise not_supported("SOP Class UID, an optional key, is not matched")
    own = find(scu, Root.STUDY, QueryLevel.IMAGE, keys, SOPClassUID=series.instances[0].sop_class)
    assert len(own.require_success().identifiers) == len(series.instances), (
        f"{len(own.identifiers)} of {len(series.instances)} instances are found by their SOP Class UID"
    )


@requirement("PS3.4 C.2.2.2.1.3", SHOULD, "A single Study Time matches by its meaning, not as a string.")
def test_study_time_exact(scu: Scu, pair: tuple[SyntheticStudy, ...]) -> None:
    # How single times are matched is left to the product; the note to the clause says by meaning.
    for key in ("111530", "111530.000000"):
        found = study_uids(scu, PatientID=pair[0].patient_id, StudyTime=key)
        assert found == [pair[1].study_uid], (
            f"Study Time {key!r} finds {len(found)} of 2 studies, 1 has 111530"
        )


@pytest.mark.parametrize(
    ("stored", "key"),
    [("PHTEST^Harness", "PHTEST^Harnes"), ("PHTEST^Phonetic", "PHTEST^Fonetik")],
    ids=["truncated", "phonetic"],
)
@requirement(
    "PS3.4 C.5.1.1",
    SHALL,
    "Unless fuzzy matching was negotiated, a name matches literally, not by its sound.",
)
def test_name_literal(scu: Scu, corpus: Corpus, store_study: StoreStudy, stored: str, key: str) -> None:
    study = store_study(corpus.new_study(PatientName=stored))
    found = study_uids(scu, PatientID=study.patient_id, PatientName=key)
    assert not found, f"Patient's Name {key!r} finds the patient {stored!r}"
