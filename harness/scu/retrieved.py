"""What a retrieval brought, compared with what had been stored: the set, the pixels, every element."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID

from harness.dimse.difference import HARMLESS, Difference, DifferenceKind, difference, summary, without
from harness.dimse.errors import DecodeError
from harness.dimse.walker import walk
from harness.scu.frames import reframed
from harness.scu.inbox import Received
from harness.scu.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from harness.synthesis import SyntheticInstance

NATIVE = frozenset(
    (
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_LITTLE_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
    )
)
"""Transfer syntaxes whose pixel data is not encapsulated."""
LOSSLESS = {
    "1.2.840.10008.1.2.4.57": "JPEG Lossless, process 14",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless, process 14, selection value 1",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.5": "RLE Lossless",
}
"""Transfer syntaxes that keep every pixel's value whatever is in them (PS3.5 A.4)."""
_COERCED = (0x00100020, 0x00100021, 0x00101002, 0x0020000D, 0x0020000E)
"""What the archive may change when it stores (PS3.4 table B.4-1)."""
_PIXEL_DATA = "(7FE0,0010)"
_SHOWN = 3

UNDECODABLE = (
    *(AttributeError, ValueError, RuntimeError, TypeError, LookupError, OSError, EOFError, ArithmeticError),
    *(NotImplementedError, StopIteration, struct.error),
)
"""What pydicom and its decoders raise for pixel data that is damaged, or in a form that none of them reads;
StopIteration where frames are missing."""


def odd_ones(stored: Iterable[SyntheticInstance], received: Iterable[Received]) -> str:
    """How the objects that arrived are not each of the stored ones once, in words; empty where they are."""
    wanted = {instance.sop_instance_uid for instance in stored}
    came = Counter(item.sop_instance_uid for item in received)
    found = []
    if missing := wanted - came.keys():
        found.append(f"{len(missing)} of {len(wanted)} objects did not arrive: {_some(missing)}")
    if strange := came.keys() - wanted:
        found.append(f"{len(strange)} objects arrived that were not asked for: {_some(strange)}")
    if repeated := [uid for uid, count in came.items() if count > 1]:
        found.append(f"{len(repeated)} objects arrived more than once: {_some(repeated)}")
    return "; ".join(found)


def damaged(stored: Iterable[SyntheticInstance], received: Iterable[Received]) -> str:
    """The first object that is no longer the one stored, in words: other UIDs in its data set, other pixels.

    An object in another transfer syntax is decoded where that keeps the pixels.  Raises DecodeError where an
    object is no data set.
    """
    for instance, item in _pairs(stored, received):
        words = _misnamed(instance, item) or _repainted(instance, item)
        if words:
            return f"object {instance.sop_instance_uid}: {words}"
    return ""


def altered(stored: Iterable[SyntheticInstance], received: Iterable[Received]) -> str:
    """The first object of which an element was lost, added or changed, in words.

    What the archive may coerce and what a change of transfer syntax brings is seen through.
    """
    for instance, item in _pairs(stored, received):
        found = [
            entry
            for entry in without(_differences(instance, item), *_COERCED)
            if entry.kind not in HARMLESS and entry.kind is not DifferenceKind.PADDING
        ]
        same = item.transfer_syntax == instance.transfer_syntax
        encapsulated = not {item.transfer_syntax, instance.transfer_syntax} <= NATIVE
        if encapsulated:
            # Fragments may be cut otherwise; Image Pixel attributes, group 0028, follow the compression.
            follow = (_PIXEL_DATA,) if same else (_PIXEL_DATA, "(0028,")
            found = [entry for entry in found if not entry.path.startswith(follow)]
        if not same:
            found = [entry for entry in found if entry.kind is not DifferenceKind.VR]
        words = summary(found) if found else ""
        if encapsulated and not words:
            words = _repainted(instance, item)
        if words:
            return f"object {instance.sop_instance_uid}: {words}"
    return ""


def _pairs(
    stored: Iterable[SyntheticInstance], received: Iterable[Received]
) -> Iterator[tuple[SyntheticInstance, Received]]:
    by_uid = {instance.sop_instance_uid: instance for instance in stored}
    for item in received:
        if item.sop_instance_uid in by_uid:
            yield by_uid[item.sop_instance_uid], item


def _differences(instance: SyntheticInstance, item: Received) -> list[Difference]:
    return difference(instance.dataset, instance.transfer_syntax, item.dataset, item.transfer_syntax)


def named_in(item: Received) -> tuple[str, str]:
    """SOP Class and Instance UID in an object's data set, empty where absent.  DecodeError for damage."""
    found = {0x00080016: "", 0x00080018: ""}
    for element in walk(item.dataset, item.transfer_syntax):
        if element.depth == 0 and element.tag in found:
            found[element.tag] = bytes(element.value).decode("latin-1").rstrip("\0 ")
    return found[0x00080016], found[0x00080018]


def _misnamed(instance: SyntheticInstance, item: Received) -> str:
    sop_class, uid = named_in(item)
    if (sop_class, uid) == (instance.sop_class, instance.sop_instance_uid):
        return ""
    return f"its data set names instance {uid or 'none'} of class {sop_class or 'none'}"


def _repainted(instance: SyntheticInstance, item: Received) -> str:
    if "PixelData" not in instance.attributes:
        return ""
    syntaxes = {instance.transfer_syntax, item.transfer_syntax}
    if len(syntaxes) == 1 and not syntaxes <= NATIVE:
        words = reframed(instance.dataset, item.dataset, item.transfer_syntax, _frames(instance))
        return f"pixel data: {words}" if words else ""
    if syntaxes <= NATIVE:
        found = [
            entry
            for entry in _differences(instance, item)
            if entry.path.startswith(_PIXEL_DATA)
            and entry.kind not in HARMLESS | {DifferenceKind.PADDING, DifferenceKind.VR}
        ]
        return f"pixel data: {summary(found)}" if found else ""
    if DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN in syntaxes or not syntaxes <= NATIVE | LOSSLESS.keys():
        return ""
    before = decoded(instance.dataset, instance.transfer_syntax).pixel_array
    after = _pixels_of(item)
    if before.shape != after.shape:
        return f"{after.shape} pixels after a change of transfer syntax, {before.shape} before"
    changed = int(np.count_nonzero(_cells(before, instance) != _cells(after, instance)))
    return f"{changed} of {before.size} pixels have another value" if changed else ""


def _frames(instance: SyntheticInstance) -> int:
    return int(instance.attributes.get("NumberOfFrames", 1))


def _cells(pixels: Any, instance: SyntheticInstance) -> Any:
    """The bits of the pixel cells that count: a compression need not keep those above (PS3.5 8.1.1)."""
    stored = instance.attributes.get("BitsStored", 16)
    return pixels & ((1 << stored) - 1) if pixels.dtype.kind in "iu" else pixels


def _pixels_of(item: Received) -> Any:
    """The decoded pixels.  DecodeError where the data set cannot be read or its pixels are not decodable."""
    for _ in walk(item.dataset, item.transfer_syntax):
        pass
    try:
        return decoded(item.dataset, item.transfer_syntax).pixel_array
    except UNDECODABLE as error:
        words = f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0]
        raise DecodeError("PS3.5 8.1", f"pixels that decode in {item.transfer_syntax}", words) from None


def decoded(dataset: bytes, transfer_syntax: str) -> Dataset:
    """An object that has pixels, as pydicom reads it.  Raises one of UNDECODABLE."""
    uid = UID(transfer_syntax)
    read = read_dataset(BytesIO(dataset), uid.is_implicit_VR, uid.is_little_endian)
    read.set_original_encoding(uid.is_implicit_VR, uid.is_little_endian)
    read.file_meta = Dataset()  # type: ignore[assignment]
    read.file_meta.TransferSyntaxUID = uid
    if transfer_syntax in NATIVE and len(read.PixelData) < get_expected_length(read):
        raise ValueError(f"{len(read.PixelData)} bytes of pixel data, {get_expected_length(read)} due")
    return read


def _some(uids: Iterable[str]) -> str:
    ordered: Sequence[str] = sorted(uids)
    more = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more
