"""Specific Character Set in queries and responses (PS3.4 C.4.1.1.3.2, C.2.2.2; PS3.5 6.1.2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.find import find, study_uids
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]

NAMES = {
    "latin-1": ("ISO_IR 100", "PHTEST^Äneas Müßig"),
    "utf-8": ("ISO_IR 192", "PHTEST^Łukasz Ωmega"),
    "japanese": (["", "ISO 2022 IR 87"], "PHTEST^Yamada=山田^太郎=やまだ^たろう"),
}


def bare(name: str) -> str:
    """A name without the trailing delimiters that have no meaning (PS3.5 6.2.1)."""
    return "=".join(group.rstrip("^ ") for group in name.rstrip("= ").split("="))


@pytest.mark.parametrize("kind", NAMES)
@requirement(
    "PS3.4 C.4.1.1.3.2",
    SHALL,
    "A name comes back as it was stored, in the character set that the response names.",
)
def test_not_altered(scu: Scu, corpus: Corpus, store_study: StoreStudy, kind: str) -> None:
    charset, name = NAMES[kind]
    study = store_study(corpus.new_study(SpecificCharacterSet=charset, PatientName=name))
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, StudyInstanceUID=study.study_uid, PatientName=None)
    names = matches.require_success().texts("PatientName")
    assert [bare(found) for found in names] == [bare(name)], f"{names} came back, stored was {name!r}"


@requirement(
    "PS3.4 C.2.2.2", QUALITY, "A key in another character set than the stored value matches by its text."
)
def test_key_decoded(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study(SpecificCharacterSet="ISO_IR 100", StudyID="Äther"))
    if not study_uids(scu, PatientID=study.patient_id, SpecificCharacterSet="ISO_IR 192"):
        raise not_tested("nothing is found where a query names ISO_IR 192: see find.charset.never-a-key")
    found = study_uids(scu, PatientID=study.patient_id, StudyID="Äther", SpecificCharacterSet="ISO_IR 192")
    assert found == [study.study_uid], "Study ID 'Äther' stored in Latin-1 is not found by a key in UTF-8"


@requirement("PS3.4 C.2.2.2", SHALL, "Specific Character Set in a query is no matching key.")
def test_never_a_key(scu: Scu, stored_study: SyntheticStudy) -> None:
    found = study_uids(scu, StudyInstanceUID=stored_study.study_uid, SpecificCharacterSet="ISO_IR 100")
    assert found == [stored_study.study_uid], "a study is not found when the query names ISO_IR 100"


@pytest.mark.parametrize("kind", NAMES)
@requirement(
    "PS3.4 C.4.1.1.3.2", SHALL, "A response with characters beyond ASCII declares its Specific Character Set."
)
def test_response_declares(scu: Scu, corpus: Corpus, store_study: StoreStudy, kind: str) -> None:
    charset, name = NAMES[kind]
    study = store_study(corpus.new_study(SpecificCharacterSet=charset, PatientName=name))
    keys = {"StudyInstanceUID": study.study_uid, "PatientName": None}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    for identifier in matches.identifiers:
        value = identifier.value_bytes("PatientName")
        plain = value.isascii() and b"\x1b" not in value
        declared = "SpecificCharacterSet" in identifier and identifier.text("SpecificCharacterSet")
        assert plain or declared, f"Patient's Name {value!r} comes without a Specific Character Set"


@requirement("PS3.4 C.2.2.2", SHALL, "Specific Character Set is absent from a response or has a value.")
def test_never_empty(scu: Scu, stored_study: SyntheticStudy) -> None:
    for asked in ({}, {"SpecificCharacterSet": "ISO_IR 100"}, {"SpecificCharacterSet": "ISO_IR 192"}):
        keys = {**asked, "StudyInstanceUID": stored_study.study_uid, "PatientName": None}
        matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
        for identifier in matches.identifiers:
            assert "SpecificCharacterSet" not in identifier or identifier.text("SpecificCharacterSet"), (
                "Specific Character Set of zero length in a response"
            )


@requirement("PS3.4 C.2.2.2", SHALL, "A query in a character set with code extensions is served.")
def test_multi_valued(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    charset, name = NAMES["japanese"]
    study = store_study(corpus.new_study(SpecificCharacterSet=charset, PatientName=name))
    keys = {"SpecificCharacterSet": charset, "PatientID": study.patient_id, "StudyInstanceUID": None}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys, PatientName=None).require_success()
    matches = matches.where_known("PatientID")
    assert matches.texts("StudyInstanceUID") == [study.study_uid], (
        f"a query in \\ISO 2022 IR 87 by Patient ID finds {len(matches.identifiers)} studies, 1 is there"
    )


@requirement("PS3.5 6.2.1.2", QUALITY, "A name of several groups is found by its first group.")
def test_name_groups(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    charset, name = NAMES["japanese"]
    study = store_study(corpus.new_study(SpecificCharacterSet=charset, PatientName=name))
    first = name.split("=")[0]
    found = study_uids(scu, PatientID=study.patient_id, PatientName=first)
    found += study_uids(scu, PatientID=study.patient_id, PatientName=f"*{first}*")
    assert study.study_uid in found, f"the patient {name!r} is found neither by {first!r} nor by '*{first}*'"
