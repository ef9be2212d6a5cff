"""What a fuzzing campaign says of a product: Campaign, and the findings and differences that it is made of.

Every type goes to JSON and back by msgspec (`write_campaign`, `read_campaign`); seconds and bytes throughout.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

from msgspec import Struct

from harness.documents import read_document, write_document

FILE = "campaign.json"


class Area(enum.StrEnum):
    """What is varied."""

    KNOWN = "known"
    """Cases of what servers and parsers have died of before; they come first."""
    DATA_SETS = "data-sets"
    """Valid objects: stored, found, brought back unchanged."""
    DAMAGED = "damaged"
    """Objects that are not valid: stored or refused, and nothing else harmed."""
    IDENTIFIERS = "identifiers"
    """Keys of queries."""
    PDUS = "pdus"
    """Bytes of the upper layer and of command sets."""


INTRUSIVE = frozenset((Area.KNOWN, Area.DAMAGED, Area.IDENTIFIERS, Area.PDUS))
"""What a product may die of, and is sent with ``--intrusive`` alone."""


class Symptom(enum.StrEnum):
    """How a product goes wrong."""

    DIED = "died"
    """Connections are refused after the case."""
    HUNG = "hung"
    """The port is open, and C-ECHO is not answered."""
    HARMED = "harmed another object"
    """The known object is no longer found, or no longer the same."""
    LOST = "lost"
    """Acknowledged, and never found or never brought back."""
    ALTERED = "altered"
    """Something came back with another value than was stored."""
    DROPPED = "dropped elements"
    """What came back lacks elements that were stored."""
    REFUSED = "refused"
    """Valid, and not stored."""
    ABORTED = "aborted"
    """Valid, and the association was aborted or cut."""
    SILENT = "no answer"
    """No response within the deadline, while other associations are served."""
    ILLEGAL_STATUS = "illegal status"
    ILLEGAL_ANSWER = "illegal answer"
    """Bytes that are no PDU, or one that the state does not allow."""
    TOOK_IT = "took what is illegal"
    """What has to be refused or aborted was served as though it were right."""
    LEAKED = "answered with what was not asked for"
    """A query's answer holds what cannot match."""
    GREW = "memory grows"
    """What a kind of case takes of its memory is not given back."""
    FLAKY = "not the same twice"
    """The same bytes were answered in different ways."""


class Aspect(enum.StrEnum):
    """In what two products can differ over the same case; the order is that of a report."""

    AFTERWARDS = "what becomes of the product"
    ANSWER = "the answer"
    CONTEXTS = "the presentation contexts that are accepted"
    FOUND = "whether the object is found"
    MATCH = "what a query says of the object"
    MATCHES = "which studies match"
    RETRIEVAL = "whether the object comes back"
    SYNTAX = "the transfer syntax it comes back in"
    ELEMENT = "an element that came back"


class Weight(enum.StrEnum):
    """What a finding counts as."""

    FAILURE = "failure"
    """Against the standard, or against what anybody needs of an archive: exit code 1."""
    OBSERVATION = "observation"
    """Allowed, and worth knowing before a purchase."""


class Finding(Struct, frozen=True):
    """One way in which the product goes wrong, with the smallest case that shows it."""

    folder: str
    """Below the run folder: what `pacs-harness replay` takes."""
    area: Area
    symptom: Symptom
    weight: Weight
    signature: str
    """What tells it from the others of its area: cases with an equal one are the same finding."""
    clause: str
    expected: str
    observed: str
    about: str
    """What is unusual in the case, in words."""
    size: int
    """Bytes of the smallest case."""
    size_found: int
    """Bytes of the case that showed it first."""
    found_after: float
    """Seconds since the start of the campaign."""
    dump: str = ""
    """The smallest case in readable form, cut where it is long."""
    log: str = ""
    """The end of the product's log after it died."""
    other: str = ""
    """What the product did that is compared with, in words; empty where there is none."""
    cases: int = 1
    """How many have to be put, in order, for it to show: the smallest case is the last of them."""


class Difference(Struct, frozen=True):
    """One way in which two products, A and B, differ over the same bytes, with the smallest case.

    It is no failure: both may be right, and where one is not, `breaks` says which.
    """

    folder: str
    """Below the run folder: what `pacs-harness replay` takes."""
    area: Area
    aspect: Aspect
    signature: str
    """What tells it from the others of its area."""
    what: str
    """What it is about: an element, a key, the place in an exchange."""
    a: str
    b: str
    clause: str
    """That lets both do so, or that one breaks; empty where none is known."""
    breaks: str
    """Who breaks it: ``A``, ``B``, ``A and B``; empty where it lets both do so."""
    times: int
    """Cases that showed it while looking."""
    about: str
    """What is unusual in the smallest case, in words."""
    size: int
    """Bytes of the smallest case."""
    dump: str = ""
    """The two answers side by side, and the smallest case, cut where it is long."""


class MemorySeen(Struct, frozen=True):
    """The resident bytes of a product's processes on this machine, since it was started last."""

    before: int
    peak: int
    after: int
    looks: tuple[tuple[int, int], ...]
    """(cases so far, bytes); cases of shrinking and repetitions are counted."""


class AreaCounted(Struct, frozen=True):
    """How far the campaign came in one area.  Seconds are of the wall clock."""

    area: Area
    cases: int
    """That were put to the product while looking; those of shrinking come on top."""
    shrinking: int
    seconds: float
    generating: float
    """Of which the harness spent making cases."""
    judging: float
    """Of which it spent comparing what came back."""
    outcomes: dict[str, int]
    """How often which came: stored, refused, aborted …"""
    memory: MemorySeen | None = None
    """None where the product is elsewhere, or not seen."""


class Campaign(Struct, frozen=True):
    """A whole campaign."""

    tool_version: str
    target: dict[str, Any]
    peer: dict[str, str]
    seed: int
    started: str
    finished: str
    command: tuple[str, ...]
    environment: dict[str, str]
    exit_code: int | None
    ended_because: str
    areas: tuple[AreaCounted, ...] = ()
    findings: tuple[Finding, ...] = ()
    restarts: int = 0
    """How often the product had to be started again."""
    replayed: int = 0
    """Cases of the corpus that came first."""
    left_out: tuple[str, ...] = ()
    """What could not be looked at, and why."""
    against: dict[str, Any] | None = None
    """The target that is compared with, as `target`; None for an ordinary campaign."""
    against_restarts: int = 0
    differences: tuple[Difference, ...] = ()


def write_campaign(campaign: Campaign, folder: Path) -> None:
    """``FOLDER/campaign.json``, whole or not at all."""
    write_document(campaign, folder / FILE)


def read_campaign(folder: Path) -> Campaign:
    """What `write_campaign` wrote.  Raises ValueError in one line where there is none, OSError."""
    return read_document(folder / FILE, Campaign, "campaign")
