"""Identifying values of BEFORE, looked for in everything of AFTER that can hold a text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.deid.findings import Category
from harness.deid.identifiers import Identifier, Identifiers, Kind
from harness.deid.instances import TEXT_VRS, Attribute, Instance, name_of
from harness.deid.ledger import Fault, Ledger
from harness.deid.profile import Action, Option, rule_of
from harness.dimse.walker import shown_tag

_ASCII = re.compile(rb"[\x20-\x7e]{4,}")
_WIDE = {
    "utf-16-le": re.compile(rb"(?:[\x20-\x7e\xc0-\xff]\x00){3,}"),
    "utf-16-be": re.compile(rb"(?:\x00[\x20-\x7e\xc0-\xff]){3,}"),
}
_NUMBERS = ("AS", "DS", "IS", "TM")
"""VRs whose values are numbers: a short number says nothing in them."""
_BINARY_NUMBERS = frozenset(("AT", "FD", "FL", "OD", "OF", "OL", "OV", "SL", "SS", "SV", "UL", "US", "UV"))
SEARCHED = 64 * 1024 * 1024
"""Bytes of one binary value that are looked through at most."""


@dataclass(frozen=True)
class Leak:
    """One place that tells one thing."""

    path: str
    tag: int
    identifier: Identifier
    vr: str = ""


def leaks(
    after: Instance,
    before: Instance | None,
    known: Identifiers,
    claimed: Collection[Option],
    judged: Collection[str] = (),
) -> Iterator[Leak]:
    """Everything in `after` that tells.

    `judged` are paths of which has been said that they are unchanged: what they tell of other attributes is
    told all the same.

    What an option demands to be retained, and was, is nobody's leak.
    """
    old: Mapping[str, Attribute] = {} if before is None else before.attributes
    for path, one in after.attributes.items():
        if one.is_sequence or not one.has_value:
            continue
        same = path in old and old[path].value == one.value
        rule = rule_of(one.tag)
        if same and rule is not None and rule.actions(claimed) == {Action.KEEP}:
            continue
        leave = _left(one, same, path in old)
        for text in texts(one):
            for found in known.found(text, leave):
                if found.is_weak and (one.vr in _NUMBERS or one.vr not in TEXT_VRS or one.vr == "UI"):
                    continue
                if path not in judged or found.attribute != one.name:
                    yield Leak(path, one.tag, found, one.vr)
    for text in texts_in(after.preamble):
        yield from (Leak("preamble", 0, found) for found in known.found(text))
    yield from (Leak("file name", 0, found) for found in known.found(after.name))


def _left(one: Attribute, same: bool, known: bool) -> tuple[Kind, ...]:
    """The kinds that a value of this VR may hold by chance, or is judged for elsewhere."""
    if one.vr == "UI":
        # A date in a UID may be that of its making (PS3.15 E.3.9 note 6).
        return (Kind.DATE, Kind.PHONE, Kind.UID) if known else (Kind.DATE, Kind.PHONE)
    if one.vr in ("DA", "DT"):
        # Those of the table have their rule; a shifted date may be that of another study.
        listed = rule_of(one.tag) is not None and not one.is_private
        return tuple(kind for kind in Kind if kind is not Kind.DATE or listed or not same)
    if one.vr in _NUMBERS:
        return (Kind.DATE, Kind.PHONE)
    return ()


def texts(one: Attribute) -> Iterator[str]:
    """What a value says: by its character set, or whatever text its bytes hold."""
    if one.vr in TEXT_VRS:
        yield one.text
    elif one.vr not in _BINARY_NUMBERS:
        yield from texts_in(one.value[:SEARCHED])


def texts_in(value: bytes) -> Iterator[str]:
    """Runs of ASCII and UTF-16 of a few characters, and the whole where it is text."""
    stripped = value.strip(b"\0 ")
    if not stripped:
        return
    for encoding in ("utf-8", "latin-1"):
        try:
            whole = stripped.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(sign.isprintable() or sign in "\r\n\t\f" for sign in whole):
            yield whole
            return
    for run in _ASCII.finditer(value):
        yield run[0].decode("ascii")
    for encoding, runs in _WIDE.items():
        for run in runs.finditer(value):
            yield run[0].decode(encoding)
    if len(value) <= 4096:
        # Scripts beyond Latin-1: a short value that is text as a whole.
        for encoding in ("utf-16-le", "utf-16-be"):
            try:
                wide = value[: len(value) & ~1].decode(encoding).strip("\0\ufeff ")
            except UnicodeDecodeError:
                continue
            if wide and wide.isprintable():
                yield wide


_CATEGORIES = {Kind.DATE: Category.DATE_SHIFTED, Kind.UID: Category.UID_CHANGED}


def tell(found: Iterable[Leak], file: str, ledger: Ledger) -> None:
    """Put leaks into words."""
    for leak in found:
        one = leak.identifier
        if one.kind is Kind.DATE and leak.vr in ("DA", "DT"):
            ledger.remark(
                f"{name_of(leak.tag)} {shown_tag(leak.tag)} has the date of {one.attribute}; table E.1-1 "
                "of 2020c does not list it, and note 4 there advises to treat every date by its VR"
            )
            continue
        if one.kind is Kind.NAME_PART and one.is_weak:
            ledger.remark(
                f"{name_of(leak.tag) or leak.path} holds a word that is part of a name in {one.attribute}, "
                "and an ordinary word too: whether it means somebody is for a person to say"
            )
            continue
        where = _PLACES.get(leak.path, "this value")
        ledger.wrong(
            Fault(
                "value-found",
                one.severity,
                _CATEGORIES.get(one.kind, Category.TEXT_REMOVED),
                "PS3.15 E.1.1 item 7" if leak.path == "preamble" else "PS3.15 E.1.1, note 1 to table E.1-1",
                leak.path,
                f"{where} holds {one.shown}: {one.kind}, from {one.attribute or 'the original'}",
                "The profile takes this value away where it belongs; here it is read all the same.",
                "Name files by something new." if leak.path == "file name" else _TODO.get(leak.tag, _CLEAN),
                leak.tag,
                about=f"{one.kind} {one.attribute}",
            ),
            file,
        )


_PLACES = {"preamble": "the preamble", "file name": "the name of the file or of a folder"}
_CLEAN = "Remove the attribute, or clean its text of what the other attributes were cleaned of."
_TODO = {0: "Write a preamble of your own, or zeros."}
