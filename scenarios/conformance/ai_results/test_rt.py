"""RT structure sets (PS3.3 A.19)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Keeper
from harness.plugin.results import spoiled
from harness.scenario import SHALL, requirement
from harness.synthesis import SyntheticStudy
from harness.synthesis.result_documents import structure_set

ESSENTIAL = (0x30060010, 0x30060020, 0x30060039, 0x30060080)
"""Referenced frame of reference, regions, contours, observations."""


@pytest.fixture(scope="module")
def images(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return store_study(corpus.new_study("CT", instances=3))


@requirement(
    "PS3.4 B.4.1.1",
    SHALL,
    "A structure set keeps its regions, each contour of them, and the images that they lie on.",
)
def test_structure_set(keeper: Keeper, images: SyntheticStudy) -> None:
    lost = spoiled(keeper, structure_set(images, keeper.corpus.identity), ESSENTIAL)
    assert not lost, lost
