"""Compressed frames are compared by their bytes, however they are cut up, or else by their pixels."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom.encaps import encapsulate

from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerViolation
from harness.scu.bitstream import altered_bitstream, bitstream_of, fragments_of
from harness.scu.inbox import Received
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import Identity, Kind, Recipe, SyntheticInstance, build, new_study, variant
from harness.synthesis.recipe import PatientRecipe, SeriesRecipe, StudyRecipe

IDENTITY = Identity("2.25.1", "bitstream")
SERIES = SeriesRecipe(Kind.CT, pixels="jpeg-baseline")
RECIPE = Recipe("bitstream", (PatientRecipe("PHTEST^Bits", (StudyRecipe((SERIES,)),)),))
IMAGE = build(RECIPE, IDENTITY)[0].instance(0)


def received(instance: SyntheticInstance) -> Received:
    command = CommandSet.of(MessageID=1)
    uid = IMAGE.sop_instance_uid
    return Received(instance.sop_class, uid, instance.transfer_syntax, instance.dataset, command, 1)


def with_frame(frame: bytes, pieces: int = 1) -> SyntheticInstance:
    pixels = encapsulate([frame], fragments_per_frame=pieces, has_bot=False)
    return variant(IDENTITY, IMAGE, SOPInstanceUID=IMAGE.sop_instance_uid, PixelData=pixels)


FRAME = bitstream_of(IMAGE.dataset, IMAGE.transfer_syntax)


def test_other_fragments_are_the_same_frame() -> None:
    cut = with_frame(FRAME, pieces=4)
    assert len(fragments_of(cut.dataset, cut.transfer_syntax)) == 5
    assert altered_bitstream(IMAGE, [received(cut)]) == ""


def test_a_comment_in_the_bitstream_changes_no_pixel() -> None:
    commented = with_frame(FRAME[:2] + b"\xff\xfe\x00\x06note" + FRAME[2:])
    assert altered_bitstream(IMAGE, [received(commented)]) == ""


def test_half_a_frame_is_altered() -> None:
    half = with_frame(FRAME[: len(FRAME) // 2])
    assert "compressed frames came back" in altered_bitstream(IMAGE, [received(half)])


def test_a_lost_frame_is_altered() -> None:
    pixels = encapsulate([FRAME] * 3, has_bot=False)
    three = variant(
        IDENTITY, IMAGE, SOPInstanceUID=IMAGE.sop_instance_uid, PixelData=pixels, NumberOfFrames=3
    )
    one = variant(IDENTITY, three, SOPInstanceUID=IMAGE.sop_instance_uid, PixelData=encapsulate([FRAME]))
    assert "compressed frames came back" in altered_bitstream(three, [received(one)])


def test_nothing_that_came_is_told() -> None:
    assert "did not arrive" in altered_bitstream(IMAGE, [])


def test_native_pixels_in_a_compressed_syntax_are_a_violation() -> None:
    native = new_study(IDENTITY, instances=1).instance(0)
    with pytest.raises(PeerViolation):
        fragments_of(native.dataset, EXPLICIT_VR_LITTLE_ENDIAN)
    wrong = replace(received(IMAGE), dataset=native.dataset)
    with pytest.raises(PeerViolation):
        altered_bitstream(IMAGE, [wrong])
