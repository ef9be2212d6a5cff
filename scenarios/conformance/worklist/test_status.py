"""The final status of a worklist query (PS3.4 K.4.1.3)."""

from __future__ import annotations

from harness.plugin.booking import Booked
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe


@requirement(
    "PS3.4 K.4.1.3", SHALL, "A query without a match has one response: Success, without an Identifier."
)
def test_no_match(scu: Scu, worklist: Booked) -> None:
    matches = worklist.query(scu, PatientID=worklist.identity.patient_id()).matches
    assert not matches.identifiers, f"a Patient ID that nobody has finds {len(matches.identifiers)} items"
    assert matches.status == SUCCESS, f"a query without a match ends with {describe(matches.final)}"
    assert matches.final_data_set is None, "the response with Success has an Identifier"
