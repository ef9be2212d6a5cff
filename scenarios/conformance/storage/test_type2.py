"""Attributes of Type 2: present, and empty where nobody knows the value (PS3.5 7.4.3)."""

from __future__ import annotations

from harness.dimse.walker import shown_tag
from harness.plugin.keeping import Keeper
from harness.scenario import QUALITY, SHALL, SHOULD, not_supported, requirement
from harness.scu.kept import value_of
from harness.scu.status import describe, is_failure
from harness.synthesis import ABSENT
from harness.synthesis.shapes import element, shape

EMPTY = {
    0x00080020: "DA", 0x00080030: "TM", 0x00080050: "SH", 0x00080070: "LO", 0x00080090: "PN",
    0x00100010: "PN", 0x00100030: "DA", 0x00100040: "CS", 0x00180060: "DS", 0x00200010: "SH",
    0x00200011: "IS", 0x00200012: "IS", 0x00200013: "IS", 0x00201040: "LO",
}  # fmt: skip
"""The Type 2 attributes of a CT image (PS3.3 A.3.3); Patient ID has a requirement of its own."""


@requirement("PS3.5 7.4.3", SHALL, "Attributes of Type 2 without value are there when the object comes back.")
def test_empty_kept(keeper: Keeper) -> None:
    if not keeper.level():
        raise not_supported("neither Storage Level 1 nor 2 is claimed or negotiated (PS3.4 B.4.1.1)")
    kept = keeper.keep(keeper.object_with(shape(*(element(tag, vr, b"") for tag, vr in EMPTY.items()))))
    assert not kept.unread, kept.unread
    for received in kept.received:
        gone = [shown_tag(tag) for tag in EMPTY if value_of(received, tag) is None]
        assert not gone, f"{len(gone)} empty attributes of Type 2 are gone: {', '.join(gone)}"


@requirement("PS3.5 7.4.3", SHOULD, "An object whose Patient ID has no value is taken and found.")
def test_empty_patient_id(keeper: Keeper) -> None:
    study = keeper.corpus.new_study(instances=1, PatientID=None)
    kept = keeper.stored(study.instance(0))
    assert kept.is_stored, f"an object without a value in Patient ID is answered {describe(kept.response)}"
    assert kept.is_found, f"answered {describe(kept.response)}, and not found by its UIDs"


@requirement(
    "PS3.4 B.4.1.1", QUALITY, "An object that lacks attributes of Type 2 is refused, or kept and found."
)
def test_absent(keeper: Keeper) -> None:
    study = keeper.corpus.new_study(instances=1, AccessionNumber=ABSENT, StudyID=ABSENT)
    kept = keeper.keep(study.instance(0))
    if not is_failure(kept.response.integer("Status")):
        assert not kept.unread, f"without Accession Number and Study ID: {kept.unread}"
