"""The walker against data sets written by pydicom and by hand, and against damage."""

from __future__ import annotations

import copy
import io
import struct
import zlib

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from harness.dimse.errors import DecodeError
from harness.dimse.walker import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    UNDEFINED,
    inflate,
    walk,
)

JPEG = "1.2.840.10008.1.2.4.50"
ENCODINGS = {IMPLICIT_LITTLE: (True, True), EXPLICIT_LITTLE: (False, True), EXPLICIT_BIG: (False, False)}


def sample(undefined: bool = False) -> Dataset:
    inner = Dataset()
    inner.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    inner.ReferencedSOPInstanceUID = "2.25.1"
    middle = Dataset()
    middle.ReferencedSOPSequence = Sequence([inner])
    middle.SeriesInstanceUID = "2.25.22"
    empty = Dataset()
    data = Dataset()
    data.PatientName = "Test^Walker"
    data.Rows = 513
    data.PixelSpacing = [0.5, 0.25]
    data.FrameIncrementPointer = [0x00181063]
    data.ReferencedSeriesSequence = Sequence([middle, empty])
    data.RequestAttributesSequence = Sequence([])
    data.add_new(0x00189087, "FD", 1234.5)
    data.add_new(0x00091010, "OB", b"\1\2\3\4")
    data.add_new(0x7FE00010, "OW", bytes(range(16)))
    if undefined:
        for nested in (data, middle):
            for element in nested:
                if element.VR == "SQ":
                    element.is_undefined_length = True
                    for item in element.value:
                        item.is_undefined_length_sequence_item = True
    return data


def encode(data: Dataset, syntax: str) -> bytes:
    buffer = pydicom.filebase.DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = ENCODINGS[syntax]
    if syntax == EXPLICIT_BIG:  # pydicom writes OW as it is given
        data = copy.deepcopy(data)
        words = data[0x7FE00010].value
        data[0x7FE00010].value = bytes(words[at ^ 1] for at in range(len(words)))
    write_dataset(buffer, data)
    return buffer.getvalue()


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("syntax", ENCODINGS)
def test_walk_finds_what_pydicom_wrote(syntax: str, undefined: bool) -> None:
    elements = list(walk(encode(sample(undefined), syntax), syntax))
    paths = [element.path for element in elements]
    assert paths == [
        "(0008,1115)",
        "(0008,1115)[0]",
        "(0008,1115)[0](0008,1199)",
        "(0008,1115)[0](0008,1199)[0]",
        "(0008,1115)[0](0008,1199)[0](0008,1150)",
        "(0008,1115)[0](0008,1199)[0](0008,1155)",
        "(0008,1115)[0](0020,000E)",
        "(0008,1115)[1]",
        "(0009,1010)",
        "(0010,0010)",
        "(0018,9087)",
        "(0028,0009)",
        "(0028,0010)",
        "(0028,0030)",
        "(0040,0275)",
        "(7FE0,0010)",
    ]
    by_path = dict(zip(paths, elements, strict=True))
    assert bytes(by_path["(0010,0010)"].value) == b"Test^Walker "
    assert bytes(by_path["(0008,1115)[0](0020,000E)"].value) == b"2.25.22\0"
    rows = by_path["(0028,0010)"]
    assert int.from_bytes(rows.value, "big" if syntax == EXPLICIT_BIG else "little") == 513
    assert rows.vr == (None if syntax == IMPLICIT_LITTLE else "US")
    assert (by_path["(0008,1115)"].length == UNDEFINED) is undefined


def test_deflated_is_inflated_and_bounded() -> None:
    plain = encode(sample(), EXPLICIT_LITTLE)
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(plain) + packer.flush()
    assert [e.tag for e in walk(packed, DEFLATED)] == [e.tag for e in walk(plain, EXPLICIT_LITTLE)]
    assert inflate(packed + b"\0") == plain
    with pytest.raises(DecodeError, match="more than 100 bytes"):
        inflate(packed, 100)
    with pytest.raises(DecodeError):
        inflate(packed[:-5])
    with pytest.raises(DecodeError):
        inflate(b"\xff" * 40)


def long_element(group: int, number: int, vr: bytes, length: int) -> bytes:
    return struct.pack("<HH2sHI", group, number, vr, 0, length)


def item(length: int, data: bytes = b"") -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, length) + data


SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
ITEM_END = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)


def test_fragments_of_encapsulated_pixel_data() -> None:
    data = (
        long_element(0x7FE0, 0x10, b"OB", UNDEFINED) + item(0) + item(4, b"\xff\xd8\xff\xd9") + SEQUENCE_END
    )
    pixel, table, fragment = walk(data, JPEG)
    assert pixel.is_sequence
    assert (table.index, bytes(table.value)) == (0, b"")
    assert (fragment.index, bytes(fragment.value)) == (1, b"\xff\xd8\xff\xd9")
    assert fragment.tag == ITEM
    with pytest.raises(DecodeError, match="defined length"):
        list(walk(long_element(0x7FE0, 0x10, b"OB", UNDEFINED) + item(UNDEFINED), JPEG))


def test_unknown_vr_of_undefined_length_is_implicit_inside() -> None:
    implicit = struct.pack("<HHI", 0x0008, 0x1150, 2) + b"1\0"
    data = (
        long_element(0x0009, 0x1001, b"UN", UNDEFINED) + item(UNDEFINED, implicit + ITEM_END) + SEQUENCE_END
    )
    inner = list(walk(data, EXPLICIT_LITTLE))[-1]
    assert (inner.vr, bytes(inner.value), inner.depth) == (None, b"1\0", 2)


def test_ten_thousand_levels_need_no_stack() -> None:
    depth = 10_000
    opening = long_element(0x0008, 0x1140, b"SQ", UNDEFINED) + item(UNDEFINED)
    data = opening * depth + (ITEM_END + SEQUENCE_END) * depth
    assert sum(1 for _ in walk(data, EXPLICIT_LITTLE)) == 2 * depth


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\0\x10\0UI",
        b"\x08\0\x10\0UI\xff\xff",
        b"\x08\0\x10\0\0\0\0\0",
        long_element(8, 0x1140, b"OW", UNDEFINED),
        long_element(8, 0x1140, b"OB", 0x7FFFFFFF),
        long_element(8, 0x1140, b"SQ", UNDEFINED),
        long_element(8, 0x1140, b"SQ", 4) + b"abcd",
        long_element(8, 0x1140, b"SQ", 8) + item(8) + b"12345678",
        long_element(8, 0x1140, b"SQ", UNDEFINED) + b"\x08\0\x10\0UI\0\0",
        long_element(8, 0x1140, b"SQ", UNDEFINED) + item(UNDEFINED) + SEQUENCE_END,
        item(0),
        ITEM_END,
        SEQUENCE_END,
        long_element(8, 0x1140, b"SQ", UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 1),
    ],
)
def test_damage_is_a_decode_error_with_bytes(data: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        list(walk(data, EXPLICIT_LITTLE))
    assert caught.value.raw
    assert caught.value.clause.startswith("PS3.5")


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([*ENCODINGS, DEFLATED, JPEG]))
def test_any_bytes_give_elements_or_a_decode_error(data: bytes, syntax: str) -> None:
    try:
        total = sum(len(element.value) for element in walk(data, syntax))
    except DecodeError:
        return
    assert total <= len(data) or syntax == DEFLATED


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(ENCODINGS)),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=5),
    st.integers(0, 10_000),
)
def test_damaged_real_data_never_escapes(
    syntax: str, undefined: bool, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(encode(sample(undefined), syntax))
    for position, value in changes:
        data[position % len(data)] = value
    del data[1 + cut % len(data) :]
    try:
        for element in walk(bytes(data), syntax):
            assert element.offset + len(element.value) <= len(data)
    except DecodeError:
        return


def test_part10_reads_what_pydicom_writes_and_the_reverse() -> None:
    from harness.dimse.part10 import part10, write_part10

    data = sample()
    body = encode(data, EXPLICIT_LITTLE)
    header = write_part10("1.2.840.10008.5.1.4.1.1.2", "2.25.7", EXPLICIT_LITTLE, source_ae_title="ME")
    read = pydicom.dcmread(io.BytesIO(header + body))
    assert read.file_meta.MediaStorageSOPInstanceUID == "2.25.7"
    assert read.file_meta.SourceApplicationEntityTitle == "ME"
    assert read.PatientName == data.PatientName
    ours = part10(header + body)
    assert (ours.sop_class, ours.sop_instance) == ("1.2.840.10008.5.1.4.1.1.2", "2.25.7")
    assert (ours.transfer_syntax, ours.dataset_offset) == (EXPLICIT_LITTLE, len(header))
    for broken in (b"", body, header[:200], header[:140]):
        with pytest.raises(DecodeError):
            part10(broken)
