"""What a product finds of one study, at every level of an information model (PS3.4 C.6.1.1, C.6.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.datadict import dictionary_VR, tag_for_keyword

from harness.dimse.association import Association
from harness.scu.find import find_with
from harness.scu.identifier import Identifier, keys_of
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

PATIENT_KEYS = ("PatientName", "PatientID")
KEYS = {
    QueryLevel.PATIENT: PATIENT_KEYS,
    QueryLevel.STUDY: ("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyInstanceUID"),
    QueryLevel.SERIES: ("Modality", "SeriesNumber", "SeriesInstanceUID"),
    QueryLevel.IMAGE: ("InstanceNumber", "SOPInstanceUID"),
}
"""The unique and the required keys of each level, tables C.6-1 to C.6-4; in the Study Root model those of the
patient belong to the study (table C.6-5)."""
UNIQUE = {
    QueryLevel.PATIENT: "PatientID",
    QueryLevel.STUDY: "StudyInstanceUID",
    QueryLevel.SERIES: "SeriesInstanceUID",
    QueryLevel.IMAGE: "SOPInstanceUID",
}


def keys_at(root: Root, level: QueryLevel) -> tuple[str, ...]:
    """The unique and required keys of a level in this model."""
    if root is Root.STUDY and level is QueryLevel.STUDY:
        return (*PATIENT_KEYS, *KEYS[level])
    return KEYS[level]


@dataclass(frozen=True, slots=True)
class Entity:
    """One match: its level, its identifier, and the unique key values that were asked for above it."""

    level: QueryLevel
    identifier: Identifier
    above: tuple[tuple[str, str], ...]

    @property
    def uid(self) -> str:
        """Its own unique key."""
        return self.identifier.text(UNIQUE[self.level])

    def misplaced(self) -> str:
        """Which unique key above it the response gives another value than was asked for, in words."""
        for keyword, value in self.above:
            if keyword in self.identifier and self.identifier.text(keyword) != value:
                return f"{keyword} {self.identifier.text(keyword) or 'empty'} in a response below {value}"
        return ""


def entities_of(scu: Scu, root: Root, study: SyntheticStudy) -> tuple[Entity, ...]:
    """The patient (Patient Root), the study, its series and their instances, in this order.

    Below the study it goes by what was found, not by what was stored.  NotAccepted without the model;
    PeerViolation where a query does not end in Success.
    """
    with scu.open(root.find) as association:
        association.context_for(root.find)
        found: list[Entity] = []
        above: tuple[tuple[str, str], ...] = ()
        if root is Root.PATIENT:
            found += _matches(association, root, QueryLevel.PATIENT, above, PatientID=study.patient_id)
            above = (("PatientID", study.patient_id),)
        found += _matches(association, root, QueryLevel.STUDY, above, StudyInstanceUID=study.study_uid)
        above = (*above, ("StudyInstanceUID", study.study_uid))
        series = _matches(association, root, QueryLevel.SERIES, above)
        found += series
        for one in series:
            found += _matches(association, root, QueryLevel.IMAGE, (*above, ("SeriesInstanceUID", one.uid)))
    return tuple(found)


def _matches(
    association: Association,
    root: Root,
    level: QueryLevel,
    above: tuple[tuple[str, str], ...],
    **unique: str,
) -> list[Entity]:
    keys: dict[str, str | None] = {**dict.fromkeys(keys_at(root, level)), **dict(above), **unique}
    matches = find_with(association, root.find, keys_of(level, keys)).require_success()
    return [Entity(level, identifier, above) for identifier in matches.identifiers]


def normal(keyword: str, text: str) -> str:
    """A value in a form of its own, so that forms of the same value are equal (PS3.5 6.2).

    Empty components at the end of a PN, missing and zero parts of a TM, dots in an old DA, zeros in front of
    an IS.
    """
    tag = tag_for_keyword(keyword)
    vr = dictionary_VR(tag) if tag is not None else ""
    plain = text.strip(" \0")
    if vr == "PN":
        return "=".join(group.rstrip("^ ") for group in plain.split("=")).rstrip("=")
    if vr == "TM":
        whole, _, fraction = plain.replace(":", "").partition(".")
        return f"{whole.ljust(6, '0')}.{fraction.rstrip('0')}" if plain else ""
    if vr == "DA":
        return plain.replace(".", "")
    if vr == "IS" and plain.lstrip("+-").isdecimal():
        return str(int(plain))
    return plain
