"""Universal matching (PS3.4 C.2.2.2.3)."""

from __future__ import annotations

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root

REQUIRED = ("StudyDate", "StudyTime", "AccessionNumber", "PatientName", "StudyID", "StudyInstanceUID")
"""Required and unique keys of Study Root at STUDY level beside Patient ID (PS3.4 table C.6-5)."""


@requirement("PS3.4 C.2.2.2.3", SHALL, "Keys without value restrict nothing and bring the values.")
def test_zero_length(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    first = store_study(corpus.new_study(StudyDate="20240110", StudyTime="101112"))
    second = store_study(corpus.new_study(PatientID=first.patient_id, StudyDate="20240220"))
    keys = {**dict.fromkeys(REQUIRED), "PatientID": first.patient_id}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    found = set(matches.texts("StudyInstanceUID"))
    missing = {study.study_uid for study in (first, second)} - found
    assert not missing, f"{len(missing)} of the patient's 2 studies are not found with all other keys empty"
    assert first.accession_number in matches.texts("AccessionNumber"), (
        "Accession Number was asked for and comes without the value that was stored"
    )


@requirement(
    "PS3.4 C.2.2.2.3", SHALL, "A study that has no value for an empty key is found; the key comes back empty."
)
def test_absent_value_matches(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(StudyID=None, AccessionNumber=None))
    keys = {"PatientID": study.patient_id, "StudyInstanceUID": None, "StudyID": None, "AccessionNumber": None}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    for identifier in matches.identifiers:
        if identifier.text("StudyInstanceUID") == study.study_uid:
            absent = [keyword for keyword in ("StudyID", "AccessionNumber") if keyword not in identifier]
            assert not absent, f"required keys without a value are left out: {', '.join(absent)}"
            return
    raise AssertionError("a study without Study ID and Accession Number is not found by Patient ID")
