"""Cutting a message into P-DATA-TF PDUs without copying it (PS3.8 9.3.5 and annex E)."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.dimse.errors import MisuseError, PeerViolation
from harness.dimse.pdu import HEADER, P_DATA, PDV_HEADER
from harness.dimse.transport import Buffer

DEFAULT_FRAGMENT = 256 * 1024
"""Bytes of data in a PDV where the peer sets no maximum length."""
UNSTATED_MAXIMUM = 16 * 1024
"""The maximum length assumed of a peer that left the sub-item out, which it must not (PS3.8 D.1)."""
_BATCH = 512
"""Buffers handed to the socket at once."""


@dataclass(frozen=True, slots=True)
class FileSlice:
    """A part of a file that is sent from a memory map; `length` None reaches to the end."""

    path: Path | str
    offset: int = 0
    length: int | None = None


DataSet = Buffer | Sequence[Buffer] | FileSlice


def views(dataset: DataSet) -> list[memoryview]:
    """Byte views of a data set; a memory map lives as long as a view of it."""
    if isinstance(dataset, FileSlice):
        return [mapped(dataset)]
    if isinstance(dataset, bytes | bytearray | memoryview):
        return [memoryview(dataset).cast("B")]
    return [memoryview(part).cast("B") for part in dataset]


def mapped(part: FileSlice) -> memoryview:
    """A view of a part of a file; keep it where the same part is sent often, mapping costs more than sending.

    Raises MisuseError for a part that reaches beyond the file, OSError.
    """
    with open(part.path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        end = size if part.length is None else part.offset + part.length
        if part.offset < 0 or not part.offset <= end <= size:
            raise MisuseError(f"{part.path} has {size} bytes; {part.offset} to {end} lies outside")
        if part.offset == end:
            return memoryview(b"")
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return memoryview(whole)[part.offset : end]


def fragment_size(peer_maximum: int | None, wanted: int | None = None) -> int:
    """Bytes of data in a PDV so that its PDU respects the peer's maximum length (PS3.8 D.1).

    The maximum bounds what follows the PDU header, so the PDV's own six bytes count.  Even where that is
    possible (PS3.8 E.1).  PeerViolation for a maximum that leaves no room at all.
    """
    if wanted is not None and wanted < 1:
        raise MisuseError(f"a fragment of {wanted} bytes")
    size = wanted or DEFAULT_FRAGMENT
    maximum = UNSTATED_MAXIMUM if peer_maximum is None else peer_maximum
    if maximum:
        room = maximum - PDV_HEADER.size
        if room < 1:
            raise PeerViolation(
                "PS3.8 D.1", "a maximum length that has room for a PDV (7 or more, or 0)", str(maximum)
            )
        size = min(size, room)
    return size if size == 1 else size & ~1


def fragments(
    context_id: int, is_command: bool, data: Sequence[memoryview], size: int
) -> Iterator[list[Buffer]]:
    """P-DATA-TF PDUs of one PDV each, in lists of about 512 headers and views of `data`.

    An empty data set still gives one PDV, since the last fragment must be marked.
    """
    left = sum(map(len, data))
    batch: list[Buffer] = []
    inner = _header(context_id, is_command, size, last=False)
    part, at = 0, 0
    while True:
        if left > size and part < len(data) and (run := (len(data[part]) - at) // size):
            # Whole fragments within one buffer, which is nearly always all of it but the last.
            run = min(run, _BATCH // 2, (left - 1) // size)
            end = at + run * size
            pdus: list[Buffer] = [inner] * (2 * run)
            pdus[1::2] = [data[part][start : start + size] for start in range(at, end, size)]
            batch += pdus
            left -= run * size
            at = end
        else:
            length = min(size, left)
            left -= length
            batch.append(inner if left else _header(context_id, is_command, length, last=True))
            while length:
                view = data[part][at : at + length]
                if len(view):
                    batch.append(view)
                length -= len(view)
                at += len(view)
                if at == len(data[part]):
                    part, at = part + 1, 0
            if not left:
                yield batch
                return
        if len(batch) >= _BATCH:
            yield batch
            batch = []


def _header(context_id: int, is_command: bool, length: int, *, last: bool) -> bytes:
    control = last << 1 | is_command
    return HEADER.pack(P_DATA, 0, length + 6) + PDV_HEADER.pack(length + 2, context_id, control)
