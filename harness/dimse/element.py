"""Data sets as bytes: walking, comparing, and the header of a DICOM file; one place to import them from."""

from harness.dimse.difference import (
    HARMLESS,
    Difference,
    DifferenceKind,
    difference,
    summary,
    without,
)
from harness.dimse.part10 import Part10, part10, write_part10
from harness.dimse.walker import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    PIXEL_DATA,
    UNDEFINED,
    Element,
    inflate,
    shown_tag,
    walk,
)

__all__ = [
    "DEFLATED",
    "Difference",
    "DifferenceKind",
    "EXPLICIT_BIG",
    "EXPLICIT_LITTLE",
    "Element",
    "HARMLESS",
    "IMPLICIT_LITTLE",
    "ITEM",
    "PIXEL_DATA",
    "Part10",
    "UNDEFINED",
    "difference",
    "inflate",
    "part10",
    "shown_tag",
    "summary",
    "walk",
    "without",
    "write_part10",
]
