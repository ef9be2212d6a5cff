"""Who on this machine may read and change files: by mode and owner, and the folders on the way to them.

A folder above that keeps others out guards all below it.  Access control lists are not looked at.
"""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HAS_MODES = os.name == "posix"


class Way(enum.Enum):
    """What somebody else may do with a file."""

    READ = "read"
    WRITE = "change"


@dataclass(frozen=True, slots=True)
class Open:
    """A file or folder that somebody else gets at."""

    path: Path
    who: str
    mode: int

    @property
    def words(self) -> str:
        return f"{self.who} ({stat.filemode(self.mode)})"


def open_to_others(paths: Iterable[Path], way: Way) -> Iterator[Open]:
    """Those that any user of the machine may read or change, or, to change, a group with other members."""
    _lets_pass.cache_clear()
    for path in paths:
        try:
            seen = path.lstat()
        except OSError:
            continue
        if stat.S_ISLNK(seen.st_mode) or stat.S_ISSOCK(seen.st_mode):
            continue
        who = _who(path, seen, way)
        if who:
            yield Open(path, who, seen.st_mode)


def _who(path: Path, seen: os.stat_result, way: Way) -> str:
    for_all, for_group = (stat.S_IROTH, 0) if way is Way.READ else (stat.S_IWOTH, stat.S_IWGRP)
    above = Path(os.path.abspath(path)).parent
    # In a sticky folder everybody makes files, and removes none of others' (as in /tmp).
    sticky = stat.S_ISDIR(seen.st_mode) and seen.st_mode & stat.S_ISVTX
    if seen.st_mode & for_all and not (way is Way.WRITE and sticky) and _lets_pass(above, None):
        return "every user of the machine"
    if seen.st_mode & for_group and _is_shared(seen.st_uid, seen.st_gid) and _lets_pass(above, seen.st_gid):
        return f"the group {_group(seen.st_gid)}"
    return ""


@cache
def _lets_pass(folder: Path, group: int | None) -> bool:
    """Whether others, or a group's members, get through a folder and all above it."""
    try:
        seen = folder.stat()
    except OSError:
        return False
    passes = bool(seen.st_mode & stat.S_IXOTH)
    if group is not None and seen.st_gid == group:
        passes = bool(seen.st_mode & stat.S_IXGRP)
    return passes and (folder == folder.parent or _lets_pass(folder.parent, group))


def _is_shared(user: int, group: int) -> bool:
    """Whether a group may have other members than the owner: one of the owner's own name has none."""
    import grp
    import pwd

    try:
        owner, entry = pwd.getpwuid(user), grp.getgrgid(group)
    except KeyError:
        return True
    return entry.gr_name != owner.pw_name or bool(set(entry.gr_mem) - {owner.pw_name})


def _group(group: int) -> str:
    import grp

    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def is_private_key(path: Path) -> bool:
    """Whether a file begins as a private key in PEM that no password guards."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return b"PRIVATE KEY-----" in head and b"ENCRYPTED" not in head
