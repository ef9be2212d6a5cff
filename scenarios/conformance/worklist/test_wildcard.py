"""Wild cards in keys of the Modality Worklist (PS3.4 C.2.2.2.4, table K.6-1)."""

from __future__ import annotations

from harness.plugin.booking import Booked
from harness.scenario import QUALITY, SHOULD, requirement
from harness.scu.session import Scu


@requirement("PS3.4 C.2.2.2.4", SHOULD, "A lone '*' in a key restricts nothing.")
def test_star(scu: Scu, worklist: Booked) -> None:
    patient = worklist.value("order-ct", "PatientID")
    every = set(worklist.ask(scu, PatientID=patient))
    found = set(worklist.ask(scu, {"ScheduledStationAETitle": "*"}, PatientID=patient))
    assert found == every, f"Scheduled Station AE Title '*' finds {sorted(found)} of {sorted(every)}"


@requirement(
    "PS3.4 K.6.1.2.2", QUALITY, "Patient's Name is matched by wild card; how, the product's statement says."
)
def test_name(scu: Scu, worklist: Booked) -> None:
    patient, name = (worklist.value("order-ct", keyword) for keyword in ("PatientID", "PatientName"))
    every = set(worklist.ask(scu, PatientID=patient))
    found = set(worklist.ask(scu, PatientID=patient, PatientName=f"{name[:-2]}*"))
    assert found == every, f"Patient's Name {name[:-2] + '*'!r} finds {sorted(found)} of {sorted(every)}"
    found = set(worklist.ask(scu, PatientID=patient, PatientName=f"X{name[:3]}*"))
    assert not found, f"Patient's Name {'X' + name[:3] + '*'!r} finds {sorted(found)}"
