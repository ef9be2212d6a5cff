"""Claims against what was observed: promised and not there, promised and not looked at, there unpromised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.behaviour import SITUATIONS
from harness.statement import (
    ASSOCIATION_FACTS,
    SECURITY_FACTS,
    CharacterSet,
    Difference,
    Fact,
    Key,
    Query,
    SopClass,
    Statement,
    Status,
)

STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"
"""Claims of all of it have the UID of the service class (PS3.2 A.4.2.1.4.1.2)."""
TIMER_EARLY, TIMER_LATE = 1.0, 5.0
"""Seconds by which a timer that was seen may miss the one that is claimed: what is busy is late."""
_TITLES = ASSOCIATION_FACTS | SECURITY_FACTS
_UNLIMITED_AT_ZERO = (
    "asynchronous-operations-invoked",
    "asynchronous-operations-performed",
    "maximum-length-received",
    "maximum-length-received-as-initiator",
)
_MORE_IS_BETTER = (*_UNLIMITED_AT_ZERO, "simultaneous-associations", "storage-level")


@dataclass(frozen=True, slots=True)
class _Lines:
    missing: list[str]
    unseen: list[str]
    beyond: list[str]


def compare(promised: Statement, observed: Statement) -> Difference:
    """The difference.  What the claims do not speak of is no matter."""
    lines = _Lines([], [], [])
    if promised.sop_classes is not None:
        _classes(promised.sop_classes, observed, lines)
    if promised.associations is not None:
        _facts(promised.associations, observed.associations or (), lines)
    if promised.queries is not None:
        _queries(promised.queries, observed.queries or (), lines)
    if promised.statuses is not None:
        _statuses(promised.statuses, observed.statuses or (), lines)
    if promised.character_sets is not None:
        _character_sets(promised.character_sets, observed.character_sets or (), lines)
    if promised.security is not None:
        _facts(promised.security, observed.security or (), lines)
    return Difference(*(tuple(dict.fromkeys(part)) for part in (lines.missing, lines.unseen, lines.beyond)))


# ---------------------------------------------------------------- SOP classes


def _classes(claimed: Sequence[SopClass], observed: Statement, lines: _Lines) -> None:
    seen = observed.sop_classes or ()
    promised = [claim for given in claimed for claim in _each_of(given, seen)]
    for claim in promised:
        if claim.supported:
            _class(claim, seen, observed, lines)
    for one in seen:
        if not one.supported:
            continue
        claims = [claim for claim in promised if claim.supported and _speaks_of(claim, one)]
        words = _class_words(one)
        if not claims:
            lines.beyond.append(words)
        listed = {uid for claim in claims for uid in claim.transfer_syntaxes}
        if listed and (more := [uid for uid in one.transfer_syntaxes if uid not in listed]):
            lines.beyond.append(f"{words} in {_syntax_names(more, observed)}")


def _each_of(claim: SopClass, seen: Sequence[SopClass]) -> list[SopClass]:
    """The claim; for all of the Storage Service Class one for each of its SOP classes that was asked for."""
    if claim.uid != STORAGE_SERVICE_CLASS:
        return [claim]
    uids = dict.fromkeys(
        one.uid
        for one in seen
        if one.category == "Transfer" and one.role is claim.role and claim.activity in ("", one.activity)
    )
    return [replace(claim, uid=uid, name="") for uid in uids] or [claim]


def _class(claim: SopClass, seen: Sequence[SopClass], observed: Statement, lines: _Lines) -> None:
    words = _class_words(claim, next((one.name for one in seen if one.uid == claim.uid), ""))
    asked = [one for one in seen if _speaks_of(claim, one)]
    having = [one for one in asked if one.supported]
    if not asked:
        lines.unseen.append(f"{words}: was not asked for")
        return
    if not having:
        lines.missing.append(words)
        return
    taken = {uid for one in having for uid in one.transfer_syntaxes}
    offered = {
        one.uid
        for one in observed.transfer_syntaxes
        if one.offered_for == "all" or any(other.category == "Transfer" for other in having)
    }
    absent = [uid for uid in claim.transfer_syntaxes if uid not in taken]
    # What it proposes when it sends depends on the object: another syntax may come with another object.
    refused = [uid for uid in absent if uid in offered and all(one.activity == "" for one in having)]
    if refused:
        lines.missing.append(f"{words} in {_syntax_names(refused, observed)}")
    if unknown := [uid for uid in absent if uid not in refused]:
        lines.unseen.append(f"{words} in {_syntax_names(unknown, observed)}")
    answers = {option.name: option.value for one in having for option in one.options}
    for option in claim.options:
        if answers.get(option.name) != option.value:
            given = answers.get(option.name)
            lines.missing.append(
                f"{words}: {option.name} {option.value}; "
                + ("extended negotiation was not answered" if given is None else f"answered was {given}")
            )


def _speaks_of(claim: SopClass, one: SopClass) -> bool:
    return (
        claim.uid == one.uid
        and claim.role is one.role
        and (not claim.activity or claim.activity == one.activity)
    )


def _class_words(one: SopClass, name: str = "") -> str:
    named = one.name or name
    activity = f" in {one.activity}" if one.activity else ""
    return (f"{named} ({one.uid})" if named and named != one.uid else one.uid) + f" as {one.role}{activity}"


def _syntax_names(uids: Iterable[str], observed: Statement) -> str:
    names = {one.uid: one.name for one in observed.transfer_syntaxes}
    return ", ".join(f"{names[uid]} ({uid})" if names.get(uid) else uid for uid in uids)


# ---------------------------------------------------------------- facts


def _facts(promised: Sequence[Fact], observed: Sequence[Fact], lines: _Lines) -> None:
    seen = {fact.name: fact for fact in observed}
    for claim in promised:
        words = f"{_TITLES.get(claim.name, claim.name)}: {_value(claim)}"
        fact = seen.get(claim.name)
        if fact is None:
            lines.unseen.append(words)
        elif claim.name in _MORE_IS_BETTER and _is_number(claim) and _is_number(fact):
            if _amount(fact) < _amount(claim):
                (lines.unseen if fact.at_least else lines.missing).append(f"{words}; seen was {_value(fact)}")
            elif _amount(fact) > _amount(claim):
                lines.beyond.append(f"{_TITLES.get(fact.name, fact.name)}: {_value(fact)}")
        elif claim.name == "artim-seconds" and _is_number(claim) and _is_number(fact):
            if not -TIMER_EARLY <= _amount(fact) - _amount(claim) <= TIMER_LATE:
                lines.missing.append(f"{words}; seen was {_value(fact)}")
        elif fact.value != claim.value:
            lines.missing.append(f"{words}; seen was {_value(fact)}")
    named = {claim.name for claim in promised}
    lines.beyond.extend(
        f"{_TITLES.get(one.name, one.name)}: {_value(one)}" for one in observed if one.name not in named
    )


def _is_number(fact: Fact) -> bool:
    return isinstance(fact.value, int | float) and not isinstance(fact.value, bool)


def _amount(fact: Fact) -> float:
    return float("inf") if fact.name in _UNLIMITED_AT_ZERO and fact.value == 0 else float(fact.value)


def _value(fact: Fact) -> str:
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    return f"{fact.value}" + (" or more" if fact.at_least else "")


# ---------------------------------------------------------------- queries


def _queries(promised: Sequence[Query], observed: Sequence[Query], lines: _Lines) -> None:
    seen = {(one.sop_class, one.level): one for one in observed}
    for claim in promised:
        level = seen.get((claim.sop_class, claim.level))
        words = f"{claim.level} of {(level.name if level else '') or claim.name or claim.sop_class}"
        if not claim.supported:
            continue
        if level is None:
            lines.unseen.append(f"queries at {words}")
        elif not level.supported:
            lines.missing.append(f"queries at {words}")
        else:
            _keys(claim, level, words, lines)
    named = {(claim.sop_class, claim.level) for claim in promised if claim.supported}
    for one in observed:
        if one.supported and (one.sop_class, one.level) not in named:
            lines.beyond.append(f"queries at {one.level} of {one.name or one.sop_class}")


def _keys(claim: Query, level: Query, words: str, lines: _Lines) -> None:
    seen = {key.keyword: key for key in level.keys}
    for key in claim.keys:
        found = seen.get(key.keyword)
        where = f"{key.keyword} at {words}"
        if found is None:
            lines.unseen.append(f"{where}: " + ", ".join(_promises(key)))
            continue
        for kind in key.matching:
            if kind in found.matching:
                continue
            (lines.missing if kind in found.not_matching else lines.unseen).append(
                f"{where}: {kind} matching"
            )
        if key.returned and not found.returned:
            lines.missing.append(f"{where}: returned")
    if claim.keys:
        promised = {key.keyword: key for key in claim.keys}
        for found in level.keys:
            known = promised.get(found.keyword, Key(found.keyword))
            more = [f"{kind} matching" for kind in found.matching if kind not in known.matching]
            more += ["returned"] if found.returned and not known.returned else []
            if more:
                lines.beyond.append(f"{found.keyword} at {words}: {', '.join(more)}")


def _promises(key: Key) -> Iterator[str]:
    yield from (f"{kind} matching" for kind in key.matching)
    if key.returned or not key.matching:
        yield "returned"


# ---------------------------------------------------------------- statuses and character sets


def _statuses(promised: Sequence[Status], observed: Sequence[Status], lines: _Lines) -> None:
    for claim in promised:
        words = _status_words(claim)
        same = [one for one in observed if one.command == claim.command]
        if any(one.status == claim.status and claim.situation in ("", one.situation) for one in same):
            continue
        others = [one for one in same if claim.situation and one.situation == claim.situation]
        if others:
            lines.missing.append(f"{words}; seen was " + ", ".join(f"0x{one.status:04X}" for one in others))
        else:
            lines.unseen.append(f"{words}: the situation did not come about")
    named = {(claim.command, claim.status) for claim in promised}
    lines.beyond.extend(_status_words(one) for one in observed if (one.command, one.status) not in named)


def _status_words(one: Status) -> str:
    situation = f" for {SITUATIONS.get(one.situation, one.situation)}" if one.situation else ""
    return f"{one.command} status 0x{one.status:04X}{situation}"


def _character_sets(
    promised: Sequence[CharacterSet], observed: Sequence[CharacterSet], lines: _Lines
) -> None:
    seen = {one.term: one for one in observed}
    for claim in promised:
        found = seen.get(claim.term)
        for part in ("stored", "returned", "matched"):
            if not getattr(claim, part):
                continue
            there = getattr(found, part) if found else None
            if there is not True:
                (lines.unseen if there is None else lines.missing).append(f"{claim.term}: names {part}")
    by_term = {claim.term: claim for claim in promised}
    for one in observed:
        claim_of = by_term.get(one.term, CharacterSet(one.term))
        more = [
            part
            for part in ("stored", "returned", "matched")
            if getattr(one, part) and not getattr(claim_of, part)
        ]
        if more:
            lines.beyond.append(f"{one.term}: names {', '.join(more)}")
