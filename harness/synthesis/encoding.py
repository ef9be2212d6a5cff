"""From a data set to the bytes that go on the wire, in any transfer syntax."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from copy import deepcopy
from enum import Enum, auto
from typing import Any, Final

from pydicom import DataElement, Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from harness.synthesis.identity import Identity
from harness.synthesis.model import SyntheticInstance


class _Absent(Enum):
    ABSENT = auto()


ABSENT: Final = _Absent.ABSENT
"""As an attribute's value: leave the attribute out.  (None sends it with no value.)"""


def encode_dataset(ds: Dataset, transfer_syntax: str) -> bytes:
    """The data set as PS3.5 encodes it in the transfer syntax, without File Meta Information.

    Pixel data is never compressed here: for an encapsulated transfer syntax it must be encapsulated already.
    """
    big_endian = transfer_syntax == ExplicitVRBigEndian
    if big_endian:
        ds = _swapped(ds)
    buffer = DicomBytesIO()
    buffer.is_little_endian = not big_endian
    buffer.is_implicit_VR = transfer_syntax == ImplicitVRLittleEndian
    write_dataset(buffer, ds)
    encoded = buffer.getvalue()
    return _deflate(encoded) if transfer_syntax == DeflatedExplicitVRLittleEndian else encoded


def _deflate(encoded: bytes) -> bytes:
    # PS3.5 A.5: a raw deflate stream (RFC 1951, no zlib header), padded with a zero byte to even length
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = compressor.compress(encoded) + compressor.flush()
    return deflated + b"\0" * (len(deflated) % 2)


def _swapped(ds: Dataset) -> Dataset:
    """A copy whose words (OW) are in big endian order, which pydicom leaves to its caller."""
    ds = deepcopy(ds)
    for element in ds.iterall():
        if element.VR == "OW" and element.value:
            swapped = bytearray(element.value)
            swapped[0::2], swapped[1::2] = swapped[1::2], swapped[0::2]
            element.value = bytes(swapped)
    return ds


def instance_of(ds: Dataset, transfer_syntax: str) -> SyntheticInstance:
    """Encode the data set; its SOP Class and Instance UID name the instance."""
    return SyntheticInstance(
        sop_class=str(ds.SOPClassUID),
        sop_instance_uid=str(ds.SOPInstanceUID),
        transfer_syntax=str(transfer_syntax),
        dataset=encode_dataset(ds, transfer_syntax),
        attributes=ds,
    )


def apply(ds: Dataset, changes: Mapping[str, Any]) -> None:
    """Set attributes by keyword, in place.  `ABSENT` removes one; an unknown keyword is a ValueError."""
    for keyword, value in changes.items():
        if tag_for_keyword(keyword) is None:
            raise ValueError(f"{keyword!r} is no keyword of PS3.6")
        if value is not ABSENT:
            setattr(ds, keyword, value)
        elif keyword in ds:
            delattr(ds, keyword)


def variant(
    identity: Identity,
    instance: SyntheticInstance,
    *,
    elements: tuple[DataElement, ...] = (),
    transfer_syntax: str | None = None,
    **attributes: Any,
) -> SyntheticInstance:
    """A copy with a new SOP Instance UID (unless one is given) and other attribute values, encoded again.

    `attributes` go by keyword: a value, None for no value, `ABSENT` to leave the attribute out.  `elements`
    are for what has no keyword: private or unknown tags.  `transfer_syntax` encodes in another one, which
    the pixel data must suit.
    """
    ds = deepcopy(instance.attributes)
    ds.SOPInstanceUID = identity.uid()
    apply(ds, attributes)
    for element in elements:
        ds.add(deepcopy(element))
    return instance_of(ds, transfer_syntax or instance.transfer_syntax)
