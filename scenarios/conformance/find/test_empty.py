"""Entities whose required key has no value: it counts as unknown and matches everything (PS3.4 C.2.2.1.2)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.find import find, study_uids
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


def stays_empty(scu: Scu, study: SyntheticStudy, keyword: str) -> None:
    """Ends the scenario where the product gave the attribute a value of its own."""
    keys = {"StudyInstanceUID": study.study_uid, keyword: None}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    # A product may take a study without a UID for a match as well.
    own = [one for one in matches.identifiers if one.text("StudyInstanceUID") == study.study_uid]
    if any(keyword in identifier and identifier.text(keyword) for identifier in own):
        raise not_tested(f"the product gives a value to the empty {keyword}")


@pytest.mark.parametrize("keyword", ["AccessionNumber", "StudyID"])
@requirement("PS3.4 C.2.2.1.2", SHALL, "A study whose required key is empty matches every value of that key.")
def test_required_key_matches_all(scu: Scu, corpus: Corpus, store_study: StoreStudy, keyword: str) -> None:
    study = store_study(corpus.new_study(**{keyword: None}))
    stays_empty(scu, study, keyword)
    found = study_uids(scu, PatientID=study.patient_id, **{keyword: "PHNOSUCH"})
    assert found == [study.study_uid], (
        f"a study with an empty {keyword} is not found by the {keyword} 'PHNOSUCH'; an empty value counts as "
        "unknown and matches"
    )


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("StudyDate", "20240101-20241231"), ("StudyDate", "20240229"), ("StudyTime", "100000-120000")],
)
@requirement("PS3.4 C.2.2.1.2", SHALL, "A study without date or time matches every date or time.")
def test_required_date_matches_all(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, keyword: str, value: str
) -> None:
    study = store_study(corpus.new_study(**{keyword: None}))
    stays_empty(scu, study, keyword)
    found = study_uids(scu, PatientID=study.patient_id, **{keyword: value})
    assert found == [study.study_uid], (
        f"a study with an empty {keyword} is not found by {value!r}; an empty value counts as unknown "
        "and matches"
    )
