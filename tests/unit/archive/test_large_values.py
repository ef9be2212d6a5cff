"""Values that the index leaves in the file, since they are long, are no reason to refuse an object."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from harness.archive.reading import read_attributes

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
LONG = 70_000


def encoded(tag: int, vr: bytes, value: bytes, *, implicit: bool) -> bytes:
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + struct.pack("<I", len(value)) + value
    if vr in (b"OB", b"UT", b"UN"):
        return head + vr + struct.pack("<HI", 0, len(value)) + value
    return head + vr + struct.pack("<H", len(value)) + value


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize(("tag", "vr"), [(0x00291001, b"OB"), (0x00291001, b"UN"), (0x00420011, b"OB")])
def test_a_long_value_is_passed_over(tmp_path: Path, tag: int, vr: bytes, syntax: str) -> None:
    implicit = syntax == IMPLICIT
    path = tmp_path / "object"
    path.write_bytes(
        encoded(0x00080018, b"UI", b"1.2.3\0", implicit=implicit)
        + encoded(0x00100020, b"LO", b"ID", implicit=implicit)
        + encoded(tag, vr, bytes(LONG), implicit=implicit)
        + encoded(0x00880140, b"UI", b"1.2.4\0", implicit=implicit)
    )
    attributes = read_attributes(path, 0, syntax)
    assert (attributes.text(0x00080018), attributes.text(0x00100020)) == ("1.2.3", "ID")
    assert attributes.text(0x00880140) == "1.2.4", "what stands behind the long value is read"
    assert attributes.get(tag) is None
