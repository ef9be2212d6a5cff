"""Bare objects: what the modules of a class demand and no more (PS3.3 A), with pixels that are what they say.

The four identities are placeholders of fixed length, which `harness.fuzz.objects.identities` fills in.
"""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass

from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword

from harness.dimse.walker import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, PIXEL_DATA
from harness.fuzz.nodes import Node, Nodes
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.forms import name_after
from harness.fuzz.objects.identities import PATIENT_ID, SERIES_UID, SOP_INSTANCE_UID, STUDY_UID
from harness.fuzz.objects.parts import Part, Setting
from harness.synthesis import NAME_MARK
from harness.synthesis.pixels import Bitstream, bitstream_bytes, bitstreams

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
ULTRASOUND_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
CLASSES = (SECONDARY_CAPTURE, CT, MR, ULTRASOUND_MULTI_FRAME, RAW_DATA)
"""The SOP classes of which objects are made."""

NATIVE = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED)
RLE = "1.2.840.10008.1.2.5"
_JPEGS = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 70, 80, 81, 90, 91))
SYNTAXES = (*NATIVE, RLE, *_JPEGS)
"""The transfer syntaxes in which they are made."""

_PLANE = {
    "FrameOfReferenceUID": "2.25.1",
    "PositionReferenceIndicator": "",
    "PatientPosition": "HFS",
    "PixelSpacing": "0.5\\0.5",
    "ImageOrientationPatient": "1\\0\\0\\0\\1\\0",
    "ImagePositionPatient": "0\\0\\0",
    "SliceThickness": "1",
}
_COMMON = {
    "PatientBirthDate": "",
    "PatientSex": "",
    "StudyDate": "",
    "StudyTime": "",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "StudyID": "",
    "SeriesNumber": "",
    "InstanceNumber": "1",
    "Manufacturer": "",
}
_SPECIFIC = {
    SECONDARY_CAPTURE: {
        "Modality": "OT",
        "ConversionType": "WSD",
        "PatientOrientation": "",
        "ImageType": "DERIVED\\SECONDARY",
    },
    CT: {
        **_PLANE,
        "Modality": "CT",
        "ImageType": "DERIVED\\SECONDARY\\AXIAL",
        "AcquisitionNumber": "",
        "KVP": "",
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "HU",
    },
    MR: {
        **_PLANE,
        "Modality": "MR",
        "ImageType": "DERIVED\\SECONDARY\\OTHER",
        "ScanningSequence": "SE",
        "SequenceVariant": "NONE",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "RepetitionTime": "500",
        "EchoTime": "",
        "EchoTrainLength": "",
    },
    ULTRASOUND_MULTI_FRAME: {
        "Modality": "US",
        "ImageType": "DERIVED\\SECONDARY",
        "PatientOrientation": "",
        "FrameTime": "40",
        "FrameIncrementPointer": "",
    },
    RAW_DATA: {
        "Modality": "OT",
        "ContentDate": "20200229",
        "ContentTime": "120000",
        "CreatorVersionUID": "2.25.2",
        "AcquisitionContextSequence": "",
    },
}
"""Attributes of type 1 and 2 by class, beside pixels (PS3.3 A.3, A.4, A.7, A.8, A.37)."""
_FRAME_INCREMENT = bytes((0x18, 0, 0x63, 0x10))
_SIXTEEN_BITS = (CT, MR)


@functools.cache
def _header(keyword: str) -> tuple[int, str]:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword!r} is no keyword of PS3.6")
    return tag, dictionary_VR(tag)


def _text(keyword: str, value: str) -> Node:
    tag, vr = _header(keyword)
    if vr == "SQ":
        return Node(tag, vr, items=())
    return Node(tag, vr, padded(value.encode("ascii"), b"\0" if vr == "UI" else b" "))


@functools.cache
def _modules(sop_class: str) -> Nodes:
    nodes = [_text(keyword, value) for keyword, value in (_COMMON | _SPECIFIC[sop_class]).items()]
    nodes += [
        _text("SOPClassUID", sop_class),
        Node(0x00080018, "UI", SOP_INSTANCE_UID),
        Node(0x00100020, "LO", PATIENT_ID),
        Node(0x0020000D, "UI", STUDY_UID),
        Node(0x0020000E, "UI", SERIES_UID),
    ]
    return tuple(
        Node(0x00280009, "AT", _FRAME_INCREMENT) if node.tag == 0x00280009 else node for node in nodes
    )


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
        return (*numbers, _text("PhotometricInterpretation", self.photometric))


@functools.cache
def _suiting(sop_class: str, transfer_syntax: str) -> tuple[Bitstream, ...]:
    """The compressed frames that an object of this class may hold."""
    fits = [entry for entry in bitstreams().values() if entry.transfer_syntax == transfer_syntax]
    if sop_class in _SIXTEEN_BITS:
        # PS3.3 C.8.2.1 and C.8.3.1: one sample of 16 bits allocated.
        fits = [entry for entry in fits if entry.samples_per_pixel == 1 and entry.bits_allocated == 16]
    if sop_class == ULTRASOUND_MULTI_FRAME:
        fits = [entry for entry in fits if entry.bits_allocated == 8]
    return tuple(fits)


def is_known(sop_class: str, transfer_syntax: str) -> bool:
    """Whether objects of this class can be made in this transfer syntax."""
    if sop_class not in CLASSES:
        return False
    if transfer_syntax in NATIVE:
        return True
    return sop_class != RAW_DATA and bool(_suiting(sop_class, transfer_syntax))


_SIZES = st.sampled_from(((2, 2), (1, 1), (3, 3), (1, 7), (64, 64), (255, 3)))
_FRAMES = st.sampled_from((1, 2, 3, 10))
_NUMBERS = st.integers(0, 0xFF)
_TABLES = st.sampled_from(("empty", "basic", "extended"))


@st.composite
def bare(draw: st.DrawFn, sop_class: str, setting: Setting) -> Part:
    """An object of a class, ascending, as small as it may be; its pixels and its patient's name vary."""
    nodes = [*_modules(sop_class), _patient_name(b"")]
    traits: tuple[str, ...] = ()
    charset = setting.charset
    if charset.terms:
        nodes.append(Node(0x00080005, "CS", charset.value))
        traits = (f"character set {charset.value.decode('ascii').strip()}",)
        number = draw(_NUMBERS)
        if number:
            nodes[-2] = _patient_name(name_after(NAME_MARK.encode("ascii"), charset, number))
            traits += ("patient's name in the character set",)
    if sop_class != RAW_DATA:
        pixels = draw(_pixels(sop_class, setting.transfer_syntax))
        nodes += pixels.nodes
        traits += pixels.traits
    return Part(tuple(sorted(nodes, key=lambda node: node.tag)), traits)


def _patient_name(name: bytes) -> Node:
    return Node(0x00100010, "PN", padded(name or NAME_MARK.encode("ascii")))


@st.composite
def _pixels(draw: st.DrawFn, sop_class: str, transfer_syntax: str) -> Part:
    frames = draw(_FRAMES) if sop_class == ULTRASOUND_MULTI_FRAME else 1
    nodes: list[Node] = []
    if sop_class == ULTRASOUND_MULTI_FRAME:
        nodes.append(_text("NumberOfFrames", str(frames)))
    if transfer_syntax in NATIVE:
        rows, columns = draw(_SIZES)
        allocated = 16 if sop_class in _SIXTEEN_BITS else 8
        pixels = Pixels(rows, columns, 1, "MONOCHROME2", allocated, 12 if allocated == 16 else 8)
        size = rows * columns * frames
        raw = bytes(range(256)) * (size // 256) + bytes(range(size % 256)) if allocated == 8 else _words(size)
        vr = "OW" if allocated == 16 or transfer_syntax == IMPLICIT_LITTLE else "OB"
        data = Node(PIXEL_DATA, vr, padded(raw, b"\0"))
        return Part((*nodes, *pixels.nodes(), data), ("odd number of pixel bytes",) if len(raw) % 2 else ())
    return _encapsulated(
        nodes,
        draw(st.sampled_from(_suiting(sop_class, transfer_syntax))),
        frames,
        draw(_TABLES),
        draw(_NUMBERS),
    )


def _words(size: int) -> bytes:
    return b"".join(struct.pack("<H", index * 17 % 4096) for index in range(size))


def _encapsulated(nodes: list[Node], stream: Bitstream, frames: int, table: str, number: int) -> Part:
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
        nodes.append(_text("LossyImageCompression", "01"))
        nodes.append(_text("LossyImageCompressionRatio", f"{stream.lossy_ratio:g}"))
        nodes.append(_text("LossyImageCompressionMethod", stream.lossy_method))
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
