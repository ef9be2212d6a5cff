"""Encapsulated pixel data (PS3.5 A.4) and native pixels of odd size (PS3.5 8.1.1)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from harness.dimse.errors import NotAccepted
from harness.plugin.arranging import study_of
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.bitstream import bitstream_of, fragments_of
from harness.scu.inbox import Received
from harness.scu.retrieved import damaged, odd_ones
from harness.synthesis import Kind, SyntheticInstance, SyntheticStudy, assemble, variant
from harness.synthesis.recipe import SeriesRecipe

LOSSY = ("jpeg-baseline", "jpeg-extended", "jpeg-ls-near", "jpeg2000")
PIECES = 5


def stored(store_study: object, study: SyntheticStudy) -> None:
    assert callable(store_study)
    try:
        store_study(study)
    except NotAccepted as refusal:
        syntax = UID(study.instance(0).transfer_syntax).name
        raise not_supported(f"the product does not take {syntax}") from refusal


def altered_bitstream(instance: SyntheticInstance, received: Sequence[Received]) -> str:
    """How the compressed frames are no longer those stored, in words; how they are cut up is free."""
    if odd := odd_ones([instance], received):
        return odd
    for item in received:
        if item.transfer_syntax != instance.transfer_syntax:
            return damaged([instance], [item])
        before = bitstream_of(instance.dataset, instance.transfer_syntax)
        after = bitstream_of(item.dataset, item.transfer_syntax)
        if before != after:
            return f"{len(after)} bytes of compressed frames came back, other than the {len(before)} stored"
    return ""


@pytest.mark.parametrize("pixels", LOSSY)
@requirement("PS3.4 B.4.1.1", SHALL, "Pixels in a lossy compression are not compressed again.")
def test_lossy_not_touched(corpus: Corpus, store_study: object, retrieved: Bring, pixels: str) -> None:
    study = study_of(corpus, SeriesRecipe(Kind.CT, pixels=pixels))
    stored(store_study, study)
    wrong = altered_bitstream(study.instance(0), retrieved(study.instances))
    assert not wrong, wrong


@requirement("PS3.5 8.2", SHALL, "A frame in several fragments is kept whole.")
def test_several_fragments(corpus: Corpus, store_study: object, retrieved: Bring) -> None:
    whole = study_of(corpus, SeriesRecipe(Kind.CT, pixels="jpeg2000-lossless")).instance(0)
    frame = bitstream_of(whole.dataset, whole.transfer_syntax)
    pixels = encapsulate([frame], fragments_per_frame=PIECES, has_bot=False)
    instance = variant(corpus.identity, whole, PixelData=pixels)
    stored(store_study, assemble([instance])[0])
    wrong = altered_bitstream(instance, retrieved([instance]))
    assert not wrong, f"a frame in {PIECES} fragments: {wrong}"


@requirement("PS3.5 A.4", SHALL, "A Basic Offset Table that comes back is empty or right.")
@pytest.mark.parametrize("table", ["empty", "filled"])
def test_offset_table(corpus: Corpus, store_study: object, retrieved: Bring, table: str) -> None:
    base = study_of(corpus, SeriesRecipe(Kind.US, pixels="jpeg-baseline-colour", frames=3)).instance(0)
    frame = fragments_of(base.dataset, base.transfer_syntax)[1]
    pixels = encapsulate([frame] * 3, has_bot=table == "filled")
    instance = variant(corpus.identity, base, PixelData=pixels)
    stored(store_study, assemble([instance])[0])
    received = retrieved([instance])
    wrong = altered_bitstream(instance, received)
    assert not wrong, wrong
    for item in received:
        if item.transfer_syntax != instance.transfer_syntax:
            continue
        offsets, *fragments = fragments_of(item.dataset, item.transfer_syntax)
        starts, at = [], 0
        for fragment in fragments:
            starts.append(at)
            at += 8 + len(fragment)
        told = [int.from_bytes(offsets[n : n + 4], "little") for n in range(0, len(offsets), 4)]
        assert set(told) <= set(starts), f"the Basic Offset Table has {told}, fragments begin at {starts}"


@requirement("PS3.5 8.1.1", SHALL, "Native pixels of odd size are kept, padded to an even length.")
def test_native_odd_size(corpus: Corpus, store_study: object, retrieved: Bring) -> None:
    base = corpus.new_study("US", rows=3, columns=3).instance(0)
    pixels = bytes(range(1, 1 + 9 * int(base.attributes.SamplesPerPixel)))
    instance = variant(corpus.identity, base, PixelData=pixels + b"\0" * (len(pixels) % 2))
    stored(store_study, assemble([instance])[0])
    wrong = odd_ones([instance], received := retrieved([instance])) or damaged([instance], received)
    assert not wrong, f"3 by 3 pixels of 8 bits: {wrong}"
