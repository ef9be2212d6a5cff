"""A product's files on this machine: listed newest first, within bounds, and told apart by what they are."""

from __future__ import annotations

import contextlib
import enum
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

UNNAMED = "the target file does not name the product's files on this machine ([security])"
"""Why nothing could be looked at."""
_CLOCKS = 2.0
"""Seconds by which the times of files may be coarser than the clock, as on FAT."""
MOST_FILES = 100_000
"""Entries of folders that are listed; beyond, the rest is said to be left out."""


class Sort(enum.StrEnum):
    """What a file is to the product."""

    OBJECT = "stored objects"
    DATABASE = "the database"
    LEFTOVER = "temporary files and copies"


@dataclass(frozen=True, slots=True)
class Listed:
    """Files of a product; links are not followed."""

    files: tuple[Path, ...]
    """Newest first."""
    folders: tuple[Path, ...]
    is_whole: bool
    """Whether all of them were listed."""


def listed(roots: Iterable[str], most: int = MOST_FILES) -> Listed:
    """All files below files and folders."""
    found: list[tuple[float, Path]] = []
    folders: list[Path] = []
    whole = True
    for entry in _entries(Path(root) for root in roots):
        if len(found) + len(folders) >= most:
            whole = False
            break
        if entry.is_dir():
            folders.append(entry)
            continue
        try:
            found.append((entry.lstat().st_mtime, entry))
        except OSError:
            continue  # gone meanwhile
    found.sort(key=lambda pair: pair[0], reverse=True)
    return Listed(tuple(path for _, path in found), tuple(folders), whole)


def _entries(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        if not root.is_dir():
            yield root
            continue
        for folder, _, names in os.walk(root):
            yield Path(folder)
            yield from (path for name in names if not (path := Path(folder, name)).is_symlink())


_LEFTOVER = re.compile(
    r"\.(te?mp|bak|backup|old|orig|sw[op]|part|partial|crash|dmp|core|save|copy|sql|tar|zip)(\.(gz|bz2|xz|zst))?$"
    r"|~$|^\.#|^core(\.\d+)?$|^(backup|dump|copy)[-_. ]",
    re.IGNORECASE,
)
_DATABASE = re.compile(
    r"\.(sqlite3?|db3?|mdb|lmdb|ibd|frm|wal|fdb)$|(-wal|-shm|-journal)$|^index(\.|$)", re.IGNORECASE
)
_MAGIC = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")
"""SQLite's database, its write-ahead log in both byte orders, and its rollback journal."""


def sort_of(path: Path) -> Sort:
    """By its name and first bytes; what is neither else is taken for an object."""
    if _LEFTOVER.search(path.name):
        return Sort.LEFTOVER
    if _DATABASE.search(path.name):
        return Sort.DATABASE
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        head = b""
    return Sort.DATABASE if head.startswith(_MAGIC) else Sort.OBJECT


def changed_since(paths: Iterable[Path], moment: float) -> bool:
    """Whether one of the files was written to after a moment (`time.time`), or at most 2 s before."""
    for path in paths:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime >= moment - _CLOCKS:
                return True
    return False


def named(root: str, path: Path) -> str:
    """A file as a report names it: below the folder that the target file says."""
    try:
        below = path.relative_to(root)
    except ValueError:
        return str(path)
    return str(path) if str(below) == "." else str(below)
