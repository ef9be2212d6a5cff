"""A conformance statement as data: what a product was seen to do, or, in the same form, what it claims to do.

The order is that of PS3.2 annex A.  `harness.report.statement` makes one of a Run; a vendor's claims are
read with `read_claims`.  The JSON form is published in ``reports/schema/statement.schema.json``.
"""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass
from typing import Any

from harness.behaviour import Matching
from harness.capabilities import Option

FORMAT = "pacs-harness statement 1"
"""The value of ``format`` in every file."""


class How(enum.StrEnum):
    """How an entry was observed."""

    NEGOTIATED = "negotiated"
    """Agreed on, proposed or refused when an association was established."""
    ANSWERED = "answered"
    """Seen in the answer to a request."""
    INFERRED = "inferred"
    """Follows from something else: outcomes of requirements, times, objects that came back."""


class Role(enum.StrEnum):
    """The product's part in a SOP class."""

    SCU = "SCU"
    SCP = "SCP"


@dataclass(frozen=True, slots=True)
class About:
    """Where the statement comes from; claims need none of it."""

    product: str = ""
    observed: str = ""
    """ISO 8601 with offset."""
    called_ae_title: str = ""
    calling_ae_title: str = ""
    tool_version: str = ""
    edition: str = ""
    stored_objects: bool = False
    """Whether synthetic objects were stored to see it; without, keys and character sets were not."""
    not_seen: tuple[str, ...] = ()
    """What could not be seen, and why."""


@dataclass(frozen=True, slots=True)
class NamedSyntax:
    """A transfer syntax that was offered."""

    uid: str
    name: str
    offered_for: str
    """``all`` SOP classes, or those of ``storage`` alone."""


@dataclass(frozen=True, slots=True)
class SopClass:
    """A SOP class in one role and activity (PS3.2 A.4.2.1.1, A.4.2.1.3.1.2, A.4.2.1.4.1.2)."""

    uid: str
    role: Role
    name: str = ""
    category: str = ""
    """As in PS3.2 table A.1-2: Transfer, Query/Retrieve, Workflow Management, Print Management."""
    activity: str = ""
    """Empty: on associations that it accepts; ``C-GET``, ``C-MOVE``, ``Storage Commitment``: in sending."""
    supported: bool = True
    """False: it was asked, and does not."""
    transfer_syntaxes: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    """Its answer to extended negotiation."""
    how: How = How.NEGOTIATED


Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Fact:
    """One value by name, see `ASSOCIATION_FACTS` and `SECURITY_FACTS`."""

    name: str
    value: Value
    how: How = How.NEGOTIATED
    at_least: bool = False
    """Whether more was not tried."""


@dataclass(frozen=True, slots=True)
class Key:
    """A query key; letters as PS3.2 annex F has them are for `harness.report.statement_page`."""

    keyword: str
    matching: tuple[Matching, ...] = ()
    not_matching: tuple[Matching, ...] = ()
    """Tried, and not seen at work."""
    returned: bool = False
    tag: str = ""
    vr: str = ""
    how: How = How.ANSWERED


@dataclass(frozen=True, slots=True)
class Query:
    """A level of an information model."""

    sop_class: str
    level: str
    """PATIENT, STUDY, SERIES, IMAGE; WORKLIST for the Modality Worklist."""
    name: str = ""
    supported: bool = True
    """Whether a query at that level ends in Success."""
    keys: tuple[Key, ...] = ()
    how: How = How.ANSWERED


@dataclass(frozen=True, slots=True)
class Status:
    """A status that is returned, and in which situation (`harness.behaviour.SITUATIONS`)."""

    command: str
    status: int
    situation: str = ""
    how: How = How.ANSWERED


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """A value of Specific Character Set; None where it was not seen, or is not claimed."""

    term: str
    stored: bool | None = None
    returned: bool | None = None
    """Whether a query brings a name as it was stored."""
    matched: bool | None = None
    """Whether a name in it, as a key, finds its study."""
    answered_in: str = ""
    how: How = How.ANSWERED


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole.  A section that is None is not spoken of, which only claims do."""

    about: About = About()
    transfer_syntaxes: tuple[NamedSyntax, ...] = ()
    sop_classes: tuple[SopClass, ...] | None = None
    associations: tuple[Fact, ...] | None = None
    queries: tuple[Query, ...] | None = None
    statuses: tuple[Status, ...] | None = None
    character_sets: tuple[CharacterSet, ...] | None = None
    security: tuple[Fact, ...] | None = None


ASSOCIATION_FACTS = {
    "application-context-name": "Application context name",
    "simultaneous-associations": "Associations at the same time, as acceptor",
    "asynchronous-operations-invoked": "Outstanding operations invoked (0: any number)",
    "asynchronous-operations-performed": "Outstanding operations performed (0: any number)",
    "implementation-class-uid": "Implementation class UID",
    "implementation-version-name": "Implementation version name",
    "maximum-length-received": "Longest PDU that it takes as acceptor, in bytes (0: unlimited)",
    "maximum-length-received-as-initiator": "Longest PDU that it takes as initiator, in bytes (0: unlimited)",
    "idle-connection-closed": "A connection without a request is closed (ARTIM timer)",
    "artim-seconds": "ARTIM timer, in seconds",
    "elements-kept": "Every element of an object comes back, private ones too",
    "storage-level": "Level of storage (PS3.4 B.4.1: 0 local, 1 base, 2 full)",
}
"""Names of facts about associations, and what each says."""

SECURITY_FACTS = {
    "tls": "TLS on this port",
    "tls-version": "TLS version",
    "tls-cipher-suite": "TLS cipher suite",
    "called-ae-title-checked": "Rejects another called AE title",
    "calling-ae-title-checked": "Rejects a calling AE title that it does not know",
    "user-identity": "User identity (PS3.7 D.3.3.7)",
}
"""Names of facts about security."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What claims and observation differ in, a line each."""

    missing: tuple[str, ...]
    """Promised, looked at, and not so."""
    unseen: tuple[str, ...]
    """Promised, and not looked at: nobody knows."""
    beyond: tuple[str, ...]
    """Observed, and not promised by claims that speak of such things."""


def to_json(statement: Statement) -> dict[str, Any]:
    """A dict that `json.dumps` takes; a section that is None is left out."""
    document = {key: value for key, value in asdict(statement).items() if value is not None}
    for status in document.get("statuses", ()):
        status["status"] = f"0x{status['status']:04X}"
    return {"format": FORMAT, **document}
