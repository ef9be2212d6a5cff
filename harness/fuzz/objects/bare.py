"""Bare objects: what the modules of a class demand and no more (PS3.3 A)."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.fuzz.nodes import Node
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.elements import ascending
from harness.fuzz.objects.forms import name_after
from harness.fuzz.objects.frames import functional_groups
from harness.fuzz.objects.images import IMAGES, NATIVE, frames_of, has_pixels, pixels_of
from harness.fuzz.objects.modules import CLASSES, ENHANCED_CT, WAVEFORMS, modules_of
from harness.fuzz.objects.parts import Part, Setting
from harness.fuzz.objects.waveforms import waveforms
from harness.synthesis import NAME_MARK

_NUMBERS = st.integers(0, 0xFF)


def is_known(sop_class: str, transfer_syntax: str) -> bool:
    """Whether objects of this class can be made in this transfer syntax."""
    if sop_class in IMAGES:
        return has_pixels(sop_class, transfer_syntax)
    return sop_class in CLASSES and transfer_syntax in NATIVE


@st.composite
def bare(draw: st.DrawFn, sop_class: str, setting: Setting) -> Part:
    """An object of a class, ascending, as small as it may be.

    Its pixels, waveforms and functional groups vary, and its patient's name.
    """
    nodes = [*modules_of(sop_class), _patient_name(b"")]
    traits: tuple[str, ...] = ()
    charset = setting.charset
    if charset.terms:
        nodes.append(Node(0x00080005, "CS", charset.value))
        traits = (f"character set {charset.value.decode('ascii').strip()}",)
        number = draw(_NUMBERS)
        if number:
            nodes[-2] = _patient_name(name_after(NAME_MARK.encode("ascii"), charset, number))
            traits += ("patient's name in the character set",)
    for part in draw(_content(sop_class, setting)):
        nodes += part.nodes
        traits += part.traits
    return Part(ascending(nodes), traits)


def _patient_name(name: bytes) -> Node:
    return Node(0x00100010, "PN", padded(name or NAME_MARK.encode("ascii")))


@st.composite
def _content(draw: st.DrawFn, sop_class: str, setting: Setting) -> list[Part]:
    """What makes an object one of its class."""
    if sop_class in WAVEFORMS:
        return [draw(waveforms(sop_class, setting))]
    if sop_class not in IMAGES:
        return []
    pixels = draw(pixels_of(sop_class, setting.transfer_syntax))
    if sop_class != ENHANCED_CT:
        return [pixels]
    return [pixels, draw(functional_groups(setting, frames_of(pixels.nodes)))]
