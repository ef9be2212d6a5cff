"""Overlay planes beside an image: groups 6000 to 601E (PS3.3 C.9.2, C.9.3; PS3.5 7.6, 8.1.2).

Curves, the other repeating groups, are left out: their encoding is retired (PS3.5 A.1, note 1), so that
nothing says which bytes of one have to come back.
"""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from harness.fuzz.nodes import Node
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.forms import counted
from harness.fuzz.objects.parts import Part, Setting

GROUPS = range(0x6000, 0x6020, 2)
_FIRST = st.sampled_from((0x6000, 0x6002, 0x601C, 0x601E))
_COUNTS = st.sampled_from((1, 2, 3, 16))
_SIZES = st.sampled_from(((2, 8), (1, 1), (3, 5), (16, 16), (31, 33)))
_NUMBERS = st.integers(0, 0xFFFF)


@st.composite
def overlays(draw: st.DrawFn, setting: Setting, frames: int) -> Part:
    """One overlay or several; `frames` of the image, where the overlay may have frames too, else 0."""
    count = draw(_COUNTS)
    at = GROUPS.index(draw(_FIRST))
    rows, columns = draw(_SIZES)
    number = draw(_NUMBERS)
    # Around the end of the range the next one is the first again.
    chosen = sorted(GROUPS[(at + index) % len(GROUPS)] for index in range(count))
    nodes: list[Node] = []
    for index, group in enumerate(chosen):
        nodes += _plane(group, rows, columns, frames, number + index, setting)
    traits = ["overlay", *(["several overlays"] if count > 1 else [])]
    if frames and number % 2:
        traits.append("overlay of several frames" if frames > 1 else "overlay of one frame")
    return Part(tuple(nodes), tuple(traits))


def _plane(group: int, rows: int, columns: int, frames: int, number: int, setting: Setting) -> list[Node]:
    """One group, ascending; which attributes of type 3 it has follows from the number."""

    def text(element: int, vr: str, value: bytes) -> Node:
        return Node(group << 16 | element, vr, padded(value))

    def word(element: int, value: int) -> Node:
        return Node(group << 16 | element, "US", struct.pack("<H", value))

    nodes = [word(0x0010, rows), word(0x0011, columns)]
    # Frames from `origin` to the last of the image (C.9.3.1.1).
    origin = 1 + number // 2 % frames if frames and number % 2 else 0
    planes = frames - origin + 1 if origin else 1
    if origin:
        nodes.append(text(0x0015, "IS", b"%d" % planes))
    if number & 4:
        nodes.append(text(0x0022, "LO", setting.charset.text(10, number)))
    nodes.append(text(0x0040, "CS", b"R" if number & 8 else b"G"))
    if number & 8:
        nodes.append(text(0x0045, "LO", b"USER"))
    # Row and column in the image, numbered from 1; it may begin outside.
    nodes.append(Node(group << 16 | 0x0050, "SS", struct.pack("<hh", 1, 1 - number % 3)))
    if origin:
        nodes.append(word(0x0051, origin))
    nodes += [word(0x0100, 1), word(0x0102, 0)]
    if number & 8:
        nodes += [text(0x1301, "IS", b"%d" % (number % 64)), text(0x1302, "DS", b"1.5")]
        nodes.append(text(0x1303, "DS", b"0.25"))
    if number & 16:
        nodes.append(text(0x1500, "LO", setting.charset.text(5, number)))
    # OB where the VR is in the bytes alone (PS3.5 8.1.2).
    vr = "OB" if setting.names_vr and number & 32 else "OW"
    nodes.append(Node(group << 16 | 0x3000, vr, _bits(rows * columns * planes, number)))
    return nodes


def _bits(count: int, number: int) -> bytes:
    """So many bits from the lowest of the first byte on, then zeros to an even number of bytes."""
    raw = bytearray(counted(-(-count // 8), number))
    if count % 8:
        raw[-1] &= (1 << count % 8) - 1
    return padded(bytes(raw), b"\0")
