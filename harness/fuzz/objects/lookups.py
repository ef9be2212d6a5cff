"""Lookup tables for an image's values, and the profile of its colours (PS3.3 C.11.1, C.11.2, C.11.15)."""

from __future__ import annotations

import functools
import struct

from hypothesis import strategies as st

from harness.fuzz.nodes import Node
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.elements import data, numbers, sequence, text
from harness.fuzz.objects.parts import Part, Setting

_ENTRIES = st.sampled_from((16, 2, 256, 1_024))
_NUMBERS = st.integers(0, 0xFFFF)
_COUNTS = st.sampled_from((1, 2, 3))


def _table(entries: int, number: int, setting: Setting, first_vr: str, *more: Node) -> tuple[Node, ...]:
    """One item: `entries` of 16 bits, which an image's tables may have beside 8 (C.11.1.1, C.11.2.1.1).

    `first_vr` is that of the first value mapped, which may be below zero.
    """
    first = -(number % 99) if first_vr == "SS" else number % 99
    # To the end of the range that the bits of an entry give (C.11.2.1.1).
    values = (*((number + entry * 259) % 0x10000 for entry in range(entries - 1)), 0xFFFF)
    nodes = [
        numbers("LUTDescriptor", entries, first, 16, vr=first_vr),
        # Either VR is right in any transfer syntax; Implicit VR names none (PS3.5 A.1, A.2).
        data("LUTData", "OW" if number & 1 else "US", struct.pack(f"<{entries}H", *values)),
    ]
    if number & 2:
        nodes.append(Node(0x00283003, "LO", padded(setting.charset.text(9, number))))
    return (*nodes, *more)


@st.composite
def modality_lut(draw: st.DrawFn, setting: Setting) -> Part:
    """A Modality LUT instead of a rescale (C.11.1), for unsigned pixels."""
    number = draw(_NUMBERS)
    item = _table(draw(_ENTRIES), number, setting, "US", text("ModalityLUTType", "US"))
    return Part((sequence("ModalityLUTSequence", [item], number >> 2),), ("Modality LUT",))


@st.composite
def voi_luts(draw: st.DrawFn, setting: Setting, first_vr: str) -> Part:
    """VOI LUTs, of which one is applied (C.11.2).

    `first_vr`: SS where what they map may be signed, as Hounsfield units always are (C.11.2.1.1).
    """
    count, number = draw(_COUNTS), draw(_NUMBERS)
    items = [_table(draw(_ENTRIES), number + index, setting, first_vr) for index in range(count)]
    return Part((sequence("VOILUTSequence", items, number >> 2),), ("VOI LUT",))


_PROFILE_HEADER = struct.Struct(">I4sI4s4s4s6H4s4sI4s4sQI3I4s44x")


@functools.cache
def _profile() -> bytes:
    """An ICC profile of an input device (ICC.1:2001-04): RGB by a matrix to XYZ, as C.11.15.1.1 wants it."""
    plain = b"PHTEST\0"
    curve = struct.pack(">4s4xIH", b"curv", 1, 0x0233)

    def xyz(*values: float) -> bytes:
        return struct.pack(">4s4x3i", b"XYZ ", *(round(value * 65536) for value in values))

    tags = {
        b"desc": struct.pack(">4s4xI", b"desc", len(plain)) + plain + bytes(78),
        b"cprt": struct.pack(">4s4x", b"text") + plain,
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    offset = 128 + 4 + 12 * len(tags)
    listed, held = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        listed += struct.pack(">4sII", name, offset + len(held), len(value))
        held += value + bytes(-len(value) % 4)
    size = offset + len(held)
    d50 = (round(value * 65536) for value in (0.9642, 1.0, 0.8249))
    header = _PROFILE_HEADER.pack(
        *(size, b"\0" * 4, 0x02400000, b"scnr", b"RGB ", b"XYZ ", 2020, 2, 29, 12, 0, 0, b"acsp"),
        *(b"\0" * 4, 0, b"\0" * 4, b"\0" * 4, 0, 0, *d50, b"\0" * 4),
    )
    return header + listed + held


def icc_profile() -> st.SearchStrategy[Part]:
    """The ICC Profile module of a colour image (C.11.15)."""
    return st.just(Part((data("ICCProfile", "OB", _profile()),), ("ICC profile",)))
