"""Pixels that are what their attributes say: native, with a palette, or compressed (PS3.3 C.7.6.3)."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass

from hypothesis import strategies as st

from harness.dimse.walker import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, PIXEL_DATA
from harness.fuzz.nodes import Node, Nodes
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.elements import tag_of, text
from harness.fuzz.objects.modules import CT, ENHANCED_CT, MR, SECONDARY_CAPTURE, ULTRASOUND_MULTI_FRAME
from harness.fuzz.objects.palettes import PALETTE, palette
from harness.fuzz.objects.parts import Part
from harness.synthesis.pixels import Bitstream, bitstream_bytes, bitstreams

NATIVE = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED)
RLE = "1.2.840.10008.1.2.5"
_JPEGS = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 70, 80, 81, 90, 91))
SYNTAXES = (*NATIVE, RLE, *_JPEGS)
"""The transfer syntaxes in which they are made."""

IMAGES = (SECONDARY_CAPTURE, CT, MR, ULTRASOUND_MULTI_FRAME, ENHANCED_CT)
"""The SOP classes that have pixels."""
_NEVER_LOSSY = text("LossyImageCompression", "00")
"""What an Enhanced CT image says where another may be silent (PS3.3 C.8.15.2)."""
_FRAMES_TAG = tag_of("NumberOfFrames")
_SIXTEEN_BITS = (CT, MR, ENHANCED_CT)
_MULTI_FRAME = (ULTRASOUND_MULTI_FRAME, ENHANCED_CT)


@dataclass(frozen=True, slots=True)
class Pixels:
    """The Image Pixel module's numbers (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    samples: int
    photometric: str
    allocated: int
    stored: int

    def nodes(self) -> Nodes:
        """All but Pixel Data."""
        short = {
            0x00280002: self.samples,
            0x00280010: self.rows,
            0x00280011: self.columns,
            0x00280100: self.allocated,
            0x00280101: self.stored,
            0x00280102: self.stored - 1,
            0x00280103: 0,
        }
        if self.samples > 1:
            short[0x00280006] = 0
        numbers = tuple(Node(tag, "US", struct.pack("<H", number)) for tag, number in short.items())
        return (*numbers, text("PhotometricInterpretation", self.photometric))


@functools.cache
def suiting(sop_class: str, transfer_syntax: str) -> tuple[Bitstream, ...]:
    """The compressed frames that an object of this class may hold."""
    fits = [entry for entry in bitstreams().values() if entry.transfer_syntax == transfer_syntax]
    if sop_class in _SIXTEEN_BITS:
        # PS3.3 C.8.2.1, C.8.3.1 and C.8.15.2: one sample of 16 bits allocated.
        fits = [entry for entry in fits if entry.samples_per_pixel == 1 and entry.bits_allocated == 16]
    if sop_class == ULTRASOUND_MULTI_FRAME:
        fits = [entry for entry in fits if entry.bits_allocated == 8]
    return tuple(fits)


def has_pixels(sop_class: str, transfer_syntax: str) -> bool:
    """Whether there are images of this class in this transfer syntax."""
    return sop_class in IMAGES and (transfer_syntax in NATIVE or bool(suiting(sop_class, transfer_syntax)))


_SIZES = st.sampled_from(((2, 2), (1, 1), (3, 3), (1, 7), (64, 64), (255, 3)))
_SMALL_SIZES = st.sampled_from(((2, 2), (1, 1), (3, 3), (1, 7), (16, 16)))
_FRAMES = st.sampled_from((1, 2, 3, 10))
_NUMBERS = st.integers(0, 0xFF)
_LOOKS = {
    SECONDARY_CAPTURE: st.sampled_from((*("grey",) * 5, "palette")),
    # Segments stand for whole tables where the IOD has the module for them (PS3.3 A.7.4, C.7.9).
    ULTRASOUND_MULTI_FRAME: st.sampled_from(("grey", "grey", "palette", "segmented")),
}
_TABLES = st.sampled_from(("empty", "basic", "extended"))


def frames_of(nodes: Nodes) -> int:
    """The number of frames that an image says it has; 1 where it says none."""
    return next((int(node.value) for node in nodes if node.tag == _FRAMES_TAG), 1)


@st.composite
def pixels_of(draw: st.DrawFn, sop_class: str, transfer_syntax: str) -> Part:
    """The Image Pixel module of an object of a class, and its number of frames where it has one."""
    frames = draw(_FRAMES) if sop_class in _MULTI_FRAME else 1
    nodes: list[Node] = []
    if sop_class in _MULTI_FRAME:
        nodes.append(text("NumberOfFrames", str(frames)))
    if transfer_syntax in NATIVE:
        rows, columns = draw(_SMALL_SIZES if sop_class == ENHANCED_CT else _SIZES)
        look = draw(_LOOKS[sop_class]) if sop_class in _LOOKS else "grey"
        pixels = _native(rows, columns, frames, sop_class, transfer_syntax)
        if sop_class == ENHANCED_CT:
            nodes.append(_NEVER_LOSSY)
        if look == "grey":
            return Part((*nodes, *pixels.nodes), pixels.traits)
        number = draw(_NUMBERS)
        # The Palette Color Lookup Table module of ultrasound is one of 16 bits; elsewhere 8 do (C.7.6.3.1.5).
        bits = 8 if sop_class == SECONDARY_CAPTURE and not number % 2 else 16
        colours = palette(number, bits, is_segmented=look == "segmented")
        nodes += [PALETTE if node.tag == PALETTE.tag else node for node in pixels.nodes]
        return Part((*nodes, *colours.nodes), pixels.traits + colours.traits)
    return _encapsulated(
        nodes,
        sop_class,
        draw(st.sampled_from(suiting(sop_class, transfer_syntax))),
        frames,
        draw(_TABLES),
        draw(_NUMBERS),
    )


def _native(rows: int, columns: int, frames: int, sop_class: str, transfer_syntax: str) -> Part:
    allocated = 16 if sop_class in _SIXTEEN_BITS else 8
    pixels = Pixels(rows, columns, 1, "MONOCHROME2", allocated, 12 if allocated == 16 else 8)
    size = rows * columns * frames
    raw = bytes(range(256)) * (size // 256) + bytes(range(size % 256)) if allocated == 8 else _words(size)
    vr = "OW" if allocated == 16 or transfer_syntax == IMPLICIT_LITTLE else "OB"
    data = Node(PIXEL_DATA, vr, padded(raw, b"\0"))
    return Part((*pixels.nodes(), data), ("odd number of pixel bytes",) if len(raw) % 2 else ())


def _words(size: int) -> bytes:
    return b"".join(struct.pack("<H", index * 17 % 4096) for index in range(size))


def _encapsulated(
    nodes: list[Node], sop_class: str, stream: Bitstream, frames: int, table: str, number: int
) -> Part:
    """Fragments and an offset table (PS3.5 A.4); `number` says in how many fragments a frame is cut."""
    frame = padded(bitstream_bytes(stream), b"\0")
    pixels = Pixels(
        stream.rows,
        stream.columns,
        stream.samples_per_pixel,
        stream.photometric_interpretation,
        stream.bits_allocated,
        stream.bits_stored,
    )
    nodes = [*nodes, *pixels.nodes()]
    if stream.lossy_method:
        # PS3.3 C.7.6.1.1.5
        nodes.append(text("LossyImageCompression", "01"))
        nodes.append(text("LossyImageCompressionRatio", f"{stream.lossy_ratio:g}"))
        nodes.append(text("LossyImageCompressionMethod", stream.lossy_method))
    elif sop_class == ENHANCED_CT:
        nodes.append(_NEVER_LOSSY)
    # The Extended Offset Table asks for a fragment for each frame, and lengths are plain where nothing was
    # padded (PS3.3 C.7.6.3.1.8); a frame of RLE is one fragment anyhow (PS3.5 A.4.2).
    whole = table == "extended" or stream.transfer_syntax == RLE
    pieces = [frame] if whole else _cut(frame, 1 + number % 4)
    fragments = tuple(pieces) * frames
    lengths = sum(len(piece) + 8 for piece in pieces)
    offsets = [lengths * index for index in range(frames)]
    traits = [f"{table} offset table"] if table != "empty" else []
    if len(pieces) > 1:
        traits.append("several fragments a frame")
    first = struct.pack(f"<{frames}I", *offsets) if table == "basic" else b""
    if table == "extended" and len(bitstream_bytes(stream)) % 2 == 0:
        nodes.append(Node(0x7FE00001, "OV", struct.pack(f"<{frames}Q", *offsets)))
        nodes.append(Node(0x7FE00002, "OV", struct.pack(f"<{frames}Q", *([len(frame)] * frames))))
    elif table == "extended":
        traits.pop(0)
    nodes.append(Node(PIXEL_DATA, "OB", fragments=(first, *fragments)))
    return Part(tuple(nodes), tuple(traits))


def _cut(frame: bytes, count: int) -> list[bytes]:
    """The frame in so many pieces of even length (PS3.5 A.4)."""
    size = len(frame) // count // 2 * 2
    cuts = [size * index for index in range(count)]
    return [frame[start:end] for start, end in zip(cuts, [*cuts[1:], len(frame)], strict=True)]
