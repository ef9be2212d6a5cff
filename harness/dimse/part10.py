"""DICOM files (PS3.10 clause 7): the header before a data set, read and made."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.dimse.errors import DecodeError, MisuseError
from harness.dimse.negotiation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from harness.dimse.walker import EXPLICIT_LITTLE, UNDEFINED, walk

META_LIMIT = 16 * 1024 * 1024
"""Bytes that preamble and file meta information may take."""
_PREAMBLE = 132
_LONG = (b"OB", b"OW", b"UN", b"UT", b"SQ", b"OF", b"OD", b"OL", b"OV", b"SV", b"UV", b"UC", b"UR")


@dataclass(frozen=True, slots=True)
class Part10:
    """The header of a DICOM file.  `meta` maps tags of group 0002 to value fields as they are.

    The data set begins at `dataset_offset` and is encoded in `transfer_syntax`.
    """

    meta: Mapping[int, bytes]
    transfer_syntax: str
    sop_class: str
    sop_instance: str
    dataset_offset: int


def part10(source: bytes | bytearray | memoryview | Path | str) -> Part10:
    """The header of a DICOM file, given as bytes or by path; DecodeError if it is none."""
    if isinstance(source, Path | str):
        with open(source, "rb") as file:
            return part10(file.read(META_LIMIT))
    meta, at = file_meta(source)

    def uid(tag: int, name: str) -> str:
        if tag not in meta:
            expected = f"{name} in the file meta information"
            raise DecodeError("PS3.10 7.1", expected, "none", bytes(source[:256]))
        return meta[tag].decode("latin-1").rstrip("\0 ")

    return Part10(
        meta,
        uid(0x00020010, "Transfer Syntax UID (0002,0010)"),
        uid(0x00020002, "Media Storage SOP Class UID (0002,0002)"),
        uid(0x00020003, "Media Storage SOP Instance UID (0002,0003)"),
        at,
    )


def file_meta(source: bytes | bytearray | memoryview) -> tuple[dict[int, bytes], int]:
    """The value fields of group 0002 as they are, whatever is missing, and where the data set begins.

    DecodeError for bytes that are no DICOM file, or whose group 0002 is damaged.
    """
    view = memoryview(source).cast("B") if len(source) else memoryview(b"")
    if bytes(view[128:132]) != b"DICM":
        raise DecodeError("PS3.10 7.1", "DICM at offset 128", "no DICOM file", bytes(view[:160]))
    at = _PREAMBLE
    while len(view) - at >= 8 and bytes(view[at : at + 2]) == b"\x02\x00":
        if bytes(view[at + 4 : at + 6]) in _LONG:
            size = 12 + (struct.unpack_from("<I", view, at + 8)[0] if len(view) - at >= 12 else UNDEFINED)
        else:
            size = 8 + struct.unpack_from("<H", view, at + 6)[0]
        if size > len(view) - at:
            raise DecodeError(
                "PS3.10 7.1", "file meta information within the file", f"{size} bytes at offset {at}"
            )
        at += size
    meta = {element.tag: bytes(element.value) for element in walk(view[_PREAMBLE:at], EXPLICIT_LITTLE)}
    return meta, at


def write_part10(
    sop_class: str,
    sop_instance: str,
    transfer_syntax: str,
    *,
    source_ae_title: str | None = None,
    implementation_class_uid: str = IMPLEMENTATION_CLASS_UID,
    implementation_version_name: str | None = IMPLEMENTATION_VERSION_NAME,
) -> bytes:
    """Preamble, prefix and file meta information, to be followed by the data set as it is (PS3.10 7.1)."""
    elements = _short(0x0002, b"UI", sop_class)
    elements += _short(0x0003, b"UI", sop_instance)
    elements += _short(0x0010, b"UI", transfer_syntax)
    elements += _short(0x0012, b"UI", implementation_class_uid)
    if implementation_version_name is not None:
        elements += _short(0x0013, b"SH", implementation_version_name)
    if source_ae_title is not None:
        elements += _short(0x0016, b"AE", source_ae_title)
    version = struct.pack("<HH2sHI", 2, 1, b"OB", 0, 2) + b"\0\1"
    body = version + elements
    return bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(body)) + body


def _short(number: int, vr: bytes, value: str) -> bytes:
    try:
        data = value.encode("ascii")
    except UnicodeEncodeError as error:
        raise MisuseError(f"{value!r} cannot stand in file meta information") from error
    data += (b"\0" if vr == b"UI" else b" ") * (len(data) % 2)
    return struct.pack("<HH2sH", 2, number, vr, len(data)) + data
