"""What two products have in common, by what each takes."""

from __future__ import annotations

from harness.fuzz.cases import Sendable
from harness.fuzz.pair import in_common
from harness.scu.uids import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

SC = "1.2.840.10008.5.1.4.1.1.7"
RLE = "1.2.840.10008.1.2.5"
BOTH = ((CT_IMAGE_STORAGE, IMPLICIT_VR_LITTLE_ENDIAN), (SC, IMPLICIT_VR_LITTLE_ENDIAN))


def test_what_both_take_is_sent_and_nothing_is_left_out() -> None:
    assert in_common(Sendable(BOTH), Sendable(BOTH), "the other") == (Sendable(BOTH), [])


def test_what_one_does_not_take_is_left_out_and_named() -> None:
    ours = Sendable((*BOTH, (CT_IMAGE_STORAGE, RLE), (SC, RLE), (SC, EXPLICIT_VR_LITTLE_ENDIAN)))
    theirs = Sendable((*BOTH, (CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN), (SC, EXPLICIT_VR_LITTLE_ENDIAN)))
    shared, left_out = in_common(ours, theirs, "the other")
    assert shared.pairs == (*BOTH, (SC, EXPLICIT_VR_LITTLE_ENDIAN))
    assert left_out == [
        "what B, the other, does not take: RLE Lossless",
        "what A does not take: CT Image Storage in Explicit VR Little Endian",
    ]
