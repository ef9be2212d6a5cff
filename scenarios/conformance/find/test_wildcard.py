"""Wild card matching (PS3.4 C.2.2.2.4), on keys where it isn't left to the product: SH and CS."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, SHOULD, requirement
from harness.scu.find import find, study_uids
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe, is_failure
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]


@pytest.fixture(scope="module")
def named(corpus: Corpus, store_study: StoreStudy) -> dict[str, SyntheticStudy]:
    """Studies of one patient by their Study ID."""
    patient = corpus.identity.patient_id()
    ids = ("HXW1", "HXW12", "HXW123", "ZXW1")
    return {id_: store_study(corpus.new_study(PatientID=patient, StudyID=id_)) for id_ in ids}


@pytest.fixture(scope="module")
def patients(corpus: Corpus, store_study: StoreStudy) -> list[SyntheticStudy]:
    """A study each of three patients whose Patient IDs differ in the last character."""
    patient = corpus.identity.patient_id()
    return [store_study(corpus.new_study(PatientID=f"{patient}{last}")) for last in "ABC"]


def ids_found(scu: Scu, named: dict[str, SyntheticStudy], pattern: str) -> list[str]:
    patient = next(iter(named.values())).patient_id
    found = study_uids(scu, PatientID=patient, StudyID=pattern)
    by_uid = {study.study_uid: id_ for id_, study in named.items()}
    return sorted(by_uid.get(uid, f"a study that was not stored ({uid})") for uid in found)


def check(scu: Scu, named: dict[str, SyntheticStudy], pattern: str, wanted: list[str]) -> None:
    found = ids_found(scu, named, pattern)
    assert found == sorted(wanted), (
        f"Study ID {pattern!r} finds {', '.join(found) or 'nothing'}; "
        f"{', '.join(wanted) or 'nothing'} would match"
    )


@requirement("PS3.4 C.2.2.2.4", SHALL, "'*' in a key matches any run of characters.")
def test_star_any_run(scu: Scu, named: dict[str, SyntheticStudy]) -> None:
    check(scu, named, "HXW1*3", ["HXW123"])


@requirement("PS3.4 C.2.2.2.4", SHALL, "'*' matches the empty run too.")
def test_star_empty_run(scu: Scu, named: dict[str, SyntheticStudy]) -> None:
    check(scu, named, "HXW1*", ["HXW1", "HXW12", "HXW123"])


@requirement("PS3.4 C.2.2.2.4", SHALL, "'*' stands anywhere, at the beginning too.")
def test_star_leading_and_inner(scu: Scu, named: dict[str, SyntheticStudy]) -> None:
    check(scu, named, "*W1", ["HXW1", "ZXW1"])


@requirement("PS3.4 C.2.2.2.4", SHALL, "'?' matches exactly one character.")
def test_question_one_character(scu: Scu, named: dict[str, SyntheticStudy]) -> None:
    check(scu, named, "HXW1?", ["HXW12"])


@requirement("PS3.4 C.2.2.2.4", SHALL, "'*' and '?' work together in one key.")
def test_combined(scu: Scu, named: dict[str, SyntheticStudy]) -> None:
    check(scu, named, "?XW1?*", ["HXW12", "HXW123"])


@requirement("PS3.4 C.2.2.2.4", SHALL, "Wild card matching of SH is sensitive to case.")
def test_case_sensitive(scu: Scu, named: dict[str, SyntheticStudy]) -> None:
    check(scu, named, "hxw*", [])


@requirement("PS3.4 C.2.2.2.4", SHOULD, "'*' alone matches all, as a key without value does.")
def test_star_alone(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    numbered = store_study(corpus.new_study())
    bare = store_study(corpus.new_study(PatientID=numbered.patient_id, AccessionNumber=None))
    found = study_uids(scu, PatientID=numbered.patient_id, AccessionNumber="*")
    missing = [
        f"the study {'without' if study is bare else 'with'} one"
        for study in (numbered, bare)
        if study.study_uid not in found
    ]
    assert not missing, f"Accession Number '*' doesn't find {', '.join(missing)}"


@pytest.mark.parametrize(
    ("root", "level"),
    [(Root.STUDY, QueryLevel.STUDY), (Root.PATIENT, QueryLevel.PATIENT)],
    ids=[QueryLevel.STUDY, QueryLevel.PATIENT],
)
@requirement("PS3.4 C.2.2.2.4", SHALL, "A wild card in Patient ID finds every patient that it matches.")
def test_patient_id(scu: Scu, patients: list[SyntheticStudy], root: Root, level: QueryLevel) -> None:
    pattern = patients[0].patient_id[:-1] + "?"
    unique = {"StudyInstanceUID": None} if level is QueryLevel.STUDY else {}
    matches = find(scu, root, level, unique, PatientID=pattern).require_success().where_known("PatientID")
    found = sorted(set(matches.texts("PatientID")))
    wanted = [study.patient_id for study in patients]
    assert found == wanted, f"Patient ID {pattern!r} at {level} level finds {', '.join(found) or 'none'}"


@requirement("PS3.4 C.2.2.2.4", SHALL, "Characters that databases take for wild cards are literal.")
def test_metacharacters_literal(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(StudyID="A_B%1"))
    store_study(corpus.new_study(PatientID=study.patient_id, StudyID="AXBX1"))
    found = study_uids(scu, PatientID=study.patient_id, StudyID="A_B%*")
    assert found == [study.study_uid], f"Study ID 'A_B%*': {len(found)} of 2 studies found, 1 matches"


@requirement("PS3.4 C.2.2.2.4", SHALL, "Wild cards work in a code string such as Modality.")
def test_code_string(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {"StudyInstanceUID": stored_study.study_uid, "SeriesInstanceUID": None}
    for pattern, count in (("C*", 2), ("?T", 2), ("M*", 0)):
        found = find(scu, Root.STUDY, QueryLevel.SERIES, keys, Modality=pattern).require_success()
        series = set(found.texts("SeriesInstanceUID"))
        assert len(series) == count, f"Modality {pattern!r} on a study of 2 CT series: {len(series)} found"


@pytest.mark.parametrize(
    ("keyword", "value"), [("StudyInstanceUID", "2.25.*"), ("StudyDate", "2024*"), ("StudyTime", "09?000")]
)
@requirement(
    "PS3.4 C.2.2.2.4", QUALITY, "A wild card in a UID, date or time ends the query in an orderly way."
)
def test_not_for_uid_or_date(scu: Scu, stored_study: SyntheticStudy, keyword: str, value: str) -> None:
    # These VRs have no wild cards (C.2.2.2.1), so failure, no match and a product's own pattern are all seen.
    keys = {"StudyInstanceUID": None, "PatientID": stored_study.patient_id, keyword: value}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys)
    assert matches.status == SUCCESS or is_failure(matches.status), (
        f"{keyword} {value!r} is answered {describe(matches.final)}"
    )
