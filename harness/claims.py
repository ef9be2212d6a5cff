"""Claims read from a file: a statement in JSON of which every part but ``format`` may be left out.

Every mistake is a `TargetError`: one line that names the file, the place in it, and what it takes.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness.behaviour import SITUATIONS, Matching
from harness.capabilities import Option
from harness.documents import written_text
from harness.statement import (
    ASSOCIATION_FACTS,
    FORMAT,
    SECURITY_FACTS,
    About,
    CharacterSet,
    Fact,
    How,
    Key,
    NamedSyntax,
    Query,
    Role,
    SopClass,
    Statement,
    Status,
)
from harness.target import TargetError

_T = TypeVar("_T")
_E = TypeVar("_E", bound=enum.StrEnum)
_LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE", "WORKLIST")


def read_claims(path: Path) -> Statement:
    """The claims in a file.  Raises TargetError with one line that says what to correct."""
    text = written_text(path, TargetError, "no such file of claims")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TargetError(f"{path}: not valid JSON: {error}") from None
    return statement_from_json(document, str(path))


def statement_from_json(document: Any, where: str) -> Statement:
    """The inverse of `harness.statement.to_json`; ``where`` names the source.  Raises TargetError."""
    top = _Place(document, where)
    if top.is_object and document.get("format") != FORMAT:
        raise TargetError(f'{where}: format is "{FORMAT}", not {document.get("format")!r}')
    top.only(
        *("format", "about", "transfer_syntaxes", "sop_classes", "associations", "queries", "statuses"),
        *("character_sets", "security"),
    )
    return Statement(
        about=_about(top.child("about")) if "about" in document else About(),
        transfer_syntaxes=top.items("transfer_syntaxes", _syntax) or (),
        sop_classes=top.items("sop_classes", _sop_class),
        associations=top.items("associations", lambda place: _fact(place, tuple(ASSOCIATION_FACTS))),
        queries=top.items("queries", _query),
        statuses=top.items("statuses", _status),
        character_sets=top.items("character_sets", _character_set),
        security=top.items("security", lambda place: _fact(place, tuple(SECURITY_FACTS))),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A value in the document, and where it stands."""

    value: Any
    where: str

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    def wrong(self, takes: str) -> TargetError:
        shown = json.dumps(self.value, ensure_ascii=False)
        return TargetError(
            f"{self.where}: takes {takes}, not {shown if len(shown) < 60 else shown[:57] + '…'}"
        )

    def only(self, *keys: str) -> None:
        """It is an object with no other keys."""
        if not self.is_object:
            raise self.wrong("an object")
        for key in self.value:
            if key not in keys:
                raise TargetError(f"{self.where}: unknown key {key}; known here: {', '.join(keys)}")

    def child(self, key: str) -> _Place:
        separator = ": " if not self.where.endswith("]") else "."
        return _Place(self.value.get(key), f"{self.where}{separator}{key}")

    def items(self, key: str, read: Callable[[_Place], _T]) -> tuple[_T, ...] | None:
        """The entries of a list; None where there is none."""
        if key not in self.value:
            return None
        place = self.child(key)
        if not isinstance(place.value, list):
            raise place.wrong("a list")
        return tuple(
            read(_Place(item, f"{place.where}[{number}]")) for number, item in enumerate(place.value)
        )

    def text(self, key: str, default: str | None = "") -> str:
        """A text; without a default it has to be there, and to say something."""
        place = self.child(key)
        if key not in self.value and default is not None:
            return default
        if not isinstance(place.value, str) or (default is None and not place.value):
            raise place.wrong("a text")
        return place.value

    def flag(self, key: str, default: bool) -> bool:
        place = self.child(key)
        if key not in self.value:
            return default
        if not isinstance(place.value, bool):
            raise place.wrong("true or false")
        return place.value

    def flag_or_none(self, key: str) -> bool | None:
        return None if self.value.get(key) is None else self.flag(key, False)

    def one_of(self, key: str, kind: type[_E], default: _E | None = None) -> _E:
        if key not in self.value and default is not None:
            return default
        return _member(self.child(key), kind)


def _member(place: _Place, kind: type[_E]) -> _E:
    if place.value not in list(kind):
        raise place.wrong(f"one of {', '.join(kind)}")
    return kind(place.value)


def _text_item(place: _Place) -> str:
    if not isinstance(place.value, str) or not place.value:
        raise place.wrong("a text")
    return place.value


def _uid(place: _Place, key: str) -> str:
    text = place.text(key, None)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)+", text):
        raise place.child(key).wrong("a UID")
    return text


def _about(place: _Place) -> About:
    place.only(*About.__slots__)
    return About(
        product=place.text("product"),
        observed=place.text("observed"),
        called_ae_title=place.text("called_ae_title"),
        calling_ae_title=place.text("calling_ae_title"),
        tool_version=place.text("tool_version"),
        edition=place.text("edition"),
        stored_objects=place.flag("stored_objects", False),
        not_seen=place.items("not_seen", _text_item) or (),
    )


def _syntax(place: _Place) -> NamedSyntax:
    place.only("uid", "name", "offered_for")
    return NamedSyntax(_uid(place, "uid"), place.text("name"), place.text("offered_for", "storage"))


def _sop_class(place: _Place) -> SopClass:
    place.only(*SopClass.__slots__)
    return SopClass(
        uid=_uid(place, "uid"),
        role=place.one_of("role", Role),
        name=place.text("name"),
        category=place.text("category"),
        activity=place.text("activity"),
        supported=place.flag("supported", True),
        transfer_syntaxes=place.items("transfer_syntaxes", _text_item) or (),
        options=place.items("options", _option) or (),
        how=place.one_of("how", How, How.NEGOTIATED),
    )


def _option(place: _Place) -> Option:
    place.only("name", "value")
    number = place.child("value")
    if isinstance(number.value, bool) or not isinstance(number.value, int):
        raise number.wrong("a whole number")
    return Option(place.text("name", None), number.value)


def _fact(place: _Place, names: tuple[str, ...]) -> Fact:
    place.only(*Fact.__slots__)
    name = place.text("name", None)
    if name not in names:
        raise place.child("name").wrong(f"one of {', '.join(names)}")
    value = place.child("value")
    if not isinstance(value.value, bool | int | float | str):
        raise value.wrong("a text, a number, true or false")
    return Fact(name, value.value, place.one_of("how", How, How.NEGOTIATED), place.flag("at_least", False))


def _query(place: _Place) -> Query:
    place.only(*Query.__slots__)
    level = place.text("level", None)
    if level not in _LEVELS:
        raise place.child("level").wrong(f"one of {', '.join(_LEVELS)}")
    return Query(
        sop_class=_uid(place, "sop_class"),
        level=level,
        name=place.text("name"),
        supported=place.flag("supported", True),
        keys=place.items("keys", _key) or (),
        how=place.one_of("how", How, How.ANSWERED),
    )


def _key(place: _Place) -> Key:
    place.only(*Key.__slots__)
    return Key(
        keyword=place.text("keyword", None),
        matching=place.items("matching", lambda item: _member(item, Matching)) or (),
        not_matching=place.items("not_matching", lambda item: _member(item, Matching)) or (),
        returned=place.flag("returned", False),
        tag=place.text("tag"),
        vr=place.text("vr"),
        how=place.one_of("how", How, How.ANSWERED),
    )


def _status(place: _Place) -> Status:
    place.only(*Status.__slots__)
    text = place.text("status", None)
    if not re.fullmatch(r"0x[0-9A-Fa-f]{4}", text):
        raise place.child("status").wrong('a status like "0xA700"')
    situation = place.text("situation")
    if situation and situation not in SITUATIONS:
        raise place.child("situation").wrong(f"one of {', '.join(SITUATIONS)}")
    how = place.one_of("how", How, How.ANSWERED)
    return Status(place.text("command", None), int(text, 16), situation, how)


def _character_set(place: _Place) -> CharacterSet:
    place.only(*CharacterSet.__slots__)
    return CharacterSet(
        term=place.text("term", None),
        stored=place.flag_or_none("stored"),
        returned=place.flag_or_none("returned"),
        matched=place.flag_or_none("matched"),
        answered_in=place.text("answered_in"),
        how=place.one_of("how", How, How.ANSWERED),
    )
