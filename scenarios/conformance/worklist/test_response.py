"""What a response of the Modality Worklist holds (PS3.4 K.2.2.1.2, K.4.1.1.3.2, K.4.1.1.4)."""

from __future__ import annotations

from collections import Counter

import pytest
from pydicom import Dataset

from harness.plugin.booking import Booked
from harness.scenario import SHALL, requirement
from harness.scu.identifier import Identifier
from harness.scu.session import Scu
from harness.scu.status import PENDING, SUCCESS, describe
from harness.scu.worklist import find_worklist, worklist_keys
from harness.synthesis.worklist import NAMES

CODES = "RequestedProcedureCodeSequence"
STEP_TYPE_1 = (
    *("ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"),
    *("Modality", "ScheduledProcedureStepID"),
)
TYPE_1 = ("RequestedProcedureID", "StudyInstanceUID", "PatientName", "PatientID")
STEP_TYPE_2 = ("ScheduledPerformingPhysicianName", "ScheduledStationName", "ScheduledProcedureStepLocation")
TYPE_2 = (
    *("ReferencedStudySequence", "RequestedProcedurePriority", "PatientTransportArrangements"),
    *("AccessionNumber", "RequestingPhysician", "ReferringPhysicianName", "AdmissionID"),
    *("CurrentPatientLocation", "ReferencedPatientSequence", "PatientBirthDate", "PatientSex"),
    *("PatientWeight", "ConfidentialityConstraintOnPatientDataDescription", "PatientState"),
    *("PregnancyStatus", "MedicalAlerts", "Allergies", "SpecialNeeds"),
)
"""PS3.4 table K.6-1, return key types."""
ALWAYS_ALLOWED = {"SpecificCharacterSet", "TimezoneOffsetFromUTC", "HL7StructuredDocumentReferenceSequence"}


def keywords(identifier: Identifier) -> set[str]:
    """The keywords of an identifier, without the group lengths that PS3.5 7.2 retired and allows."""
    return {name for name in identifier if not name.endswith("0000") and name != "GenericGroupLength"}


def bare(name: str) -> str:
    """A name without the trailing delimiters that have no meaning (PS3.5 6.2.1)."""
    return "=".join(group.rstrip("^ ") for group in name.rstrip("= ").split("="))


def meant(keyword: str, value: str) -> str:
    """A value as it is compared: names without delimiters at their end, times to the second."""
    if keyword.endswith("Time"):
        return value.strip().replace(":", "").partition(".")[0].ljust(6, "0")
    return bare(value).strip()


@requirement("PS3.4 K.6.1.2.1", SHALL, "Each scheduled step is in one response, and a response has one step.")
def test_one_per_step(scu: Scu, worklist: Booked) -> None:
    answer = worklist.query(scu, PatientID=worklist.planned("order-ct").text("PatientID"))
    for item in answer.items:
        number = len(item.identifier.nested("ScheduledProcedureStepSequence"))
        assert number == 1, f"a response has {number} scheduled steps"
    counts = Counter(worklist.labels(answer))
    for label in ("order-ct", "order-mr"):
        worklist.planned(label)
        assert counts[label] == 1, f"the step {label!r} of an order of two is in {counts[label]} responses"


@requirement("PS3.4 K.2.2.1.2", SHALL, "Return keys of type 1 come with a value.")
def test_type1_present(scu: Scu, worklist: Booked) -> None:
    item = worklist.item(scu, "order-ct", dict.fromkeys(STEP_TYPE_1), **dict.fromkeys(TYPE_1))
    for source, names in ((item.identifier, TYPE_1), (item.step, STEP_TYPE_1)):
        lacking = [name for name in names if name not in source or not source.text(name)]
        assert not lacking, f"asked for and without a value: {', '.join(lacking)}"


@requirement("PS3.4 K.2.2.1.2", SHALL, "Return keys of type 2 come, without a value where none is known.")
def test_type2_present(scu: Scu, worklist: Booked) -> None:
    item = worklist.item(scu, "sparse", dict.fromkeys(STEP_TYPE_2), **dict.fromkeys(TYPE_2))
    lacking = [name for name in TYPE_2 if name not in item.identifier]
    lacking += [name for name in STEP_TYPE_2 if name not in item.step]
    assert not lacking, f"asked for and left out: {', '.join(lacking)}"


@requirement("PS3.4 K.2.2.1.2", SHALL, "Values come back as the entry has them, matching keys included.")
def test_values(scu: Scu, worklist: Booked) -> None:
    entry = worklist.entry("order-mr")
    names = (*TYPE_1, "AccessionNumber", "PatientBirthDate", "PatientSex")
    step = dict.fromkeys((*STEP_TYPE_1, "ScheduledPerformingPhysicianName"))
    item = worklist.item(
        scu, "order-mr", {**step, "Modality": entry.text("Modality")}, **dict.fromkeys(names)
    )
    for source, asked in ((item.identifier, names), (item.step, tuple(step))):
        for name in asked:
            wanted, found = meant(name, entry.text(name)), meant(name, source.text(name))
            assert not wanted or found == wanted, f"{name} is {found!r}, the entry has {wanted!r}"


@requirement("PS3.4 K.4.1.1.3.2", SHALL, "A response has no attribute that was not asked for.")
def test_nothing_unasked(scu: Scu, worklist: Booked) -> None:
    item = worklist.item(scu, "order-ct", PatientName=None)
    asked = {"PatientID", "PatientName", "ScheduledProcedureStepSequence"}
    more = keywords(item.identifier) - asked - ALWAYS_ALLOWED
    assert not more, f"returned though not asked for: {', '.join(sorted(more))}"
    more = keywords(item.step) - {"ScheduledProcedureStepID"}
    assert not more, f"returned in the step though not asked for: {', '.join(sorted(more))}"


@requirement(
    "PS3.4 K.2.2.1.2",
    SHALL,
    "A sequence may be asked for with zero length or with an empty item, all the same.",
)
def test_empty_item_key(scu: Scu, worklist: Booked) -> None:
    codes = []
    for key in ([], [Dataset()]):
        item = worklist.item(scu, "order-ct", **{CODES: key}).identifier
        items = item.nested(CODES) if CODES in item else ()
        codes.append([code.text("CodeValue") for code in items if "CodeValue" in code])
    assert codes[0] == codes[1], (
        f"{CODES} of zero length returns the codes {codes[0] or 'none'}, with an empty item "
        f"{codes[1] or 'none'}"
    )


@pytest.mark.parametrize("kind", NAMES)
@requirement("PS3.4 K.4.1.1.3.2", SHALL, "A name beyond ASCII comes back whole, its character set declared.")
def test_charset(scu: Scu, worklist: Booked, kind: str) -> None:
    wanted = bare(worklist.value(kind, "PatientName"))
    identifier = worklist.item(scu, kind, PatientName=None).identifier
    value = identifier.value_bytes("PatientName")
    declared = identifier.text("SpecificCharacterSet") if "SpecificCharacterSet" in identifier else ""
    plain = value.isascii() and b"\x1b" not in value
    assert plain or declared, f"Patient's Name {value!r} comes without a Specific Character Set"
    found = bare(identifier.text("PatientName"))
    assert found == wanted, f"Patient's Name is {found!r} in {declared or 'ASCII'}; the entry has {wanted!r}"


@requirement(
    "PS3.4 K.4.1.1.4",
    SHALL,
    "Matches come with status FF00 or FF01; Success without an Identifier ends them.",
)
def test_pending_status(scu: Scu, worklist: Booked) -> None:
    matches = worklist.query(scu, PatientID=worklist.planned("order-ct").text("PatientID")).matches
    assert matches.status == SUCCESS, f"the query ends with {describe(matches.final)}"
    assert matches.final_data_set is None, "the response with Success has an Identifier"
    statuses = {response.integer("Status") for response in matches.pending}
    assert statuses, "no match came for a patient who has entries"
    assert statuses <= set(PENDING), f"matches come with {statuses}"


@requirement("PS3.4 K.4.1.1.3.1", SHALL, "A worklist query has no Query/Retrieve Level, and gets none back.")
def test_no_level_needed(scu: Scu, worklist: Booked) -> None:
    patient = worklist.planned("other-patient").text("PatientID")
    keys = worklist_keys({"ScheduledProcedureStepID": None}, {"PatientID": patient})
    answer = find_worklist(scu, keys)
    assert answer.matches.status == SUCCESS, f"without a level: {describe(answer.matches.final)}"
    assert worklist.labels(answer) == ["other-patient"], "without a level the entry is not found"
    for item in answer.items:
        assert "QueryRetrieveLevel" not in item.identifier, "Query/Retrieve Level is returned unasked"
