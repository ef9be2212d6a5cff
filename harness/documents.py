"""Files that are whole or not there: reports, and the JSON documents that they are made from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

Document = TypeVar("Document", bound=Struct)


def write_whole(path: Path, content: bytes) -> Path:
    """Write in one step, so that a reader never meets half of it; the path.  OSError."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return path


def write_document(document: Struct, path: Path) -> None:
    """The document as JSON, for people too.  OSError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(document), indent=1))


def read_document(path: Path, kind: type[Document], name: str) -> Document:
    """What `write_document` wrote.  Raises ValueError in one line where it is no `name`, OSError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
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
        super().__init__("".join(one if one.isprintable() else ascii(one)[1:-1] for one in text))
