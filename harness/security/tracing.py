"""Files searched for what identifies a patient: as a stream, in bounded memory, bytes and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from harness.security.inflating import beginnings, dataset_of, inflated
from harness.security.needles import Kind, Needle

WINDOW = 2**20
HEAD = 4096
MOST_STREAMS = 2000
"""Places of one file at which a compressed stream is tried; beyond, it is searched as it stands alone."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a search may take."""

    bytes: int = 256 * 2**20
    seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Trace:
    """A canary that was met in a file."""

    path: Path
    kind: Kind
    written: str

    @property
    def words(self) -> str:
        return f"{self.kind} {self.written}".rstrip()


@dataclass
class Search:
    """What a search has found, and what it has seen."""

    bounds: Bounds
    traces: dict[tuple[Path, Kind], Trace] = field(default_factory=dict)
    """The first form of each kind in each file."""
    files: int = 0
    bytes: int = 0
    left_out: int = 0
    unreadable: int = 0
    full_of_streams: int = 0
    """Files with more beginnings of compressed streams than are tried."""

    def extent(self) -> str:
        """What was looked at, in words."""
        words = f"{self.files:,} files, {self.bytes / 1e6:,.1f} MB looked at"
        if self.left_out:
            bounds = f"{self.bounds.bytes / 1e6:,.0f} MB or {self.bounds.seconds:g} s are the bound"
            words += f"; {self.left_out:,} older files were not or not wholly ({bounds})"
        if self.unreadable:
            words += f"; {self.unreadable:,} files may not be read by the harness"
        if self.full_of_streams:
            words += f"; in {self.full_of_streams:,} files not all compressed streams were opened"
        return words


def search(
    paths: Iterable[Path],
    needles: Sequence[Needle],
    bounds: Bounds | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Search:
    """Look for needles in files, in the order given: the newest first, since bounds may end it."""
    done = Search(bounds or Bounds())
    ends = clock() + done.bounds.seconds
    for path in paths:
        if clock() >= ends or done.bytes >= done.bounds.bytes:
            done.left_out += 1
            continue
        try:
            with path.open("rb") as file:
                whole = _search_file(done, path, file, needles, lambda: clock() >= ends)
        except FileNotFoundError:
            continue  # products rename and remove files all the time
        except OSError:
            done.unreadable += 1
            continue
        done.files += 1
        done.left_out += not whole
    return done


def _search_file(
    done: Search, path: Path, file: BinaryIO, needles: Sequence[Needle], is_over: Callable[[], bool]
) -> bool:
    """Whether all of the file was looked at."""
    longest = max(len(needle.value) for needle in needles)
    tail, offset, streams = b"", 0, 0
    head = file.read(HEAD)
    if (dataset := dataset_of(head)) is not None:
        _search_stream(done, path, inflated(file, dataset, raw=True), needles)
    file.seek(0)
    while chunk := file.read(WINDOW):
        if is_over() or done.bytes >= done.bounds.bytes:
            return False
        window = tail + chunk
        _note(done, path, window, needles, "")
        done.bytes += len(chunk)
        next_window = file.tell()
        for beginning in beginnings(window):
            at = offset - len(tail) + beginning
            if beginning + 3 <= len(tail):
                continue  # it was tried with the window before
            streams += 1
            if streams > MOST_STREAMS or is_over():
                break
            _search_stream(done, path, inflated(file, at), needles)
        file.seek(next_window)
        offset += len(chunk)
        tail = window[-(longest - 1) :]
    done.full_of_streams += streams > MOST_STREAMS
    return True


def _search_stream(done: Search, path: Path, pieces: Iterator[bytes], needles: Sequence[Needle]) -> None:
    longest = max(len(needle.value) for needle in needles)
    tail = b""
    for piece in pieces:
        window = tail + piece
        _note(done, path, window, needles, "inside of a compressed stream")
        tail = window[-(longest - 1) :]


def _note(done: Search, path: Path, window: bytes, needles: Sequence[Needle], where: str) -> None:
    for needle in needles:
        if (path, needle.kind) not in done.traces and needle.value in window:
            written = f"{needle.written} {where}".strip()
            done.traces[path, needle.kind] = Trace(path, needle.kind, written)
