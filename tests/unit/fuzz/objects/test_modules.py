"""Overlays, lookup tables, icons, waveforms and functional groups, read by pydicom, judged by the clauses."""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
import pytest
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from harness.dimse.walker import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, walk
from harness.fuzz.nodes import encode
from harness.fuzz.objects.bare import bare, is_known
from harness.fuzz.objects.beside import Image, additions, image_of
from harness.fuzz.objects.charsets import CharacterSet
from harness.fuzz.objects.datasets import Draft, sealed
from harness.fuzz.objects.elements import tag_of
from harness.fuzz.objects.images import IMAGES, NATIVE, RLE, pixels_of
from harness.fuzz.objects.lookups import icc_profile
from harness.fuzz.objects.modules import (
    CLASSES,
    CT,
    ENHANCED_CT,
    SECONDARY_CAPTURE,
    TWELVE_LEAD_ECG,
    ULTRASOUND_MULTI_FRAME,
    VOICE,
    WAVEFORMS,
)
from harness.fuzz.objects.palettes import palette
from harness.fuzz.objects.parts import Part, Setting, merged
from tests.unit.fuzz.objects.examples import sample

ENCODINGS = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)


MANDATORY = {
    "PixelMeasuresSequence",
    "FrameContentSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "FrameAnatomySequence",
    "IrradiationEventIdentificationSequence",
    "CTImageFrameTypeSequence",
    "PixelValueTransformationSequence",
}
"""The functional groups that the IOD asks for (PS3.3 table A.38-2)."""


@st.composite
def whole(draw: st.DrawFn, sop_class: str, syntax: str) -> Part:
    """A bare object with everything beside its pixels that its class allows."""
    setting = Setting(CharacterSet(), syntax)
    core = draw(bare(sop_class, setting))
    image = image_of(sop_class, core.nodes)
    more = [draw(part) for part in additions(image, setting)] if image is not None else []
    return merged((core, *more))


@functools.cache
def objects(sop_class: str) -> tuple[Dataset, ...]:
    """Some of a class in each encoding, as pydicom reads them."""
    found = []
    for syntax in ENCODINGS:
        for part in sample(whole(sop_class, syntax), 12):
            plain = sealed(Draft(sop_class, syntax, part.nodes, part.traits), "root").plain
            read = read_dataset(io.BytesIO(plain), syntax == IMPLICIT_LITTLE, syntax != EXPLICIT_BIG)
            read.set_original_encoding(syntax == IMPLICIT_LITTLE, syntax != EXPLICIT_BIG)
            read.file_meta = Dataset()  # type: ignore[assignment]
            read.file_meta.TransferSyntaxUID = syntax
            found.append(read)
    return tuple(found)


@pytest.mark.parametrize("sop_class", [one for one in IMAGES if one != ENHANCED_CT])
def test_overlays_are_as_large_as_they_say_and_lie_within_the_image(sop_class: str) -> None:
    """PS3.3 C.9.2, C.9.3; PS3.5 8.1.2."""
    groups: set[int] = set()
    for read in objects(sop_class):
        mine = {element.tag.group for element in read if 0x6000 <= element.tag.group <= 0x60FF}
        assert mine
        groups |= mine
        for group in mine:
            assert group in range(0x6000, 0x6020, 2)
            own = {element.tag.element: element.value for element in read if element.tag.group == group}
            rows, columns, frames = own[0x10], own[0x11], own.get(0x15, 1)
            assert own[0x40] in ("G", "R")
            assert (own[0x100], own[0x102]) == (1, 0)
            assert len(own[0x3000]) == -(-rows * columns * frames // 16) * 2
            assert own.get(0x51, 1) + frames - 1 <= read.get("NumberOfFrames", 1)
            assert (0x15 in own) == (0x51 in own)
            assert 0x15 not in own or sop_class == ULTRASOUND_MULTI_FRAME
            assert read.overlay_array(group).size == rows * columns * frames
    assert len(groups) > 4


@pytest.mark.parametrize("sop_class", CLASSES)
def test_a_class_has_what_its_iod_allows_alone(sop_class: str) -> None:
    """PS3.3 A.3, A.4, A.7, A.8, A.34, A.38.1.3.1."""
    tables = {"ModalityLUTSequence", "VOILUTSequence", "IconImageSequence", "ICCProfile"}
    allowed = {one: {"IconImageSequence", "VOILUTSequence"} for one in IMAGES}
    allowed[SECONDARY_CAPTURE] = tables
    allowed[ULTRASOUND_MULTI_FRAME] = tables - {"ModalityLUTSequence"}
    allowed[ENHANCED_CT] = {"IconImageSequence"}
    setting = Setting(CharacterSet(), EXPLICIT_LITTLE)
    for is_grey in (True, False):
        parts = additions(Image(sop_class, 1, is_grey), setting) if sop_class in IMAGES else ()
        nodes = {node.tag for part in parts for node in sample(part, 1)[0].nodes}
        found = {keyword for keyword in tables if tag_of(keyword) in nodes}
        of_others = {"ICCProfile"} if is_grey else {"ModalityLUTSequence", "VOILUTSequence"}
        assert found == allowed.get(sop_class, set()) - of_others
        assert any(tag >> 16 >= 0x6000 for tag in nodes) == (sop_class in IMAGES and sop_class != ENHANCED_CT)


def test_lookup_tables_have_the_entries_that_they_say() -> None:
    """PS3.3 C.11.1.1, C.11.2.1.1."""
    for read in (*objects(SECONDARY_CAPTURE), *objects(CT)):
        is_signed = read.SOPClassUID == CT
        for item in (*read.get("ModalityLUTSequence", ()), *read.get("VOILUTSequence", ())):
            entries, _, bits = item.LUTDescriptor
            assert item["LUTData"].VR in ("OW", "US")
            data = item.LUTData
            assert (len(data) // 2 if isinstance(data, bytes) else np.size(data)) == entries
            assert bits == 16
            # Implicit VR leaves the VR to the reader.
            if is_signed and not read.original_encoding[0]:
                assert item["LUTDescriptor"].VR == "SS"
        stored = np.zeros((1, 2), np.int32)
        if "VOILUTSequence" in read:
            assert apply_voi_lut(stored, read).shape == (1, 2)
        if "ModalityLUTSequence" in read:
            assert apply_modality_lut(stored, read).shape == (1, 2)


@pytest.mark.parametrize(("bits", "is_segmented"), [(8, False), (16, False), (16, True)])
@pytest.mark.parametrize("number", [0, 1, 255])
def test_palettes_are_tables_of_256_entries_also_in_segments(
    number: int, bits: int, is_segmented: bool
) -> None:
    """PS3.3 C.7.6.3.1.5, C.7.9.2."""
    part = palette(number, bits, is_segmented=is_segmented)
    nodes = sorted(part.nodes, key=lambda node: node.tag)
    read = read_dataset(io.BytesIO(encode(nodes, EXPLICIT_LITTLE)), False, True)
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert apply_color_lut(pixels, read).shape == (16, 16, 3)
    assert read.RedPaletteColorLookupTableDescriptor == [256, 0, bits]


def test_palettes_in_segments_are_where_the_class_has_their_module() -> None:
    """PS3.3 A.7.4, C.7.9."""
    traits = {
        sop_class: {
            trait for part in sample(pixels_of(sop_class, EXPLICIT_LITTLE), 60) for trait in part.traits
        }
        for sop_class in IMAGES
    }
    assert [one for one in IMAGES if "segmented palette" in traits[one]] == [ULTRASOUND_MULTI_FRAME]
    assert "palette of 8 bits" in traits[SECONDARY_CAPTURE] - traits[ULTRASOUND_MULTI_FRAME]
    assert "palette of 16 bits" in traits[ULTRASOUND_MULTI_FRAME]


def test_the_profile_of_colours_is_that_of_an_input_device() -> None:
    """PS3.3 C.11.15.1.1."""
    (profile,) = (node.value for node in sample(icc_profile(), 1)[0].nodes)
    assert struct.unpack(">I", profile[:4])[0] == len(profile)
    assert (profile[12:16], profile[16:20], profile[20:24]) == (b"scnr", b"RGB ", b"XYZ ")
    assert profile[36:40] == b"acsp"
    (count,) = struct.unpack(">I", profile[128:132])
    for index in range(count):
        name, offset, length = struct.unpack(">4sII", profile[132 + 12 * index : 144 + 12 * index])
        assert name.isalnum()
        assert offset % 4 == 0
        assert offset + length <= len(profile)


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, RLE])
def test_an_icon_is_native_and_as_large_as_it_says(syntax: str) -> None:
    """PS3.3 C.7.6.1.1.6, PS3.5 A.4."""
    for part in sample(whole(SECONDARY_CAPTURE, syntax), 10):
        data = encode(part.nodes, syntax)
        icon = {e.tag: e for e in walk(data, syntax) if e.path.startswith("(0088,0200)[0](")}
        rows, columns = (int.from_bytes(icon[tag].value, "little") for tag in (0x00280010, 0x00280011))
        assert len(icon[0x7FE00010].value) == rows * columns + rows * columns % 2


@pytest.mark.parametrize("sop_class", WAVEFORMS)
def test_samples_are_as_many_as_channels_and_times_say(sop_class: str) -> None:
    """PS3.3 A.34.2.4, A.34.3.4, C.10.9; PS3.5 8.3."""
    for read in objects(sop_class):
        groups = read.WaveformSequence
        is_ecg = sop_class == TWELVE_LEAD_ECG
        assert 1 <= len(groups) <= (5 if is_ecg else 1)
        assert sum(group.NumberOfWaveformChannels for group in groups) <= (13 if is_ecg else 2)
        for index, group in enumerate(groups):
            channels, samples = group.NumberOfWaveformChannels, group.NumberOfWaveformSamples
            assert len(group.ChannelDefinitionSequence) == channels
            assert group.WaveformSampleInterpretation in (("SS",) if is_ecg else ("UB", "MB", "AB"))
            assert 200 <= group.SamplingFrequency <= 1000 if is_ecg else group.SamplingFrequency == 8000
            size = channels * samples * group.WaveformBitsAllocated // 8
            assert len(group.WaveformData) == size + size % 2
            vr = "OB" if sop_class == VOICE and not read.original_encoding[0] else "OW"
            for keyword in ("WaveformData", "WaveformPaddingValue"):
                assert keyword not in group or read.original_encoding[0] or vr == group[keyword].VR
            if is_ecg:
                assert read.waveform_array(index).shape == (samples, channels)


def test_every_frame_has_an_item_and_every_dimension_a_value() -> None:
    """PS3.3 A.38.1.4, C.7.6.16, C.7.6.17."""
    private = 0
    for read in objects(ENHANCED_CT):
        shared, items = read.SharedFunctionalGroupsSequence[0], read.PerFrameFunctionalGroupsSequence
        assert len(read.SharedFunctionalGroupsSequence) == 1
        assert len(items) == read.NumberOfFrames
        dimensions = read.DimensionIndexSequence
        for item in items:
            assert not {e.tag for e in shared} & {e.tag for e in item}
            groups = {*dir(shared), *dir(item)}
            assert groups >= MANDATORY
            values = item.FrameContentSequence[0].DimensionIndexValues
            for dimension, value in zip(dimensions, values, strict=True):
                if item[dimension.FunctionalGroupPointer].VR == "UN":
                    # Implicit VR does not say that a private element of defined length is a sequence.
                    assert dimension.FunctionalGroupPointer.is_private
                    continue
                of = item[dimension.FunctionalGroupPointer][0]
                assert dimension.DimensionIndexPointer in of
                if dimension.DimensionIndexPointer.is_private:
                    private += 1
                    assert of[dimension.DimensionIndexPointer].value in (value, struct.pack("<i", value))
                    assert of.private_block(0x0021, dimension.DimensionIndexPrivateCreator)
                    assert item.private_block(0x0021, dimension.FunctionalGroupPrivateCreator)
    assert private


def test_the_simplest_of_each_class_has_no_more_than_its_modules() -> None:
    for sop_class in CLASSES:
        (simplest,) = sample(bare(sop_class, Setting(CharacterSet(), EXPLICIT_LITTLE)), 1)
        assert simplest.traits == ()
        assert len(encode(simplest.nodes, EXPLICIT_LITTLE)) < 3_000


def test_the_simplest_of_what_is_beside_is_one_small_thing() -> None:
    """What Hypothesis shrinks to is what it draws first."""
    for is_grey in (True, False):
        for part in additions(Image(SECONDARY_CAPTURE, 1, is_grey), Setting(CharacterSet(), EXPLICIT_LITTLE)):
            (simplest,) = sample(part, 1)
            assert len(simplest.traits) == 1
            assert len(simplest.nodes) <= 8
            assert len(encode(simplest.nodes, EXPLICIT_LITTLE)) < 600


def test_waveforms_are_native_alone() -> None:
    assert [syntax for syntax in (*NATIVE, RLE) if is_known(VOICE, syntax)] == list(NATIVE)
