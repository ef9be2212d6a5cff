"""What is said of a de-identification, as data: Judgement, and the findings and remarks that it is made of.

No value of a patient stands in here whole (`harness.deid.masking`): the report is no leak of its own.
"""

from __future__ import annotations

import enum
from pathlib import Path

from msgspec import Struct

from harness.documents import read_document, write_document

FILE = "deid.json"


class Severity(enum.StrEnum):
    """How much somebody who has the files learns of a person by it."""

    CRITICAL = "critical"
    """Who the patient is."""
    HIGH = "high"
    """Who else is meant, or a number by which the patient is found."""
    MEDIUM = "medium"
    """What leads back to the originals: a date, a UID, a device."""
    LOW = "low"
    """Against the profile, and nobody is known by it."""


class Category(enum.StrEnum):
    """The kinds of actions that the MIDI-B benchmark counts, by its names."""

    TEXT_REMOVED = "text removed"
    TEXT_NOT_NULL = "text not null"
    TEXT_RETAINED = "text retained"
    TAG_RETAINED = "tag retained"
    DATE_SHIFTED = "date shifted"
    UID_CHANGED = "UID changed"
    UID_CONSISTENT = "UID consistent"
    PATIENT_CONSISTENT = "patient ID consistent"
    PIXELS_HIDDEN = "pixels hidden"
    PIXELS_RETAINED = "pixels retained"


class Finding(Struct, frozen=True):
    """One thing that is wrong, with the places where it was seen."""

    rule: str
    """What it is, in a word for machines."""
    severity: Severity
    category: Category
    clause: str
    path: str
    """``(0040,0275)[0]/(0008,1150)``, with the indices of the first place; ``file name``, ``preamble``."""
    name: str
    """Of the attribute, by the dictionary; empty where there is none."""
    seen: str
    """In a sentence; values are masked."""
    why: str
    todo: str
    files: tuple[str, ...]
    """Some of those of AFTER that it was seen in; masked where their names tell."""
    times: int


class Remark(Struct, frozen=True):
    """Something to know that is no fault, or that nobody could tell."""

    text: str
    times: int = 1


class Score(Struct, frozen=True):
    """Of the actions of a category, how many were right."""

    category: Category
    right: int
    actions: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.right / self.actions


class Paired(Struct, frozen=True):
    """Two files that are of the same object."""

    before: str
    after: str
    by: str
    """What they were recognised by."""


class Judgement(Struct, frozen=True):
    """The whole of it."""

    options: tuple[str, ...]
    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...]
    scores: tuple[Score, ...]
    pairs: tuple[Paired, ...]
    before_alone: tuple[str, ...]
    """Of BEFORE, without any of AFTER."""
    after_alone: tuple[str, ...]
    """Of AFTER, without any of BEFORE: judged by what they say, and not attribute by attribute."""
    tool_version: str = ""
    started: str = ""
    finished: str = ""

    @property
    def right(self) -> int:
        """Actions that were right."""
        return sum(score.right for score in self.scores)

    @property
    def actions(self) -> int:
        """Actions that were due."""
        return sum(score.actions for score in self.scores)

    def count(self, severity: Severity) -> int:
        """Findings of that severity."""
        return sum(finding.severity is severity for finding in self.findings)


def write_judgement(judgement: Judgement, folder: Path) -> None:
    """``FOLDER/deid.json``, whole or not at all.  OSError."""
    write_document(judgement, folder / FILE)


def read_judgement(folder: Path) -> Judgement:
    """What `write_judgement` wrote.  Raises ValueError in one line where there is none, OSError."""
    return read_document(folder / FILE, Judgement, "judgement of a de-identification")
