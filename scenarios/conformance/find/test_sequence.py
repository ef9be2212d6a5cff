"""Sequence matching, on Procedure Code Sequence, an optional key (PS3.4 C.2.2.2.6, table C.6-5)."""

from __future__ import annotations

import pytest
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.find import Matches, find
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

SEQUENCE = "ProcedureCodeSequence"
HEAD, KNEE = ("PH-HEAD", "99PHONE"), ("PH-KNEE", "99PHTWO")


def item(value: str, scheme: str, meaning: str = "") -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = value, scheme
    if meaning:
        code.CodeMeaning = meaning
    return code


@pytest.fixture(scope="module")
def coded(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of two procedures."""
    codes = [item(*HEAD, "Head"), item(*KNEE, "Knee")]
    return store_study(corpus.new_study(ProcedureCodeSequence=codes))


def asked(scu: Scu, study: SyntheticStudy, key: Dataset) -> Matches:
    keys = {"PatientID": study.patient_id, "StudyInstanceUID": None, SEQUENCE: [key]}
    return find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success().where_known("PatientID")


def supported(scu: Scu, study: SyntheticStudy) -> None:
    """Ends the scenario where the key, or one of its item keys, doesn't restrict."""
    for key in (item("PH-NONE", HEAD[1]), item(HEAD[0], "99PHNONE")):
        if asked(scu, study, key).identifiers:
            raise not_supported(f"{SEQUENCE}, an optional key, is not matched")


@requirement(
    "PS3.4 C.2.2.2.6", SHALL, "A sequence key, if matched, matches where one item has all of its values."
)
def test_item_match(scu: Scu, coded: SyntheticStudy) -> None:
    supported(scu, coded)
    assert asked(scu, coded, item(*KNEE)).identifiers, f"the study is not found by its procedure {KNEE}"
    crossed = asked(scu, coded, item(HEAD[0], KNEE[1])).identifiers
    assert not crossed, "the study is found by the code of one item with the coding scheme of the other"


@requirement("PS3.4 C.2.2.2.6", SHALL, "A sequence key whose item is empty restricts nothing.")
def test_zero_length_item(scu: Scu, coded: SyntheticStudy) -> None:
    matches = asked(scu, coded, Dataset())
    assert matches.texts("StudyInstanceUID") == [coded.study_uid], (
        f"with an empty item in {SEQUENCE} {len(matches.identifiers)} of the patient's 1 study are found"
    )


@requirement(
    "PS3.4 C.2.2.2.6",
    SHALL,
    "A sequence key, if matched, brings the matching items and what was asked of them.",
)
def test_only_matching_items(scu: Scu, coded: SyntheticStudy) -> None:
    supported(scu, coded)
    for identifier in asked(scu, coded, item(*KNEE)).identifiers:
        if SEQUENCE not in identifier:
            raise not_supported(f"{SEQUENCE} is not returned")
        items = identifier.items(SEQUENCE)
        values = [str(code.get("CodeValue", "")) for code in items]
        assert values == [KNEE[0]], f"the items returned have Code Value {', '.join(values) or 'of none'}"
        names = [keyword_for_tag(tag) or str(tag) for tag in items[0].keys()]  # noqa: SIM118 - tags
        extra = sorted(set(names) - {"CodeValue", "CodingSchemeDesignator"})
        assert not extra, f"the item holds what was not asked for: {', '.join(extra)}"
