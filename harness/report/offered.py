"""What a product was seen to offer, in words and tables for a report and for a terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from harness.capabilities import Capabilities, LevelAnswer, OfferedClass
from harness.report.services import service_of
from harness.statement import SopClass

RESULT_WORDS = {
    None: "no answer",
    0: "accepted",
    1: "rejected by the user",
    2: "rejected without a reason",
    3: "abstract syntax not supported",
    4: "none of the transfer syntaxes supported",
}
"""PS3.8 9.3.3.2."""

_YES_NO = ("no", "yes")
_OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "storage-level": ("Level of storage (PS3.4 B.4.1)", ("0, local", "1, base", "2, full", "not an SCP")),
    "signature-level": ("Digital signatures", ("unspecified", "level 1", "level 2", "level 3")),
    "element-coercion": ("Changes elements it stores", ("no", "may", "not an SCP")),
    "relational-queries": ("Relational queries", _YES_NO),
    "date-time-matching": ("Date and time matched together", _YES_NO),
    "fuzzy-person-names": ("Fuzzy matching of names", _YES_NO),
    "timezone-adjustment": ("Time zone adjustment", _YES_NO),
    "query-view": ("Views of enhanced multi-frame", _YES_NO),
    "relational-retrieval": ("Relational retrieval", _YES_NO),
    "retrieve-view": ("Views of enhanced multi-frame", _YES_NO),
}


@dataclass(frozen=True, slots=True)
class SyntaxRow:
    """A transfer syntax, and how many of the accepted storage classes are taken in it."""

    uid: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ClassRow:
    """An accepted SOP class with all that was answered for it, in words."""

    name: str
    uid: str
    syntaxes: str
    extended: tuple[str, ...]
    gives_back: str


@dataclass(frozen=True, slots=True)
class Offered:
    """The section of a report; every text is in words."""

    facts: tuple[tuple[str, str], ...]
    services: tuple[tuple[str, tuple[ClassRow, ...]], ...]
    """(service, its accepted SOP classes), storage left out."""
    not_offered: tuple[str, ...]
    storage: tuple[ClassRow, ...]
    storage_asked: int
    syntaxes: tuple[SyntaxRow, ...]
    refused_storage: tuple[tuple[str, str, str], ...]
    """(name, UID, the answer)."""
    levels: tuple[tuple[str, tuple[str, ...]], ...]
    """(information model, its levels); what was not simply answered says so behind the level."""
    remarks: tuple[str, ...]


def offered(seen: Capabilities) -> Offered:
    """The section for what was seen."""
    services = list(dict.fromkeys(one.service for one in seen.classes if one.service != "storage"))
    storage = seen.accepted("storage")
    count = Counter(uid for one in storage for uid in one.transfer_syntaxes)
    return Offered(
        facts=_facts(seen),
        services=tuple(
            (service_of(service).title, tuple(_row(seen, one) for one in seen.accepted(service)))
            for service in services
            if seen.accepted(service)
        ),
        not_offered=tuple(
            service_of(service).title
            for service in [*services, "storage"]
            if seen.offered(service) and not seen.accepted(service)
        ),
        storage=tuple(_row(seen, one) for one in storage),
        storage_asked=len(seen.offered("storage")),
        syntaxes=tuple(SyntaxRow(one.uid, one.name, count[one.uid]) for one in seen.transfer_syntaxes),
        refused_storage=tuple(
            (one.name, one.uid, RESULT_WORDS.get(one.result, f"result {one.result}"))
            for one in seen.offered("storage")
            if not one.accepted
        ),
        levels=_levels(seen),
        remarks=seen.remarks,
    )


def summary(seen: Capabilities) -> tuple[str, ...]:
    """The same in a few lines for a terminal."""
    section = offered(seen)
    storage = seen.accepted("storage")
    taken = [row for row in section.syntaxes if row.count]
    lines = [
        f"services offered: {', '.join(service_of(service).title for service in seen.services()) or 'none'}",
        f"storage: {len(storage)} of {section.storage_asked} SOP classes, "
        f"{len(taken)} of {len(section.syntaxes)} transfer syntaxes",
    ]
    if section.not_offered:
        lines.append(f"not offered: {', '.join(section.not_offered)}")
    lines += [f"query levels answered in {model}: {', '.join(levels)}" for model, levels in section.levels]
    return (*lines, *(f"not seen: {remark}" for remark in seen.remarks))


def _facts(seen: Capabilities) -> tuple[tuple[str, str], ...]:
    length = seen.maximum_length
    window = seen.async_window
    return (
        ("Implementation class UID", seen.implementation_class_uid or "not stated"),
        ("Implementation version", seen.implementation_version_name or "not stated"),
        (
            "Longest PDU it takes",
            "not stated" if length is None else f"{length} bytes" if length else "unlimited",
        ),
        (
            "Operations at a time",
            "one: asynchronous operations are not negotiated"
            if window is None
            else f"{_number(window[0])} invoked, {_number(window[1])} performed",
        ),
    )


def _number(operations: int) -> str:
    return str(operations) if operations else "any number"


def _row(seen: Capabilities, one: OfferedClass) -> ClassRow:
    taken = {uid for other in seen.accepted("storage") for uid in other.transfer_syntaxes}
    if one.service == "storage" and len(taken) > 3 and set(one.transfer_syntaxes) == taken:
        syntaxes = f"all {len(taken)} that it takes"
    else:
        syntaxes = ", ".join(seen.syntax_name(uid) for uid in one.transfer_syntaxes) or "not seen"
    back = (
        {None: "not answered", True: "yes", False: "no"}[one.gives_back] if one.service == "storage" else ""
    )
    extended = extended_words(one)
    if not extended and one.service in ("find", "move", "get"):
        extended = ("not answered",)
    return ClassRow(one.name, one.uid, syntaxes, extended, back)


def extended_words(one: OfferedClass | SopClass) -> tuple[str, ...]:
    """The answer to extended negotiation, field by field: ``Relational queries: yes``."""
    words = []
    for option in one.options:
        title, values = _OPTIONS.get(option.name, (option.name, ()))
        value = (
            values[option.value] if option.value < len(values) else f"{option.value}, which is not defined"
        )
        words.append(f"{title}: {value}")
    return tuple(words)


def _levels(seen: Capabilities) -> tuple[tuple[str, tuple[str, ...]], ...]:
    models: dict[str, list[str]] = {}
    for answer in seen.levels:
        name = next((one.name for one in seen.classes if one.uid == answer.sop_class), answer.sop_class)
        models.setdefault(name.partition(" Query/Retrieve")[0], []).append(_answer(answer))
    return tuple((model, tuple(levels)) for model, levels in models.items())


def _answer(answer: LevelAnswer) -> str:
    """The level; behind it what was not a plain Success."""
    status = (
        "no answer" if answer.status is None else f"status 0x{answer.status:04X}" if answer.status else ""
    )
    words = "; ".join(item for item in (status, answer.remark) if item)
    return answer.level.capitalize() + (f" ({words})" if words else "")
