"""Known cases of objects: nesting, bombs, lengths that lie, images that are not as large as they say."""

from __future__ import annotations

import functools
import struct
import zlib
from collections.abc import Iterator

from harness.dimse.walker import DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from harness.fuzz.nodes import Node, Nodes, encode
from harness.fuzz.pdus.ordinary import INSTANCE, image, image_nodes, store, text
from harness.fuzz.pdus.recorded import message, opening, releasing
from harness.fuzz.pdus.script import Steps
from harness.fuzz.pdus.weakness import BOMBS, FORMAT, LENGTHS, NO_VR, PIXELS, RECURSION, Attempt, Titles
from harness.scu.frames import RLE
from harness.scu.uids import CT_IMAGE_STORAGE

JPEG = "1.2.840.10008.1.2.4.50"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
DEPTH = 1500
"""Sequences in each other: more than a stack of 8 MiB has taken of a parser that calls itself."""
BOMB = 64 * 1024 * 1024
"""Bytes that the deflated data set unfolds to: enough to be seen, and no harm to the machine."""


def attempts(titles: Titles) -> Iterator[Attempt]:
    """All of this module, for a target and as whom."""
    nested = b"".join(
        struct.pack("<HHIHHI", 0x0040, 0xA730, 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF) for _ in range(DEPTH)
    )
    ends = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0) * DEPTH
    yield Attempt(
        RECURSION, f"{DEPTH} sequences in each other", stored(titles, _before_pixels(nested + ends))
    )
    yield Attempt(RECURSION, f"{DEPTH} sequences that never end", stored(titles, _before_pixels(nested)))
    bomb = _bomb()
    yield Attempt(BOMBS, f"{len(bomb)} bytes that unfold to {BOMB >> 20} MiB", stored(titles, bomb, DEFLATED))
    yield Attempt(BOMBS, "a deflated data set that breaks off", stored(titles, bomb[:64], DEFLATED))
    yield Attempt(BOMBS, "a deflated data set of garbage", stored(titles, b"\xff" * 256, DEFLATED))
    yield from _pixels(titles)
    plain = image()
    for at, about in ((4, "the first element"), (len(plain) - 132, "Pixel Data")):
        for length in (0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, len(plain) * 2, 1):
            data = plain[:at] + struct.pack("<I", length) + plain[at + 4 :]
            yield Attempt(LENGTHS, f"{about} of {length} bytes by its length", stored(titles, data))
    lying = struct.pack("<HHII", 0x0008, 0x0000, 4, 0x7FFFFFFF) + plain
    yield Attempt(LENGTHS, "a group length that lies", stored(titles, lying))
    for weakness, vr in ((LENGTHS, "UN"), (LENGTHS, "OB"), (LENGTHS, "UT"), (LENGTHS, "PN"), (NO_VR, "ZZ")):
        header = struct.pack("<HH2s2xI", 0x0009, 0x1001, vr.encode(), 0xFFFFFFFF)
        data = encode(image_nodes()[:10], EXPLICIT_LITTLE) + header + bytes(64)
        yield Attempt(weakness, f"{vr} of undefined length", stored(titles, data, EXPLICIT_LITTLE))
    for value in ("%s%n" * 16, "A^" * 32768, "=" * 4096):
        nodes = _replaced(0x00100010, "PN", value)
        about = f"a patient's name of {len(value)} characters, {value[:8]!r} …"
        yield Attempt(FORMAT, about, stored(titles, encode(nodes, IMPLICIT_LITTLE)))


@functools.cache
def _bomb() -> bytes:
    """A deflated CT image with Data Set Trailing Padding (PS3.5 7.8) of zeros, which is what unfolds."""
    compressor = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    padding = struct.pack("<HH2s2xI", 0xFFFC, 0xFFFC, b"OB", BOMB)
    deflated = compressor.compress(encode(image_nodes(), EXPLICIT_LITTLE) + padding)
    for _ in range(BOMB >> 20):
        deflated += compressor.compress(bytes(1 << 20))
    deflated += compressor.flush()
    return deflated + b"\0" * (len(deflated) % 2)


def _replaced(tag: int, vr: str, value: str) -> Nodes:
    return tuple(text(tag, vr, value) if node.tag == tag else node for node in image_nodes())


def _before_pixels(elements: bytes) -> bytes:
    """A CT image with elements ahead of its Pixel Data."""
    nodes = image_nodes()
    return encode(nodes[:-1], IMPLICIT_LITTLE) + elements + encode(nodes[-1:], IMPLICIT_LITTLE)


def _pixels(titles: Titles) -> Iterator[Attempt]:
    without = image_nodes()[:-1]
    large = tuple(
        Node(node.tag, "US", b"\xff\xff") if node.tag in (0x00280010, 0x00280011) else node
        for node in without
    )
    unsigned_long = tuple(
        Node(node.tag, "UL", b"\0\0\1\0") if node.tag in (0x00280010, 0x00280011) else node
        for node in without
    )
    short = Node(0x7FE00010, "OW", bytes(2))
    for nodes, about in ((large, "65535 rows and columns"), (unsigned_long, "rows and columns of VR UL")):
        data = encode((*nodes, short), EXPLICIT_LITTLE)
        yield Attempt(PIXELS, f"{about}, and one pixel", stored(titles, data, EXPLICIT_LITTLE))
    segments = struct.pack("<16I", 0xFFFFFFFF, 64, 0x7FFFFFFF, *([0xFFFFFFFF] * 13))
    beyond = struct.pack("<16I", 2, 64, 0xFFFFFFF0, *([0] * 13)) + b"\x7f" * 16
    jpeg = bytes.fromhex("ffd8ffc0000b08ffffffff01011100ffda00080101003f00") + b"\xff" * 32
    jpeg_2000 = (
        bytes.fromhex("ff4fff51002f0000ffffffffffffffff00000000000000000000000100000001") + b"\xff" * 32
    )
    for syntax, fragment, about in (
        (RLE, segments, "RLE of more segments than there can be"),
        (RLE, beyond, "RLE whose segment begins beyond it"),
        (RLE, b"", "RLE of an empty fragment"),
        (JPEG, jpeg, "JPEG of 65535 by 65535 pixels that breaks off"),
        (JPEG_2000, jpeg_2000, "JPEG 2000 with a tile for each pixel"),
    ):
        pixels = Node(0x7FE00010, "OB", fragments=(b"", fragment))
        data = encode((*without, pixels), EXPLICIT_LITTLE)
        yield Attempt(PIXELS, about, stored(titles, data, syntax))
    table = struct.pack("<4I", 0xFFFFFFFF, 0, 0x7FFFFFFF, 1)
    data = encode((*without, Node(0x7FE00010, "OB", fragments=(table, b"\0\0"))), EXPLICIT_LITTLE)
    yield Attempt(PIXELS, "a Basic Offset Table that lies", stored(titles, data, RLE))


def stored(titles: Titles, data: bytes, syntax: str = IMPLICIT_LITTLE) -> list[Steps]:
    """A C-STORE of this data set."""
    return [
        *opening(titles, CT_IMAGE_STORAGE, syntax=syntax),
        *message(store(INSTANCE), data),
        *releasing(),
    ]
