"""What comes back is compared while it comes: damage anywhere is seen, and what may be otherwise is none."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.bulk.comparing import Comparison, Verdict
from harness.bulk.objects import FRAGMENT, TILE, Kind, LargeObject, large_object
from harness.dimse.walker import DEFLATED, PIXEL_DATA, walk
from harness.scu.kept import COERCIBLE
from harness.scu.uids import IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import ROOT, Identity

MIB = 2**20
OBJECTS = {kind: large_object(kind, MIB + 300_000, Identity(f"{ROOT}.1", "large")) for kind in Kind}
BYTES = {kind: b"".join(large.buffers()) for kind, large in OBJECTS.items()}


def judged(large: LargeObject, data: bytes, *, piece: int = 65536, syntax: str = "") -> Verdict:
    comparison = Comparison(large, syntax or large.transfer_syntax)
    for at in range(0, len(data), piece):
        comparison.write(data[at : at + piece])
    assert comparison.length == len(data)
    return comparison.verdict()


def pixels_at(kind: Kind) -> int:
    """Where Pixel Data begins."""
    return next(
        one.offset for one in walk(BYTES[kind], OBJECTS[kind].transfer_syntax) if one.tag == PIXEL_DATA
    )


def item(kind: Kind, number: int) -> tuple[int, int]:
    """Where a fragment is, with its header."""
    found = [
        one
        for one in walk(BYTES[kind], OBJECTS[kind].transfer_syntax)
        if one.is_item and one.parent is not None and one.parent.tag == PIXEL_DATA
    ]
    return found[number + 1].offset, found[number + 1].offset + 8 + found[number + 1].length


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("piece", [997, 65536, 262144])
def test_the_same_bytes_are_kept_however_they_are_cut(kind: Kind, piece: int) -> None:
    assert judged(OBJECTS[kind], BYTES[kind], piece=piece) == Verdict((), ())


@settings(max_examples=60)
@given(
    st.sampled_from(list(Kind)),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 7),
    st.integers(900, 300_000),
)
def test_a_bit_flipped_at_any_place_is_seen(kind: Kind, where: float, bit: int, piece: int) -> None:
    start = pixels_at(kind)
    data = bytearray(BYTES[kind])
    data[start + int(where * (len(data) - start))] ^= 1 << bit
    assert judged(OBJECTS[kind], bytes(data), piece=piece).altered


@pytest.mark.parametrize("kind", Kind)
def test_a_bit_flipped_in_any_element_is_seen(kind: Kind) -> None:
    large, missed = OBJECTS[kind], []
    for element in walk(BYTES[kind], large.transfer_syntax):
        seen_through = element.tag in COERCIBLE and not element.depth
        if not len(element.value) or element.tag == PIXEL_DATA or element.is_item or seen_through:
            continue
        data = bytearray(BYTES[kind])
        data[element.offset + element.header_length] ^= 1
        if not judged(large, bytes(data)).altered:
            missed.append(element.path)
    assert not missed


@pytest.mark.parametrize("kind", Kind)
def test_what_breaks_off_or_goes_on_is_seen(kind: Kind) -> None:
    large, data = OBJECTS[kind], BYTES[kind]
    for end in (1, 500, pixels_at(kind) + 5, len(data) // 2, len(data) - 1):
        assert judged(large, data[:end]).altered
    assert judged(large, data + b"\0\0").altered
    assert judged(large, b"").altered


@pytest.mark.parametrize("kind", Kind)
def test_lost_pixel_data_and_another_lost_element_are_seen(kind: Kind) -> None:
    large, data = OBJECTS[kind], BYTES[kind]
    assert judged(large, data[: pixels_at(kind)]).altered == ("(7FE0,0010) is lost",)
    element = next(one for one in walk(data, large.transfer_syntax) if one.tag == 0x00080070)
    end = element.offset + element.header_length + element.length
    (words,) = judged(large, data[: element.offset] + data[end:]).altered
    assert "(0008,0070)" in words


def frame_dropped() -> bytes:
    """The third frame, and a length that fits the rest."""
    data, start = BYTES[Kind.FRAMES], pixels_at(Kind.FRAMES)
    frame = 256 * 256
    length = struct.unpack_from("<I", data, start + 8)[0] - frame
    at = start + 12 + 2 * frame
    return data[: start + 8] + struct.pack("<I", length) + data[start + 12 : at] + data[at + frame :]


def frames_swapped() -> bytes:
    data, start = BYTES[Kind.FRAMES], pixels_at(Kind.FRAMES) + 12
    frame = 256 * 256
    return (
        data[:start]
        + data[start + frame : start + 2 * frame]
        + data[start : start + frame]
        + data[start + 2 * frame :]
    )


def fragment_dropped(kind: Kind) -> bytes:
    start, end = item(kind, 40)
    return BYTES[kind][:start] + BYTES[kind][end:]


def fragments_swapped(kind: Kind) -> bytes:
    start, middle = item(kind, 40)
    _, end = item(kind, 41)
    data = BYTES[kind]
    return data[:start] + data[middle:end] + data[start:middle] + data[end:]


def fragment_twice(kind: Kind) -> bytes:
    start, end = item(kind, 40)
    return BYTES[kind][:end] + BYTES[kind][start:]


def table_changed() -> bytes:
    data = bytearray(BYTES[Kind.TILES])
    data[pixels_at(Kind.TILES) + 12 + 8 + 40] ^= 2
    return bytes(data)


@pytest.mark.parametrize(
    ("kind", "damaged", "words"),
    [
        (Kind.FRAMES, frame_dropped, "frame 3"),
        (Kind.FRAMES, frames_swapped, "frame 1"),
        (Kind.TILES, lambda: fragment_dropped(Kind.TILES), "fragment 41"),
        (Kind.TILES, lambda: fragments_swapped(Kind.TILES), "fragment 41"),
        (Kind.TILES, lambda: fragment_twice(Kind.TILES), "fragment 42"),
        (Kind.TILES, table_changed, "Basic Offset Table"),
        (Kind.FRAGMENTS, lambda: fragment_dropped(Kind.FRAGMENTS), "fragment 41"),
        (Kind.FRAGMENTS, lambda: fragments_swapped(Kind.FRAGMENTS), "fragment 41"),
        (Kind.FRAGMENTS, lambda: fragment_twice(Kind.FRAGMENTS), "fragment 42"),
    ],
)
def test_damage_is_named_by_its_place(kind: Kind, damaged: Callable[[], bytes], words: str) -> None:
    altered = judged(OBJECTS[kind], damaged()).altered
    assert len(altered) == 1
    assert words in altered[0]


def recut(kind: Kind, sizes: Iterator[int], table: bytes) -> bytes:
    """The fragments' bytes in other fragments, behind another table."""
    start = pixels_at(kind)
    bodies = b"".join(
        one.value
        for one in walk(BYTES[kind], OBJECTS[kind].transfer_syntax)
        if one.is_item and one.parent is not None and one.parent.tag == PIXEL_DATA and one.index
    )
    out = BYTES[kind][: start + 12] + struct.pack("<HHI", 0xFFFE, 0xE000, len(table)) + table
    at = 0
    for size in sizes:
        body = bodies[at : at + size]
        if not body:
            break
        out += struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body
        at += size
    return out + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def every(size: int) -> Iterator[int]:
    while True:
        yield size


def test_one_frame_may_be_cut_otherwise_and_its_table_may_come() -> None:
    large = OBJECTS[Kind.FRAGMENTS]
    verdict = judged(large, recut(Kind.FRAGMENTS, every(1000), b""))
    assert not verdict.altered
    assert "cut otherwise" in verdict.remarks[0]
    verdict = judged(large, recut(Kind.FRAGMENTS, every(FRAGMENT), bytes(4)))
    assert verdict == Verdict((), ("Pixel Data: a Basic Offset Table was added",))
    assert judged(large, recut(Kind.FRAGMENTS, every(FRAGMENT), b"\1\0\0\0")).altered


def test_a_table_may_go_but_not_where_only_it_tells_the_frames() -> None:
    large = OBJECTS[Kind.TILES]
    verdict = judged(large, recut(Kind.TILES, every(TILE), b""))
    assert verdict == Verdict((), ("Pixel Data: a Basic Offset Table was left out",))
    assert judged(large, recut(Kind.TILES, every(TILE // 2), b"")).altered


def test_damage_behind_a_fragment_that_is_cut_otherwise_is_seen() -> None:
    data = bytearray(recut(Kind.FRAGMENTS, every(1000), b""))
    data[-5000] ^= 1
    assert judged(OBJECTS[Kind.FRAGMENTS], bytes(data)).altered


def test_another_native_syntax_is_judged_and_another_one_said() -> None:
    large = OBJECTS[Kind.FRAMES]
    other = b"".join(large.encoded_in(IMPLICIT_VR_LITTLE_ENDIAN).buffers())
    verdict = judged(large, other, syntax=IMPLICIT_VR_LITTLE_ENDIAN)
    assert verdict == Verdict((), (f"it came back in transfer syntax {IMPLICIT_VR_LITTLE_ENDIAN}",))
    assert judged(large, other[:-1] + b"\x01", syntax=IMPLICIT_VR_LITTLE_ENDIAN).altered
    compressed = judged(large, BYTES[Kind.TILES], syntax="1.2.840.10008.1.2.4.50")
    assert any("was not compared" in words for words in compressed.remarks)


def test_group_lengths_and_coerced_attributes_are_seen_through() -> None:
    large, data = OBJECTS[Kind.FRAMES], BYTES[Kind.FRAMES]
    with_length = struct.pack("<HH2sHI", 8, 0, b"UL", 4, 0) + data
    assert judged(large, with_length) == Verdict((), ())
    patient = next(one for one in walk(data, large.transfer_syntax) if one.tag == 0x00100020)
    changed = bytearray(data)
    changed[patient.offset + 8] ^= 1
    assert judged(large, bytes(changed)) == Verdict((), ())


def test_a_deflated_one_is_damage_in_words() -> None:
    assert judged(OBJECTS[Kind.FRAMES], b"\x63\x60" * 1000, syntax=DEFLATED).altered


@pytest.mark.parametrize("kind", Kind)
def test_comparing_takes_no_memory(kind: Kind) -> None:
    large = large_object(kind, 32 * MIB, Identity(f"{ROOT}.1", "large"))
    comparison = Comparison(large, large.transfer_syntax)
    tracemalloc.start()
    try:
        for block in large.buffers():
            for at in range(0, len(block), 262144):
                comparison.write(bytes(block[at : at + 262144]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert comparison.length == large.length
    assert comparison.verdict() == Verdict((), ())
    assert peak < 12 * MIB
