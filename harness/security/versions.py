"""The implementation that a product announces, and a dated table of public lists (known_versions.toml)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.documents import parsed_toml

TABLE = Path(__file__).with_name("known_versions.toml")
_Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """An entry of a public list, and the versions that it names."""

    since: _Version
    before: _Version
    ids: tuple[str, ...]
    what: str
    published: str
    source: str

    def names(self, version: _Version) -> bool:
        return self.since <= version < self.before


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it announces itself; the groups of `announces` are the parts of its version."""

    name: str
    announces: re.Pattern[str]
    affected: tuple[Affected, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an announced version."""

    product: str
    version: str
    affected: tuple[Affected, ...]


def known(version_name: str) -> Known | None:
    """What the table says of an Implementation Version Name (PS3.7 D.3.3.2.4); None where it has no such
    product.
    """
    for product in _table()[1]:
        if found := product.announces.fullmatch(version_name.strip()):
            version = tuple(int(part) for part in found.groups())
            listed = tuple(one for one in product.affected if one.names(version))
            return Known(product.name, ".".join(map(str, version)), listed)
    return None


def date_of_table() -> str:
    """The day on which the table was made."""
    return _table()[0]


@cache
def _table() -> tuple[str, tuple[Product, ...]]:
    document = parsed_toml(TABLE.read_text(encoding="utf-8"))
    return str(document["date"]), tuple(_product(entry) for entry in document["product"])


def _product(entry: dict[str, Any]) -> Product:
    return Product(
        entry["name"],
        re.compile(entry["announces"]),
        tuple(
            Affected(
                _version(one.get("from", "0")),
                _version(one["before"]),
                tuple(one["ids"]),
                one["what"],
                str(one["published"]),
                one["source"],
            )
            for one in entry["affected"]
        ),
    )


def _version(text: str) -> _Version:
    return tuple(int(part) for part in text.split("."))
