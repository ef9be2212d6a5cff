"""What archives lose most easily: private elements and deep sequences."""

from __future__ import annotations

from pydicom import Dataset

PRIVATE_CREATORS = ("PHTEST ONE 1.0", "PHTEST TWO 1.0")


def add_private(ds: Dataset) -> None:
    """Private elements (PS3.5 7.8): two creators, two blocks in a group, several VRs, a private sequence."""
    first = ds.private_block(0x0019, PRIVATE_CREATORS[0], create=True)
    first.add_new(0x01, "LO", "kept word for word")
    first.add_new(0x02, "US", [1, 2, 65535])
    first.add_new(0x03, "FD", 0.1)
    first.add_new(0x04, "OB", bytes(range(256)))
    first.add_new(0x05, "UN", b"unknown\0")
    first.add_new(0x06, "LO", None)
    second = ds.private_block(0x0019, PRIVATE_CREATORS[1], create=True)
    second.add_new(0x01, "UT", "a longer text\r\nof two lines")
    item = Dataset()
    inner = item.private_block(0x0021, PRIVATE_CREATORS[1], create=True)
    inner.add_new(0x10, "DS", ["1.5", "-2.25"])
    inner.add_new(0x11, "SQ", [Dataset()])
    second.add_new(0x02, "SQ", [item, Dataset()])
    third = ds.private_block(0x7EE1, PRIVATE_CREATORS[0], create=True)
    third.add_new(0xFF, "UI", "1.2.840.10008.1.1")


def add_depth(ds: Dataset, depth: int) -> None:
    """Nest items `depth` levels deep, in a private sequence that no IOD limits."""
    innermost = Dataset()
    innermost.private_block(0x0019, PRIVATE_CREATORS[1], create=True).add_new(0x03, "LO", f"depth {depth}")
    for _ in range(depth - 1):
        outer = Dataset()
        outer.private_block(0x0019, PRIVATE_CREATORS[1], create=True).add_new(0x04, "SQ", [innermost])
        innermost = outer
    ds.private_block(0x0019, PRIVATE_CREATORS[1], create=True).add_new(0x04, "SQ", [innermost])
