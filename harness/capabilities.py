"""What a product was seen to offer: its answers to negotiation and to queries that match nothing.

Frozen and part of a Run (`verdict.Run.capabilities`), so that a report or a conformance statement can be
written from a run folder alone.  `harness.scu.offer` observes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.behaviour import Behaviour, behaviour_from_json

ACCEPTED = 0
"""The result of an accepted presentation context (PS3.8 9.3.3.2)."""


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """A transfer syntax that was offered, by the name that PS3.6 gives it."""

    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class Option:
    """A field of the product's answer to SOP class extended negotiation (PS3.7 D.3.3.5).

    ``storage-level``, ``signature-level``, ``element-coercion`` (PS3.4 B.3.1.2); ``relational-queries``,
    ``date-time-matching``, ``fuzzy-person-names``, ``timezone-adjustment``, ``query-view`` (C.5.1.1.2);
    ``relational-retrieval``, ``retrieve-view`` (C.5.2.1.2).
    """

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class OfferedClass:
    """The product's answers for one SOP class, which was offered with the harness as SCU."""

    uid: str
    name: str
    service: str
    """The group of requirements it belongs to: ``storage``, ``find``, ``worklist`` …"""
    result: int | None
    """PS3.8 9.3.3.2: 0 accepted, 1 user rejection, 2 no reason, 3 abstract syntax, 4 transfer syntaxes not
    supported; None where the product gave no answer."""
    transfer_syntaxes: tuple[str, ...] = ()
    """UIDs of those that it accepted when each was offered in a presentation context of its own."""
    gives_back: bool | None = None
    """Storage: whether it agreed to be the SCU of this class on the same association, as C-GET needs
    (PS3.7 D.3.3.4); None where that was not answered."""
    options: tuple[Option, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the product takes this class in some transfer syntax."""
        return self.result == ACCEPTED


@dataclass(frozen=True, slots=True)
class LevelAnswer:
    """The answer to a C-FIND at one level, with keys that match nothing."""

    sop_class: str
    level: str
    """PATIENT, STUDY, SERIES or IMAGE (PS3.4 C.6)."""
    status: int | None
    """The final status; None where there was no usable answer."""
    remark: str = ""
    """Why there is no status, or what else was odd."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that was seen, on associations that wrote nothing to the product."""

    implementation_class_uid: str
    implementation_version_name: str
    maximum_length: int | None
    """Bytes of a P-DATA-TF that it takes; 0 unlimited, None not stated (PS3.8 D.1)."""
    async_window: tuple[int, int] | None
    """Operations (invoked, performed) that it answered, 0 unlimited; None: no answer, so one at a time
    (PS3.7 D.3.3.3)."""
    transfer_syntaxes: tuple[TransferSyntax, ...] = ()
    """Those that were offered."""
    classes: tuple[OfferedClass, ...] = ()
    """Every SOP class that was offered, with its answer."""
    levels: tuple[LevelAnswer, ...] = ()
    remarks: tuple[str, ...] = ()
    """What could not be seen, and why: a line each."""
    behaviour: Behaviour | None = None
    """What was seen beyond negotiation; None where nobody looked."""

    def accepted(self, service: str = "") -> tuple[OfferedClass, ...]:
        """The SOP classes that the product accepted, of one service or of all."""
        return tuple(one for one in self.classes if one.accepted and service in ("", one.service))

    def offered(self, service: str) -> tuple[OfferedClass, ...]:
        """The SOP classes of one service that it was asked for."""
        return tuple(one for one in self.classes if one.service == service)

    def services(self) -> tuple[str, ...]:
        """The services of which it accepted at least one SOP class, in the order in which they were asked."""
        return tuple(dict.fromkeys(one.service for one in self.classes if one.accepted))

    def syntax_name(self, uid: str) -> str:
        """The name of a transfer syntax that was offered; the UID of another."""
        return next((one.name for one in self.transfer_syntaxes if one.uid == uid), uid)


def capabilities_from_json(document: dict[str, Any]) -> Capabilities:
    """The inverse of `dataclasses.asdict`.  Raises KeyError, TypeError or ValueError on a damaged one."""
    window = document["async_window"]
    behaviour = document.get("behaviour")
    return Capabilities(
        implementation_class_uid=document["implementation_class_uid"],
        implementation_version_name=document["implementation_version_name"],
        maximum_length=document["maximum_length"],
        async_window=None if window is None else (int(window[0]), int(window[1])),
        transfer_syntaxes=tuple(TransferSyntax(**item) for item in document["transfer_syntaxes"]),
        classes=tuple(_class_from_json(item) for item in document["classes"]),
        levels=tuple(LevelAnswer(**item) for item in document["levels"]),
        remarks=tuple(document["remarks"]),
        behaviour=None if behaviour is None else behaviour_from_json(behaviour),
    )


def _class_from_json(document: dict[str, Any]) -> OfferedClass:
    return OfferedClass(
        **{
            **document,
            "transfer_syntaxes": tuple(document["transfer_syntaxes"]),
            "options": tuple(Option(**item) for item in document["options"]),
        }
    )
