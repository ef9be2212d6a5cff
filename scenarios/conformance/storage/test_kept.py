"""Every element kept (PS3.4 B.4.1): mandatory at Storage Level 2, else what a hospital may expect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from pydicom import DataElement, Dataset
from pydicom import Sequence as Items

from harness.dimse.negotiation import ExtendedNegotiation
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_supported, requirement
from harness.scu.inbox import Received
from harness.scu.retrieved import altered, odd_ones
from harness.scu.session import Scu
from harness.scu.uids import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import SyntheticInstance, SyntheticStudy, assemble, variant
from harness.target import Target

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]


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
        DataElement(0x00291010 & 0xFFFF00FF, "LO", "PHTEST ONE"),
        DataElement(0x00291001, "SH", "elsewhere"),
    )


def nested(depth: int) -> tuple[DataElement, ...]:
    inside = item(DataElement(0x00080100, "SH", "DEEPEST"))
    for _ in range(depth):
        inside = item(DataElement(0x00080100, "SH", "CODE"), DataElement(0x00400260, "SQ", Items([inside])))
    return (DataElement(0x00400260, "SQ", Items([inside])),)


CASES: dict[str, tuple[DataElement, ...]] = {
    "private-block": private_block(),
    "two-private-creators": two_creators(),
    "private-in-items": (
        DataElement(0x00400260, "SQ", Items([item(*private_block()), item(*two_creators())])),
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
        DataElement(0x00182042 & 0xFFFF0000 | 0x0015, "CS", "CHEST"),
        DataElement(0x00204000, "LT", "x" * 10_240),
    ),
    "sequence-of-items": (
        DataElement(
            0x00081140, "SQ", Items([item(DataElement(0x00081155, "UI", f"1.2.3.{n}")) for n in range(50)])
        ),
    ),
    "deep-sequence": nested(20),
    "empty-values": (DataElement(0x00100030, "DA", ""), DataElement(0x00080090, "PN", "")),
    "several-values": (DataElement(0x00080008, "CS", ["ORIGINAL", "PRIMARY", "", "AXIAL"]),),
}


def stored_with(
    corpus: Corpus, store_study: StoreStudy, elements: tuple[DataElement, ...], transfer_syntax: str
) -> SyntheticStudy:
    base = corpus.new_study("CT", transfer_syntax=transfer_syntax).instance(0)
    (study,) = assemble([variant(corpus.identity, base, elements=elements)])
    return store_study(study)


def judged(study: SyntheticStudy, received: Sequence[Received]) -> str:
    return odd_ones(study.instances, received) or altered(study.instances, received)


@pytest.mark.parametrize("case", CASES)
@requirement(
    "PS3.4 B.4.1",
    QUALITY,
    "Optional, private and nested elements come back as they were stored (Explicit VR).",
)
def test_elements_explicit(corpus: Corpus, store_study: StoreStudy, retrieved: Bring, case: str) -> None:
    study = stored_with(corpus, store_study, CASES[case], EXPLICIT_VR_LITTLE_ENDIAN)
    lost = judged(study, retrieved(study.instances))
    assert not lost, lost


@pytest.mark.parametrize("case", CASES)
@requirement(
    "PS3.4 B.4.1",
    QUALITY,
    "Optional, private and nested elements come back as they were stored (Implicit VR).",
)
def test_elements_implicit(corpus: Corpus, store_study: StoreStudy, retrieved: Bring, case: str) -> None:
    study = stored_with(corpus, store_study, CASES[case], IMPLICIT_VR_LITTLE_ENDIAN)
    lost = judged(study, retrieved(study.instances))
    assert not lost, lost


@pytest.mark.parametrize("case", CASES)
@requirement("PS3.4 B.4.1.1", SHALL, "An archive of Storage Level 2 keeps every element of an object.")
def test_level_2(
    scu: Scu, target: Target, corpus: Corpus, store_study: StoreStudy, retrieved: Bring, case: str
) -> None:
    if target.claims.storage_level != 2 and negotiated_level(scu) != 2:
        raise not_supported("Storage Level 2 is neither claimed nor negotiated")
    study = stored_with(corpus, store_study, CASES[case], EXPLICIT_VR_LITTLE_ENDIAN)
    lost = judged(study, retrieved(study.instances))
    assert not lost, lost


def negotiated_level(scu: Scu) -> int | None:
    """The level of support that the product answers to Storage extended negotiation (PS3.4 B.3.1)."""
    offer = ExtendedNegotiation(CT_IMAGE_STORAGE, bytes(6))
    with scu.open(CT_IMAGE_STORAGE, extended=(offer,)) as association:
        answers = [
            one.data for one in association.accepted.user.extended if one.sop_class == CT_IMAGE_STORAGE
        ]
    return answers[0][0] if answers and answers[0] else None
