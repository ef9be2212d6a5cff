"""What is stored to come back anonymised, and which question each finding about it answers."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from harness.deid import Instance, Judgement, Option, judge
from harness.deid.findings import Category, Finding, Severity
from harness.scu.inbox import Received
from harness.synthesis import Identity, SyntheticInstance, SyntheticStudy, instance_of, new_study
from harness.synthesis.model import assemble

SHOWN = 4
"""Findings that a verdict names; the others are counted."""


class Subject(enum.Enum):
    """What a finding is about: each belongs to one."""

    IDENTITY = "what identifies a person"
    PRIVATE = "private attributes"
    UIDS = "UIDs"
    DATES = "dates and times"
    MARKS = "what an object says of its de-identification"
    PIXELS = "pixels"
    ATTRIBUTES = "every other attribute"


_TELLING = ("value-found", "kept", "content-kept", "burned-in")
_GRAVE = (Severity.CRITICAL, Severity.HIGH)


def subject_of(finding: Finding) -> Subject:
    """By its rule and category.  What no other subject takes is of `Subject.ATTRIBUTES`."""
    if finding.rule in _TELLING and finding.severity in _GRAVE:
        return Subject.IDENTITY
    if finding.rule.startswith("private-"):
        return Subject.PRIVATE
    if finding.rule in ("mark-missing", "method-codes"):
        return Subject.MARKS
    match finding.category:
        case Category.UID_CHANGED | Category.UID_CONSISTENT:
            return Subject.UIDS
        case Category.DATE_SHIFTED:
            return Subject.DATES
        case Category.PIXELS_HIDDEN | Category.PIXELS_RETAINED:
            return Subject.PIXELS
        case _:
            return Subject.ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Export:
    """What was stored, and what came of it."""

    stored: tuple[SyntheticInstance, ...]
    received: tuple[Received, ...]
    """Without those that came again as they were, as a sender may repeat them."""
    judgement: Judgement

    def told(self, subject: Subject) -> str:
        """The findings about a subject in words, the gravest first; empty where there are none."""
        found = [one for one in self.judgement.findings if subject_of(one) is subject]
        lines = [_line(one) for one in found[:SHOWN]]
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        return "; ".join(lines) + more

    def incomplete(self) -> str:
        """What of the objects did not come, or came as several, in words; empty where each came once."""
        words = []
        if self.judgement.before_alone:
            words.append(f"{_objects(len(self.judgement.before_alone))} of {len(self.stored)} did not come")
        if self.judgement.after_alone:
            words.append(
                f"{_objects(len(self.judgement.after_alone))} came of which no stored one was recognised,"
                " or which came before as another"
            )
        return "; ".join(words)

    def misnamed(self) -> str:
        """Objects that C-STORE names otherwise than their data sets do (PS3.7 9.1.1.1), in words."""
        wrong = sum(
            one.sop_instance_uid != _instance(one, "").text(0x00080018).strip() for one in self.received
        )
        return (
            f"{_objects(wrong)} with another SOP Instance UID in C-STORE than in the data set"
            if wrong
            else ""
        )


def _objects(number: int) -> str:
    return f"{number} object{'' if number == 1 else 's'}"


def _line(one: Finding) -> str:
    place = f"{one.name} {one.path}".strip()
    times = f" ({one.times} times)" if one.times > 1 else ""
    return f"{place} {one.seen}{times} [{one.clause}]"


def export_of(
    studies: Sequence[SyntheticStudy], received: Sequence[Received], options: Collection[str]
) -> Export:
    """Judge what came of these studies.  Raises DecodeError where an object that came is damaged."""
    stored = tuple(one for study in studies for one in study.instances)
    once = {(one.sop_instance_uid, one.dataset): one for one in received}
    before = [
        Instance(one.transfer_syntax, one.dataset, f"stored {number}") for number, one in enumerate(stored, 1)
    ]
    after = [_instance(one, f"received {number}") for number, one in enumerate(once.values(), 1)]
    return Export(stored, tuple(once.values()), judge(before, after, {Option(one) for one in options}))


def _instance(one: Received, name: str) -> Instance:
    return Instance(one.transfer_syntax, one.dataset, name)


def telling_patient(identity: Identity) -> tuple[SyntheticStudy, ...]:
    """Two studies of one patient, CT and MR, whose attributes tell of them in many places.

    Names stand in a sequence and in private attributes too, objects refer to one another, and the studies
    have different dates.  Nobody of that name exists.
    """
    patient: dict[str, Any] = {
        "PatientName": "PHTEST^Sommerfeld^Adele",
        "PatientID": identity.patient_id(),
        "PatientBirthDate": "19600402",
        "PatientSex": "F",
        "PatientAge": "064Y",
        "OtherPatientIDs": "PHTEST-MRN-4711-X",
        "PatientAddress": "Lindenallee 12, Neustadt",
        "PatientTelephoneNumbers": "+49 351 4455667",
        "ReferringPhysicianName": "PHTEST^Okonkwo",
        "OperatorsName": "PHTEST^Lindqvist",
        "InstitutionName": "Krankenhaus am Weiher",
        "StationName": "CTEAST3",
        "DeviceSerialNumber": "SN-88123",
        "SeriesDescription": "portal venous",
        "ProtocolName": "Abdomen 3 phases",
    }
    made = []
    for modality, series, instances, day, side in (
        ("CT", 2, 1, "20240317", 16),
        ("MR", 1, 2, "20240622", 24),
    ):
        dates: dict[str, Any] = dict.fromkeys(
            ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"), day
        )
        study = new_study(identity, modality, series, instances, rows=side, columns=side, **patient, **dates)
        made += [_dressed(one, study.instances) for one in study.instances]
    return assemble(made)


def _dressed(one: SyntheticInstance, of_study: Sequence[SyntheticInstance]) -> SyntheticInstance:
    ds = one.attributes
    name, patient = str(ds.PatientName), str(ds.PatientID)
    ds.StudyDescription = "Abdomen, Frau Sommerfeld"
    block = ds.private_block(0x0019, "PHTEST ONE 1.0", create=True)
    block.add_new(0x01, "LO", f"of {name.replace('^', ' ')}")
    block.add_new(0x02, "UN", patient.encode() + b"\0" * (len(patient) % 2))
    request = Dataset()
    request.RequestedProcedureID = "PHTEST-RP-20931"
    request.ScheduledProcedureStepDescription = "for Frau Sommerfeld"
    ds.RequestAttributesSequence = [request]
    ds.ReferencedImageSequence = [_reference(other) for other in of_study if other is not one]
    # No row of table E.1-1 speaks of this sequence, so it stays, and each attribute in it has its own row.
    inner = _reference(of_study[0])
    inner.PatientName = name
    ds.ReferencedInstanceSequence = [inner]
    return instance_of(ds, one.transfer_syntax)


def _reference(one: SyntheticInstance) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.sop_class, one.sop_instance_uid
    return item
