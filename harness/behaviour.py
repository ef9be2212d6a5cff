"""How a product was seen to behave beyond what it negotiates: policies, statuses, keys, character sets.

Frozen and part of a Run (`capabilities.Capabilities.behaviour`), so that a conformance statement can be
written from a run folder alone.  `harness.observing` sees it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


class Matching(enum.StrEnum):
    """A kind of matching of a query key (PS3.4 C.2.2.2)."""

    SINGLE = "single"
    WILD_CARD = "wild-card"
    RANGE = "range"
    UID_LIST = "uid-list"
    SEQUENCE = "sequence"
    UNIVERSAL = "universal"
    """A key without a value: the attribute is returned (C.2.2.2.3)."""
    CASE_INSENSITIVE = "case-insensitive"
    """Of a person's name, which the standard leaves to the product (C.2.2.2.1)."""


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """What one key did in queries for a study of which everything was known."""

    keyword: str
    """Within a sequence by a dotted path: ``RequestAttributesSequence.ScheduledProcedureStepID``."""
    matching: tuple[Matching, ...]
    """Seen at work: it found the study, and with another value did not."""
    not_matching: tuple[Matching, ...]
    """Tried and not seen at work."""
    returned: bool
    """Whether the value came back when the key was sent without one."""


@dataclass(frozen=True, slots=True)
class LevelKeys:
    """The keys of one level of an information model; the worklist has one level, WORKLIST."""

    sop_class: str
    level: str
    keys: tuple[KeyAnswer, ...]


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """The status of a response."""

    command: str
    """``C-FIND``"""
    situation: str
    """What it answered, a key of `SITUATIONS`."""
    status: int


SITUATIONS = {
    "asked": "a plain request",
    "nothing-matches": "nothing matches the keys",
    "match": "a match, all keys supported",
    "match-rare-key": "a match, with a key that few products support",
    "matches-returned": "all matches were returned",
    "level-missing": "no Query/Retrieve Level in the Identifier",
    "level-not-of-model": "PATIENT level in Study Root",
    "new-object": "an object that it has not got",
    "object-again": "an object that it has already",
    "other-sop-class": "a data set of another SOP class than the request says",
    "study": "a study, all of it delivered",
    "unknown-destination": "a move destination that it does not know",
    "object-refused": "a study, of which the receiver refuses every object",
    "objects-it-has": "objects that were stored before",
}
"""The situations in which a status was provoked, in words."""


@dataclass(frozen=True, slots=True)
class CharacterSetAnswer:
    """What became of a patient's name in one character set (PS3.3 C.12.1.1.2)."""

    term: str
    """The value of Specific Character Set: ``\\ISO 2022 IR 87``."""
    stored: bool
    returned: bool | None
    """Whether a query brings the name as it was stored; None where that could not be asked."""
    answered_in: str
    """Specific Character Set of that answer."""
    matched: bool | None
    """Whether the name as a key finds its study, and another name does not."""


@dataclass(frozen=True, slots=True)
class ProposedClass:
    """A SOP class that the product proposed, and its transfer syntaxes."""

    uid: str
    name: str
    transfer_syntaxes: tuple[str, ...]
    as_scp: bool = False
    """Whether it proposed itself as SCP (PS3.7 D.3.3.4)."""


@dataclass(frozen=True, slots=True)
class Initiated:
    """An association that the product opened to the harness."""

    purpose: str
    """``C-MOVE`` or ``Storage Commitment``"""
    calling_ae_title: str
    implementation_class_uid: str
    implementation_version_name: str
    maximum_length: int | None
    async_window: tuple[int, int] | None
    classes: tuple[ProposedClass, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """Whom it talks to, and with how many at once; None where that was not seen."""

    checks_called_ae_title: bool | None = None
    checks_calling_ae_title: bool | None = None
    tls_version: str = ""
    """``TLSv1.3``; empty on a plain connection."""
    tls_cipher_suite: str = ""
    user_identity: str = ""
    """``confirmed``, ``accepted`` without a response, ``rejected``; empty where it was not asked."""
    simultaneous: int | None = None
    """Associations that it held at once."""
    simultaneous_asked: int = 0
    silent_closed_after: float | None = None
    """Seconds after which it closed a connection on which nothing was said (ARTIM timer, PS3.8 9.1.5)."""
    silent_watched_for: float | None = None
    """Seconds for which such a connection was watched."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """All of it."""

    policies: Policies = field(default_factory=Policies)
    statuses: tuple[StatusAnswer, ...] = ()
    levels: tuple[LevelKeys, ...] = ()
    character_sets: tuple[CharacterSetAnswer, ...] = ()
    initiated: tuple[Initiated, ...] = ()
    moved_classes: tuple[str, ...] = ()
    """SOP classes of the objects that it was asked to send by C-MOVE."""
    elements_kept: bool | None = None
    """Whether objects with private elements came back with every element as it was."""
    stored_objects: bool = False
    """Whether objects were stored to see it; an observer stores none."""
    remarks: tuple[str, ...] = ()
    """What could not be seen, and why."""


def behaviour_from_json(document: dict[str, Any]) -> Behaviour:
    """The inverse of `dataclasses.asdict`.  Raises KeyError, TypeError or ValueError on a damaged one."""
    return Behaviour(
        policies=Policies(**document["policies"]),
        statuses=tuple(StatusAnswer(**item) for item in document["statuses"]),
        levels=tuple(_level(item) for item in document["levels"]),
        character_sets=tuple(CharacterSetAnswer(**item) for item in document["character_sets"]),
        initiated=tuple(_initiated(item) for item in document["initiated"]),
        moved_classes=tuple(document["moved_classes"]),
        elements_kept=document["elements_kept"],
        stored_objects=bool(document["stored_objects"]),
        remarks=tuple(document["remarks"]),
    )


def _level(document: dict[str, Any]) -> LevelKeys:
    return LevelKeys(
        document["sop_class"],
        document["level"],
        tuple(
            KeyAnswer(
                item["keyword"],
                tuple(Matching(kind) for kind in item["matching"]),
                tuple(Matching(kind) for kind in item["not_matching"]),
                bool(item["returned"]),
            )
            for item in document["keys"]
        ),
    )


def _initiated(document: dict[str, Any]) -> Initiated:
    window = document["async_window"]
    return Initiated(
        **{
            **document,
            "async_window": None if window is None else (int(window[0]), int(window[1])),
            "classes": tuple(
                ProposedClass(**{**item, "transfer_syntaxes": tuple(item["transfer_syntaxes"])})
                for item in document["classes"]
            ),
        }
    )
