"""What an entry is: a decoder, what it may raise, and bytes to begin with."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MODULES = ("wire", "fuzzed", "documents", "archive", "serving")
"""Where the entries are; an entry is called MODULE.FUNCTION."""

Check = Callable[[bytes], None]


@dataclass(frozen=True)
class Entry:
    """A decoder and its contract: `check` any bytes, and nothing but `errors` may come of them.

    A check asserts beside what has to hold of a value: that it encodes to the same bytes, say.
    """

    name: str
    check: Check
    errors: tuple[type[Exception], ...]
    seeds: Callable[[], Iterable[bytes]]

    def run(self, data: bytes) -> None:
        """Raises what the contract does not allow.  Errors for people stay in one line."""
        try:
            self.check(data)
        except self.errors as error:
            one_line(error)


def one_line(error: Exception) -> None:
    """What people are told is no longer than that."""
    lines = str(error).splitlines()
    assert len(lines) <= 1, f"{type(error).__name__} of {len(lines)} lines: {lines}"


ENTRIES: dict[str, Entry] = {}


def entry(seeds: Callable[[], Iterable[bytes]], *errors: type[Exception]) -> Callable[[Check], Check]:
    """Register the decorated check."""

    def register(check: Check) -> Check:
        name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
        ENTRIES[name] = Entry(name, check, errors, seeds)
        return check

    return register


def entries_in(module: str) -> dict[str, Entry]:
    """The entries of a module by name, with no other module of them imported but those that it needs."""
    importlib.import_module(f"{__package__}.{module}")
    return {name: one for name, one in ENTRIES.items() if name.partition(".")[0] == module}


def all_entries() -> dict[str, Entry]:
    """Every entry by name."""
    return {name: one for module in MODULES for name, one in entries_in(module).items()}


def named(name: str) -> Entry:
    """One entry.  KeyError for none."""
    return entries_in(name.partition(".")[0])[name]


@cache
def scratch() -> Path:
    """A folder for what is read from files; it goes with the process."""
    holder = tempfile.TemporaryDirectory(prefix="pacs-harness-guided-")
    _KEPT.append(holder)
    return Path(holder.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def written(name: str, data: bytes) -> Path:
    """A file in `scratch` with these bytes."""
    path = scratch() / name
    path.write_bytes(data)
    return path
