"""Every element kept (PS3.4 B.4.1): mandatory at Storage Level 2, else what a hospital may expect."""

from __future__ import annotations

import pytest
from pydicom import DataElement, Dataset
from pydicom import Sequence as Items

from harness.plugin.keeping import FULL, Keeper, Kept
from harness.scenario import QUALITY, SHALL, not_supported, requirement
from harness.scu.uids import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import variant


def item(*elements: DataElement) -> Dataset:
    made = Dataset()
    for element in elements:
        made.add(element)
    return made


def private_block() -> tuple[DataElement, ...]:
    return (
        DataElement(0x00190010, "LO", "PHTEST ONE"),
        DataElement(0x00191001, "LO", "text"),
        DataElement(0x00191002, "DS", ["1.5", "-2"]),
        DataElement(0x001910FF, "OB", bytes(range(256))),
    )


def two_creators() -> tuple[DataElement, ...]:
    return (
        *private_block(),
        DataElement(0x00190012, "LO", "PHTEST TWO"),
        DataElement(0x00191201, "US", 513),
        DataElement(0x001912FE, "FD", -1.25),
        DataElement(0x00290010, "LO", "PHTEST ONE"),
        DataElement(0x00291001, "SH", "elsewhere"),
    )


def code(value: str) -> tuple[DataElement, ...]:
    """What an item of a code sequence has (PS3.3 table 8.8-1)."""
    return (
        DataElement(0x00080100, "SH", value),
        DataElement(0x00080102, "SH", "99PHTEST"),
        DataElement(0x00080104, "LO", value.capitalize()),
    )


def nested(depth: int) -> tuple[DataElement, ...]:
    inside = item(*code("DEEPEST"))
    for _ in range(depth):
        inside = item(*code("CODE"), DataElement(0x00400260, "SQ", Items([inside])))
    return (DataElement(0x00400260, "SQ", Items([inside])),)


CASES: dict[str, tuple[DataElement, ...]] = {
    "private-block": private_block(),
    "two-private-creators": two_creators(),
    "private-in-items": (
        DataElement(
            0x00400260,
            "SQ",
            Items([item(*code("ONE"), *private_block()), item(*code("TWO"), *two_creators())]),
        ),
    ),
    "private-sequence": (
        DataElement(0x00190010, "LO", "PHTEST ONE"),
        DataElement(0x00191010, "SQ", Items([item(*private_block()), item()])),
    ),
    "unknown-vr": (
        DataElement(0x00190010, "LO", "PHTEST UN"),
        DataElement(0x00191003, "UN", b"\x01\x02\x03\x04"),
    ),
    "standard-type-3": (
        DataElement(0x00081030, "LO", "A study description"),
        DataElement(0x00104000, "LT", "A comment\r\nof two lines"),
        DataElement(0x00180015, "CS", "CHEST"),
        DataElement(0x00204000, "LT", "x" * 10_240),
    ),
    "sequence-of-items": (
        DataElement(
            0x00081140,
            "SQ",
            Items(
                [
                    item(
                        DataElement(0x00081150, "UI", CT_IMAGE_STORAGE),
                        DataElement(0x00081155, "UI", f"1.2.3.{n}"),
                    )
                    for n in range(50)
                ]
            ),
        ),
    ),
    "deep-sequence": nested(20),
    "empty-values": (DataElement(0x00100030, "DA", ""), DataElement(0x00080090, "PN", "")),
    "several-values": (DataElement(0x00080008, "CS", ["ORIGINAL", "PRIMARY", "AXIAL", "", "PHTEST"]),),
}


def kept_with(
    keeper: Keeper, elements: tuple[DataElement, ...], transfer_syntax: str, *, as_it_is: bool = True
) -> Kept:
    base = keeper.corpus.new_study("CT").instance(0)
    instance = variant(keeper.corpus.identity, base, elements=elements, transfer_syntax=transfer_syntax)
    return keeper.keep(instance, as_it_is=as_it_is)


@pytest.mark.parametrize("case", CASES)
@requirement(
    "PS3.4 B.4.1",
    QUALITY,
    "Optional, private and nested elements come back as they were stored (Explicit VR).",
)
def test_elements_explicit(keeper: Keeper, case: str) -> None:
    lost = kept_with(keeper, CASES[case], EXPLICIT_VR_LITTLE_ENDIAN).lost
    assert not lost, lost


@pytest.mark.parametrize("case", CASES)
@requirement(
    "PS3.4 B.4.1",
    QUALITY,
    "Optional, private and nested elements come back as they were stored (Implicit VR).",
)
def test_elements_implicit(keeper: Keeper, case: str) -> None:
    lost = kept_with(keeper, CASES[case], IMPLICIT_VR_LITTLE_ENDIAN).lost
    assert not lost, lost


@pytest.mark.parametrize("case", CASES)
@requirement("PS3.4 B.4.1.1", SHALL, "An archive of Storage Level 2 keeps every element of an object.")
def test_level_2(keeper: Keeper, case: str) -> None:
    if keeper.level() != FULL:
        raise not_supported("Storage Level 2 is neither claimed nor negotiated")
    lost = kept_with(keeper, CASES[case], EXPLICIT_VR_LITTLE_ENDIAN, as_it_is=False).lost
    assert not lost, lost
