"""Matching keys of the Modality Worklist (PS3.4 K.2.2.1.1, table K.6-1).

Every query is confined to one synthetic patient by Patient ID, which is a required key itself.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.plugin.booking import Booked
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.session import Scu

STATION, MODALITY = "ScheduledStationAETitle", "Modality"
DATE, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
PHYSICIAN = "ScheduledPerformingPhysicianName"


def of_patient(worklist: Booked, label: str, fits: Callable[[str], bool] = lambda label: True) -> set[str]:
    """The labels of the entries of one patient that fit."""
    patient = worklist.value(label, "PatientID")
    same = [other for other, entry in worklist.entries.items() if entry.text("PatientID") == patient]
    return {other for other in same if other not in worklist.missing and fits(other)}


def with_value(worklist: Booked, label: str, keyword: str) -> set[str]:
    """The labels of the entries of the patient that have the same value as this one."""
    value = worklist.value(label, keyword)
    return of_patient(worklist, label, lambda other: worklist.entry(other).text(keyword) == value)


def check(worklist: Booked, scu: Scu, label: str, step: dict[str, str], expected: set[str]) -> None:
    """The keys of one step, for the patient of an entry, find the expected entries and no others."""
    found = worklist.ask(scu, step, PatientID=worklist.value(label, "PatientID"))
    words = ", ".join(f"{keyword} {value!r}" for keyword, value in step.items())
    assert set(found) == expected, (
        f"{words} finds {sorted(found) or 'nothing'} of the patient's entries "
        f"{sorted(of_patient(worklist, label))}; those that match are {sorted(expected) or 'none'}"
    )


@requirement("PS3.4 K.6.1.2.2", SHALL, "Scheduled Station AE Title is a key: single value matching.")
def test_scheduled_aet(scu: Scu, worklist: Booked) -> None:
    for label in ("order-ct", "order-mr"):
        value = worklist.value(label, STATION)
        check(worklist, scu, label, {STATION: value}, with_value(worklist, label, STATION))


@requirement(
    "PS3.4 K.6.1.2.2", SHALL, "The start date is a key: a single day, or a range with both ends included."
)
def test_start_date(scu: Scu, worklist: Booked) -> None:
    first, last = worklist.value("order-ct", DATE), worklist.value("later-us", DATE)
    check(worklist, scu, "order-ct", {DATE: first}, with_value(worklist, "order-ct", DATE))
    expected = of_patient(
        worklist, "order-ct", lambda label: first <= worklist.entry(label).text(DATE) <= last
    )
    check(worklist, scu, "order-ct", {DATE: f"{first}-{last}"}, expected)
    after = of_patient(worklist, "order-ct", lambda label: worklist.entry(label).text(DATE) >= last)
    check(worklist, scu, "order-ct", {DATE: f"{last}-"}, after)


@requirement("PS3.4 K.6.1.2.2", SHALL, "The start time is a key: a single time, or a range.")
def test_start_time(scu: Scu, worklist: Booked) -> None:
    label = "other-patient"
    time = worklist.value(label, TIME)
    hour, later = int(time[:2]), (int(time[:2]) + 2) % 24
    for key, matches in (
        (time, True),
        (f"{hour:02}0000-{hour:02}5959", True),
        (f"{later:02}0000", False),
        (f"{later:02}0000-{later:02}5959", False),
    ):
        check(worklist, scu, label, {TIME: key}, {label} if matches else set())


@requirement(
    "PS3.4 K.6.1.2.2",
    SHALL,
    "Ranges of start date and start time together are one period, from date and time to date and time.",
)
def test_start_period(scu: Scu, worklist: Booked) -> None:
    def start(label: str) -> str:
        return worklist.value(label, DATE) + worklist.value(label, TIME)[:6].ljust(6, "0")

    first, last = start("order-ct"), start("later-us")
    step = {DATE: f"{first[:8]}-{last[:8]}", TIME: f"{first[8:]}-{last[8:]}"}
    if not (first < start("order-mr") < last and not first[8:] <= start("order-mr")[8:] <= last[8:]):
        raise not_tested("the entry order-mr is not between the others by day and outside of them by hour")
    expected = of_patient(worklist, "order-ct", lambda label: first <= start(label) <= last)
    check(worklist, scu, "order-ct", step, expected)


@requirement("PS3.4 K.6.1.2.2", SHALL, "Modality is a key, and it is the scheduled step's.")
def test_modality(scu: Scu, worklist: Booked) -> None:
    for label in ("order-ct", "order-mr", "later-us"):
        value = worklist.value(label, MODALITY)
        check(worklist, scu, label, {MODALITY: value}, with_value(worklist, label, MODALITY))


@requirement("PS3.4 K.6.1.2.2", SHALL, "Scheduled Performing Physician's Name is a key.")
def test_performing_physician(scu: Scu, worklist: Booked) -> None:
    for label in ("order-ct", "order-mr"):
        value = worklist.value(label, PHYSICIAN)
        check(worklist, scu, label, {PHYSICIAN: value}, with_value(worklist, label, PHYSICIAN))


@requirement("PS3.4 K.6.1.2.2", SHALL, "Patient's Name is a key.")
def test_patient_name(scu: Scu, worklist: Booked) -> None:
    patient = worklist.value("order-ct", "PatientID")
    own, other = (worklist.value(label, "PatientName") for label in ("order-ct", "other-patient"))
    found = worklist.ask(scu, PatientID=patient, PatientName=own)
    assert set(found) == of_patient(worklist, "order-ct"), f"Patient's Name {own!r} finds {found}"
    found = worklist.ask(scu, PatientID=patient, PatientName=other)
    assert not found, f"Patient's Name {other!r} finds entries of {own!r}: {found}"


@requirement(
    "PS3.4 K.6.1.2.2", SHALL, "Patient ID is a key: the entries of that patient, and of nobody else."
)
def test_patient_id(scu: Scu, worklist: Booked) -> None:
    patient = worklist.planned("order-ct").text("PatientID")
    answer = worklist.query(scu, PatientID=patient)
    found = set(worklist.labels(answer))
    same = {label for label, entry in worklist.entries.items() if entry.text("PatientID") == patient}
    # Entries that people made may not be there after all; those in files are.
    expected = same - worklist.missing if worklist.folder is None else same
    others = sorted({item.identifier.text("PatientID") for item in answer.items} - {patient})
    assert not others, f"Patient ID {patient} finds items of {len(others)} other patients"
    assert found == expected, (
        f"Patient ID {patient} finds {sorted(found) or 'nothing'} of the entries {sorted(expected)}"
    )
    worklist.entry("order-ct")


@requirement(
    "PS3.4 K.2.2.1.1.2", SHALL, "An optional key is matched, or ignored and returned; it is never refused."
)
def test_optional_ignored_not_refused(scu: Scu, worklist: Booked) -> None:
    keys = {keyword: worklist.value("order-ct", keyword) for keyword in ("PatientID", "AccessionNumber")}
    answer = worklist.query(scu, **keys)
    found = set(worklist.labels(answer))
    matched = with_value(worklist, "order-ct", "AccessionNumber")
    assert found in (matched, of_patient(worklist, "order-ct")), (
        f"Accession Number {keys['AccessionNumber']} finds {sorted(found) or 'nothing'}: neither the entries "
        "with that number nor all of the patient"
    )
    for item in answer.items:
        assert "AccessionNumber" in item.identifier, "Accession Number was asked for and is not returned"


@requirement(
    "PS3.4 K.2.2.1.1.1", SHALL, "An entry without a value for a required key matches no value of it."
)
def test_unknown_value_fails(scu: Scu, worklist: Booked) -> None:
    label = "sparse"
    if worklist.entry(label).text(PHYSICIAN):
        raise not_tested("the entry sparse has a performing physician")
    check(worklist, scu, label, {PHYSICIAN: worklist.value("order-ct", PHYSICIAN)}, set())
    check(worklist, scu, label, {PHYSICIAN: ""}, {label})


@requirement(
    "PS3.4 K.2.2.3",
    SHALL,
    "An entry with several values of a key matches by any of them, and returns them all.",
)
def test_multiple_values(scu: Scu, worklist: Booked) -> None:
    label = "two-stations"
    stations = worklist.value(label, STATION).split("\\")
    if len(stations) < 2:
        raise not_tested(f"the entry {label!r} has one station alone")
    for station in stations:
        check(worklist, scu, label, {STATION: station}, {label})
        returned = worklist.item(scu, label, {STATION: station}).step.values(STATION)
        assert set(returned) == set(stations), f"of the stations {stations} it returns {list(returned)}"


@requirement(
    "PS3.4 K.2.2.2", SHALL, "Specific Character Set and Timezone Offset From UTC in a query are no keys."
)
def test_never_keys(scu: Scu, worklist: Booked) -> None:
    patient = worklist.value("order-ct", "PatientID")
    for keyword, value in (("SpecificCharacterSet", "ISO_IR 192"), ("TimezoneOffsetFromUTC", "+1345")):
        found = set(worklist.ask(scu, PatientID=patient, **{keyword: value}))
        assert found == of_patient(worklist, "order-ct"), (
            f"{keyword} {value} beside the Patient ID: {sorted(found) or 'nothing'} of "
            f"{sorted(of_patient(worklist, 'order-ct'))} is found"
        )


@requirement("PS3.4 C.2.2.2.6", SHALL, "All keys of the step sequence hold for one and the same step.")
def test_one_item_of_sequence(scu: Scu, worklist: Booked) -> None:
    station, modality = worklist.value("order-ct", STATION), worklist.value("order-mr", MODALITY)
    expected = with_value(worklist, "order-ct", STATION) & with_value(worklist, "order-mr", MODALITY)
    check(worklist, scu, "order-ct", {STATION: station, MODALITY: modality}, expected)
