"""What an image may have beside its pixels, by the modules of its class (PS3.3 A.3, A.4, A.7, A.8, A.38)."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from harness.fuzz.nodes import Nodes
from harness.fuzz.objects.icons import icons
from harness.fuzz.objects.images import IMAGES, frames_of
from harness.fuzz.objects.lookups import icc_profile, modality_lut, voi_luts
from harness.fuzz.objects.modules import CT, ENHANCED_CT, SECONDARY_CAPTURE, ULTRASOUND_MULTI_FRAME
from harness.fuzz.objects.overlays import overlays
from harness.fuzz.objects.parts import Part, Setting


@dataclass(frozen=True, slots=True)
class Image:
    """What decides which modules are allowed."""

    sop_class: str
    frames: int
    is_grey: bool


def image_of(sop_class: str, nodes: Nodes) -> Image | None:
    """That of an object; None where it has no pixels."""
    if sop_class not in IMAGES:
        return None
    photometric = next(node.value for node in nodes if node.tag == 0x00280004)
    return Image(sop_class, frames_of(nodes), photometric.startswith(b"MONOCHROME"))


def additions(image: Image, setting: Setting) -> tuple[st.SearchStrategy[Part], ...]:
    """Parts of which an object may have each once."""
    if image.sop_class == ENHANCED_CT:
        # Neither overlays nor VOI LUTs (A.38.1.3.1).
        return (icons(setting),)
    frames = image.frames if image.sop_class == ULTRASOUND_MULTI_FRAME else 0
    found = [overlays(setting, frames), icons(setting)]
    if image.is_grey:
        # After a rescale to Hounsfield units what is mapped may be negative (C.11.2.1.1).
        found.append(voi_luts(setting, "SS" if image.sop_class == CT else "US"))
        if image.sop_class == SECONDARY_CAPTURE:
            found.append(modality_lut(setting))
    elif image.sop_class in (SECONDARY_CAPTURE, ULTRASOUND_MULTI_FRAME):
        found.append(icc_profile())
    return tuple(found)
