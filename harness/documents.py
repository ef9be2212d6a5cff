"""Files that are whole or not there: reports, and the JSON documents that they are made from.

What is read here may come from anybody, as a run folder that was sent by mail does; what is written replaces
nothing but itself, and is for its owner alone, be the folder open to others or not.
"""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path
from typing import Any, TextIO, TypeVar

import msgspec
from msgspec import Struct

from harness.foreign_text import in_one_line

Document = TypeVar("Document", bound=Struct)


OWNER_ONLY = 0o700
"""The mode of folders: what a product has answered may be anybody's name."""
LONGEST = 512 * 1024 * 1024
"""Bytes of a document that is read: the largest of ours have a tenth of it."""


def owner_only(name: str, flags: int) -> int:
    """For `open`, as its opener: a file that is new can be read by its owner alone."""
    return os.open(name, flags, 0o600)


def appended(path: Path) -> TextIO:
    """A text file to append to, for its owner alone; line ends are written as they are.  OSError."""
    return open(path, "a", encoding="utf-8", newline="", opener=owner_only)


def write_whole(path: Path, content: bytes) -> Path:
    """Write in one step, so that a reader never meets half of it; the path.  OSError.

    A link that stands in the way, as in a folder that somebody else made, is replaced and never followed.
    """
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with open(partial, "xb", opener=owner_only) as file:
        file.write(content)
    partial.replace(path)
    return path


def read_whole(path: Path) -> bytes:
    """The content of an ordinary file.  OSError, also for a pipe or a device, and beyond `LONGEST` bytes."""
    # Without the flag a pipe that nobody writes to would be waited for.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no ordinary file", str(path))
        if status.st_size > LONGEST:
            raise OSError(errno.EFBIG, f"longer than {LONGEST:,} bytes", str(path))
        return file.read()


def read_within(folder: Path, name: str) -> bytes:
    """`read_whole` of a file in a folder that came from somebody else.  OSError, also for one that a link
    leads out of the folder to.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise OSError(errno.EPERM, "a link that leads out of the folder", str(path))
    return read_whole(path)


def write_document(document: Struct, path: Path) -> None:
    """The document as JSON, for people too.  OSError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(document), indent=1))


def read_document(path: Path, kind: type[Document], name: str) -> Document:
    """What `write_document` wrote.  Raises ValueError in one line where it is no `name`, OSError."""
    try:
        return msgspec.json.decode(read_whole(path), type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"{path} is no {name} of this version: {error}") from None


def parsed_toml(text: str) -> dict[str, Any]:
    """A TOML document.  Raises ValueError, also for nesting and numbers beyond what a parser has to take."""
    try:
        document = tomllib.loads(text)
        _check_numbers(document)
    except RecursionError:
        raise ValueError("its arrays or tables are nested too deep") from None
    return document


def _check_numbers(value: object) -> None:
    """TOML's whole numbers have 64 bits; longer ones of Python's make no float, and cannot be shown."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _check_numbers(one)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("a whole number has more than 64 bits")


class Mistake(Exception):
    """What is wrong with something that a person wrote: one line for people, whatever is in it."""

    def __init__(self, text: str) -> None:
        super().__init__(in_one_line(text))


def written_text(path: Path, mistake: type[Mistake], absent: str) -> str:
    """A text file that a person wrote; `absent`: what is said where there is none.  Raises `mistake`."""
    try:
        # Some editors put a byte order mark in front, which neither TOML nor JSON knows.
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise mistake(f"{path}: {absent}") from None
    except OSError as error:
        raise mistake(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise mistake(
            f"{path}: cannot be read: no text in UTF-8 (byte {error.start + 1}); save it in that encoding"
        ) from None
