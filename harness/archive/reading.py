"""What the index needs of an object, once its structure is checked to the last byte."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from . import encoding, transcoding
from .attributes import MOST_ITEMS, AttributeSet, from_dataset
from .storage import Staged, Undecodable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def attributes_of(staged: Staged) -> AttributeSet:
    """`read_attributes` of a finished object, without its file where its head is enough."""
    try:
        with _decoding():
            return _attributes(
                BytesIO(staged.head), 0, staged.size, staged.transfer_syntax, held=len(staged.head)
            )
    except encoding.NotHeld:
        return read_attributes(staged.path, staged.offset, staged.transfer_syntax)


def read_attributes(path: Path, offset: int, transfer_syntax: str) -> AttributeSet:
    """Check the structure of a kept or staged object to its last byte, and decode what the index needs.

    Raises Undecodable and OSError.
    """
    with _decoding(), path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        return _attributes(file, offset, end, transfer_syntax, held=end)


@contextlib.contextmanager
def _decoding() -> Iterator[None]:
    """Whatever a decoder raises means that the data set is not decodable."""
    try:
        yield
    except encoding.Malformed as error:
        raise Undecodable(str(error)) from error
    except (OSError, Undecodable, encoding.NotHeld):
        raise
    except Exception as error:
        # What a decoder says may hold values of the data set, and its own insides: no comment for a peer.
        raise Undecodable("the data set can't be decoded") from error


def _attributes(stream: IO[bytes], begin: int, end: int, transfer_syntax: str, held: int) -> AttributeSet:
    """Of a data set from `begin` to `end` of a stream that has the bytes up to `held`.

    Raises NotHeld where more of them are needed.
    """
    from pydicom import config
    from pydicom.filereader import read_dataset

    config.settings.reading_validation_mode = config.IGNORE
    if end == begin:
        raise Undecodable("the data set is empty")
    stream.seek(begin)
    syntax = encoding.syntax_of(transfer_syntax)
    if syntax.deflated:
        if held < end:
            raise encoding.NotHeld
        plain = encoding.inflate(stream)
        stream, begin, end = plain, 0, len(plain.getvalue())
        held = end
    syntax, has_unknown = _checked(stream, begin, end, syntax, transfer_syntax, held)
    if has_unknown and not syntax.little:
        # pydicom reads what is in them as big endian, which it is not (PS3.5 6.2.2).
        if held < end:
            raise encoding.NotHeld
        pieces = transcoding.re_encoded(stream, begin, transfer_syntax, encoding.EXPLICIT_LITTLE)
        stream, syntax, begin = BytesIO(b"".join(pieces)), encoding.Syntax(False, True), 0
    stream.seek(begin)
    dataset = read_dataset(
        stream,  # type: ignore[arg-type]
        syntax.implicit,
        syntax.little,
        stop_when=lambda tag, vr, length: tag >= 0x7FE00000,
        defer_size=65_536,
    )
    return from_dataset(_without_deferred(dataset), most_items=MOST_ITEMS)


def _checked(
    stream: IO[bytes], begin: int, end: int, syntax: encoding.Syntax, transfer_syntax: str, held: int
) -> tuple[encoding.Syntax, bool]:
    """The syntax that the data set is really in: a private transfer syntax may be implicit.

    And whether it holds sequences of VR UN.
    """
    try:
        return syntax, encoding.check_structure(stream, end, syntax, held)
    except encoding.Malformed:
        if transfer_syntax.startswith("1.2.840.10008."):
            raise
        stream.seek(begin)
        implicit = encoding.Syntax(True, True)
        return implicit, encoding.check_structure(stream, end, implicit, held)


def _without_deferred(dataset: Dataset) -> Dataset:
    """Drop values that were left in the file: the index keeps none of that size."""
    from pydicom.dataelem import RawDataElement

    for tag, raw in list(dataset.items()):  # get_item would try to load them
        if isinstance(raw, RawDataElement) and raw.value is None and raw.length:
            del dataset[tag]
    return dataset
