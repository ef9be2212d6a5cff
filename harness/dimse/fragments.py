"""Cutting a message into P-DATA-TF PDUs without copying it (PS3.8 9.3.5 and annex E)."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
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
STREAMED = 16 * 1024 * 1024
"""Bytes of a streamed data set that may be on their way to the socket: so many are held of it at most."""


@dataclass(frozen=True, slots=True)
class FileSlice:
    """A part of a file that is sent from a memory map; `length` None reaches to the end."""

    path: Path | str
    offset: int = 0
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A data set of `length` bytes that is made while it is sent.

    `buffers` gives its parts in order, each of which has to stay as it is until STREAMED bytes more have been
    asked for (fragments are far shorter than that).  The length is known beforehand, since the last fragment
    has to be marked.
    """

    length: int
    buffers: Iterable[Buffer]


DataSet = Buffer | Sequence[Buffer] | FileSlice | Stream


def pdus_of(context_id: int, dataset: DataSet, size: int) -> Iterator[list[Buffer]]:
    """`fragments` of a data set in any form.  MisuseError for a stream of another length than it says."""
    if isinstance(dataset, Stream):
        parts = (memoryview(part).cast("B") for part in dataset.buffers)
        return fragments(context_id, False, parts, size, dataset.length)
    return fragments(context_id, False, views(dataset), size)


def views(dataset: Buffer | Sequence[Buffer] | FileSlice) -> list[memoryview]:
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
    context_id: int, is_command: bool, data: Iterable[memoryview], size: int, length: int | None = None
) -> Iterator[list[Buffer]]:
    """P-DATA-TF PDUs of one PDV each, in lists of about 512 headers and views of `data`.

    `length` is that of all data together, where these are no sequence that could be asked for it.  An empty
    data set still gives one PDV, since the last fragment must be marked.
    """
    if length is None:
        data = list(data)
        left, most = sum(map(len, data)), _BATCH // 2
        if left <= size and len(data) < _BATCH:
            yield [_header(context_id, is_command, left, last=True), *data]
            return
    else:
        left, most = length, max(1, min(_BATCH // 2, STREAMED // 2 // size))
    batch: list[Buffer] = []
    inner = _header(context_id, is_command, size, last=False)
    parts = iter(data)
    part, at = memoryview(b""), 0
    while True:
        if at == len(part) and left:
            part, at = _next(parts, left), 0
        if left > size and (run := (len(part) - at) // size):
            # Whole fragments within one buffer, which is nearly always all of it but the last.
            run = min(run, max(1, most - len(batch) // 2), (left - 1) // size)
            end = at + run * size
            pdus: list[Buffer] = [inner] * (2 * run)
            pdus[1::2] = [part[start : start + size] for start in range(at, end, size)]
            batch += pdus
            left -= run * size
            at = end
        else:
            wanted = min(size, left)
            left -= wanted
            batch.append(inner if left else _header(context_id, is_command, wanted, last=True))
            while wanted:
                if at == len(part):
                    part, at = _next(parts, wanted), 0
                view = part[at : at + wanted]
                batch.append(view)
                wanted -= len(view)
                at += len(view)
            if not left:
                if at < len(part) or any(len(more) for more in parts):
                    raise MisuseError("a data set is longer than it was said to be")
                yield batch
                return
        if len(batch) >= 2 * most:
            yield batch
            batch = []


def _next(parts: Iterator[memoryview], left: int) -> memoryview:
    """The next part that holds anything."""
    for part in parts:
        if len(part):
            return part
    raise MisuseError(f"a data set ends {left} bytes before the end that was said")


def _header(context_id: int, is_command: bool, length: int, *, last: bool) -> bytes:
    control = last << 1 | is_command
    return HEADER.pack(P_DATA, 0, length + 6) + PDV_HEADER.pack(length + 2, context_id, control)
