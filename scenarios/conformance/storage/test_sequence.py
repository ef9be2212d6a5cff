"""Sequences in every form of length (PS3.5 7.5).

An archive below Storage Level 2 may discard elements (PS3.4 B.4.1.1), but it has to read the object, and what
it gives back is what it was given; `storage.values.unusual-kept` tells of it where it discards some.
"""

from __future__ import annotations

from harness.plugin.keeping import Keeper
from harness.scenario import QUALITY, SHALL, requirement
from harness.synthesis import shapes
from harness.synthesis.shapes import block, element, item

ORDERED = 50
MANY = 2000


@requirement("PS3.5 7.5.2", SHALL, "Sequences and items of undefined length are read.")
def test_undefined_length(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.sequences_of_undefined_length())
    assert not wrong, wrong


@requirement("PS3.5 7.5.1", SHALL, "Sequences and items of defined length are read, and both forms mixed.")
def test_defined_length(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.sequences_of_defined_length())
    assert not wrong, wrong


@requirement(
    "PS3.5 7.5.1", SHALL, "A sequence without items and one with an empty item are read, and not confused."
)
def test_empty_and_empty_item(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.empty_sequence_and_empty_items())
    assert not wrong, wrong


@requirement("PS3.5 7.5", SHALL, "Sequences within sequences are read, eight levels deep.")
def test_deep_nesting(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.deep_sequences())
    assert not wrong, wrong


def numbered(count: int) -> bytes:
    """So many items, each of which knows its place."""
    return b"".join(item(element(0x00080104, "LO", f"item {number}".encode())) for number in range(count))


@requirement("PS3.5 7.5", SHALL, "The items of a sequence come back in the order in which they were stored.")
def test_item_order(keeper: Keeper) -> None:
    referenced = b"".join(item(shapes.reference(number)) for number in range(ORDERED))
    wrong = keeper.wrong(shapes.shape(element(0x00081140, "SQ", referenced)))
    assert not wrong, wrong


@requirement("PS3.5 7.5", QUALITY, "A sequence of two thousand items is stored and comes back.")
def test_many_items(keeper: Keeper) -> None:
    wrong = keeper.wrong(block(b"PHTEST MANY", (0x01, "SQ", numbered(MANY))))
    assert not wrong, wrong
