"""Segmentations: bits, probabilities, segments, and the images that they are about (PS3.3 A.51)."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from harness.dimse.walker import walk
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Keeper, store_as_is
from harness.plugin.results import fitting, one_by_one, spoiled
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.synthesis import SyntheticStudy
from harness.synthesis.result_pixels import fractional_segmentation, parametric_map, segmentation

SEGMENTS, SHARED, PER_FRAME = 0x00620002, 0x52009229, 0x52009230
REFERENCED_SERIES, PIXEL_DATA, FLOAT_PIXEL_DATA = 0x00081115, 0x7FE00010, 0x7FE00008
REFERENCED_INSTANCE = 0x00081155
SEGMENTATION = (SEGMENTS, SHARED, PER_FRAME, PIXEL_DATA)


@pytest.fixture(scope="module")
def images(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """Images of 195 pixels, so that frames of one bit a pixel begin in the middle of a byte."""
    return store_study(corpus.new_study("CT", instances=3, rows=15, columns=13))


@requirement("PS3.4 B.2.3", SHALL, "A segmentation is stored where a context for its class was accepted.")
def test_accepted(scu: Scu, corpus: Corpus, images: SyntheticStudy) -> None:
    response = store_as_is(scu, fitting(scu, segmentation(images, corpus.identity)))
    assert not is_failure(response.integer("Status")), (
        f"the class was accepted, and a valid segmentation is answered {describe(response)}"
    )


@requirement(
    "PS3.4 B.4.1.1",
    SHALL,
    "A binary segmentation comes back whole: its bits, segments and functional groups.",
)
def test_roundtrip(keeper: Keeper, images: SyntheticStudy) -> None:
    lost = spoiled(keeper, segmentation(images, keeper.corpus.identity), SEGMENTATION)
    assert not lost, lost


@requirement(
    "PS3.4 B.4.1.1", SHALL, "A fractional segmentation keeps each of its probabilities, and their scale."
)
def test_fractional(keeper: Keeper, images: SyntheticStudy) -> None:
    result = fractional_segmentation(images, keeper.corpus.identity)
    lost = spoiled(keeper, result, (*SEGMENTATION, 0x0062000E, 0x00620010))
    assert not lost, lost


@requirement("PS3.5 8.2", SHALL, "A parametric map keeps its floating point values to the last bit.")
def test_float_map(keeper: Keeper, images: SyntheticStudy) -> None:
    result = parametric_map(images, keeper.corpus.identity)
    lost = spoiled(keeper, result, (SHARED, PER_FRAME, FLOAT_PIXEL_DATA))
    assert not lost, lost


@requirement(
    "PS3.4 B.4.1.1", SHALL, "The images that a segmentation refers to are named in it, and can be retrieved."
)
def test_references_kept(keeper: Keeper, images: SyntheticStudy) -> None:
    result = segmentation(images, keeper.corpus.identity)
    kept = keeper.keep(fitting(keeper.scu, result))
    if kept.unread:
        raise not_tested(f"{kept.unread}; see ai-results.seg.roundtrip")
    named = {instance.sop_instance_uid for instance in images.instances}
    series = referenced_series(result.attributes)
    for received in kept.received:
        found = {
            bytes(element.value).decode("latin-1").rstrip("\0 "): element.path
            for element in walk(received.dataset, received.transfer_syntax)
            if element.tag in (REFERENCED_INSTANCE, 0x0020000E)
        }
        lost = (named | series) - found.keys()
        assert not lost, f"the segmentation no longer refers to {', '.join(sorted(lost))}"
    odd = odd_ones(images.instances, one_by_one(keeper.bring, images.instances))
    assert not odd, f"of the images that the segmentation refers to {odd}"


def referenced_series(dataset: Dataset) -> set[str]:
    return {str(item.SeriesInstanceUID) for item in dataset.ReferencedSeriesSequence}
