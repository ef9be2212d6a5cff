"""Functional groups of a multi-frame image: shared, of a frame, private (PS3.3 A.38, C.7.6.16, C.7.6.17)."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from harness.fuzz.nodes import Node, Nodes
from harness.fuzz.objects.attributes import code
from harness.fuzz.objects.elements import ascending, numbers, sequence, sequence_at, tag_of, text, texts
from harness.fuzz.objects.parts import Part, Setting, merged
from harness.fuzz.objects.private import blocks, creator

_BITS = st.integers(0, 0xFF)
_NOTHING = st.just(Part(()))
_ORGANIZATION = text("DimensionOrganizationUID", "2.25.3")
_CREATOR = "PHTEST FRAMES"
_PRIVATE_GROUP, _PRIVATE_NUMBER, _PRIVATE_DETAILS = 0x00211001, 0x00211002, 0x00211003


@st.composite
def functional_groups(draw: st.DrawFn, setting: Setting, frames: int) -> Part:
    """The Multi-frame Functional Groups and Multi-frame Dimension modules of an Enhanced CT image."""
    bits = draw(_BITS)
    more = draw(st.one_of(_NOTHING, _NOTHING, blocks(setting, 1)))
    has_private, is_indexed, is_apart = bool(bits & 1), bits & 3 == 3, bool(bits & 4)
    common = _common()
    items: list[Nodes] = []
    for frame in range(frames):
        own = (*_of_frame(frame, is_indexed), *(common if is_apart else ()))
        items.append((*own, *_private(frame, bits >> 3)) if has_private else own)
    # Where the private elements that were drawn collide they are left out.
    items[-1] = merged((Part(ascending(items[-1])), more)).nodes
    nodes = (
        sequence("DimensionOrganizationSequence", [(_ORGANIZATION,)]),
        _dimensions(is_indexed),
        # Empty where every group is one of a frame, of which none may be in both (C.7.6.16).
        sequence("SharedFunctionalGroupsSequence", [() if is_apart else common], bits >> 4),
        sequence("PerFrameFunctionalGroupsSequence", items, bits >> 3),
    )
    traits = ("private functional group",) if has_private else ()
    return Part(nodes, (*traits, *(("private dimension",) if is_indexed else ()), *more.traits))


def _common() -> Nodes:
    """What is the same for all frames (A.38.1.4)."""
    region = sequence("AnatomicRegionSequence", [code("69536005", "SCT", b"Head")])
    groups: dict[str, tuple[Node, ...]] = {
        "PixelMeasuresSequence": texts({"PixelSpacing": "0.5\\0.5", "SliceThickness": "1"}),
        "PlaneOrientationSequence": texts({"ImageOrientationPatient": "1\\0\\0\\0\\1\\0"}),
        "FrameAnatomySequence": (region, text("FrameLaterality", "U")),
        "IrradiationEventIdentificationSequence": texts({"IrradiationEventUID": "2.25.4"}),
        "CTImageFrameTypeSequence": texts(
            {
                "FrameType": "DERIVED\\PRIMARY\\AXIAL\\RESAMPLED",
                "PixelPresentation": "MONOCHROME",
                "VolumetricProperties": "VOLUME",
                "VolumeBasedCalculationTechnique": "NONE",
            }
        ),
        "PixelValueTransformationSequence": texts(
            {"RescaleIntercept": "-1024", "RescaleSlope": "1", "RescaleType": "HU"}
        ),
        # Of type 2: what it was derived from is not known (C.7.6.16.2.6).
        "DerivationImageSequence": (),
    }
    return tuple(sequence(keyword, [nodes] if nodes else []) for keyword, nodes in groups.items())


def _of_frame(frame: int, is_indexed: bool) -> list[Node]:
    indices = (1, frame + 1, frame + 1) if is_indexed else (1, frame + 1)
    content = (
        numbers("DimensionIndexValues", *indices),
        text("StackID", "1"),
        numbers("InStackPositionNumber", frame + 1),
    )
    position = texts({"ImagePositionPatient": f"0\\0\\{frame}"})
    return [sequence("FrameContentSequence", [content]), sequence("PlanePositionSequence", [position])]


def _private(frame: int, bits: int) -> Nodes:
    """A private functional group, whose items name their creator again (C.7.6.16, PS3.5 7.8.1)."""
    own = creator(_PRIVATE_GROUP >> 16, 0x10, _CREATOR)
    number, deeper = (Node(_PRIVATE_NUMBER, "SL", struct.pack("<i", value)) for value in (frame + 1, -frame))
    details = sequence_at(_PRIVATE_DETAILS, [(own, deeper)], bits)
    return own, sequence_at(_PRIVATE_GROUP, [(own, number, details)], bits >> 2)


def _dimensions(is_indexed: bool) -> Node:
    """By stack, by position in it, and by the number in the private group (C.7.6.17)."""
    content = numbers("FunctionalGroupPointer", tag_of("FrameContentSequence"))
    items = [
        (numbers("DimensionIndexPointer", tag_of(keyword)), content, _ORGANIZATION)
        for keyword in ("StackID", "InStackPositionNumber")
    ]
    if is_indexed:
        private = (
            numbers("DimensionIndexPointer", _PRIVATE_NUMBER),
            numbers("FunctionalGroupPointer", _PRIVATE_GROUP),
            _ORGANIZATION,
            text("DimensionIndexPrivateCreator", _CREATOR),
            text("FunctionalGroupPrivateCreator", _CREATOR),
        )
        return sequence("DimensionIndexSequence", [*items, private])
    return sequence("DimensionIndexSequence", items)
