"""Encapsulated pixel data by its parts (PS3.5 A.4)."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from harness.dimse.errors import PeerViolation
from harness.scu.frames import pixel_items
from harness.scu.inbox import Received
from harness.scu.retrieved import UNDECODABLE, damaged, odd_ones
from harness.synthesis import SyntheticInstance


def fragments_of(dataset: bytes, transfer_syntax: str) -> list[bytes]:
    """The Basic Offset Table, then the fragments.

    PeerViolation where an object in an encapsulated transfer syntax has no such pixel data; DecodeError.
    """
    parts = pixel_items(dataset, transfer_syntax)
    if not parts:
        raise PeerViolation("PS3.5 A.4", "pixel data in fragments, the offset table first", "none of them")
    return parts


def bitstream_of(dataset: bytes, transfer_syntax: str) -> bytes:
    """All the fragments joined, without the padding at the end: how frames are cut up is free."""
    return b"".join(fragments_of(dataset, transfer_syntax)[1:]).rstrip(b"\0")


def altered_bitstream(instance: SyntheticInstance, received: Sequence[Received]) -> str:
    """How the compressed frames are no longer those stored, in words.

    How they are cut up is free, and so is another bitstream that decodes to the same pixels.
    """
    if odd := odd_ones([instance], received):
        return odd
    for item in received:
        if item.transfer_syntax != instance.transfer_syntax:
            return damaged([instance], [item])
        before = bitstream_of(instance.dataset, instance.transfer_syntax)
        after = bitstream_of(item.dataset, item.transfer_syntax)
        if before != after and not _decode_alike(instance, item):
            return f"{len(after)} bytes of compressed frames came back, other than the {len(before)} stored"
    return ""


def _decode_alike(instance: SyntheticInstance, item: Received) -> bool:
    """Whether both decode, and to the same pixels."""
    try:
        before = _pixels(instance.dataset, instance.transfer_syntax)
        after = _pixels(item.dataset, item.transfer_syntax)
    except UNDECODABLE:
        return False  # damaged, or in a form that no decoder here reads
    return bool(np.array_equal(before, after))


def _pixels(dataset: bytes, transfer_syntax: str) -> np.ndarray[Any, Any]:
    read = read_dataset(BytesIO(dataset), False, True)
    read.set_original_encoding(False, True)
    read.file_meta = FileMetaDataset()
    read.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    return read.pixel_array
