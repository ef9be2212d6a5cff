"""Numbers of related entities and SOP Classes in Study: optional, and right where given (PS3.4 C.3.4)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.plugin.arranging import StoreStudy, eventually, mixed_study, patient_of
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, SHOULD, not_supported, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Kind, SyntheticStudy
from harness.synthesis.recipe import SeriesRecipe
from harness.target import Target


@pytest.fixture(scope="module")
def mixed(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """CT and MR series and, where the product takes them, objects that are no images."""
    return mixed_study(corpus, store_study)


def given(scu: Scu, root: Root, level: QueryLevel, keys: Mapping[str, str], keyword: str) -> tuple[str, ...]:
    """The sorted values of an optional attribute in the one match.  Ends the scenario where there is none."""
    matches = find(scu, root, level, {**keys, keyword: None}).require_success()
    for identifier in matches.identifiers:
        if keyword in identifier and identifier.values(keyword):
            return tuple(sorted(identifier.values(keyword)))
    how = "returned empty" if any(keyword in one for one in matches.identifiers) else "not returned"
    raise not_supported(f"{keyword}, an optional attribute, is {how}")


def check(
    scu: Scu,
    root: Root,
    level: QueryLevel,
    keys: Mapping[str, str],
    keyword: str,
    wanted: tuple[str, ...],
    within: float,
) -> None:
    """The attribute gets the value wanted within the time that the product may take to index."""
    found: list[tuple[str, ...]] = [()]

    def right() -> bool:
        found[0] = given(scu, root, level, keys, keyword)
        return found[0] == tuple(sorted(wanted))

    assert eventually(right, within), f"{keyword} is {', '.join(found[0])}; stored were {', '.join(wanted)}"


@pytest.mark.parametrize("keyword", ["NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"])
@requirement(
    "PS3.4 C.3.4", SHALL, "Numbers of a study's series and instances count those without images too."
)
def test_study(scu: Scu, mixed: SyntheticStudy, target: Target, keyword: str) -> None:
    number = len(mixed.series if keyword.endswith("Series") else mixed.instances)
    keys = {"StudyInstanceUID": mixed.study_uid}
    check(
        scu,
        Root.STUDY,
        QueryLevel.STUDY,
        keys,
        keyword,
        (str(number),),
        target.dimse.visible_within,
    )


@requirement("PS3.4 C.6.1.1.4", SHOULD, "The number of a series' instances is returned, and is right.")
def test_series_instances(scu: Scu, mixed: SyntheticStudy) -> None:
    for series in mixed.series:
        keys = {
            "StudyInstanceUID": mixed.study_uid,
            "SeriesInstanceUID": series.series_uid,
            "NumberOfSeriesRelatedInstances": None,
        }
        matches = find(scu, Root.STUDY, QueryLevel.SERIES, keys).require_success()
        for identifier in matches.identifiers:
            assert "NumberOfSeriesRelatedInstances" in identifier, (
                "Number of Series Related Instances is not returned"
            )
            found = identifier.text("NumberOfSeriesRelatedInstances").strip()
            assert found == str(len(series.instances)), (
                f"{found or 'no number'} for a series of {len(series.instances)} instances"
            )


@pytest.mark.parametrize(
    ("keyword", "number"),
    [
        ("NumberOfPatientRelatedStudies", 2),
        ("NumberOfPatientRelatedSeries", 3),
        ("NumberOfPatientRelatedInstances", 6),
    ],
)
@requirement("PS3.4 C.3.4", SHALL, "Numbers of what a patient has, if given, are right over all studies.")
def test_patient(
    scu: Scu, patient: tuple[SyntheticStudy, ...], target: Target, keyword: str, number: int
) -> None:
    keys = {"PatientID": patient[0].patient_id}
    check(
        scu,
        Root.PATIENT,
        QueryLevel.PATIENT,
        keys,
        keyword,
        (str(number),),
        target.dimse.visible_within,
    )


@pytest.fixture(scope="module")
def patient(corpus: Corpus, store_study: StoreStudy) -> tuple[SyntheticStudy, ...]:
    """Two studies, three series, six instances."""
    studies = patient_of(
        corpus, (SeriesRecipe(Kind.CT, 3), SeriesRecipe(Kind.MR, 2)), (SeriesRecipe(Kind.CT, 1),)
    )
    return tuple(store_study(study) for study in studies)


@requirement("PS3.4 C.3.4", SHALL, "SOP Classes in Study, if given, lists the classes of its objects.")
def test_sop_classes(scu: Scu, mixed: SyntheticStudy, target: Target) -> None:
    classes = tuple({instance.sop_class for instance in mixed.instances})
    keys = {"StudyInstanceUID": mixed.study_uid}
    check(
        scu,
        Root.STUDY,
        QueryLevel.STUDY,
        keys,
        "SOPClassesInStudy",
        classes,
        target.dimse.visible_within,
    )
