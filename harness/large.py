"""What large objects, large studies and PDUs of every size say of a product: Large, and its parts.

Every type goes to JSON and back by msgspec (`write_large`, `read_large`); seconds and bytes throughout.
"""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

from msgspec import Struct

from harness.documents import read_document, write_document

FILE = "large.json"


class Outcome(enum.StrEnum):
    """What became of an object."""

    KEPT = "came back unchanged"
    NOT_JUDGED = "came back in another transfer syntax"
    """All that can be compared there is unchanged."""
    STORED = "acknowledged"
    """The product has nothing to bring it back with."""
    NOT_TAKEN = "not taken"
    """No presentation context for its SOP class and transfer syntax."""
    FULL = "refused: out of resources"
    """A7xx (PS3.4 B.2.3, C.4.3.1.4): the product says that it has no room."""
    REFUSED = "refused"
    """With another status of failure, though its class was accepted."""
    ABORTED = "aborted"
    """The association was aborted or cut, and others are served."""
    SILENT = "no answer"
    DIED = "died"
    """No connections are taken any more."""
    NOT_BROUGHT = "acknowledged, and not brought back"
    """The retrieval failed."""
    LOST = "acknowledged, and lost"
    """The retrieval says that there is no such object."""
    ALTERED = "altered"
    AGAINST = "against the standard"
    """The bytes of an answer, in whichever way."""


FAILURES = frozenset(
    {
        Outcome.REFUSED,
        Outcome.ABORTED,
        Outcome.SILENT,
        Outcome.DIED,
        Outcome.NOT_BROUGHT,
        Outcome.LOST,
        Outcome.ALTERED,
        Outcome.AGAINST,
    }
)
"""Exit code 1.  That a product says that it has no room is worth knowing, and no failure."""
SEEN = frozenset({Outcome.KEPT, Outcome.NOT_JUDGED, Outcome.STORED})
"""The product took it."""


class Way(enum.StrEnum):
    """How objects are brought back."""

    GET = "C-GET"
    MOVE = "C-MOVE"
    NONE = "not at all"


class Leg(Struct, frozen=True):
    """One way of an object."""

    seconds: float
    """Out: from the request's first byte to its response.  Back: from the request to the final response."""
    moving: float
    """Of these, the seconds in which the bytes went: the rest the product took to answer."""
    bytes: int

    @property
    def rate(self) -> float:
        """Bytes a second of the whole."""
        return self.bytes / self.seconds if self.seconds else 0.0


class ObjectCarried(Struct, frozen=True):
    """One large object."""

    kind: str
    about: str
    """What it is, in words."""
    pieces: str
    sop_instance_uid: str
    transfer_syntax: str
    size: int
    outcome: Outcome
    words: str = ""
    """What was wrong or worth knowing."""
    out: Leg | None = None
    back: Leg | None = None
    way: Way = Way.NONE
    server_before: int | None = None
    """Resident bytes of the product's processes; None where it is not on this machine, or not seen."""
    server_peak: int | None = None


class StudyCarried(Struct, frozen=True):
    """A study of many small objects."""

    instances: int
    size: int
    """Bytes of one object."""
    outcome: Outcome
    words: str = ""
    stored: int = 0
    """Acknowledged."""
    found: int | None = None
    """By C-FIND at IMAGE level."""
    counted: int | None = None
    """Number of Study Related Instances (0020,1208), where the product tells it."""
    brought: int = 0
    unchanged: int = 0
    out: Leg | None = None
    back: Leg | None = None
    find_seconds: float | None = None
    way: Way = Way.NONE
    server_before: int | None = None
    server_peak: int | None = None


class PduCarried(Struct, frozen=True):
    """The same object with PDUs of one size."""

    is_out: bool
    """Sent, in PDVs with so many bytes of data; else received, with this maximum length declared."""
    length: int
    """0: unlimited."""
    size: int
    """Bytes of the object."""
    outcome: Outcome
    words: str = ""
    leg: Leg | None = None


class Estimate(Struct, frozen=True):
    """What was to be expected, told before it began."""

    bytes: int
    """That the product has to keep."""
    out_rate: float
    back_rate: float | None
    """Bytes a second of a small object; None where nothing is brought back."""
    seconds: float
    free: int | None = None
    """Bytes of the product's disk; None where it is not on this machine."""


class Large(Struct, frozen=True):
    """All of one call."""

    tool_version: str
    target: dict[str, Any]
    peer: dict[str, str]
    started: str
    finished: str
    command: tuple[str, ...]
    environment: dict[str, str]
    exit_code: int | None
    ended_because: str
    estimate: Estimate | None = None
    objects: tuple[ObjectCarried, ...] = ()
    study: StudyCarried | None = None
    pdus: tuple[PduCarried, ...] = ()
    server: str = ""
    """The names of the product's processes, where they are on this machine."""
    own_peak: int = 0
    """The most resident bytes that the harness itself had."""

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of everything."""
        study = () if self.study is None else (self.study.outcome,)
        return (*(one.outcome for one in self.objects), *study, *(one.outcome for one in self.pdus))


def write_large(large: Large, folder: Path) -> None:
    """``FOLDER/large.json``, whole or not at all."""
    write_document(large, folder / FILE)


def read_large(folder: Path) -> Large:
    """What `write_large` wrote.  Raises ValueError in one line where there is none, OSError."""
    return read_document(folder / FILE, Large, "call of `large`")
