"""C-CANCEL of a worklist query (PS3.4 K.4.1.3); a final status may overtake it."""

from __future__ import annotations

from harness.plugin.booking import Booked
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.scu.status import CANCEL, SUCCESS, describe
from harness.scu.worklist import find_worklist, worklist_keys

MANY = 300


@requirement("PS3.4 K.4.1.3", SHALL, "A cancelled query ends with status Cancel, or had ended before.")
def test_status(scu: Scu, worklist: Booked) -> None:
    with worklist.many(scu, MANY) as patient:
        keys = worklist_keys({"ScheduledProcedureStepID": None}, {"PatientID": patient})
        matches = find_worklist(scu, keys, cancel_after=1).matches
    came = len(matches.identifiers)
    ended = describe(matches.final)
    assert matches.status in (CANCEL, SUCCESS), f"after C-CANCEL the query ends with {ended}"
    assert matches.status == CANCEL or came == MANY, (
        f"after C-CANCEL {came} of {MANY} matches came, then {ended}"
    )
