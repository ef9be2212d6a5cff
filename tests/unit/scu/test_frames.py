"""Frames of encapsulated pixel data: other fragments are legal, other frames are damage."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from harness.scu.frames import RLE, reframed

JPEG = "1.2.840.10008.1.2.4.70"
MPEG2 = "1.2.840.10008.1.2.4.100"
ITEM, END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"
ONE, TWO, THREE = b"\xff\xd8first\xff\xd9\0", b"\xff\xd8second one\xff\xd9", b"\xff\xd8third\xff\xd9\0"
FRAMES = (ONE, TWO, THREE)


def data_set(fragments: Sequence[bytes], table: Sequence[int] = ()) -> bytes:
    items = [struct.pack(f"<{len(table)}I", *table), *fragments]
    body = b"".join(ITEM + struct.pack("<I", len(item)) + item for item in items)
    return b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + body + END


STORED = data_set(FRAMES)
STARTS = (0, 8 + len(ONE), 16 + len(ONE) + len(TWO))
HALVES = [piece for frame in FRAMES for piece in (frame[:4], frame[4:])]
HALVED = (0, 16 + len(ONE), 32 + len(ONE) + len(TWO))


@pytest.mark.parametrize(
    "came",
    [
        data_set(FRAMES),
        data_set(FRAMES, STARTS),
        data_set(HALVES, HALVED),
        data_set(HALVES),
        data_set([ONE, TWO[:2], TWO[2:], THREE]),
        data_set([ONE, TWO + b"\0\0", THREE], (0, 8 + len(ONE), 18 + len(ONE) + len(TWO))),
        data_set([ONE + b"\0\0", TWO[:6], TWO[6:], THREE]),
    ],
    ids=["same", "table", "halves-and-table", "halves", "one-cut", "padded", "padded-and-cut"],
)
def test_other_fragments_are_the_same_frames(came: bytes) -> None:
    assert reframed(STORED, came, JPEG, 3) == ""
    assert reframed(data_set(FRAMES, STARTS), came, JPEG, 3) == ""


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (data_set([ONE, TWO]), "3 frames in 2 fragments"),
        (data_set([ONE, THREE, TWO]), "frame 2 has"),
        (data_set([ONE, TWO[:-2], THREE]), "frame 2 has"),
        (data_set([ONE, TWO[:-2] + b"\0\0", THREE]), "frame 2 has"),
        (data_set([ONE, TWO[:4], TWO[6:], THREE]), "frame 2 is not"),
        (data_set([*HALVES, b"more"]), "4 bytes behind"),
        (data_set(HALVES, (0, 14, HALVED[2])), "where no fragment begins"),
        (data_set(HALVES, HALVED[:2]), "8 bytes for 3 frames"),
        (data_set(HALVES, (0, 0, 0)), "begins 0, 0, 0"),
        (data_set(HALVES, (0, 12, 16 + len(ONE))), "frame 1 has"),
        (data_set([]), "no fragments"),
        (b"", "no fragments"),
    ],
)
def test_other_frames_are_damage(came: bytes, words: str) -> None:
    assert words in reframed(STORED, came, JPEG, 3)


def test_rle_has_one_fragment_a_frame() -> None:
    assert reframed(STORED, data_set(FRAMES, STARTS), RLE, 3) == ""
    assert reframed(STORED, data_set(HALVES, HALVED), RLE, 3) == "3 frames in 6 fragments"


def test_a_single_frame_is_all_fragments_joined() -> None:
    assert reframed(data_set([TWO]), data_set([TWO[:6], TWO[6:]], (0,)), JPEG, 1) == ""
    assert "frame 1" in reframed(data_set([TWO]), data_set([TWO[:6], TWO[8:]]), JPEG, 1)


def test_video_is_one_stream() -> None:
    assert reframed(data_set([TWO + THREE]), data_set([TWO, THREE]), MPEG2, 3) == ""
    assert reframed(data_set([TWO + THREE]), data_set([TWO, ONE]), MPEG2, 3) != ""
