"""What objects have in common that are computed from a study's images and stored beside them."""

from __future__ import annotations

from typing import Final, TypedDict

from pydicom import Dataset

from harness.synthesis.common import PatientFacts, Place, SeriesFacts, StudyFacts
from harness.synthesis.identity import Identity
from harness.synthesis.model import SyntheticStudy

AUTHOR = "PHTEST^Author"


class MadeBy(TypedDict):
    """The equipment (PS3.3 C.7.5.2), as highdicom takes it."""

    manufacturer: str
    manufacturer_model_name: str
    software_versions: str
    device_serial_number: str


MADE_BY: Final[MadeBy] = {
    "manufacturer": "pacs-harness",
    "manufacturer_model_name": "Synthetic studies",
    "software_versions": "1",
    "device_serial_number": "1",
}


def place_beside(study: SyntheticStudy, identity: Identity, number: int, description: str) -> Place:
    """A new series in the study, of the same patient."""
    ds = study.attributes
    return Place(
        PatientFacts(study.patient_id, study.patient_name, str(ds.PatientBirthDate), str(ds.PatientSex)),
        StudyFacts(
            study_uid=study.study_uid,
            study_id=study.study_id,
            accession_number=study.accession_number,
            date=study.study_date,
            time=study.study_time,
            description=str(ds.StudyDescription),
            referring_physician=str(ds.ReferringPhysicianName),
        ),
        SeriesFacts(identity.uid(), number, description, str(ds.FrameOfReferenceUID)),
    )


def images_of(study: SyntheticStudy) -> list[Dataset]:
    """The images that the results are about: those of the first series."""
    return [instance.attributes for instance in study.series[0].instances]
