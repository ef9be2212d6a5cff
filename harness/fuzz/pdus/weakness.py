"""The form of a known case: bytes, and which weakness of servers and parsers they are about."""

from __future__ import annotations

from dataclasses import dataclass

from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.script import Steps

Titles = tuple[str, str]
"""The AE titles of the target and of the harness."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """A class of defects.

    `cwe` is its number in the Common Weakness Enumeration, `cves` are published examples in DICOM products,
    and `must_hold` says what a sound product does, beside living on.
    """

    name: str
    cwe: int
    must_hold: str
    cves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A fixed case of a weakness."""

    weakness: Weakness
    case: PduCase


@dataclass(frozen=True, slots=True)
class Attempt:
    """The steps of a case before it has its end."""

    weakness: Weakness
    about: str
    steps: list[Steps]


ITEM_BOUNDS = Weakness(
    "item lengths believed",
    125,
    "a request whose items reach beyond it is rejected or aborted, or read within its bounds",
)
PDU_BOUNDS = Weakness(
    "PDU and fragment lengths believed",
    190,
    "no length field has memory allocated or read that was not sent",
)
COUNTS = Weakness(
    "fixed tables for what has no bound",
    787,
    "more contexts or sub-items than there is room for are answered, rejected or aborted",
)
ABSENT_ITEM = Weakness(
    "a request without what it needs",
    476,
    "a request that lacks an item is accepted without it, rejected, or aborted",
)
LONG_TEXT = Weakness(
    "text longer than its buffer", 121, "a long name or identity is taken, rejected or aborted"
)
FORMAT = Weakness("text from outside as a format", 134, "what looks like a format is text like any other")
NETWORK = Weakness(
    "a packet that the library gives up on",
    755,
    "the association is aborted or rejected, and the service goes on",
    ("CVE-2024-23914",),
)
TITLE_PATH = Weakness(
    "AE titles as a path",
    22,
    "no file is read or written outside of the product's own folders",
    ("CVE-2026-52868",),
)
EXHAUSTION = Weakness(
    "one peer takes all that there is",
    401,
    "others are served afterwards, and the memory of associations that ended is given back",
    ("CVE-2026-35505", "CVE-2026-50254"),
)
STATES = Weakness(
    "states that nobody thought of", 754, "the association is aborted, and nothing else is touched"
)
ABSENT = Weakness(
    "a message without what it needs",
    476,
    "a failure status, or A-ABORT",
    ("CVE-2022-2121", "CVE-2021-41689"),
)
DAMAGED = Weakness(
    "a command set that breaks off or lies",
    125,
    "A-ABORT, or a failure status",
    ("CVE-2024-34508", "CVE-2024-34509", "CVE-2021-41687", "CVE-2021-41688", "CVE-2021-41690"),
)
PATH = Weakness(
    "identifiers as file names",
    22,
    "no file is written outside of the product's own folders",
    ("CVE-2022-2119", "CVE-2022-2120", "CVE-2026-56445", "CVE-2026-50003"),
)
COMMANDS = Weakness(
    "identifiers in command lines and queries",
    77,
    "no character of a value is more than text",
    ("CVE-2026-5663",),
)
RECURSION = Weakness(
    "sequences in sequences without end", 674, "the object is stored or refused with a status"
)
BOMBS = Weakness(
    "compressed data that unfolds", 409, "the object is stored or refused, and memory stays bounded"
)
PIXELS = Weakness(
    "images that are not as large as they say",
    190,
    "the object is stored or refused with a status; a decoder reads and writes within its bounds",
    ("CVE-2026-5441", "CVE-2026-5442", "CVE-2026-5443"),
)
LENGTHS = Weakness(
    "element lengths believed",
    125,
    "a data set whose lengths lie is refused with a status, or stored as what can be read of it",
    ("CVE-2026-5437", "CVE-2024-23912", "CVE-2024-23913", "CVE-2025-0568"),
)
NO_VR = Weakness(
    "value representations that there are not",
    401,
    "the object is stored or refused with a status, and its memory given back",
    ("CVE-2026-3650",),
)
TYPES = Weakness(
    "values of another type than their element",
    843,
    "a failure status, or an answer that leaves the key out",
    ("CVE-2026-44628", "CVE-2024-28130"),
)
STORMS = Weakness(
    "queries that match everything in every way",
    1333,
    "an answer, or a failure status, within the time that others have",
)
