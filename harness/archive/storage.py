"""The archive's files: data sets as they came on the wire, in Part 10 files, whole and synced before they
count.

An object is received into `incoming/`, and moved to `objects/` when it is complete and on the disk; so what
is in `objects/` was whole, and what a crash leaves in `incoming/` was never acknowledged.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import struct
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .attributes import AttributeSet

#: PS3.7 D.3.3.2: ours, beneath a root derived from a UUID (PS3.5 B.2).
IMPLEMENTATION_CLASS_UID = "2.25.205873113429387120347781203410223198723"
IMPLEMENTATION_VERSION = "HARNESS_ARCHIVE"
BUFFER = 524_288
"""Bytes of an object that are gathered before they are written: with several associations, each call of the
system costs more by whom it lets run than by what it does."""
HEAD = 32_768
"""Bytes of a data set that are kept in memory until it is acknowledged: most have all but pixels within."""
_PREAMBLE = b"\0" * 128 + b"DICM"


class Undecodable(ValueError):
    """An object that was received whole but can't be read: the status is in the Cxxx range."""


@dataclass
class Staged:
    """An object being received. Not for use by several threads at once."""

    path: Path
    transfer_syntax: str
    sop_class: str
    sop_instance: str
    offset: int
    size: int = 0
    error: OSError | None = None
    attributes: AttributeSet | None = None
    was_held: bool = False
    """Whether an instance of that UID was here before."""
    head: bytes = b""
    """The first bytes of the data set, `HEAD` at most."""
    is_placed: bool = False
    """Whether its file has become the kept one."""
    _file: IO[bytes] | None = None
    _gathered: bytearray = field(default_factory=bytearray)
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    _limit: int | None = None

    def write(self, data: bytes | memoryview) -> None:
        """Append data set bytes. A failure is kept in `error`, and the rest is dropped."""
        if self.error is not None or self._file is None:
            return
        self.size += len(data)
        self._gathered += data
        if len(self._gathered) >= BUFFER:
            self._put_down()

    def _put_down(self) -> None:
        assert self._file is not None
        if not self.head:
            self.head = bytes(self._gathered[:HEAD])
        try:
            if self._limit is not None and self.size > self._limit:
                raise OSError(errno.ENOSPC, "the archive's share of the disk is used up")
            self._file.write(self._gathered)
        except OSError as error:
            self.error = error
        self._digest.update(self._gathered)
        self._gathered.clear()

    def finish(self) -> None:
        """Bring all bytes to the disk; a failure is kept in `error`."""
        if self._file is None:
            return
        try:
            self._put_down()
            if self.error is None:
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            self.error = error
        finally:
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or error
            self._file = None

    def discard(self) -> None:
        """Remove the file, if it is not kept."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:  # what couldn't be flushed is thrown away with the file
                self.error = self.error or error
            self._file = None
        if not self.is_placed:
            self.path.unlink(missing_ok=True)

    @property
    def digest(self) -> str:
        """SHA-256 of the data set bytes, hexadecimal."""
        return self._digest.hexdigest()


@dataclass(frozen=True)
class StoredFile:
    """A Part 10 file of the archive: where its data set begins, and how long it is, in bytes."""

    path: Path
    offset: int
    size: int
    transfer_syntax: str
    sop_class: str
    sop_instance: str


class Storage:
    """The folder of an archive."""

    def __init__(self, root: Path, *, limit: int | None = None, reserve: int = 0) -> None:
        """`limit`: bytes that all objects may take; `reserve`: bytes of the disk to leave free."""
        self.root = root
        self.objects = root / "objects"
        self.incoming = root / "incoming"
        self.limit, self.reserve = limit, reserve
        for folder in (self.root, self.objects, self.incoming):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.used = 0
        self._counting = threading.Lock()
        self._in_use = root / "in-use"

    def open(self) -> bool:
        """Begin to use the folder; whether it was left in order the last time. Raises OSError."""
        in_order = not self._in_use.exists()
        self._in_use.touch()
        _sync_folder(self.root)
        return in_order

    def close(self) -> None:
        """Say that all is on the disk. Raises OSError."""
        self._in_use.unlink(missing_ok=True)

    def alone(self) -> contextlib.AbstractContextManager[int]:
        """No other process of the archive writes to the index within. Raises OSError."""
        return _locked(os.open(self._in_use, os.O_RDONLY))

    def claimed(self, sop_instance: str) -> contextlib.AbstractContextManager[int]:
        """Nobody else, of this process or another one, keeps an object of this UID within. Raises OSError.

        Gives the descriptor of the folder that it is kept in.
        """
        folder = self.place_of(sop_instance).parent
        try:
            return _locked(os.open(folder, os.O_RDONLY))
        except FileNotFoundError:
            folder.mkdir(exist_ok=True, mode=0o700)
            _sync_folder(self.objects)
            return _locked(os.open(folder, os.O_RDONLY))

    def clean(self) -> int:
        """Remove what a crash left half received. Returns the number of files."""
        left = list(self.incoming.iterdir())
        for path in left:
            path.unlink()
        return len(left)

    def stage(self, transfer_syntax: str, sop_class: str, sop_instance: str) -> Staged:
        """Begin to receive an object; never raises for a full disk (see `Staged.error`)."""
        header = part10_header(transfer_syntax, sop_class, sop_instance)
        path = self.incoming / f"{uuid.uuid4().hex}.part"
        staged = Staged(path, transfer_syntax, sop_class, sop_instance, len(header))
        try:
            staged._limit = self._room()
            staged._file = path.open("wb")
            staged._file.write(header)
        except OSError as error:
            staged.error = error
        return staged

    def _room(self) -> int | None:
        room = None if self.limit is None else max(0, self.limit - self.used)
        if self.reserve:
            free = max(0, shutil.disk_usage(self.root).free - self.reserve)
            room = free if room is None else min(room, free)
        return room

    def place_of(self, sop_instance: str) -> Path:
        """Where an object is kept: no part of the UID becomes part of the path."""
        name = hashlib.sha256(sop_instance.encode("utf-8", "replace")).hexdigest()[:40]
        return self.objects / name[:2] / f"{name}.dcm"

    def place(self, staged: Staged) -> None:
        """Move a finished object to its place; `sync` brings the entry to the disk. Raises OSError."""
        os.replace(staged.path, self.place_of(staged.sop_instance))
        staged.is_placed = True
        self._count(staged.size)

    def sync(self, folder: int) -> None:
        """Return when the entries of a folder are on the disk. Raises OSError."""
        os.fsync(folder)

    def forget(self, staged: Staged) -> None:
        """Take back a kept object that isn't indexed, so that no re-index brings it up. Raises OSError."""
        self.place_of(staged.sop_instance).unlink(missing_ok=True)
        self._count(-staged.size)

    def _count(self, size: int) -> None:
        with self._counting:
            self.used += size

    def files(self) -> Iterator[Path]:
        """Every kept file."""
        yield from sorted(self.objects.glob("*/*.dcm"))


@contextlib.contextmanager
def _locked(handle: int) -> Iterator[int]:
    """Alone with an open file or folder, also among threads that opened it each; it is closed at the end."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def part10_header(transfer_syntax: str, sop_class: str, sop_instance: str) -> bytes:
    """Preamble, prefix and file meta information (PS3.10 7.1), explicit VR little endian."""
    elements = b"".join(
        (
            struct.pack("<HH2s2xL", 2, 0x0001, b"OB", 2) + b"\0\1",
            _short(0x0002, b"UI", sop_class),
            _short(0x0003, b"UI", sop_instance),
            _short(0x0010, b"UI", transfer_syntax),
            _short(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _short(0x0013, b"SH", IMPLEMENTATION_VERSION),
        )
    )
    return _PREAMBLE + struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(elements)) + elements


def _short(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value


def open_file(path: Path) -> StoredFile:
    """Read the header of a kept file. Raises Undecodable and OSError."""
    with path.open("rb") as file:
        head = file.read(65_536)
        total = file.seek(0, os.SEEK_END)
    if head[:132] != _PREAMBLE or len(head) < 144:
        raise Undecodable(f"{path}: no Part 10 file of this archive")
    end = 144 + int(struct.unpack_from("<L", head, 140)[0])
    values: dict[int, str] = {}
    position = 144
    while position < end and position + 8 <= len(head):
        _, element, vr, length = struct.unpack_from("<HH2sH", head, position)
        position += 8
        if vr == b"OB":
            length = int.from_bytes(head[position : position + 4], "little")
            position += 4
        values[element] = head[position : position + length].decode("ascii", "replace").rstrip("\0 ")
        position += length
    if position != end or end > total or not {0x0002, 0x0003, 0x0010} <= values.keys():
        raise Undecodable(f"{path}: its file meta information is damaged")
    return StoredFile(path, end, total - end, values[0x0010], values[0x0002], values[0x0003])
