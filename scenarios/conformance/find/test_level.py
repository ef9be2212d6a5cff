"""Query/Retrieve Level (0008,0052) (PS3.4 C.4.1.3.1, C.3)."""

from __future__ import annotations

from harness.scenario import QUALITY, requirement
from harness.scu.find import Matches, find
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


def refused(matches: Matches, what: str) -> None:
    assert is_failure(matches.status), f"{what} is answered {describe(matches.final)}"
    assert not matches.identifiers, (
        f"{what} is answered with {len(matches.identifiers)} matches and a failure"
    )


@requirement("PS3.4 C.4.1.3.1", QUALITY, "An Identifier without Query/Retrieve Level is refused.")
def test_missing(scu: Scu, stored_study: SyntheticStudy) -> None:
    refused(find(scu, Root.STUDY, None, StudyInstanceUID=stored_study.study_uid), "a query without a level")


@requirement("PS3.4 C.4.1.3.1", QUALITY, "A Query/Retrieve Level that the model doesn't have is refused.")
def test_unknown_value(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {"QueryRetrieveLevel": "FRAME", "StudyInstanceUID": stored_study.study_uid}
    refused(find(scu, Root.STUDY, None, keys), "a query at level FRAME")


@requirement("PS3.4 C.3.2", QUALITY, "Study Root has no PATIENT level: a query at it gives no patients.")
def test_patient_in_study_root(scu: Scu, stored_study: SyntheticStudy) -> None:
    matches = find(scu, Root.STUDY, QueryLevel.PATIENT, PatientID=stored_study.patient_id)
    assert not matches.identifiers, f"{len(matches.identifiers)} matches at PATIENT level in Study Root"
