"""Who an object is: UIDs and a Patient ID that follow from all the rest of it.

Objects are encoded with placeholders first, which are of the length of what replaces them, so that no length
changes when their digest is known.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.synthesis import NAME_MARK, ROOT

_DIGITS = 25
_UID_LENGTH = len(ROOT) + 1 + _DIGITS

# Control characters stand in no value that a placeholder may be confused with.
SOP_INSTANCE_UID = b"\x01" * _UID_LENGTH
STUDY_UID = b"\x02" * _UID_LENGTH
SERIES_UID = b"\x03" * _UID_LENGTH
PATIENT_ID = b"\x04" * 24
"""What stands for each while an object is being made."""
PLACEHOLDERS = frozenset((SOP_INSTANCE_UID, STUDY_UID, SERIES_UID, PATIENT_ID))


@dataclass(frozen=True, slots=True)
class Identities:
    """The identities of one object: UIDs below the project's root, and an ID that begins with NAME_MARK."""

    sop_instance_uid: str
    study_uid: str
    series_uid: str
    patient_id: str

    def placed(self, encoded: bytes) -> bytes:
        """The encoded object with these in place of the placeholders; its length stays."""
        for placeholder, text in (
            (SOP_INSTANCE_UID, self.sop_instance_uid),
            (STUDY_UID, self.study_uid),
            (SERIES_UID, self.series_uid),
            (PATIENT_ID, self.patient_id),
        ):
            encoded = encoded.replace(placeholder, text.encode("ascii"))
        return encoded


def identities_of(*content: bytes | str) -> Identities:
    """The same for the same content, and others for any other."""
    digest = hashlib.sha256()
    for part in content:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "little") + raw)
    whole = digest.digest()

    def uid(label: bytes) -> str:
        number = int.from_bytes(hashlib.sha256(whole + label).digest()[:16], "big")
        low = 10 ** (_DIGITS - 1)
        return f"{ROOT}.{low + number % (9 * low)}"

    return Identities(
        uid(b"instance"),
        uid(b"study"),
        uid(b"series"),
        f"{NAME_MARK}-{hashlib.sha256(whole).hexdigest()[:17]}",
    )
