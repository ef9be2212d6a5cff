"""What an archive may legally do to an object is seen through; what it may not is told."""

from __future__ import annotations

import pytest

from harness.dimse.command import CommandSet
from harness.dimse.difference import DifferenceKind
from harness.scu.inbox import Received
from harness.scu.kept import changes, disordered, realigned, value_of, wrong_group_length
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT
from harness.scu.uids import IMPLICIT_VR_LITTLE_ENDIAN as IMPLICIT
from harness.synthesis import Identity, SyntheticInstance, encode_dataset, new_study
from harness.synthesis.shapes import (
    Shape,
    block,
    content,
    element,
    group_length,
    item,
    shape,
    top_level,
    with_elements,
)

BASE = new_study(Identity("2.25.1", "kept"), instances=1).instance(0)


def sent(*shapes: Shape) -> SyntheticInstance:
    return SyntheticInstance(
        BASE.sop_class,
        BASE.sop_instance_uid,
        EXPLICIT,
        with_elements(BASE.dataset, *shapes),
        BASE.attributes,
    )


def back(dataset: bytes, transfer_syntax: str = EXPLICIT) -> Received:
    return Received(
        BASE.sop_class, BASE.sop_instance_uid, transfer_syntax, dataset, CommandSet.of(MessageID=1), 1
    )


A = block(b"PHTEST A", (0x01, "LO", b"of A"), (0x02, "US", b"\1\2"))
B = block(b"PHTEST B", (0x01, "LO", b"of B"), number=0x11)


def private_of(number_of_a: int, number_of_b: int, *, swapped: bool = False) -> list[Shape]:
    first, second = (b"PHTEST B", b"PHTEST A") if swapped else (b"PHTEST A", b"PHTEST B")
    return [
        block(first, (0x01, "LO", b"of A"), (0x02, "US", b"\1\2"), number=number_of_a),
        block(second, (0x01, "LO", b"of B"), number=number_of_b),
    ]


@pytest.mark.parametrize(("of_a", "of_b"), [(0x10, 0x11), (0x20, 0x10), (0x11, 0x10), (0xFF, 0xF0)])
def test_blocks_may_move_with_their_creators(of_a: int, of_b: int) -> None:
    received = back(with_elements(BASE.dataset, *private_of(of_a, of_b)))
    assert changes(sent(A, B), received) == []


def test_elements_of_swapped_creators_are_changed() -> None:
    received = back(with_elements(BASE.dataset, *private_of(0x10, 0x11, swapped=True)))
    kinds = {entry.kind for entry in changes(sent(A, B), received)}
    assert DifferenceKind.VALUE in kinds or DifferenceKind.MISSING in kinds


def test_blocks_move_within_items_too() -> None:
    def holding(number: int, inner: int) -> Shape:
        nested = item(content(block(b"PHTEST B", (0x01, "LO", b"deep"), number=inner)))
        return block(b"PHTEST A", (0x01, "SQ", nested + nested), number=number)

    received = back(with_elements(BASE.dataset, holding(0x33, 0x44)))
    assert changes(sent(holding(0x10, 0x10)), received) == []


def test_strange_creator_does_not_hide_ours() -> None:
    strange = block(b"ARCHIVE", (0x01, "LO", b"added"))
    moved = block(b"PHTEST A", (0x01, "LO", b"of A"), (0x02, "US", b"\1\2"), number=0x11)
    assert changes(sent(A), back(with_elements(BASE.dataset, strange, moved))) == []


def test_lost_private_elements_are_missing() -> None:
    found = changes(sent(A), back(BASE.dataset))
    assert {entry.kind for entry in found} == {DifferenceKind.MISSING}
    assert len(found) == 3


def test_moved_and_disordered_is_told() -> None:
    parts = content(*private_of(0x30, 0x20))
    at = parts.index(b"\x29\0\x30\0")
    behind = BASE.dataset[: BASE.dataset.index(b"\xe0\x7f\x10\0")] + parts[at:] + parts[:at]
    found = changes(sent(A, B), back(behind + BASE.dataset[BASE.dataset.index(b"\xe0\x7f\x10\0") :]))
    assert DifferenceKind.ORDER in {entry.kind for entry in found}


def test_implicit_and_empty_and_added_are_no_changes() -> None:
    empty = block(b"PHTEST A", (0x01, "LO", b""))
    added = shape(element(0x00080015, "DT", b"20240229093000"))
    reserved = block(b"PHTEST A")
    received = back(with_elements(BASE.dataset, reserved, added))
    assert changes(sent(empty), received) == []
    assert changes(sent(), back(encode_dataset(BASE.attributes, IMPLICIT), IMPLICIT)) == []


def test_empty_item_is_a_value() -> None:
    one = block(b"PHTEST A", (0x01, "SQ", item(b"")))
    none = block(b"PHTEST A", (0x01, "SQ", b""))
    (entry,) = changes(sent(one), back(with_elements(BASE.dataset, none)))
    assert entry.kind is DifferenceKind.ITEM_COUNT


def test_nothing_moves_where_nothing_has_to() -> None:
    data = with_elements(BASE.dataset, A)
    assert realigned(data, EXPLICIT, data, EXPLICIT) is data


def test_disordered_finds_the_element_in_an_item() -> None:
    good = element(0x00080100, "SH", b"CODE") + element(0x00080102, "SH", b"99PHTEST")
    bad = element(0x00080102, "SH", b"99PHTEST") + element(0x00080100, "SH", b"CODE")
    assert (
        disordered(with_elements(BASE.dataset, shape(element(0x00400260, "SQ", item(good)))), EXPLICIT)
        is None
    )
    odd = disordered(with_elements(BASE.dataset, shape(element(0x00400260, "SQ", item(bad) * 2))), EXPLICIT)
    assert odd is not None
    assert odd.path == "(0040,0260)[0](0008,0100)"


@pytest.mark.parametrize(("error", "is_wrong"), [(b"", False), (b"xx", True)])
def test_group_length_is_that_of_its_group(error: bytes, is_wrong: bool) -> None:
    group = b"".join(
        BASE.dataset[start:end] for tag, start, end in top_level(BASE.dataset) if tag >> 16 == 0x0010
    )
    received = back(with_elements(BASE.dataset, group_length(group + error, 0x0010)))
    assert bool(wrong_group_length(received)) is is_wrong
    assert value_of(received, 0x00100000) == len(group + error).to_bytes(4, "little")


@pytest.mark.parametrize(("tag", "is_allowed"), [(0x00283006, True), (0x00281201, False)])
def test_a_lookup_table_may_be_of_either_vr(tag: int, is_allowed: bool) -> None:
    """PS3.5 A.2 leaves the choice for LUT Data alone."""
    stored, came = (shape(element(tag, vr, b"\1\0\2\0")) for vr in ("US", "OW"))
    found = changes(sent(stored), back(with_elements(BASE.dataset, came)))
    assert [entry.kind for entry in found] == ([] if is_allowed else [DifferenceKind.VR])


def test_an_icon_may_follow_the_compression_and_nothing_else_in_its_place() -> None:
    """PS3.5 A.4."""
    jpeg = "1.2.840.10008.1.2.4.90"

    def icon(pixels: bytes, label: bytes) -> Shape:
        nodes = element(0x00400310, "ST", label) + element(0x7FE00010, "OB", pixels)
        return shape(element(0x00880200, "SQ", item(nodes)))

    def changed(pixels: bytes, label: bytes, transfer_syntax: str) -> list[int]:
        came = back(with_elements(BASE.dataset, icon(pixels, label)), transfer_syntax)
        return [entry.tag for entry in changes(sent(icon(b"ab", b"A ")), came)]

    assert changed(b"cd", b"A ", jpeg) == []
    assert changed(b"ab", b"B ", jpeg) == [0x00400310]
    assert changed(b"cd", b"A ", EXPLICIT) == [0x7FE00010]
