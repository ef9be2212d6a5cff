"""Files and folders as objects to be judged."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.deid.instances import Instance
from harness.dimse.errors import DecodeError
from harness.dimse.part10 import file_meta
from harness.documents import Mistake

FILE_LIMIT = 2 * 1024**3
"""Bytes of a file that is looked at."""


@dataclass(frozen=True)
class Read:
    """What a file or folder held."""

    instances: tuple[Instance, ...]
    others: int
    """Files that are no DICOM files (PS3.10), and were not looked at."""


def read_objects(path: Path) -> Read:
    """Every DICOM file at or below `path`, in the order of names.

    Raises Mistake, in one line, where there is none, or where one is damaged, too large or not readable.
    """
    if not path.exists():
        raise Mistake(f"{path}: there is no such file or folder")
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    root = path.parent if path.is_file() else path
    instances = [one for one in _read(files, root) if one is not None]
    if not instances:
        raise Mistake(f"{path}: no DICOM file (PS3.10) there")
    return Read(tuple(instances), len(files) - len(instances))


def _read(files: list[Path], root: Path) -> Iterator[Instance | None]:
    for file in files:
        try:
            with open(file, "rb") as opened:
                if opened.read(132)[128:] != b"DICM":
                    yield None
                    continue
                if file.stat().st_size > FILE_LIMIT:
                    raise Mistake(f"{file}: larger than {FILE_LIMIT // 1024**3} GiB, which is not read")
                # Mapped: what pixels weigh is looked at once, and not held in memory.
                mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
                yield _instance(memoryview(mapped), str(file.relative_to(root)))
        except DecodeError as error:
            raise Mistake(f"{file}: damaged: {error}") from None
        except OSError as error:
            raise Mistake(f"{file}: {error.strerror or error}") from None


def _instance(content: memoryview, name: str) -> Instance:
    # A header that lacks what it has to have is no reason not to look at what is there.
    meta, at = file_meta(content)
    syntax = meta.get(0x00020010, b"").decode("latin-1").rstrip("\0 ")
    if not syntax:
        raise DecodeError("PS3.10 7.1", "Transfer Syntax UID (0002,0010)", "none")
    instance = Instance(syntax, content[at:], name, bytes(content[:128]), meta)
    if not instance.attributes:  # decoded here, so that damage is told with the file's name
        raise DecodeError("PS3.10 7.1", "a data set", "none", b"")
    return instance
