"""Identifiers that are paths: what is sent, and where a file would turn up that they led to (CWE-22)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil

from harness.target import Target
from harness.watching import servers_at

LEVELS = 4
"""Folders above those of the product that are looked at, each by itself."""
MOST_ENTRIES = 20_000
"""Names of a folder that are read."""


@dataclass(frozen=True, slots=True)
class Escape:
    """A value that leads out of a folder where it becomes part of a path."""

    name: str
    value: str


def escapes(token: str) -> tuple[Escape, ...]:
    """Values of at most 64 characters (PS3.5 6.2, UI and LO); `token` marks the file that they would make."""
    return (
        Escape("relative", f"../../{token}a"),
        Escape("relative, further up", f"../../../../{token}b"),
        Escape("absolute", f"{tempfile.gettempdir()}/{token}c"),
        Escape("relative, for Windows", f"..\\..\\{token}d"),
        Escape("with a null byte", f"../../{token}e\0.1"),
        Escape("a device of Windows", "CON"),
    )


def escaped(token: str, target: Target) -> list[Path]:
    """Files named after the token beside the product's folders and above, in its working folder, and among
    temporary files.
    """
    inside = [Path(root).resolve() for root in (*target.security.data, *target.security.logs)]
    found = [
        path
        for folder in dict.fromkeys(_folders(inside, target))
        for path in _marked(folder, token)
        if not any(path.is_relative_to(root) for root in inside)
    ]
    return list(dict.fromkeys(found))


def _folders(inside: Iterable[Path], target: Target) -> Iterator[Path]:
    for root in inside:
        yield from islice(root.parents, LEVELS)
    yield Path(tempfile.gettempdir()).resolve()
    for server in servers_at(target.dimse.port) if target.is_loopback() else ():
        try:
            yield Path(server.cwd())
        except psutil.Error:
            continue


def _marked(folder: Path, token: str) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MOST_ENTRIES):
                if token in entry.name:
                    yield folder / entry.name
    except OSError:
        return


def remove(path: Path) -> bool:
    """Remove a file that `escaped` gave; whether that could be done."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
