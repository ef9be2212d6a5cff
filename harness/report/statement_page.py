"""statement.html and statement.json: the observed conformance statement, for people and for machines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydicom.datadict import dictionary_description, tag_for_keyword

from harness.behaviour import SITUATIONS, Matching
from harness.foreign_text import visible
from harness.report.offered import extended_words
from harness.report.pages import environment, shipped
from harness.statement import (
    ASSOCIATION_FACTS,
    SECURITY_FACTS,
    Difference,
    Fact,
    How,
    Key,
    Role,
    SopClass,
    Statement,
    Status,
    to_json,
)

LETTERS = {
    Matching.SINGLE: "S",
    Matching.WILD_CARD: "*",
    Matching.RANGE: "R",
    Matching.UID_LIST: "L",
    Matching.SEQUENCE: "SEQUENCE",
    Matching.UNIVERSAL: "U",
    Matching.CASE_INSENSITIVE: "C",
}
"""As PS3.2 F.4.2.2.4 has them; C is our own."""
LETTER_WORDS = {
    "S": "single value",
    "*": "wild card",
    "R": "range",
    "L": "list of UIDs",
    "SEQUENCE": "within a sequence",
    "U": "universal: returned when sent without a value",
    "C": "upper and lower case of a name are the same",
    "NONE": "no matching; the value is returned",
    "–": "neither matched nor returned",
}
HOW_WORDS = {
    How.NEGOTIATED: "agreed on, proposed or refused when an association was established",
    How.ANSWERED: "seen in the answer to a request",
    How.INFERRED: "follows from something else: outcomes of requirements, times, objects that came back",
}
_CATEGORY_ORDER = ("Transfer", "Query/Retrieve", "Workflow Management", "Print Management", "")
_STATUS_KINDS = {0x0000: "Success", 0xFE00: "Cancel", 0xFF00: "Pending", 0xFF01: "Pending"}


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """A line of the table of network services (PS3.2 table A.1-1)."""

    uid: str
    name: str
    user: str
    provider: str


@dataclass(frozen=True, slots=True)
class ContextRow:
    """A line of a presentation context table (PS3.2 tables A.4.2-7 and A.4.2-11)."""

    uid: str
    name: str
    role: str
    syntaxes: str
    extended: tuple[str, ...]
    how: How


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A line of a status table (PS3.2 table A.4.2-13)."""

    kind: str
    code: str
    situation: str
    how: How


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A line of a table of supported elements (PS3.2 F.4.2.2.4)."""

    name: str
    """As PS3.6 has it; behind ``>`` in a sequence."""
    tag: str
    vr: str
    matching: str
    how: How


def statement_json(statement: Statement) -> str:
    """The statement as JSON, an entry of a section a line."""
    lines = []
    for key, value in to_json(statement).items():
        if isinstance(value, list | tuple) and value:
            entries = ",\n".join(f"  {_compact(entry)}" for entry in value)
            lines.append(f" {_compact(key)}: [\n{entries}\n ]")
        else:
            lines.append(f" {_compact(key)}: {_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def statement_page(statement: Statement, difference: Difference | None = None) -> str:
    """The page; with `difference` it says first what the claims promise otherwise.

    All that the statement says is escaped, and a policy in the page allows no script and no other source.
    """
    classes = statement.sop_classes or ()
    return (
        environment(visible)
        .get_template("statement.html.j2")
        .render(
            about=statement.about,
            difference=difference,
            style=shipped("report.css"),
            overview=_overview(classes),
            accepted=_contexts(statement, ("",)),
            initiated=[
                (activity, _contexts(statement, (activity,)))
                for activity in dict.fromkeys(
                    one.activity for one in classes if one.activity and one.supported
                )
            ],
            refused=_refused(classes),
            syntaxes=[(one, _taken(statement, one.uid)) for one in statement.transfer_syntaxes],
            storage_count=sum(one.supported for one in classes if _is_storage_scp(one)),
            associations=_facts(statement.associations or (), ASSOCIATION_FACTS),
            security=_facts(statement.security or (), SECURITY_FACTS),
            queries=[(query, [_key_row(key) for key in query.keys]) for query in statement.queries or ()],
            statuses=_statuses(statement),
            character_sets=statement.character_sets or (),
            letters=list(LETTER_WORDS.items()),
            how_words=list(HOW_WORDS.items()),
            yes_no=lambda value: {None: "not seen", True: "yes", False: "no"}[value],
        )
    )


def _is_storage_scp(one: SopClass) -> bool:
    return one.category == "Transfer" and one.role is Role.SCP and not one.activity


def _overview(classes: tuple[SopClass, ...]) -> list[tuple[str, list[OverviewRow]]]:
    rows: dict[str, dict[str, OverviewRow]] = {category: {} for category in _CATEGORY_ORDER}
    for one in classes:
        if not one.supported:
            continue
        roles = {other.role for other in classes if other.uid == one.uid and other.supported}
        rows.setdefault(one.category, {})[one.uid] = OverviewRow(
            one.uid,
            one.name or one.uid,
            "Yes" if Role.SCU in roles else "No",
            "Yes" if Role.SCP in roles else "No",
        )
    return [(category, list(found.values())) for category, found in rows.items() if found]


def _contexts(statement: Statement, activities: tuple[str, ...]) -> list[ContextRow]:
    chosen = [one for one in statement.sop_classes or () if one.supported and one.activity in activities]
    # What most have in common is said once: a table of a hundred equal lists helps nobody.
    common = Counter(one.transfer_syntaxes for one in chosen if len(one.transfer_syntaxes) > 2)
    usual = common.most_common(1)[0][0] if common and common.most_common(1)[0][1] > 2 else None
    names = {one.uid: one.name for one in statement.transfer_syntaxes}
    rows = []
    first = True
    for one in chosen:
        listed = "\n".join(f"{names[uid]} {uid}" if names.get(uid) else uid for uid in one.transfer_syntaxes)
        if one.transfer_syntaxes == usual and not first:
            listed = f"the same {len(usual)} as above"
        elif one.transfer_syntaxes == usual:
            first = False
        rows.append(
            ContextRow(
                one.uid,
                one.name or one.uid,
                str(one.role),
                listed or "not seen",
                extended_words(one),
                one.how,
            )
        )
    return rows


def _refused(classes: tuple[SopClass, ...]) -> list[tuple[str, str]]:
    """(what it was asked to be, names of SOP classes in which it is not)."""
    asked: dict[str, list[str]] = {}
    for one in classes:
        if not one.supported:
            activity = f" in {one.activity}" if one.activity else ""
            asked.setdefault(f"{one.role}{activity}", []).append(one.name or one.uid)
    return [(words, ", ".join(names)) for words, names in asked.items()]


def _taken(statement: Statement, uid: str) -> int:
    classes = statement.sop_classes or ()
    return sum(one.supported and uid in one.transfer_syntaxes for one in classes if _is_storage_scp(one))


def _facts(facts: tuple[Fact, ...], titles: dict[str, str]) -> list[tuple[str, str, How]]:
    return [(titles.get(fact.name, fact.name), _value(fact), fact.how) for fact in facts]


def _value(fact: Fact) -> str:
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    words = f"{fact.value:g}" if isinstance(fact.value, float) else str(fact.value)
    return (words or "not stated") + (" (more was not tried)" if fact.at_least else "")


def _key_row(key: Key) -> KeyRow:
    letters = ", ".join(LETTERS[kind] for kind in key.matching)
    *outer, last = key.keyword.split(".")
    tag = tag_for_keyword(last)
    name = last if tag is None else dictionary_description(tag)
    return KeyRow(
        ">" * len(outer) + name, key.tag, key.vr, letters or ("NONE" if key.returned else "–"), key.how
    )


def _statuses(statement: Statement) -> list[tuple[str, list[StatusRow]]]:
    commands: dict[str, list[StatusRow]] = {}
    for status in statement.statuses or ():
        commands.setdefault(status.command, []).append(
            StatusRow(
                _kind(status),
                f"{status.status:04X}",
                SITUATIONS.get(status.situation, status.situation),
                status.how,
            )
        )
    return list(commands.items())


def _kind(status: Status) -> str:
    """PS3.7 C.1 to C.5."""
    if status.status in _STATUS_KINDS:
        return _STATUS_KINDS[status.status]
    if status.status in (0x0001, 0x0107, 0x0116) or status.status & 0xF000 == 0xB000:
        return "Warning"
    return "Failure"
