"""Pixel data (PS3.5 8): fragments and their offsets, odd sizes, single bits, floats, none at all."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from pydicom import DataElement, Dataset
from pydicom import Sequence as Items
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

from harness.dimse.errors import NotAccepted
from harness.plugin.arranging import StoreStudy, compressed, study_of
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring, Keeper
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.bitstream import altered_bitstream, bitstream_of, fragments_of
from harness.scu.inbox import Received
from harness.scu.kept import value_of
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.status import describe
from harness.synthesis import ABSENT, Kind, SyntheticStudy, assemble, instance_of, variant
from harness.synthesis.recipe import SeriesRecipe
from harness.synthesis.result_pixels import parametric_map
from harness.synthesis.shapes import element, item, shape

PIECES = 5
PIXEL_DATA, FLOATS, DOUBLES = 0x7FE00010, 0x7FE00008, 0x7FE00009
RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


def stored(store_study: StoreStudy, study: SyntheticStudy) -> None:
    """Store a study; NotSupported where the product does not take its class or transfer syntax."""
    try:
        store_study(study)
    except NotAccepted as refusal:
        syntax = UID(study.instances[-1].transfer_syntax).name
        raise not_supported(f"not taken in {syntax}: {refusal}") from None


@requirement("PS3.5 A.4", SHALL, "A frame in several fragments is kept whole.")
def test_several_fragments(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    whole = study_of(corpus, SeriesRecipe(Kind.CT, pixels="jpeg2000-lossless")).instance(0)
    frame = bitstream_of(whole.dataset, whole.transfer_syntax)
    pixels = encapsulate([frame], fragments_per_frame=PIECES, has_bot=False)
    instance = variant(corpus.identity, whole, PixelData=pixels)
    stored(store_study, assemble([instance])[0])
    wrong = altered_bitstream(instance, retrieved([instance]))
    assert not wrong, f"a frame in {PIECES} fragments: {wrong}"


def expect_right_table(corpus: Corpus, store_study: StoreStudy, retrieved: Bring, *, filled: bool) -> None:
    """Store three frames, and see that they and the offsets to them are right."""
    base = study_of(corpus, SeriesRecipe(Kind.US, pixels="jpeg-baseline-colour", frames=3)).instance(0)
    frame = fragments_of(base.dataset, base.transfer_syntax)[1]
    instance = variant(corpus.identity, base, PixelData=encapsulate([frame] * 3, has_bot=filled))
    stored(store_study, assemble([instance])[0])
    received = retrieved([instance])
    wrong = altered_bitstream(instance, received)
    assert not wrong, wrong
    for one in received:
        if one.transfer_syntax == instance.transfer_syntax:
            expect_offsets(one, 3)


def expect_offsets(received: Received, frames: int) -> None:
    offsets, *fragments = fragments_of(received.dataset, received.transfer_syntax)
    starts, at = [], 0
    for fragment in fragments:
        starts.append(at)
        at += 8 + len(fragment)
    told = [int.from_bytes(offsets[n : n + 4], "little") for n in range(0, len(offsets), 4)]
    assert len(told) in (0, frames), f"the Basic Offset Table has {len(told)} entries for {frames} frames"
    if len(fragments) == frames:
        assert told in ([], starts), f"the Basic Offset Table has {told}, the frames begin at {starts}"
    else:
        assert set(told) <= set(starts), f"the Basic Offset Table has {told}, fragments begin at {starts}"


@requirement("PS3.5 A.4", SHALL, "An empty Basic Offset Table is valid; what comes back is empty or right.")
def test_offset_table_empty(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    expect_right_table(corpus, store_study, retrieved, filled=False)


@requirement("PS3.5 A.4", SHALL, "A filled Basic Offset Table stays right, or comes back empty.")
def test_offset_table_filled(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    expect_right_table(corpus, store_study, retrieved, filled=True)


@pytest.mark.parametrize("pixels", ["jpeg-baseline", "jpeg-ls", "rle"])
@requirement("PS3.5 A.4", SHALL, "Fragments come back with even lengths.")
def test_odd_fragment_padding(corpus: Corpus, store_study: StoreStudy, retrieved: Bring, pixels: str) -> None:
    study = study_of(corpus, compressed(pixels))
    stored(store_study, study)
    for received in retrieved(study.instances):
        if received.transfer_syntax == study.instance(0).transfer_syntax:
            lengths = [len(one) for one in fragments_of(received.dataset, received.transfer_syntax)]
            odd = [length for length in lengths if length % 2]
            assert not odd, f"a fragment of {odd[0]} bytes"


@requirement("PS3.5 8.1.1", SHALL, "Native pixels of odd size are kept, padded to an even length.")
def test_native_8bit_odd(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    base = corpus.new_study("US", rows=3, columns=3).instance(0)
    pixels = bytes(range(1, 1 + 9 * int(base.attributes.SamplesPerPixel)))
    instance = variant(corpus.identity, base, PixelData=pixels + b"\0" * (len(pixels) % 2))
    stored(store_study, assemble([instance])[0])
    wrong = odd_ones([instance], received := retrieved([instance])) or damaged([instance], received)
    assert not wrong, f"3 by 3 pixels of 8 bits: {wrong}"


@requirement("PS3.5 8.1.1", SHALL, "Pixels of one bit keep their places, frames that end within a byte too.")
def test_one_bit(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = study_of(corpus, SeriesRecipe(Kind.CT, 3, rows=9, columns=10), SeriesRecipe(Kind.SEG))
    stored(store_study, study)
    segmentation = study.instances[-1]
    received = retrieved([segmentation])
    wrong = odd_ones([segmentation], received) or damaged([segmentation], received)
    assert not wrong, f"3 frames of 9 by 10 pixels of 1 bit: {wrong}"


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (FLOATS, "OF", struct.pack("<4f", 0.1, float("inf"), float("nan"), 1e-45)),
        (DOUBLES, "OD", struct.pack("<4d", 0.1, float("-inf"), float("nan"), 5e-324)),
    ],
    ids=["float", "double"],
)
@requirement("PS3.5 8.2", SHALL, "Float and double float pixel data come back bit for bit.")
def test_float_and_double(corpus: Corpus, keeper: Keeper, tag: int, vr: str, value: bytes) -> None:
    whole = parametric_map(corpus.new_study("CT", rows=2, columns=2), corpus.identity)
    bare = variant(corpus.identity, whole, FloatPixelData=ABSENT, BitsAllocated=8 * len(value) // 4)
    instance = variant(corpus.identity, bare, elements=(DataElement(tag, vr, value),))
    kept = keeper.keep(instance)
    if not kept.is_stored:
        raise not_supported(f"a parametric map is answered {describe(kept.response)}")
    assert not kept.unread, kept.unread
    for received in kept.received:
        came = value_of(received, tag)
        assert came == value, f"{len(value)} bytes of float pixels come back as {came!r}"


@requirement("PS3.5 8.1.2", SHALL, "The pixels of an icon and overlays are kept beside those of the image.")
def test_icon_and_overlay(keeper: Keeper) -> None:
    icon = b"".join(
        (
            element(0x00280002, "US", b"\1\0"),
            element(0x00280004, "CS", b"MONOCHROME2"),
            element(0x00280010, "US", b"\2\0"),
            element(0x00280011, "US", b"\2\0"),
            element(0x00280100, "US", b"\x08\0"),
            element(0x00280101, "US", b"\x08\0"),
            element(0x00280102, "US", b"\7\0"),
            element(0x00280103, "US", b"\0\0"),
            element(PIXEL_DATA, "OB", b"icon"),
        )
    )
    overlays = [
        one
        for group in (0x6000, 0x6002)
        for one in (
            element(group << 16 | 0x0010, "US", b"\x10\0"),
            element(group << 16 | 0x0011, "US", b"\x10\0"),
            element(group << 16 | 0x0040, "CS", b"G"),
            element(group << 16 | 0x0050, "SS", b"\1\0\1\0"),
            element(group << 16 | 0x0100, "US", b"\1\0"),
            element(group << 16 | 0x0102, "US", b"\0\0"),
            element(group << 16 | 0x3000, "OW", bytes((group & 0xFF, *range(31)))),
        )
    ]
    wrong = keeper.wrong(shape(element(0x00880200, "SQ", item(icon)), *overlays))
    assert not wrong, wrong


def structure_set(corpus: Corpus) -> SyntheticStudy:
    """An RT Structure Set with one region and no contour (PS3.3 A.19)."""
    base = corpus.new_study("CT").instance(0).attributes
    region, contour, observation = Dataset(), Dataset(), Dataset()
    region.ROINumber, region.ReferencedFrameOfReferenceUID = 1, base.FrameOfReferenceUID
    region.ROIName, region.ROIGenerationAlgorithm = "PHTEST", None
    contour.ReferencedROINumber = 1
    observation.ObservationNumber, observation.ReferencedROINumber = 1, 1
    observation.RTROIInterpretedType, observation.ROIInterpreter = None, None
    made = Dataset()
    made.update({one.tag: one for one in base if one.tag.group in (0x0008, 0x0010, 0x0020)})
    made.SOPClassUID, made.Modality = RT_STRUCTURE_SET, "RTSTRUCT"
    made.OperatorsName, made.StructureSetLabel = None, "PHTEST"
    made.StructureSetDate, made.StructureSetTime = base.StudyDate, base.StudyTime
    made.StructureSetROISequence = Items([region])
    made.ROIContourSequence = Items([contour])
    made.RTROIObservationsSequence = Items([observation])
    return assemble([instance_of(made, str(ExplicitVRLittleEndian))])[0]


def of_kind(corpus: Corpus, kind: Kind) -> SyntheticStudy:
    """A study whose last object is of that kind."""
    return study_of(corpus, SeriesRecipe(Kind.CT), SeriesRecipe(kind))


OBJECTS: dict[str, Callable[[Corpus], SyntheticStudy]] = {
    "pdf": lambda corpus: of_kind(corpus, Kind.PDF),
    "report": lambda corpus: of_kind(corpus, Kind.SR),
    "presentation-state": lambda corpus: of_kind(corpus, Kind.PR),
    "structure-set": structure_set,
}


@pytest.mark.parametrize("kind", OBJECTS)
@requirement("PS3.4 B.2.2", SHALL, "Objects without pixels are stored, found and brought back like images.")
def test_none_at_all(corpus: Corpus, keeper: Keeper, kind: str) -> None:
    instance = OBJECTS[kind](corpus).instances[-1]
    wrong = keeper.judged(keeper.keep(instance))
    assert not wrong, wrong
