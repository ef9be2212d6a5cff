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
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from . import encoding, transcoding
from .attributes import MOST_ITEMS, AttributeSet, from_dataset

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: PS3.7 D.3.3.2: ours, beneath a root derived from a UUID (PS3.5 B.2).
IMPLEMENTATION_CLASS_UID = "2.25.205873113429387120347781203410223198723"
IMPLEMENTATION_VERSION = "HARNESS_ARCHIVE"
BUFFER = 65_536
"""Bytes of a file that are gathered before they are written; longer fragments are written without a copy."""
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
    _file: IO[bytes] | None = None
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    _limit: int | None = None

    def write(self, data: bytes | memoryview) -> None:
        """Append data set bytes. A failure is kept in `error`, and the rest is dropped."""
        if self.error is not None or self._file is None:
            return
        try:
            if self._limit is not None and self.size + len(data) > self._limit:
                raise OSError(errno.ENOSPC, "the archive's share of the disk is used up")
            self._file.write(data)
        except OSError as error:
            self.error = error
            return
        self._digest.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Bring all bytes to the disk; a failure is kept in `error`."""
        if self._file is None:
            return
        try:
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
        """Remove the file."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:  # what couldn't be flushed is thrown away with the file
                self.error = self.error or error
            self._file = None
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

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No other process of the archive changes what is kept within. Raises OSError."""
        with self._in_use.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

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
            staged._file = path.open("wb", buffering=BUFFER)
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
        place = self.place_of(staged.sop_instance)
        if not place.parent.exists():
            place.parent.mkdir(exist_ok=True, mode=0o700)
            _sync_folder(self.objects)
        os.replace(staged.path, place)
        self.used += staged.size

    def sync(self, placed: Iterable[Staged]) -> None:
        """Return when the folders' entries of these are on the disk. Raises OSError."""
        for folder in dict.fromkeys(self.place_of(staged.sop_instance).parent for staged in placed):
            _sync_folder(folder)

    def forget(self, staged: Staged) -> None:
        """Take back a kept object that isn't indexed, so that no re-index brings it up. Raises OSError."""
        self.place_of(staged.sop_instance).unlink(missing_ok=True)
        self.used -= staged.size

    def files(self) -> Iterator[Path]:
        """Every kept file."""
        yield from sorted(self.objects.glob("*/*.dcm"))


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


def read_attributes(path: Path, offset: int, transfer_syntax: str) -> AttributeSet:
    """Check the structure of a kept or staged object to its last byte, and decode what the index needs.

    Raises Undecodable and OSError.
    """
    from pydicom import config
    from pydicom.filereader import read_dataset

    config.settings.reading_validation_mode = config.IGNORE
    syntax = encoding.syntax_of(transfer_syntax)
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(offset)
            if end == offset:
                raise Undecodable("the data set is empty")
            if syntax.deflated:
                stream: IO[bytes] = encoding.inflate(file)
                end, offset = len(stream.getvalue()), 0  # type: ignore[attr-defined]
            else:
                stream = file
            syntax, has_unknown = _checked(stream, offset, end, syntax, transfer_syntax)
            if has_unknown and not syntax.little:
                # pydicom reads what is in them as big endian, which it is not (PS3.5 6.2.2).
                plain = transcoding.convert(path, offset, transfer_syntax, encoding.EXPLICIT_LITTLE)
                stream, syntax, offset = BytesIO(b"".join(plain)), encoding.Syntax(False, True), 0
            stream.seek(offset)
            dataset = read_dataset(
                stream,  # type: ignore[arg-type]
                syntax.implicit,
                syntax.little,
                stop_when=lambda tag, vr, length: tag >= 0x7FE00000,
                defer_size=65_536,
            )
            return from_dataset(_without_deferred(dataset), most_items=MOST_ITEMS)
    except encoding.Malformed as error:
        raise Undecodable(str(error)) from error
    except OSError:
        raise
    except Exception as error:
        # What a decoder says may hold values of the data set, and its own insides: no comment for a peer.
        raise Undecodable("the data set can't be decoded") from error


def _checked(
    stream: IO[bytes], offset: int, end: int, syntax: encoding.Syntax, transfer_syntax: str
) -> tuple[encoding.Syntax, bool]:
    """The syntax that the data set is really in: a private transfer syntax may be implicit.

    And whether it holds sequences of VR UN.
    """
    try:
        return syntax, encoding.check_structure(stream, end, syntax)
    except encoding.Malformed:
        if transfer_syntax.startswith("1.2.840.10008."):
            raise
        stream.seek(offset)
        implicit = encoding.Syntax(True, True)
        return implicit, encoding.check_structure(stream, end, implicit)


def _without_deferred(dataset: Dataset) -> Dataset:
    """Drop values that were left in the file: the index keeps none of that size."""
    from pydicom.dataelem import RawDataElement

    for tag, raw in list(dataset.items()):  # get_item would try to load them
        if isinstance(raw, RawDataElement) and raw.value is None and raw.length:
            del dataset[tag]
    return dataset
