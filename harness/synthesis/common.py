"""The attributes that every object of a study shares: patient, study, series, equipment (PS3.3 C.7)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

CHARACTER_SETS: dict[str, str | list[str] | None] = {
    "ascii": None,
    "latin-1": "ISO_IR 100",
    "utf-8": "ISO_IR 192",
    # PS3.5 H.3: the first value is empty (the default repertoire), Kanji come by escape sequence
    "japanese": ["", "ISO 2022 IR 87"],
    "gb18030": "GB18030",
}
"""Names used in recipes, and the value of Specific Character Set (PS3.3 C.12.1.1.2) for each."""


@dataclass(frozen=True)
class PatientFacts:
    """PS3.3 C.7.1.1."""

    patient_id: str
    name: str
    birth_date: str = "19600229"
    sex: str = "O"
    character_set: str = "ascii"


@dataclass(frozen=True)
class StudyFacts:
    """PS3.3 C.7.2.1."""

    study_uid: str
    study_id: str
    accession_number: str
    date: str
    time: str
    description: str
    referring_physician: str


@dataclass(frozen=True)
class SeriesFacts:
    """PS3.3 C.7.3.1."""

    series_uid: str
    number: int
    description: str
    frame_of_reference_uid: str


@dataclass(frozen=True)
class Place:
    """Where an object belongs, and how it is to be encoded."""

    patient: PatientFacts
    study: StudyFacts
    series: SeriesFacts
    transfer_syntax: str = str(ExplicitVRLittleEndian)


def composite(place: Place, sop_class: str, sop_instance_uid: str, modality: str, number: int) -> Dataset:
    """A data set with the modules common to all composite objects, pixel data and specifics still missing."""
    patient, study, series = place.patient, place.study, place.series
    ds = Dataset()
    character_set = CHARACTER_SETS[patient.character_set]
    if character_set is not None:
        ds.SpecificCharacterSet = character_set
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = sop_instance_uid
    ds.InstanceCreationDate = study.date
    ds.InstanceCreationTime = study.time
    ds.PatientName = patient.name
    ds.PatientID = patient.patient_id
    ds.PatientBirthDate = patient.birth_date
    ds.PatientSex = patient.sex
    ds.StudyInstanceUID = study.study_uid
    ds.StudyDate = study.date
    ds.StudyTime = study.time
    ds.StudyID = study.study_id
    ds.AccessionNumber = study.accession_number
    ds.ReferringPhysicianName = study.referring_physician
    ds.StudyDescription = study.description
    ds.SeriesInstanceUID = series.series_uid
    ds.SeriesNumber = series.number
    ds.SeriesDate = study.date
    ds.SeriesTime = study.time
    ds.SeriesDescription = series.description
    ds.Modality = modality
    ds.InstanceNumber = number
    ds.Manufacturer = "pacs-harness"
    ds.ManufacturerModelName = "Synthetic studies"
    ds.DeviceSerialNumber = "1"
    ds.SoftwareVersions = "1"
    return ds
