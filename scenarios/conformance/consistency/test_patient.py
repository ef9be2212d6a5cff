"""Studies of one patient (PS3.4 C.2.2.1.1, C.3.1)."""

from __future__ import annotations

from collections.abc import Callable

from harness.plugin.arranging import eventually, patient_of
from harness.plugin.fixtures import Corpus
from harness.plugin.studies import send_study
from harness.scenario import QUALITY, SHALL, not_supported, requirement
from harness.scu.find import find, study_uids
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.scu.store import store_all
from harness.scu.together import together
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Kind, SyntheticStudy
from harness.synthesis.recipe import SeriesRecipe
from harness.target import Target


def patients(scu: Scu, patient_id: str) -> int:
    """How many matches PATIENT level has for the Patient ID."""
    keys = {"PatientID": patient_id, "PatientName": None}
    return len(find(scu, Root.PATIENT, QueryLevel.PATIENT, keys).require_success().identifiers)


def has_one(scu: Scu, patient_id: str) -> Callable[[], bool]:
    return lambda: patients(scu, patient_id) == 1


def lists_both(scu: Scu, studies: tuple[SyntheticStudy, ...]) -> Callable[[], bool]:
    wanted = {study.study_uid for study in studies}
    return lambda: wanted <= set(study_uids(scu, PatientID=studies[0].patient_id))


@requirement(
    "PS3.4 C.2.2.1.1", SHALL, "Two studies of one Patient ID that arrive at the same time have one patient."
)
def test_one_for_equal_ids(scu: Scu, corpus: Corpus, target: Target) -> None:
    studies = patient_of(corpus, [SeriesRecipe(Kind.CT)], [SeriesRecipe(Kind.CT)])
    together([lambda study=study: send_study(scu, study.instances) for study in studies])  # type: ignore[misc]
    assert eventually(lists_both(scu, studies), target.dimse.visible_within), (
        "of two studies that were stored at the same time not both are found by their Patient ID"
    )
    assert eventually(has_one(scu, studies[0].patient_id), target.dimse.visible_within), (
        f"PATIENT level has {patients(scu, studies[0].patient_id)} matches for one Patient ID"
    )


@requirement(
    "PS3.4 C.2.2.1.1", QUALITY, "Two names under one Patient ID hide no study, and make no second patient."
)
def test_same_id_other_name(scu: Scu, corpus: Corpus, target: Target) -> None:
    first = corpus.new_study("CT", PatientName="PHTEST^Before")
    second = corpus.new_study("CT", PatientName="PHTEST^After^Marriage", PatientID=first.patient_id)
    send_study(scu, first.instances)
    (response,) = store_all(scu, second.instances)
    if is_failure(response.integer("Status")):
        raise not_supported(f"another name for a known Patient ID is refused: {describe(response)}")
    assert eventually(lists_both(scu, (first, second)), target.dimse.visible_within), (
        "of two studies with different names under one Patient ID not both are found by it"
    )
    for study in (first, second):
        assert study_uids(scu, StudyInstanceUID=study.study_uid) == [study.study_uid], (
            f"the study of {study.patient_name} is not found by its UID"
        )
    assert eventually(has_one(scu, first.patient_id), target.dimse.visible_within), (
        f"PATIENT level has {patients(scu, first.patient_id)} matches for one Patient ID, with two names"
    )
