"""Palette colour lookup tables, whole or in segments (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9.2)."""

from __future__ import annotations

import struct

from harness.fuzz.objects.elements import data, numbers, text
from harness.fuzz.objects.parts import Part

PALETTE = text("PhotometricInterpretation", "PALETTE COLOR")
_COLOURS = ("Red", "Green", "Blue")
_ENTRIES = 256
_DISCRETE, _LINEAR = 0, 1
"""Opcodes of segments (PS3.3 table C.7-24)."""


def palette(number: int, bits: int, *, is_segmented: bool = False) -> Part:
    """Tables for pixels of 8 bits, of 8 or 16 bits an entry, which follow from a number; segments have 16."""
    nodes = []
    prefix = "Segmented" if is_segmented else ""
    for index, colour in enumerate(_COLOURS):
        nodes.append(numbers(f"{colour}PaletteColorLookupTableDescriptor", _ENTRIES, 0, bits, vr="US"))
        start = number * 7 + index * 80
        if is_segmented:
            value = _segments(start)
        else:
            levels = ((start + entry) % 256 for entry in range(_ENTRIES))
            # An entry of 16 bits takes the whole range: both bytes alike (C.7.6.3.1.6).
            value = b"".join(bytes((level,)) * (bits // 8) for level in levels)
        nodes.append(data(f"{prefix}{colour}PaletteColorLookupTableData", "OW", value))
    trait = "segmented palette" if is_segmented else f"palette of {bits} bits"
    return Part(tuple(nodes), (trait,))


def _segments(start: int) -> bytes:
    """Two entries as they are, then two straight lines to the end of the table."""
    first, middle, last = start * 257 % 0x10000, 0x8000, start * 509 % 0x10000
    words = (_DISCRETE, 2, first, first, _LINEAR, 126, middle, _LINEAR, _ENTRIES - 128, last)
    return struct.pack(f"<{len(words)}H", *words)
