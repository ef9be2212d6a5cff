"""Objects without what identifies them (PS3.5 7.4.1)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import eventually
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.store import store_all
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import ABSENT
from harness.target import Target


@pytest.mark.odd
@requirement("PS3.4 B.2.3", QUALITY, "An object without Study Instance UID is not acknowledged into nowhere.")
def test_absent_study_uid(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT", StudyInstanceUID=ABSENT)
    (response,) = store_all(scu, study.instances)
    if response.integer("Status") != SUCCESS:
        return
    # Whatever UID the product has given it, it is the only study of its patient; and each entity has a
    # Unique Key with a value (C.2.2.1.1).
    keys = {"PatientID": study.patient_id, "StudyInstanceUID": None}
    uids: list[str] = []

    def is_found() -> bool:
        # Studies of others whose Patient ID is unknown match as well (C.2.2.1.2).
        matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).where_known("PatientID")
        uids[:] = matches.texts("StudyInstanceUID")
        return bool(uids)

    is_there = eventually(is_found, target.dimse.visible_within)
    assert is_there, f"the object was answered {describe(response)}, and no study of its patient is found"
    assert all(uids), f"the object was answered {describe(response)}, and is found in a study without a UID"
