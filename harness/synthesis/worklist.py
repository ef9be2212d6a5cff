"""The scheduled procedure steps that the worklist's requirements speak of, all of synthetic patients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from harness.synthesis.identity import NAME_MARK, Identity
from harness.worklist import WorklistEntry, entry_of

CT_STATION, MR_STATION = "PHWLCT", "PHWLMR"
DAYS_AHEAD = 7
"""The first steps are scheduled so many days from now: some products show no past."""
NAMES = {
    "latin-1": ("ISO_IR 100", f"{NAME_MARK}^Äneas Müßig"),
    "utf-8": ("ISO_IR 192", f"{NAME_MARK}^Łukasz Ωmega"),
    "japanese": (["", "ISO 2022 IR 87"], f"{NAME_MARK}^Yamada=山田^太郎=やまだ^たろう"),
}
"""Label → (Specific Character Set, Patient's Name)."""
LABELS = {
    "order-ct": "a CT step; the first of an order of two",
    "order-mr": "the second step of that order, on another station, a day later and earlier in the day",
    "later-us": "another order of that patient, two days after the first",
    "much-later": "a third order of that patient, a week after the others",
    "other-patient": "a step like the first, of another patient",
    "sparse": "a step of which only what has to be known is known",
    "two-stations": "a step for either of two stations",
    "performed": "a step that the run reports as started and completed",
    **dict.fromkeys(NAMES, "a patient with a name beyond ASCII"),
}
"""What each entry is there for."""

CODE = [{"CodeValue": "PHTEST", "CodingSchemeDesignator": "99PHTEST", "CodeMeaning": "Synthetic procedure"}]

_UNKNOWN: dict[str, Any] = dict.fromkeys(
    (
        *("AccessionNumber", "ReferringPhysicianName", "RequestingPhysician", "AdmissionID"),
        *("PatientBirthDate", "PatientSex", "PatientWeight"),
        "ConfidentialityConstraintOnPatientDataDescription",
        *("CurrentPatientLocation", "PatientState", "PregnancyStatus", "MedicalAlerts", "Allergies"),
        *("SpecialNeeds", "RequestedProcedurePriority", "PatientTransportArrangements"),
        *("ScheduledPerformingPhysicianName", "ScheduledStationName", "ScheduledProcedureStepLocation"),
    ),
    "",
) | {"ReferencedStudySequence": [], "ReferencedPatientSequence": []}  # fmt: skip
"""Return keys of type 2 (PS3.4 table K.6-1), without a value."""


def worklist_entries(identity: Identity, today: date) -> tuple[WorklistEntry, ...]:
    """The entries of one run, with identifiers of their own; see `LABELS`."""

    def day(after: int) -> str:
        return f"{today + timedelta(DAYS_AHEAD + after):%Y%m%d}"

    def patient(name: str, **more: Any) -> dict[str, Any]:
        number = identity.patient_id()
        return {"PatientName": name or f"{NAME_MARK}^{number[-12:]}", "PatientID": number, **more}

    def order() -> dict[str, Any]:
        number = identity.accession_number()
        return {
            "StudyInstanceUID": identity.uid(),
            "AccessionNumber": number,
            "RequestedProcedureID": f"R{number[1:]}",
            "RequestedProcedureDescription": "Synthetic procedure",
        }

    def step(station: str, modality: str, when: tuple[int, str], physician: str) -> dict[str, Any]:
        return {
            "ScheduledStationAETitle": station,
            "ScheduledProcedureStepStartDate": day(when[0]),
            "ScheduledProcedureStepStartTime": when[1],
            "Modality": modality,
            "ScheduledPerformingPhysicianName": physician,
            "ScheduledProcedureStepDescription": "Synthetic step",
            "ScheduledProcedureStepID": identity.accession_number(),
        }

    alpha, beta = f"{NAME_MARK}^Alpha", f"{NAME_MARK}^Beta"
    known = {
        "PatientBirthDate": "19800102",
        "PatientSex": "O",
        "ReferringPhysicianName": f"{NAME_MARK}^Gamma",
    }
    first = patient(f"{NAME_MARK}^Worklist {identity.study_id()}", **known)
    both = {**first, **order()}
    ct = step(CT_STATION, "CT", (0, "091500"), alpha)
    tables: dict[str, Mapping[str, Any]] = {
        "order-ct": {**both, **ct, "RequestedProcedureCodeSequence": CODE},
        "order-mr": {**both, **step(MR_STATION, "MR", (1, "073000"), beta)},
        "later-us": {**first, **order(), **step(CT_STATION, "US", (2, "133000"), beta)},
        "much-later": {**first, **order(), **step(MR_STATION, "CT", (9, "091500"), alpha)},
        "other-patient": {
            **patient(f"{NAME_MARK}^Other {identity.study_id()}", **known),
            **order(),
            **step(CT_STATION, "CT", (0, "091500"), alpha),
        },
        "sparse": {
            **patient(f"{NAME_MARK}^Sparse"),
            **order(),
            **step(CT_STATION, "CT", (0, "100000"), ""),
            "AccessionNumber": "",
        },
        "two-stations": {
            **patient(f"{NAME_MARK}^Stations", **known),
            **order(),
            **step(CT_STATION, "CT", (0, "103000"), alpha),
            "ScheduledStationAETitle": [CT_STATION, MR_STATION],
        },
        "performed": {
            **patient(f"{NAME_MARK}^Performed", **known),
            **order(),
            **step(CT_STATION, "CT", (0, "110000"), alpha),
        },
    }
    for label, (charset, name) in NAMES.items():
        tables[label] = {
            "SpecificCharacterSet": charset,
            **patient(name, **known),
            **order(),
            **step(CT_STATION, "CT", (0, "120000"), alpha),
        }
    return tuple(entry_of(label, {**_UNKNOWN, **values}) for label, values in tables.items())


def many_entries(identity: Identity, today: date, count: int) -> tuple[WorklistEntry, ...]:
    """Steps of one patient and one order, for a query that takes a while."""
    template = worklist_entries(identity, today)[0]
    entries = []
    for number in range(count):
        values = {
            element.keyword: element.value
            for source in (template.dataset, template.step)
            for element in source
            if element.VR != "SQ"
        }
        values = {
            key: value if isinstance(value, str | list) else str(value or "") for key, value in values.items()
        }
        values["ScheduledProcedureStepID"] = f"{number}"
        entries.append(entry_of(f"many-{number}", values))
    return tuple(entries)
