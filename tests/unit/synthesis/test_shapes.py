"""The unusual encodings are legal, and say what they are meant to say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.dimse.walker import UNDEFINED, walk
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import Identity, new_study, shapes
from harness.synthesis.shapes import (
    Shape,
    block,
    content,
    element,
    in_implicit,
    item,
    shape,
    top_level,
    with_elements,
)

BASE = new_study(Identity("2.25.1", "shapes"), instances=1).instance(0).dataset
MADE: list[Callable[[], Shape]] = [
    shapes.sequences_of_undefined_length,
    shapes.sequences_of_defined_length,
    shapes.empty_sequence_and_empty_items,
    shapes.deep_sequences,
    shapes.un_of_defined_length,
    shapes.un_of_undefined_length,
    shapes.un_of_standard_tags,
    shapes.very_long_values,
]


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_the_object_can_be_walked_in_order(made: Callable[[], Shape]) -> None:
    data = with_elements(BASE, made())
    tags = [one.tag for one in walk(data, EXPLICIT_VR_LITTLE_ENDIAN) if not one.depth]
    assert tags == sorted(set(tags))
    assert set(made()) <= set(tags)
    assert all(
        one.length % 2 == 0 or one.length == UNDEFINED for one in walk(data, EXPLICIT_VR_LITTLE_ENDIAN)
    )


def test_elements_take_the_place_of_others() -> None:
    data = with_elements(BASE, shape(element(0x00100020, "LO", b"other")))
    found = [bytes(one.value) for one in walk(data, EXPLICIT_VR_LITTLE_ENDIAN) if one.tag == 0x00100020]
    assert found == [b"other "]


def test_a_block_has_its_creator_and_its_elements() -> None:
    made = block(b"PHTEST", (0x01, "LO", b"one"), (0xFF, "UI", b"1.2.3"), group=0x0031, number=0x20)
    assert list(made) == [0x00310020, 0x00312001, 0x003120FF]
    assert made[0x003120FF].endswith(b"1.2.3\0")


def test_content_is_in_order_and_the_last_one_counts() -> None:
    parts = content(block(b"B", number=0x11), block(b"A"), block(b"C"))
    assert [bytes(one.value) for one in walk(parts, EXPLICIT_VR_LITTLE_ENDIAN)] == [b"C ", b"B "]


def test_an_undefined_length_at_the_top_is_refused() -> None:
    with pytest.raises(ValueError, match="undefined length"):
        list(top_level(element(0x00081140, "SQ", item(b""), undefined=True)))


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_in_implicit_vr_the_elements_are_the_same(made: Callable[[], Shape]) -> None:
    data = with_elements(BASE, made())
    if any(one.vr == "UN" for one in walk(data, EXPLICIT_VR_LITTLE_ENDIAN)):
        with pytest.raises(ValueError, match="UN of"):
            in_implicit(data)
        return
    assert told(in_implicit(data), IMPLICIT_VR_LITTLE_ENDIAN) == told(data, EXPLICIT_VR_LITTLE_ENDIAN)


def told(data: bytes, transfer_syntax: str) -> list[tuple[int, int, bytes]]:
    return [(one.tag, one.depth, bytes(one.value)) for one in walk(data, transfer_syntax)]
