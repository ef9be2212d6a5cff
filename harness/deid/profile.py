"""The Basic Application Level Confidentiality Profile and its options: what is to become of an attribute.

The tables of PS3.15 annex E (edition 2020c) are data, in ``tables/``; `python -m tests.deid_tables` writes
them from the text of the standard.
"""

from __future__ import annotations

import csv
import enum
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


class Option(enum.StrEnum):
    """An option of the profile (PS3.15 E.3)."""

    SAFE_PRIVATE = "retain-safe-private"
    UIDS = "retain-uids"
    DEVICE = "retain-device-identity"
    INSTITUTION = "retain-institution-identity"
    PATIENT = "retain-patient-characteristics"
    FULL_DATES = "retain-full-dates"
    MODIFIED_DATES = "retain-modified-dates"
    DESCRIPTORS = "clean-descriptors"
    STRUCTURED = "clean-structured-content"
    GRAPHICS = "clean-graphics"
    PIXELS = "clean-pixel-data"
    VISUAL = "clean-recognizable-visual-features"


CLAUSES = {
    Option.PIXELS: "PS3.15 E.3.1",
    Option.VISUAL: "PS3.15 E.3.2",
    Option.GRAPHICS: "PS3.15 E.3.3",
    Option.STRUCTURED: "PS3.15 E.3.4",
    Option.DESCRIPTORS: "PS3.15 E.3.5",
    Option.FULL_DATES: "PS3.15 E.3.6",
    Option.MODIFIED_DATES: "PS3.15 E.3.6",
    Option.PATIENT: "PS3.15 E.3.7",
    Option.DEVICE: "PS3.15 E.3.8",
    Option.UIDS: "PS3.15 E.3.9",
    Option.SAFE_PRIVATE: "PS3.15 E.3.10",
    Option.INSTITUTION: "PS3.15 E.3.11",
}
BASIC_CODE = "113100"
"""Basic Application Confidentiality Profile, of scheme DCM (PS3.16 CID 7050)."""
CODES = {
    Option.PIXELS: "113101",
    Option.VISUAL: "113102",
    Option.GRAPHICS: "113103",
    Option.STRUCTURED: "113104",
    Option.DESCRIPTORS: "113105",
    Option.FULL_DATES: "113106",
    Option.MODIFIED_DATES: "113107",
    Option.PATIENT: "113108",
    Option.DEVICE: "113109",
    Option.UIDS: "113110",
    Option.SAFE_PRIVATE: "113111",
    Option.INSTITUTION: "113112",
}
"""What De-identification Method Code Sequence (0012,0064) says of an option (PS3.16 CID 7050)."""


class Action(enum.StrEnum):
    """An action code of table E.1-1."""

    DUMMY = "D"
    ZERO = "Z"
    REMOVE = "X"
    KEEP = "K"
    CLEAN = "C"
    UID = "U"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of table E.1-1, or of table E.3.4-1 for content items."""

    basic: str
    """The code of the profile, as in ``X/Z/D``."""
    options: tuple[tuple[Option, Action], ...] = ()
    """What an option has instead (E.1.1: it overrides)."""

    def actions(self, claimed: Collection[Option]) -> frozenset[Action]:
        """What may be done with the attribute where these options are claimed.

        Two options that name the same attribute both hold: ``{K, C}`` lets it be kept or cleaned.  Which
        one of ``X/Z/D`` it is depends on the IOD, which is not looked at: each of them is taken.
        """
        overriding = frozenset(action for option, action in self.options if option in claimed)
        return overriding or frozenset(Action(one) for one in self.basic.rstrip("*").split("/"))

    def named(self, claimed: Collection[Option]) -> str:
        """The code that holds, for people: ``X/Z/D``, or ``K (retain-uids)``."""
        held = [f"{action} ({option})" for option, action in self.options if option in claimed]
        return ", ".join(held) or self.basic

    def clause(self, claimed: Collection[Option]) -> str:
        """Where that stands."""
        held = [CLAUSES[option] for option, _ in self.options if option in claimed]
        return ", ".join([*dict.fromkeys(held), "PS3.15 table E.1-1"])

    def option_for(self, action: Action) -> Option | None:
        """The option under which `action` would hold."""
        return next((option for option, one in self.options if one is action), None)


def rule_of(tag: int) -> Rule | None:
    """The row that speaks of an attribute; None where the profile leaves it alone."""
    if tag >> 16 & 1:
        return rules()["private"]
    shown = f"{tag:08X}"
    exact = rules().get(shown)
    # Repeating groups (PS3.5 7.6): every even group of 5000H to 501EH and of 6000H to 601EH.
    if exact is not None or shown[:2] not in ("50", "60") or tag >> 16 & 0xFF > 0x1E:
        return exact
    return rules().get(f"{shown[:2]}xx{shown[4:]}") or rules().get(f"{shown[:2]}xxxxxx")


@cache
def rules() -> dict[str, Rule]:
    """Table E.1-1: by tag in eight digits, ``50xxxxxx``, or ``private``."""
    return {row["tag"]: _rule(row) for row in _rows("actions.csv")}


@cache
def content_rules() -> dict[tuple[str, str, str], Rule]:
    """Table E.3.4-1: by code value, coding scheme designator and value type of a content item."""
    return {(row["value"], row["scheme"], row["type"]): _rule(row) for row in _rows("content.csv")}


@cache
def _safe() -> frozenset[tuple[str, str]]:
    return frozenset((row["tag"], row["creator"].upper()) for row in _rows("safe_private.csv"))


def is_safe_private(tag: int, creator: str) -> bool:
    """Whether table E.3.10-1 lists it, under its private creator."""
    return (f"{tag >> 16:04X}xx{tag & 0xFF:02X}", creator.strip().upper()) in _safe()


def _rule(row: dict[str, str]) -> Rule:
    options = tuple((option, Action(row[option])) for option in Option if row.get(option))
    return Rule(row["basic"], options)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (files(__package__) / "tables" / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)
