"""Objects in every transfer syntax that the product takes (PS3.5 10, A)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.dimse.walker import UNDEFINED, walk
from harness.plugin.arranging import study_of
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.inbox import Received
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from harness.synthesis import Kind, SyntheticInstance, SyntheticStudy
from harness.synthesis.recipe import SeriesRecipe

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

NATIVE = {
    "explicit-le": EXPLICIT_VR_LITTLE_ENDIAN,
    "implicit-le": IMPLICIT_VR_LITTLE_ENDIAN,
    "big-endian": EXPLICIT_VR_BIG_ENDIAN,
    "deflated": DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
}


def kept(scu: Scu, study: SyntheticStudy, store_study: StoreStudy, retrieved: Bring) -> None:
    instance = study.instance(0)
    with scu.open((instance.sop_class, (instance.transfer_syntax,))) as association:
        if not association.accepted_contexts:
            raise not_supported(f"the product does not take {instance.transfer_syntax}")
    store_study(study)
    received = retrieved(study.instances)
    broken = odd_ones(study.instances, received) or damaged(study.instances, received)
    assert not broken, broken


@pytest.mark.parametrize("name", NATIVE)
@requirement("PS3.5 A", SHALL, "An object in an uncompressed transfer syntax comes back with its pixels.")
def test_native(scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring, name: str) -> None:
    kept(scu, corpus.new_study("CT", transfer_syntax=NATIVE[name]), store_study, retrieved)


@pytest.mark.parametrize("pixels", ["jpeg-lossless", "jpeg-ls", "jpeg2000-lossless", "rle"])
@requirement("PS3.4 B.4.1.1", SHALL, "Pixels in a lossless compression come back with the same values.")
def test_lossless_kept(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring, pixels: str
) -> None:
    kept(scu, study_of(corpus, SeriesRecipe(Kind.CT, pixels=pixels)), store_study, retrieved)


@requirement("PS3.5 7.1.1", SHALL, "Every value that the product sends has an even length.")
def test_even_length_delivered(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study("CT"))
    for received in retrieved(study.instances):
        odd = [
            one
            for one in walk(received.dataset, received.transfer_syntax)
            if one.length != UNDEFINED and one.length % 2
        ]
        assert not odd, f"({odd[0].tag:08X}) has a length of {odd[0].length}"
