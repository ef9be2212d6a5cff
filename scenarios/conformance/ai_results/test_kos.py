"""Key object selections (PS3.3 A.35.4)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Keeper
from harness.plugin.results import one_by_one, spoiled
from harness.scenario import SHALL, requirement
from harness.scu.retrieved import odd_ones
from harness.synthesis import SyntheticStudy
from harness.synthesis.result_documents import key_objects

ESSENTIAL = (0x0040A043, 0x0040A375, 0x0040A730)
"""Title, evidence, content."""


@pytest.fixture(scope="module")
def images(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return store_study(corpus.new_study("CT", instances=3))


@requirement(
    "PS3.4 B.4.1.1", SHALL, "A key object selection keeps its references, and hides none of the images."
)
def test_reference_object(keeper: Keeper, images: SyntheticStudy) -> None:
    lost = spoiled(keeper, key_objects(images, keeper.corpus.identity), ESSENTIAL)
    assert not lost, lost
    odd = odd_ones(images.instances, one_by_one(keeper.bring, images.instances))
    assert not odd, f"of the images that were selected {odd}"
