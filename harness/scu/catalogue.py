"""The SOP classes and transfer syntaxes that a product is asked for, to see what it offers (PS3.6 A)."""

from __future__ import annotations

import functools

import pydicom.uid
from pydicom.uid import UID

from harness.scu.uids import (
    IMPLICIT_VR_LITTLE_ENDIAN,
    STORAGE_COMMITMENT_PUSH,
    VERIFICATION,
    Root,
)

_QUERY_RETRIEVE = "1.2.840.10008.5.1.4.1.2."
_UPS = "1.2.840.10008.5.1.4.34.6."
_PRINT = "1.2.840.10008.5.1.1."

OTHER_SERVICES: tuple[tuple[str, str], ...] = (
    (VERIFICATION, "verification"),
    *((root.find, "find") for root in (Root.STUDY, Root.PATIENT)),
    (_QUERY_RETRIEVE + "3.1", "find"),
    *((root.move, "move") for root in (Root.STUDY, Root.PATIENT)),
    (_QUERY_RETRIEVE + "3.2", "move"),
    (_QUERY_RETRIEVE + "4.2", "move"),
    *((root.get, "get") for root in (Root.STUDY, Root.PATIENT)),
    (_QUERY_RETRIEVE + "3.3", "get"),
    (_QUERY_RETRIEVE + "4.3", "get"),
    (_QUERY_RETRIEVE + "5.3", "get"),
    (STORAGE_COMMITMENT_PUSH, "commitment"),
    ("1.2.840.10008.5.1.4.31", "worklist"),
    ("1.2.840.10008.3.1.2.3.3", "mpps"),
    ("1.2.840.10008.3.1.2.3.4", "mpps"),
    ("1.2.840.10008.3.1.2.3.5", "mpps"),
    ("1.2.840.10008.5.1.4.33", "ian"),
    *((f"{_UPS}{number}", "ups") for number in range(1, 6)),
    ("1.2.840.10008.5.1.4.37.1", "patient-information"),
    ("1.2.840.10008.5.1.4.37.2", "patient-information"),
    ("1.2.840.10008.5.1.4.37.3", "patient-information"),
    *((f"1.2.840.10008.5.1.4.38.{number}", "hanging-protocols") for number in (2, 3, 4)),
    (_PRINT + "9", "print"),
    (_PRINT + "18", "print"),
)
"""(SOP class UID, service); Patient/Study Only is retired and still widely offered."""

_NO_STORAGE_ON_A_NETWORK = ("1.2.840.10008.1.3.10",)
"""Media Storage Directory: a file on a medium, never sent (PS3.4 I.4)."""
_FOR_OTHER_INDUSTRIES = ("DICOS", "Eddy Current")
"""Security and material testing: not a hospital's."""
_REFERENCES = ("JPIP", "SMPTE")
"""Transfer syntaxes of streams and references, in which nothing is stored for keeping."""


@functools.cache
def storage_classes() -> tuple[str, ...]:
    """Every storage SOP class of the dictionary that is not retired, by UID."""
    return tuple(
        uid
        for uid in _named("SOP Class")
        if ("Storage" in uid.name.split(" - ")[0])
        and uid not in _NO_STORAGE_ON_A_NETWORK
        and not uid.name.startswith(_FOR_OTHER_INDUSTRIES)
        and uid != STORAGE_COMMITMENT_PUSH
    )


@functools.cache
def transfer_syntaxes() -> tuple[str, ...]:
    """Every transfer syntax of the dictionary that objects are kept in, the uncompressed ones first."""
    kept = [uid for uid in _named("Transfer Syntax") if not uid.name.startswith(_REFERENCES)]
    return tuple(sorted(kept, key=lambda uid: (not _is_uncompressed(uid), _numbers(uid))))


def name_of(uid: str) -> str:
    """The name in PS3.6, the UID itself where it has none."""
    return UID(uid).name


def _named(kind: str) -> list[UID]:
    found = {value for value in vars(pydicom.uid).values() if isinstance(value, UID) and value.type == kind}
    return sorted(found, key=_numbers)


def _is_uncompressed(uid: str) -> bool:
    return uid == IMPLICIT_VR_LITTLE_ENDIAN or uid.startswith(("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"))


def _numbers(uid: str) -> tuple[int, ...]:
    return tuple(int(part) for part in uid.split("."))
