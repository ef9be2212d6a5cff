"""What the archive makes of a data set in another transfer syntax, judged by the harness's own walker."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from harness.archive.encoding import Malformed
from harness.archive.reading import read_attributes
from harness.archive.transcoding import convert
from harness.dimse.difference import DifferenceKind, difference
from harness.dimse.walker import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from harness.fuzz.nodes import Item, Node, encode


@pytest.mark.parametrize("target", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
@pytest.mark.parametrize("stored", [EXPLICIT_LITTLE, EXPLICIT_BIG])
def test_sequences_of_vr_un_stay_little_endian_within(stored: str, target: str, tmp_path: Path) -> None:
    """PS3.5 6.2.2, and every element is kept; the index takes an object with such a one."""
    within = (Node(0x00100010, "PN", b"A^B "), Node(0x00280010, "US", b"\x01\x02"))
    nodes = (
        Node(0x00080018, "UI", b"2.25.1"),
        Node(0x00190010, "LO", b"PHTEST"),
        Node(0x00191001, "UN", items=(Item(within), Item())),
        Node(0x00280010, "US", b"\x01\x02"),
    )
    path = tmp_path / "object"
    path.write_bytes(encode(nodes, stored))
    converted = b"".join(convert(path, 0, stored, target))
    found = difference(encode(nodes, stored), stored, converted, target)
    assert [entry for entry in found if entry.kind is not DifferenceKind.LENGTH_FORM] == []
    assert read_attributes(path, 0, stored).text(0x00080018) == "2.25.1"


def test_no_length_within_a_sequence_is_believed(tmp_path: Path) -> None:
    """In Implicit VR nobody has looked into it before it is converted."""
    item = bytes.fromhex("feff00e0 08000000 09000000 ffffff7f")
    path = tmp_path / "odd.dcm"
    path.write_bytes(bytes.fromhex("08001511 10000000") + item)
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            list(convert(path, 0, IMPLICIT_LITTLE, EXPLICIT_LITTLE))
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_a_group_length_without_a_length_is_no_number_of_bytes(tmp_path: Path) -> None:
    """A sequence where group lengths stand: four gigabytes were asked for, and are not there."""
    nested = "feff00e0 ffffffff 08005511 5549 0200 312e feff0de0 00000000 feffdde0 00000000"
    data = bytes.fromhex(f"01000000 5351 0000 ffffffff {nested}")
    path = tmp_path / "odd.dcm"
    path.write_bytes(data)
    converted = b"".join(convert(path, 0, EXPLICIT_LITTLE, EXPLICIT_LITTLE))
    assert difference(data, EXPLICIT_LITTLE, converted, EXPLICIT_LITTLE) == []
