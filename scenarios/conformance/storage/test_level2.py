"""What Storage Level 2 promises (PS3.4 B.4.1.1), where it is claimed or negotiated."""

from __future__ import annotations

from harness.plugin.keeping import FULL, Keeper
from harness.scenario import SHALL, not_supported, requirement
from harness.synthesis.shapes import Shape, element, item, shape

TYPE_3 = {
    0x00080012: ("DA", "20240229"), 0x00080013: ("TM", "093000"), 0x00080014: ("UI", "2.25.1"),
    0x00080080: ("LO", "Hospital"), 0x00080081: ("ST", "Street\r\nTown"), 0x00081010: ("SH", "CT1"),
    0x00081030: ("LO", "Chest"), 0x0008103E: ("LO", "Axial"), 0x00081040: ("LO", "Radiology"),
    0x00081048: ("PN", "PHTEST^Physician"), 0x00081050: ("PN", "PHTEST^Performer"),
    0x00081060: ("PN", "PHTEST^Reader"), 0x00081070: ("PN", "PHTEST^Operator"),
    0x00081080: ("LO", "Cough"), 0x00081090: ("LO", "Model"), 0x00082111: ("ST", "A derivation"),
    0x00101010: ("AS", "064Y"), 0x00101020: ("DS", "1.75"), 0x00101030: ("DS", "70.5"),
    0x00102160: ("SH", "Group"), 0x00102180: ("SH", "Teacher"), 0x001021B0: ("LT", "A history"),
    0x00104000: ("LT", "A comment"), 0x00180010: ("LO", "Contrast"), 0x00180015: ("CS", "CHEST"),
    0x00180022: ("CS", "HELICAL MODE"), 0x00180090: ("DS", "500"), 0x00181000: ("LO", "12345"),
    0x00181020: ("LO", "1.0"), 0x00181030: ("LO", "Protocol"), 0x00181100: ("DS", "350"),
    0x00181110: ("DS", "1040"), 0x00181111: ("DS", "570"), 0x00181120: ("DS", "0"),
    0x00181130: ("DS", "150"), 0x00181140: ("CS", "CW"), 0x00181150: ("IS", "500"),
    0x00181151: ("IS", "200"), 0x00181152: ("IS", "100"), 0x00181160: ("SH", "BODY"),
    0x00181170: ("IS", "24"), 0x00181190: ("DS", "0.7"), 0x00181200: ("DA", "20240101"),
    0x00181201: ("TM", "070000"), 0x00181210: ("SH", "B30f"), 0x00185100: ("CS", "HFS"),
    0x00200100: ("IS", "1"), 0x00201002: ("IS", "1"), 0x00201041: ("DS", "-12.5"),
    0x00204000: ("LT", "An image comment"), 0x00281050: ("DS", "40"), 0x00281051: ("DS", "400"),
    0x00281055: ("LO", "LUNG"), 0x00321060: ("LO", "Procedure"), 0x00400244: ("DA", "20240229"),
    0x00400245: ("TM", "093000"), 0x00400253: ("SH", "STEP1"), 0x00400254: ("LO", "Step"),
    0x00400280: ("ST", "Comments"), 0x00401400: ("LT", "Request comments"),
}  # fmt: skip
EXTENDED = {
    0x00080041: ("LO", "Retired"),  # Data Set Subtype
    0x00080304: ("US", "\x01\x02"),
    0x00120052: ("FD", "\0\0\0\0\0\0\xf0\x3f"),  # Longitudinal Temporal Offset from Event
    0x00181240: ("IS", "17"),  # Upper/Lower Pixel Values, retired
    0x00189941: ("UT", "Of a recent edition"),  # Image Filter Description
    0x00200070: ("LO", "PLANAR"),  # Image Geometry Type, retired
    0x0020930A: ("FD", "\0\0\0\0\0\0\x00\xc0"),
    0x00281199: ("UI", "2.25.2"),
    0x0040A121: ("DA", "20240229"),  # Date, of an SR
    0x00700006: ("ST", "Of a presentation state"),
    0x300A0002: ("SH", "Of a plan"),
}
"""Attributes of other IODs, of recent editions, and retired ones: a Standard Extended SOP Class."""


def attributes(of: dict[int, tuple[str, str]]) -> Shape:
    return shape(*(element(tag, vr, value.encode("latin-1")) for tag, (vr, value) in of.items()))


def expect_level_2(keeper: Keeper) -> None:
    if keeper.level() != FULL:
        raise not_supported("Storage Level 2 is neither claimed nor negotiated")


@requirement("PS3.4 B.4.1.1", SHALL, "At Storage Level 2 the Type 3 attributes of the IOD are kept.")
def test_type3_kept(keeper: Keeper) -> None:
    expect_level_2(keeper)
    wrong = keeper.wrong(attributes(TYPE_3))
    assert not wrong, wrong


@requirement(
    "PS3.4 B.4.1.1",
    SHALL,
    "At Storage Level 2 attributes that the IOD does not name are kept: extended, recent and retired ones.",
)
def test_unknown_standard_kept(keeper: Keeper) -> None:
    expect_level_2(keeper)
    items = element(0x0018990C, "SQ", item(element(0x00081150, "UI", b"1.2.840.10008.5.1.4.1.1.200.1")))
    wrong = keeper.wrong(attributes(EXTENDED), shape(items))
    assert not wrong, wrong
