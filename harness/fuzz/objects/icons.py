"""An icon of an image: pixels within a sequence, native or compressed (PS3.3 C.7.6.1.1.6; PS3.5 A.4)."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.dimse.walker import PIXEL_DATA
from harness.fuzz.nodes import Node
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.elements import sequence
from harness.fuzz.objects.forms import counted
from harness.fuzz.objects.images import Pixels
from harness.fuzz.objects.palettes import PALETTE, palette
from harness.fuzz.objects.parts import Part, Setting

_SIZES = st.sampled_from(((2, 2), (1, 1), (5, 3), (16, 16)))
_NUMBERS = st.integers(0, 0xFF)


@st.composite
def icons(draw: st.DrawFn, setting: Setting) -> Part:
    """An icon of 8 bits in grey or with a palette.

    It is native also where the image is compressed, which holds for the pixels at the top alone (PS3.5 A.4).
    """
    rows, columns = draw(_SIZES)
    number = draw(_NUMBERS)
    pixels = Pixels(rows, columns, 1, "MONOCHROME2", 8, 8).nodes()
    traits = ["icon"]
    nodes = list(pixels)
    if number & 1:
        nodes = [PALETTE if node.tag == PALETTE.tag else node for node in pixels]
        nodes += palette(number, 16 if number & 2 else 8).nodes
        traits.append("icon with a palette")
    raw = padded(counted(rows * columns, number), b"\0")
    nodes.append(Node(PIXEL_DATA, "OB" if setting.names_vr else "OW", raw))
    return Part((sequence("IconImageSequence", [nodes], number >> 1),), tuple(traits))
