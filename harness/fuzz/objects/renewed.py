"""A case as a new object: the same bytes but for UIDs of equal length, so that no product has it already."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from harness.dimse.errors import DecodeError
from harness.dimse.walker import DEFLATED, inflate
from harness.fuzz.cases import DataSetCase
from harness.fuzz.nodes import deflate

_DIGITS = 9
"""At the end of a UID: so many are drawn anew."""


def renewed(case: DataSetCase, number: int) -> DataSetCase:
    """The `number`-th of its kind.  Nothing else changes: every length, and so the structure, stays.

    A deflated data set that is damaged cannot be looked into, and keeps the UIDs within.
    """
    names = (case.sop_instance_uid, case.series_uid, case.study_uid, case.patient_id)
    others = tuple(_other(name, number) for name in names)
    dataset = case.dataset
    is_deflated = case.transfer_syntax == DEFLATED
    try:
        plain = inflate(dataset) if is_deflated else dataset
    except DecodeError:
        return case
    for name, other in zip(names, others, strict=True):
        if name != other:
            plain = plain.replace(name.encode("ascii"), other.encode("ascii"))
    sop, series, study, patient = others
    return replace(
        case,
        sop_instance_uid=sop,
        series_uid=series,
        study_uid=study,
        patient_id=patient,
        dataset=deflate(plain) if is_deflated else plain,
    )


def _other(name: str, number: int) -> str:
    """Of the same length, with other digits at its end; itself where that is too short to be told apart."""
    component = name.rpartition(".")[2]
    digits = min(_DIGITS, len(component) - 1)
    if digits < 4 or not (name.isascii() and component[-digits:].isdecimal()):
        return name
    drawn = int.from_bytes(hashlib.sha256(f"{name}/{number}".encode()).digest()[:8], "big")
    return name[:-digits] + f"{drawn % 10**digits:0{digits}}"
