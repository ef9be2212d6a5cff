"""What became of each check that was planned, and the standard's sections: ``docs/coverage``.

`catalogue.tsv` has the ids of the checks that were planned, with their clauses; `sections.tsv` the numbers
and titles of the standard's sections; `GROUP.toml` says by hand what became of a check that is no requirement
of that id; `clauses.toml` why sections have no requirement.
"""

from __future__ import annotations

import csv
import re
import tomllib
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from harness.cli import selection
from harness.verdict import Requirement

FOLDER = Path(__file__).parents[1] / "docs" / "coverage"
REASONS = "clauses.toml"


class Fate(StrEnum):
    """What became of a planned check."""

    IMPLEMENTED = "implemented"
    MERGED = "merged"
    CORRECTED = "corrected"
    """Its clause says something else: the requirement is another one, or the same id with other words."""
    REFUSED = "refused"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Planned:
    """A row of the catalogue."""

    id: str
    clause: str


@dataclass(frozen=True, slots=True)
class Disposition:
    """What became of a planned check, and why where it isn't a requirement of that id."""

    became: Fate
    into: tuple[str, ...] = ()
    """The requirements that judge it."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the standard."""

    part: str
    """``PS3.8``."""
    number: str
    title: str


def catalogue() -> tuple[Planned, ...]:
    """The checks that were planned, in the order of the catalogue."""
    return tuple(Planned(row["id"], row["clause"]) for row in _rows("catalogue.tsv"))


def sections() -> tuple[Section, ...]:
    """The sections that can have requirements, in the order of the standard."""
    return tuple(Section(row["part"], row["section"], row["title"]) for row in _rows("sections.tsv"))


def reasons() -> dict[str, str]:
    """Why sections have no requirement, by ``PS3.8 7.1``; it speaks for all sections below it too."""
    return tomllib.loads((FOLDER / REASONS).read_text(encoding="utf-8"))


def by_hand() -> dict[str, Disposition]:
    """The dispositions of ``docs/coverage/GROUP.toml``.  ValueError where one says too little."""
    found: dict[str, Disposition] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name == REASONS:
            continue
        for id_, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            into = entry.get("into", [])
            into = (into,) if isinstance(into, str) else tuple(into)
            fate = Fate(entry["became"])
            if not entry.get("why") or fate in (Fate.IMPLEMENTED, Fate.OPEN):
                raise ValueError(f"{path.name}: {id_}: say merged, corrected or refused, and why")
            if (fate is Fate.MERGED and not into) or (fate is Fate.REFUSED and into):
                raise ValueError(f"{path.name}: {id_}: merged names the requirement in `into`, refused none")
            found[id_] = Disposition(fate, into, entry["why"])
    return found


def dispositions(requirements: Iterable[str]) -> dict[str, Disposition]:
    """What became of each planned check, by id, given the ids of all requirements."""
    known, written = set(requirements), by_hand()
    return {
        row.id: written.get(row.id) or Disposition(Fate.IMPLEMENTED if row.id in known else Fate.OPEN)
        for row in catalogue()
    }


@cache
def requirements() -> tuple[Requirement, ...]:
    """Every requirement there is, collected without sending anything."""
    return selection.collect(Namespace(select=[], level=[], keyword="", scenarios=[]))


def clauses_of(clause: str) -> list[tuple[str, str]]:
    """("PS3.8", "9.3.2") of each section that a clause names: ``PS3.8 9.3.2, 9.3.3`` names two."""
    found, part = [], ""
    for word in re.split(r"[\s,;]+", clause):
        if re.fullmatch(r"PS3\.\d+", word):
            part = word
        elif re.fullmatch(r"RFC|IHE|CWE-\d+", word):
            part = ""  # what follows is no section of DICOM
        elif part and re.fullmatch(r"(\d+|[A-Z]{1,2})(\.\d+)*", word):
            found.append((part, word))
    return found


def elsewhere_of(clause: str) -> str:
    """What a clause names that is no part of DICOM: ``RFC 9325``, ``CWE-22``, ``IHE ITI-20``; else empty."""
    found = re.search(r"RFC \d+|CWE-\d+|IHE ITI-\d+", clause)
    return found[0] if found else ""


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
