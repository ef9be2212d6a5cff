"""Large objects: their length is known before they are made, they are whole data sets, and cost no memory."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from harness.bulk.objects import (
    EXTENDED_LENGTHS,
    EXTENDED_OFFSETS,
    LONGEST,
    Fragments,
    Kind,
    LargeObject,
    large_object,
)
from harness.bulk.rows import blocks_of
from harness.dimse.fragments import pdus_of
from harness.dimse.walker import ITEM, PIXEL_DATA, UNDEFINED, walk
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import ROOT, Identity

IDENTITY = Identity(f"{ROOT}.1", "large")
MIB, GIB = 2**20, 2**30


def made(kind: Kind, size: int) -> LargeObject:
    return large_object(kind, size, IDENTITY)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("size", [3 * MIB, 9 * MIB + 12345])
def test_it_is_a_data_set_of_the_length_that_was_said(kind: Kind, size: int) -> None:
    large = made(kind, size)
    data = b"".join(large.buffers())
    assert len(data) == large.length
    assert size - 2 * MIB < large.length <= size
    tags = [element.tag for element in walk(data, large.transfer_syntax) if not element.depth]
    assert tags == sorted(tags)
    assert tags[-1] == PIXEL_DATA


@pytest.mark.parametrize("kind", Kind)
def test_its_pixels_decode(kind: Kind) -> None:
    large = made(kind, 2 * MIB)
    ds = read_dataset(io.BytesIO(b"".join(large.buffers())), False, True)
    ds.set_original_encoding(False, True)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(large.transfer_syntax)
    frames = int(ds.get("NumberOfFrames", 1))
    assert ds.pixel_array.size == frames * ds.Rows * ds.Columns


@pytest.mark.parametrize("kind", [Kind.TILES, Kind.FRAGMENTS])
def test_fragments_are_as_many_and_as_long_as_was_said_and_no_two_are_the_same(kind: Kind) -> None:
    large = made(kind, 2 * MIB)
    content = large.big[-1].content
    assert isinstance(content, Fragments)
    data = b"".join(large.buffers())
    items = [one for one in walk(data, large.transfer_syntax) if one.tag == ITEM and one.depth == 1]
    table, *fragments = [one for one in items if one.parent is not None and one.parent.tag == PIXEL_DATA]
    assert len(fragments) == content.count > 100
    assert [len(one.value) for one in fragments] == [content.size_of(n) for n in range(content.count)]
    assert len({bytes(one.value) for one in fragments}) == content.count
    assert b"".join(one.value for one in fragments) == b"".join(blocks_of(content.bodies))
    if kind is Kind.TILES:
        starts = [one.offset - fragments[0].offset for one in fragments]
        told = [int.from_bytes(table.value[at : at + 4], "little") for at in range(0, table.length, 4)]
        assert told == starts


def test_beyond_32_bits_there_is_an_extended_table_and_an_empty_basic_one() -> None:
    large = made(Kind.TILES, 5 * GIB)
    assert [one.tag for one in large.big] == [EXTENDED_OFFSETS, EXTENDED_LENGTHS, PIXEL_DATA]
    content = large.big[-1].content
    assert isinstance(content, Fragments)
    assert content.table.length == 0
    offsets, lengths = (b"".join(blocks_of(one.parts("")[1:])) for one in large.big[:2])
    assert int.from_bytes(offsets[-8:], "little") == (content.count - 1) * (content.size + 8) > 2**32
    assert {lengths[at : at + 8] for at in range(0, len(lengths), 8)} == {content.size.to_bytes(8, "little")}
    assert len(offsets) == len(lengths) == 8 * content.count


def test_one_value_comes_near_the_longest() -> None:
    large = made(Kind.ELEMENT, 4 * GIB)
    length = large.big[0].length
    assert LONGEST - MIB < length <= LONGEST < UNDEFINED
    assert length % 2 == 0


@pytest.mark.parametrize("kind", [Kind.FRAMES, Kind.ELEMENT])
def test_native_pixel_data_beyond_32_bits_is_refused_in_one_line(kind: Kind) -> None:
    with pytest.raises(ValueError, match=r"4,294,967,294 \(PS3\.5"):
        made(kind, 5 * GIB)


@pytest.mark.parametrize("kind", Kind)
def test_bytes_from_any_place_on_are_the_same(kind: Kind) -> None:
    parts = made(kind, 3 * MIB).parts
    whole = b"".join(blocks_of(parts))
    for start in (0, 1, 1000, MIB + 7, len(whole) - 1, len(whole)):
        assert b"".join(blocks_of(parts, start)) == whole[start:]


@pytest.mark.parametrize("kind", [Kind.FRAMES, Kind.ELEMENT])
def test_the_other_native_syntax_has_the_same_pixels(kind: Kind) -> None:
    large = made(kind, 2 * MIB)
    other = large.encoded_in(IMPLICIT_VR_LITTLE_ENDIAN)
    data = b"".join(other.buffers())
    assert len(data) == other.length
    pixels = [
        bytes(element.value)
        for encoded, syntax in (
            (data, IMPLICIT_VR_LITTLE_ENDIAN),
            (b"".join(large.buffers()), EXPLICIT_VR_LITTLE_ENDIAN),
        )
        for element in walk(encoded, syntax)
        if element.tag == PIXEL_DATA
    ]
    assert pixels[0] == pixels[1]


@pytest.mark.parametrize("kind", Kind)
def test_making_it_takes_no_memory(kind: Kind) -> None:
    large = made(kind, 64 * MIB)
    tracemalloc.start()
    try:
        length = sum(map(len, large.buffers()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == large.length > 62 * MIB
    assert peak < 8 * MIB


def without_headers(pdus: bytes) -> bytes:
    """The data of P-DATA-TF PDUs of one PDV each."""
    parts, at = [], 0
    while at < len(pdus):
        end = at + 6 + int.from_bytes(pdus[at + 2 : at + 6])
        parts.append(pdus[at + 12 : end])
        at = end
    return b"".join(parts)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("size", [4096, 16378, 262144])
def test_what_is_sent_from_blocks_that_are_used_again_is_the_object(kind: Kind, size: int) -> None:
    large = made(kind, 50 * MIB)
    blocks = iter(large.buffers())
    rest = bytearray()
    for pdus in pdus_of(1, large.stream(), size):
        sent = without_headers(b"".join(pdus))
        while len(rest) < len(sent):
            rest += next(blocks)
        assert rest.startswith(sent)
        del rest[: len(sent)]
    assert not rest
    assert next(blocks, None) is None
