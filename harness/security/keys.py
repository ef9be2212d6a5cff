"""Private keys of a product on this machine, looked for where nobody said that they are."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil

from harness.security.modes import is_private_key
from harness.security.places import listed
from harness.target import Target
from harness.watching import servers_at

MOST_FILES = 2000
LARGEST_KEY = 64 * 1024


def private_keys(target: Target) -> tuple[Path, ...]:
    """Keys in PEM without a password: on the command line of who listens, in ``[security] data`` and
    ``logs``, and in the folders that these lie in.
    """
    return tuple(
        path for path in dict.fromkeys(_candidates(target)) if _is_small(path) and is_private_key(path)
    )


def _candidates(target: Target) -> Iterator[Path]:
    if target.is_loopback():
        for server in servers_at(target.dimse.port):
            with contextlib.suppress(psutil.Error):
                words = [part for word in server.cmdline()[1:] for part in (word, word.rpartition("=")[2])]
                folder = server.cwd()
                yield from (Path(folder, word) for word in words if word and len(word) < 1024)
    roots = (*target.security.data, *target.security.logs)
    for parent in dict.fromkeys(Path(root).parent for root in roots):
        with contextlib.suppress(OSError):
            yield from (Path(entry) for entry in sorted(parent.iterdir())[:MOST_FILES])
    yield from listed(roots, MOST_FILES).files


def _is_small(path: Path) -> bool:
    try:
        seen = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(seen.st_mode) and seen.st_size <= LARGEST_KEY
