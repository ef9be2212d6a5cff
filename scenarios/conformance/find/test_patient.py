"""Patients and studies, each found once (PS3.4 C.4.1.3.1.1)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root


@pytest.mark.parametrize("root", [Root.STUDY, Root.PATIENT], ids=["study-root", "patient-root"])
@requirement("PS3.4 C.4.1.3.1.1", SHALL, "A study is returned once, however many series it has.")
def test_one_response_each(scu: Scu, corpus: Corpus, store_study: StoreStudy, root: Root) -> None:
    first = store_study(corpus.new_study(series=4))
    second = store_study(corpus.new_study(PatientID=first.patient_id, series=2))
    keys = {"PatientID": first.patient_id, "StudyInstanceUID": None, "StudyDate": None}
    matches = find(scu, root, QueryLevel.STUDY, keys).require_success().where_known("PatientID")
    found = matches.texts("StudyInstanceUID")
    wanted = sorted([first.study_uid, second.study_uid])
    assert sorted(found) == wanted, f"a patient's studies of 4 and 2 series: {len(found)} responses"
