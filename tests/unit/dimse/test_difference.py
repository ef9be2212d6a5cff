"""The judge of "bit for bit": every legal re-encoding is seen through, every damage is seen."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from harness.dimse.difference import HARMLESS, DifferenceKind, difference
from harness.dimse.errors import DecodeError
from harness.dimse.walker import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, walk

_spec = importlib.util.spec_from_file_location("walker_samples", Path(__file__).with_name("test_walker.py"))
assert _spec is not None
assert _spec.loader is not None
_samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_samples)
sample, encode = _samples.sample, _samples.encode

SYNTAXES = [IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG]
K = DifferenceKind
JPEG = "1.2.840.10008.1.2.4.50"


@pytest.mark.parametrize(("one", "other"), list(itertools.product(SYNTAXES, repeat=2)))
@pytest.mark.parametrize(("left", "right"), list(itertools.product([False, True], repeat=2)))
def test_a_change_of_encoding_is_no_difference(one: str, other: str, left: bool, right: bool) -> None:
    found = difference(encode(sample(left), one), one, encode(sample(right), other), other)
    if one == other and left != right:
        assert {entry.kind for entry in found} == {K.LENGTH_FORM}
        assert {entry.kind for entry in found} <= HARMLESS
    else:
        assert found == []


def renamed(data: Dataset) -> None:
    data.PatientName = "Test^Walkes"


def deeper(data: Dataset) -> None:
    data.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "2.25.2"


def one_bit(data: Dataset) -> None:
    data.PixelData = bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x1F])


def dropped(data: Dataset) -> None:
    del data[0x00091010]


def added(data: Dataset) -> None:
    data.PatientID = "X"


def no_item(data: Dataset) -> None:
    data.ReferencedSeriesSequence.pop()


def emptied(data: Dataset) -> None:
    data.ReferencedSeriesSequence[0].ReferencedSOPSequence.pop()


def number(data: Dataset) -> None:
    data.Rows = 258


def swapped_number(data: Dataset) -> None:
    data[0x00189087].value = -1234.5


@pytest.mark.parametrize(("one", "other"), list(itertools.product(SYNTAXES, repeat=2)))
@pytest.mark.parametrize(
    ("change", "kind", "path"),
    [
        (renamed, K.VALUE, "(0010,0010)"),
        (deeper, K.VALUE, "(0008,1115)[0](0008,1199)[0](0008,1155)"),
        (one_bit, K.VALUE, "(7FE0,0010)"),
        (dropped, K.MISSING, "(0009,1010)"),
        (added, K.ADDED, "(0010,0020)"),
        (no_item, K.ITEM_COUNT, "(0008,1115)[1]"),
        (emptied, K.ITEM_COUNT, "(0008,1115)[0](0008,1199)[0]"),
        (number, K.VALUE, "(0028,0010)"),
        (swapped_number, K.VALUE, "(0018,9087)"),
    ],
)
def test_damage_is_seen_across_encodings(
    one: str, other: str, change: Callable[[Dataset], None], kind: K, path: str
) -> None:
    damaged = copy.deepcopy(sample())
    change(damaged)
    found = difference(encode(sample(), one), one, encode(damaged, other), other)
    if change is emptied and IMPLICIT_LITTLE in (one, other):
        # an empty sequence in implicit VR looks like an empty value
        assert [entry.kind for entry in found] in ([K.STRUCTURE], [K.ITEM_COUNT])
    else:
        assert [(entry.kind, entry.path) for entry in found] == [(kind, path)]
    assert str(found[0])


def short(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value


def kinds(left: bytes, right: bytes, one: str = EXPLICIT_LITTLE, other: str = EXPLICIT_LITTLE) -> list[K]:
    return [entry.kind for entry in difference(left, one, right, other)]


NAME = short(0x10, 0x10, b"PN", b"A^B ")


def test_group_lengths_and_trailing_padding_have_kinds_of_their_own() -> None:
    length = short(0x10, 0, b"UL", struct.pack("<I", len(NAME)))
    assert kinds(length + NAME, NAME) == [K.GROUP_LENGTH]
    assert kinds(NAME, length + NAME) == [K.GROUP_LENGTH]
    assert kinds(length + NAME, short(0x10, 0, b"UL", bytes(4)) + NAME) == [K.GROUP_LENGTH]
    padding = struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 8) + bytes(8)
    assert kinds(NAME + padding, NAME) == [K.TRAILING_PADDING]
    assert kinds(NAME, NAME + padding) == [K.TRAILING_PADDING]
    assert K.VALUE not in HARMLESS
    assert K.PADDING not in HARMLESS


def test_padding_is_told_from_content() -> None:
    assert kinds(NAME, short(0x10, 0x10, b"PN", b"A^B")) == [K.PADDING]
    assert kinds(NAME, short(0x10, 0x10, b"PN", b"A^B\0")) == [K.PADDING]
    assert kinds(NAME, short(0x10, 0x10, b"PN", b" A^B")) == [K.VALUE]
    assert kinds(short(8, 0x18, b"UI", b"1.2\0"), short(8, 0x18, b"UI", b"1.2 ")) == [K.PADDING]
    implicit = [struct.pack("<HHI", 0x28, 0x10, len(value)) + value for value in (b"\1\0", b"\1 ", b"\1")]
    assert kinds(implicit[0], implicit[1], IMPLICIT_LITTLE, IMPLICIT_LITTLE) == [K.VALUE]
    assert kinds(implicit[1], implicit[2], IMPLICIT_LITTLE, IMPLICIT_LITTLE) == [K.PADDING]
    numbers = short(0x28, 0x10, b"US", b"\1\0"), short(0x28, 0x10, b"US", b"\1\0\0\0")
    assert kinds(*numbers) == [K.VALUE]


def test_vr_and_order() -> None:
    assert kinds(short(8, 0x16, b"UI", b"1.2\0"), short(8, 0x16, b"SH", b"1.2\0")) == [K.VR]
    first, second = short(8, 0x16, b"UI", b"1.2\0"), short(8, 0x18, b"UI", b"1.3\0")
    assert kinds(first + second, second + first) == [K.ORDER]
    assert kinds(first + first, first) == [K.MISSING]


def test_fragments() -> None:
    def pixels(*fragments: bytes) -> bytes:
        body = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part for part in fragments)
        head = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF)
        return head + body + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)

    assert kinds(pixels(b"", b"abcd"), pixels(b"", b"abce"), JPEG, JPEG) == [K.VALUE]
    assert kinds(pixels(b"", b"abcd"), pixels(b"", b"ab", b"cd"), JPEG, JPEG) == [K.VALUE, K.ITEM_COUNT]
    assert kinds(pixels(b"", b"abcd"), pixels(b"\0\0\0\0", b"abcd"), JPEG, JPEG) == [K.VALUE]
    assert kinds(pixels(b"", b"abcd"), pixels(b""), JPEG, JPEG) == [K.ITEM_COUNT]


def test_unknown_vr_sequence_equals_its_explicit_form() -> None:
    inside_implicit = struct.pack("<HHI", 8, 0x1150, 4) + b"1.2\0"
    inside_explicit = short(8, 0x1150, b"UI", b"1.2\0")

    def sequence(vr: bytes, inside: bytes) -> bytes:
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inside)) + inside
        return struct.pack("<HH2sHI", 9, 0x1001, vr, 0, len(item)) + item

    found = kinds(sequence(b"UN", inside_implicit), sequence(b"SQ", inside_explicit))
    assert found == [K.VR]
    other = inside_explicit.replace(b"1.2", b"1.3")
    assert kinds(sequence(b"UN", inside_implicit), sequence(b"SQ", other)) == [K.VR, K.VALUE]


def test_damage_on_either_side_is_a_decode_error() -> None:
    for left, right in ((NAME[:-1], NAME), (NAME, NAME[:-1]), (NAME[:-1], NAME[:-1])):
        with pytest.raises(DecodeError):
            difference(left, EXPLICIT_LITTLE, right, EXPLICIT_LITTLE)


@settings(max_examples=200)
@given(st.sampled_from(SYNTAXES), st.booleans(), st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_goes_unseen(syntax: str, undefined: bool, position: int, flip: int) -> None:
    data = encode(sample(undefined), syntax)
    changed = bytearray(data)
    at = position % len(data)
    changed[at] ^= flip
    try:
        found = difference(data, syntax, bytes(changed), syntax)
    except DecodeError:
        return
    reserved = any(
        element.vr in ("SQ", "OB", "OW") and element.offset + 6 <= at < element.offset + 8
        for element in walk(data, syntax)
    )
    assert found or reserved


@settings(max_examples=50)
@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(SYNTAXES), st.sampled_from(SYNTAXES))
def test_any_two_byte_strings_are_judged_or_refused(left: bytes, right: bytes, one: str, other: str) -> None:
    try:
        found = difference(left, one, right, other)
    except DecodeError:
        return
    assert isinstance(found, list)


@pytest.mark.parametrize(
    ("vr", "left", "right", "kind"),
    [
        ("DS", b"-16.0\\-16.0\\0.0 ", b"-16\\-16\\0", K.NUMBER),
        ("DS", b"+1.50 ", b"15E-1 ", K.NUMBER),
        ("DS", b"1\\\\3", b"1.0\\\\3.0", K.NUMBER),
        ("IS", b"0007", b"7 ", K.NUMBER),
        ("IS", b"7 ", b"7.0 ", K.VALUE),
        ("DS", b"0.3333333333333333", b"0.333333333333333 ", K.VALUE),
        ("DS", b"1.5", b"1.50000000000000000 ", K.VALUE),
        ("DS", b"1\\2 ", b"1.0 ", K.VALUE),
        ("DS", b"1 ", b"1_0", K.VALUE),
        ("LO", b"1.0 ", b"1 ", K.VALUE),
    ],
)
def test_a_number_may_be_written_otherwise(vr: str, left: bytes, right: bytes, kind: DifferenceKind) -> None:
    sides = (short(0x18, 0x50, vr.encode(), value) for value in (left, right))
    assert kinds(*sides) == [kind]
