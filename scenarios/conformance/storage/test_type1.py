"""Objects without what identifies them (PS3.5 7.4.1)."""

from __future__ import annotations

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


@requirement("PS3.4 B.2.3", QUALITY, "An object without Study Instance UID is not acknowledged into nowhere.")
def test_absent_study_uid(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT", StudyInstanceUID=ABSENT)
    (response,) = store_all(scu, study.instances)
    if response.integer("Status") != SUCCESS:
        return
    # Whatever UID the product has given it, it is the only study of its patient.
    keys = {"PatientID": study.patient_id, "StudyInstanceUID": None}
    is_found = eventually(
        lambda: bool(find(scu, Root.STUDY, QueryLevel.STUDY, keys).identifiers), target.dimse.visible_within
    )
    assert is_found, f"the object was answered {describe(response)}, and no study of its patient is found"
