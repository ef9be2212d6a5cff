"""Grayscale softcopy presentation states (PS3.3 A.33.1)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Keeper
from harness.plugin.results import spoiled
from harness.scenario import SHALL, requirement
from harness.synthesis import SyntheticStudy
from harness.synthesis.result_documents import presentation_state

ESSENTIAL = (0x00081115, 0x00181600, 0x00283110, 0x00700001, 0x0070005A, 0x00700060)
"""Referenced series, shutter, VOI LUT, graphic annotations, displayed area, graphic layers."""


@pytest.fixture(scope="module")
def images(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return store_study(corpus.new_study("CT", instances=3))


@requirement(
    "PS3.4 B.4.1.1",
    SHALL,
    "A presentation state keeps its graphics, texts, displayed area, shutter and VOI LUT.",
)
def test_roundtrip(keeper: Keeper, images: SyntheticStudy) -> None:
    lost = spoiled(keeper, presentation_state(images, keeper.corpus.identity), ESSENTIAL)
    assert not lost, lost
