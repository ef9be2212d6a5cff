"""Modalities in Study, an optional key that is no attribute of an object (PS3.4 C.3.4)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy, eventually, patient_of, study_of
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_supported, not_tested, requirement
from harness.scu.find import find, study_uids
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Kind, SyntheticStudy, assemble
from harness.synthesis.recipe import SeriesRecipe
from harness.target import Target

CT, MR = SeriesRecipe(Kind.CT), SeriesRecipe(Kind.MR)


@pytest.fixture(scope="module")
def both_and_ct(corpus: Corpus, store_study: StoreStudy) -> tuple[SyntheticStudy, SyntheticStudy]:
    """Two studies of one patient: CT and MR in several series; CT alone."""
    both, plain = patient_of(corpus, (CT, CT, MR), (CT,))
    return store_study(both), store_study(plain)


def modalities(scu: Scu, study: SyntheticStudy) -> list[str]:
    """The value for a study, sorted.  Ends the scenario where there is none."""
    keys = {"StudyInstanceUID": study.study_uid, "ModalitiesInStudy": None}
    for identifier in find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success().identifiers:
        if "ModalitiesInStudy" in identifier and identifier.values("ModalitiesInStudy"):
            return sorted(identifier.values("ModalitiesInStudy"))
    raise not_supported("Modalities in Study, an optional key, is not returned")


def matched(scu: Scu, patient_id: str, value: str) -> list[str]:
    """Studies found by a modality.  Ends the scenario where one that no study has doesn't restrict."""
    if study_uids(scu, PatientID=patient_id, ModalitiesInStudy="PHNONE"):
        raise not_supported("Modalities in Study, an optional key, is not matched")
    return study_uids(scu, PatientID=patient_id, ModalitiesInStudy=value)


@requirement("PS3.4 C.3.4", SHALL, "Modalities in Study, if matched, finds the studies with such a series.")
def test_match(scu: Scu, both_and_ct: tuple[SyntheticStudy, SyntheticStudy], target: Target) -> None:
    both, plain = both_and_ct
    for value, wanted in (("MR", [both]), ("CT", [both, plain])):
        uids = sorted(study.study_uid for study in wanted)
        found: list[str] = []

        def right(value: str = value, uids: list[str] = uids, found: list[str] = found) -> bool:
            found[:] = sorted(matched(scu, both.patient_id, value))
            return found == uids

        assert eventually(right, target.dimse.visible_within), (
            f"of a CT and MR study and a CT study {len(found)} are found by Modalities in Study {value}"
        )


@requirement("PS3.4 C.3.4", SHALL, "Modalities in Study, if returned, lists each modality once.")
def test_distinct(scu: Scu, both_and_ct: tuple[SyntheticStudy, SyntheticStudy], target: Target) -> None:
    both, _ = both_and_ct
    found: list[str] = []

    def right() -> bool:
        found[:] = modalities(scu, both)
        return found == ["CT", "MR"]

    assert eventually(right, target.dimse.visible_within), (
        f"a study of two CT series and an MR series has Modalities in Study {', '.join(found)}"
    )


@requirement("PS3.4 C.2.2.3", SHALL, "If one of several values matches, all of them are returned.")
def test_all_values_returned(scu: Scu, both_and_ct: tuple[SyntheticStudy, SyntheticStudy]) -> None:
    both, _ = both_and_ct
    if modalities(scu, both) != ["CT", "MR"]:
        raise not_tested("Modalities in Study is wrong; see find.modalities.distinct")
    keys = {"StudyInstanceUID": both.study_uid, "ModalitiesInStudy": "MR"}
    for identifier in find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success().identifiers:
        found = sorted(identifier.values("ModalitiesInStudy"))
        assert found == ["CT", "MR"], f"found by MR, a CT and MR study has the value {', '.join(found)}"
        return
    raise not_tested("the study is not found by a modality; see find.modalities.match")


@requirement("PS3.4 C.3.4", SHALL, "Modalities in Study, if returned, follows a series that comes later.")
def test_follows_additions(scu: Scu, corpus: Corpus, store_study: StoreStudy, target: Target) -> None:
    whole = study_of(corpus, CT, MR)
    store_study(assemble(whole.series[0].instances)[0])
    before = modalities(scu, whole)
    store_study(assemble(whole.series[1].instances)[0])
    after: list[str] = []

    def right() -> bool:
        after[:] = modalities(scu, whole)
        return after == ["CT", "MR"]

    assert eventually(right, target.dimse.visible_within), (
        f"Modalities in Study was {', '.join(before)} before an MR series came, {', '.join(after)} after"
    )
