"""Objects in every transfer syntax that the product takes (PS3.5 10, A)."""

from __future__ import annotations

import struct

import pytest
from pydicom import DataElement, Dataset
from pydicom import Sequence as Items
from pydicom.uid import UID

from harness.dimse.difference import summary
from harness.dimse.errors import NotAccepted
from harness.dimse.walker import UNDEFINED, walk
from harness.plugin.arranging import LOSSLESS_PIXELS, StoreStudy, compressed, study_of
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring, Keeper
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.bitstream import altered_bitstream
from harness.scu.kept import changes
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.store import is_taken
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from harness.synthesis import Kind, SyntheticInstance, SyntheticStudy, variant
from harness.synthesis.recipe import SeriesRecipe


def object_in(corpus: Corpus, transfer_syntax: str) -> SyntheticInstance:
    """A CT image with elements of every kind of value, and sequences."""
    code, deeper = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CODE", "99PHTEST", "A meaning"
    deeper.CodeValue, deeper.CodingSchemeDesignator, deeper.CodeMeaning = "DEEPER", "99PHTEST", "deeper"
    code.EquivalentCodeSequence = Items([deeper])
    elements = (
        DataElement(0x00400260, "SQ", Items([code, deeper])),
        DataElement(0x00290010, "LO", "PHTEST SYNTAX"),
        DataElement(0x00291001, "US", [1, 0x8081, 0xFFFF]),
        DataElement(0x00291002, "UL", [1, 0xFFFEFDFC]),
        DataElement(0x00291003, "FL", [0.5, -1.25]),
        DataElement(0x00291004, "FD", [0.1, -1e300]),
        DataElement(0x00291005, "AT", [0x00080018, 0x7FE00010]),
        DataElement(0x00291006, "OB", bytes(range(64))),
        DataElement(0x00291007, "UN", bytes(range(64))),
        DataElement(0x00291008, "OW", struct.pack("<4H", 1, 2, 0xFF00, 0x00FF)),
        DataElement(0x00291009, "LO", ["one", "", "three"]),
    )
    base = corpus.new_study().instance(0)
    return variant(corpus.identity, base, elements=elements, transfer_syntax=transfer_syntax)


@requirement("PS3.5 A.2", SHALL, "An object in Explicit VR Little Endian comes back equal, VRs included.")
def test_explicit_le_roundtrip(keeper: Keeper) -> None:
    wrong = keeper.judged(keeper.keep(object_in(keeper.corpus, EXPLICIT_VR_LITTLE_ENDIAN), as_it_is=True))
    assert not wrong, wrong


@requirement("PS3.5 A.1", SHALL, "An object in Implicit VR Little Endian comes back equal.")
def test_implicit_le_roundtrip(keeper: Keeper) -> None:
    wrong = keeper.judged(keeper.keep(object_in(keeper.corpus, IMPLICIT_VR_LITTLE_ENDIAN)))
    assert not wrong, wrong


def converted(keeper: Keeper, transfer_syntax: str) -> str:
    """Store in this syntax, bring back in Explicit VR Little Endian; what is wrong, in words."""
    instance = object_in(keeper.corpus, transfer_syntax)
    kept = keeper.stored(instance)
    if not kept.is_found:
        return kept.unread
    found = keeper.broken(changes(instance, keeper.bring_in(instance, EXPLICIT_VR_LITTLE_ENDIAN)))
    return summary(found) if found else ""


@requirement("PS3.5 7.3", SHALL, "Where Explicit VR Big Endian is taken, its values are swapped rightly.")
def test_big_endian(keeper: Keeper) -> None:
    wrong = converted(keeper, EXPLICIT_VR_BIG_ENDIAN)
    assert not wrong, wrong


@requirement(
    "PS3.5 A.5",
    SHALL,
    "Where the deflated syntax is taken, Explicit VR Little Endian is, and objects survive.",
)
def test_deflated(scu: Scu, keeper: Keeper) -> None:
    if not is_taken(scu, CT_IMAGE_STORAGE, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN):
        raise not_supported("the product does not take Deflated Explicit VR Little Endian")
    assert is_taken(scu, CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN), (
        "deflated is accepted, Explicit VR Little Endian is not"
    )
    wrong = converted(keeper, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    assert not wrong, wrong


def stored(store_study: StoreStudy, study: SyntheticStudy) -> SyntheticInstance:
    """Store a study of compressed objects; NotSupported where the product does not take them."""
    try:
        return store_study(study).instance(0)
    except NotAccepted:
        syntax = UID(study.instance(0).transfer_syntax).name
        raise not_supported(f"the product does not take {syntax}") from None


@pytest.mark.parametrize("pixels", LOSSLESS_PIXELS)
@requirement("PS3.4 B.4.1.1", SHALL, "Pixels in a lossless compression come back with the same values.")
def test_lossless_kept(corpus: Corpus, store_study: StoreStudy, retrieved: Bring, pixels: str) -> None:
    instance = stored(store_study, study_of(corpus, SeriesRecipe(Kind.CT, pixels=pixels)))
    received = retrieved([instance])
    broken = odd_ones([instance], received) or damaged([instance], received)
    assert not broken, broken


@pytest.mark.parametrize("pixels", ["jpeg-baseline", "jpeg-extended", "jpeg-ls-near", "jpeg2000"])
@requirement("PS3.4 B.4.1.1", SHALL, "Pixels in a lossy compression are not compressed again.")
def test_lossy_not_touched(corpus: Corpus, store_study: StoreStudy, retrieved: Bring, pixels: str) -> None:
    instance = stored(store_study, study_of(corpus, compressed(pixels)))
    wrong = altered_bitstream(instance, retrieved([instance]))
    assert not wrong, wrong


@pytest.mark.parametrize("pixels", LOSSLESS_PIXELS)
@requirement("PS3.5 A.4", SHALL, "A compressed object that comes back uncompressed has pixels that are.")
def test_declared_equals_content(
    corpus: Corpus, store_study: StoreStudy, keeper: Keeper, pixels: str
) -> None:
    instance = stored(store_study, study_of(corpus, SeriesRecipe(Kind.CT, pixels=pixels)))
    received = keeper.bring_in(instance, EXPLICIT_VR_LITTLE_ENDIAN)
    broken = odd_ones([instance], [received]) or damaged([instance], [received])
    assert not broken, f"sent in Explicit VR Little Endian: {broken}"


@requirement("PS3.5 7.1.1", SHALL, "Every value that the product sends has an even length.")
def test_even_length_delivered(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study("CT"))
    for received in retrieved(study.instances):
        odd = [
            one
            for one in walk(received.dataset, received.transfer_syntax)
            if one.length != UNDEFINED and one.length % 2
        ]
        assert not odd, f"{odd[0].path} has a length of {odd[0].length}"
