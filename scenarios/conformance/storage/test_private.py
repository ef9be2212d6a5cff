"""Private elements (PS3.5 7.8): blocks, creators, sequences, and the way through Implicit VR.

An archive below Storage Level 2 may discard them (PS3.4 B.4.1.1), but not mix them up; whether it discards
them is told by `storage.kept.elements-explicit`.  Another block with the same creator is no change.
"""

from __future__ import annotations

from dataclasses import replace

from pydicom import DataElement, Dataset
from pydicom import Sequence as Items

from harness.dimse.walker import walk
from harness.plugin.keeping import Keeper, Kept
from harness.scenario import QUALITY, SHALL, not_supported, requirement
from harness.scu.status import describe
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import SyntheticInstance, variant
from harness.synthesis.shapes import block, code, content, element, item, shape

A, B = b"PHTEST A", b"PHTEST B"
CODES = 0x00400260
"""Performed Protocol Code Sequence, for items with private elements in them."""


@requirement("PS3.5 7.8.1", SHALL, "Private elements come back under their own creator.")
def test_block_kept(keeper: Keeper) -> None:
    elements = [(number, "LO", f"value {number}".encode()) for number in range(0x21)]
    wrong = keeper.wrong(block(A, *elements))
    assert not wrong, wrong


@requirement("PS3.5 7.8.1", SHALL, "A private block may stand at any number of its group.")
def test_block_other_than_10(keeper: Keeper) -> None:
    low = block(A, (0x01, "LO", b"in block 11"), (0xFF, "US", b"\x01\x02"), number=0x11)
    high = block(B, (0x01, "LO", b"in block F0"), (0xFF, "US", b"\x03\x04"), number=0xF0)
    wrong = keeper.wrong(low, high)
    assert not wrong, wrong


@requirement("PS3.5 7.8.1", SHALL, "Several creators in one group stay apart.")
def test_two_creators_one_group(keeper: Keeper) -> None:
    first = block(A, (0x01, "LO", b"of A"), (0x02, "DS", b"1.5"))
    second = block(B, (0x01, "LO", b"of B"), (0x02, "DS", b"-2"), number=0x11)
    wrong = keeper.wrong(first, second)
    assert not wrong, wrong


@requirement("PS3.5 7.8.1", SHALL, "One creator may reserve blocks in several groups.")
def test_same_creator_two_groups(keeper: Keeper) -> None:
    groups = (0x0029, 0x0031, 0x7FE1)
    wrong = keeper.wrong(*(block(A, (0x01, "LO", f"{group:04X}".encode()), group=group) for group in groups))
    assert not wrong, wrong


@requirement("PS3.5 7.8.1", SHALL, "Items reserve private blocks of their own.")
def test_in_items(keeper: Keeper) -> None:
    items = [
        item(code(b"CODE", creator) + content(block(creator, (0x01, "LO", b"of " + creator))))
        for creator in (A, B)
    ]
    wrong = keeper.wrong(block(A, (0x01, "LO", b"at the top")), shape(element(CODES, "SQ", b"".join(items))))
    assert not wrong, wrong


@requirement("PS3.5 7.8.2", SHALL, "Private sequences keep their items, with standard and private content.")
def test_sequence(keeper: Keeper) -> None:
    inner = item(content(block(B, (0x01, "LO", b"inner")), shape(element(0x00080104, "LO", b"standard"))))
    outer = item(content(block(A, (0x01, "SQ", inner), (0x02, "LO", b"behind it"))))
    wrong = keeper.wrong(block(A, (0x01, "SQ", outer + item(b"")), (0x02, "LO", b"behind all")))
    assert not wrong, wrong


def implicit_object(keeper: Keeper, *elements: DataElement) -> SyntheticInstance:
    """A CT image in Implicit VR with private elements, whose VRs nobody can know."""
    creator = DataElement(0x00290010, "LO", A.decode())
    base = keeper.corpus.new_study(transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN).instance(0)
    return variant(keeper.corpus.identity, base, elements=(creator, *elements))


def through_implicit(keeper: Keeper, *elements: DataElement) -> Kept:
    """Store such an object in Implicit VR, and bring it back in Explicit VR."""
    instance = implicit_object(keeper, *elements)
    kept = keeper.stored(instance)
    if not kept.is_found:
        return kept
    return replace(kept, received=(keeper.bring_in(instance, EXPLICIT_VR_LITTLE_ENDIAN),))


@requirement(
    "PS3.5 6.2.2", SHALL, "A private sequence stored in Implicit VR comes back in Explicit VR as SQ or as UN."
)
def test_sequence_through_implicit(keeper: Keeper) -> None:
    inner, outer = Dataset(), Dataset()
    inner.CodeMeaning = "innermost"
    outer.add(DataElement(0x00290010, "LO", B.decode()))
    outer.add(DataElement(0x00291001, "SQ", Items([inner])))
    outer.add(DataElement(0x00291002, "LO", "behind it"))
    wrong = keeper.judged(through_implicit(keeper, DataElement(0x00291001, "SQ", Items([outer, inner]))))
    assert not wrong, wrong


@requirement(
    "PS3.5 6.2.2", SHALL, "Private values of unknown VR keep their bytes from Implicit to Explicit VR."
)
def test_values_through_implicit(keeper: Keeper) -> None:
    values = (
        DataElement(0x00291001, "FD", -1.25e-300),
        DataElement(0x00291002, "US", [1, 0x8081, 0xFFFF]),
        DataElement(0x00291003, "LO", "text"),
        DataElement(0x00291004, "OW", bytes(range(256))),
        DataElement(0x00291005, "OB", b"\xe4\xf6\xfc\x00\x20\x00"),
    )
    wrong = keeper.judged(through_implicit(keeper, *values))
    assert not wrong, wrong


@requirement("PS3.5 6.2.2", SHALL, "Private creators are LO in Explicit VR, never UN.")
def test_creator_is_lo(keeper: Keeper) -> None:
    kept = through_implicit(keeper, DataElement(0x00291001, "LO", "text"))
    assert not kept.unread, kept.unread
    vrs = {
        one.path: one.vr
        for received in kept.received
        for one in walk(received.dataset, received.transfer_syntax)
        if one.tag >> 16 & 1 and 0x10 <= one.tag & 0xFFFF <= 0xFF
    }
    if not vrs:
        raise not_supported("private creators are not kept, which levels 0 and 1 allow (PS3.4 B.4.1.1)")
    odd = [path for path, vr in vrs.items() if vr != "LO"]
    assert not odd, f"the private creator {odd[0]} comes back as {vrs[odd[0]]}"


@requirement("PS3.5 7.8.1", QUALITY, "Private elements without a creator, which is not legal, do no harm.")
def test_without_creator(keeper: Keeper) -> None:
    kept = keeper.keep(keeper.object_with(shape(element(0x00291001, "LO", b"of nobody"))))
    if kept.is_stored:
        assert not kept.unread, f"answered {describe(kept.response)}: {kept.unread}"
