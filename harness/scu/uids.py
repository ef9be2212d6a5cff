"""The UIDs that the SCU speaks of, by the names that the standard gives them (PS3.6 A)."""

from __future__ import annotations

import enum

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT_PUSH = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_PUSH_INSTANCE = "1.2.840.10008.1.20.1.1"

MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"
PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
PERFORMED_STEP_RETRIEVE = "1.2.840.10008.3.1.2.3.4"

PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"

UNCOMPRESSED = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
"""What a requestor offers for commands with an Identifier; Implicit VR is the default (PS3.5 10.1)."""


class Root(enum.Enum):
    """The two information models that every Query/Retrieve product has at least one of (PS3.4 C.3)."""

    PATIENT = "Patient Root"
    STUDY = "Study Root"

    @property
    def find(self) -> str:
        return PATIENT_ROOT_FIND if self is Root.PATIENT else STUDY_ROOT_FIND

    @property
    def move(self) -> str:
        return PATIENT_ROOT_MOVE if self is Root.PATIENT else STUDY_ROOT_MOVE

    @property
    def get(self) -> str:
        return PATIENT_ROOT_GET if self is Root.PATIENT else STUDY_ROOT_GET


class QueryLevel(enum.StrEnum):
    """Query/Retrieve Level (0008,0052), PS3.4 C.6.1.1 and C.6.2.1."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


SERVICE_NAMES = {
    VERIFICATION: ("verification", "Verification"),
    STORAGE_COMMITMENT_PUSH: ("commitment", "Storage Commitment Push Model"),
    PATIENT_ROOT_FIND: ("find", "Patient Root FIND"),
    STUDY_ROOT_FIND: ("find", "Study Root FIND"),
    PATIENT_ROOT_MOVE: ("move", "Patient Root MOVE"),
    STUDY_ROOT_MOVE: ("move", "Study Root MOVE"),
    PATIENT_ROOT_GET: ("get", "Patient Root GET"),
    STUDY_ROOT_GET: ("get", "Study Root GET"),
    MODALITY_WORKLIST: ("worklist", "Modality Worklist"),
    PERFORMED_STEP: ("mpps", "Modality Performed Procedure Step"),
    PERFORMED_STEP_RETRIEVE: ("mpps-retrieve", "Modality Performed Procedure Step Retrieve"),
}
"""SOP Class UID → (the service's name in ``[claims] services``, its name for people)."""


def service_of(abstract_syntax: str) -> tuple[str, str]:
    """(service in ``[claims]``, name for people); every class that is not named here is one of Storage."""
    return SERVICE_NAMES.get(abstract_syntax, ("storage", f"the storage SOP class {abstract_syntax}"))
