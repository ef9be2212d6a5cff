"""By what a person is known: the identifying values of BEFORE, and where a text holds one of them."""

from __future__ import annotations

import enum
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.deid.findings import Severity
from harness.deid.instances import Attribute, Instance
from harness.deid.masking import masked
from harness.deid.profile import Action, Option, rule_of
from harness.deid.words import COMMON, ORDINARY, is_dense, letters, spellings, words_of

WELL_KNOWN = "1.2.840.10008."
"""UIDs of the standard itself (PS3.5 9.2): SOP classes, transfer syntaxes, coding schemes, frames."""
_FREE = frozenset(("SH", "LO", "ST", "LT", "UT", "UC", "AE"))


class Kind(enum.StrEnum):
    """What an identifying value is."""

    NAME = "name"
    NAME_PART = "part of a name"
    ID = "identifier"
    PLACE = "institution, place or address"
    PHONE = "telephone number"
    DATE = "date"
    UID = "UID"


@dataclass(frozen=True)
class Identifier:
    """One value of BEFORE, and where it stood."""

    kind: Kind
    severity: Severity
    attribute: str
    shown: str
    """Masked."""
    is_weak: bool = False
    """A short number, or a name that is an ordinary word: it may stand there by chance."""


_ID = re.compile(r"(ID|IDs|Number|Identifier|Locator|Identification)$|OrderNumber")
_PLACE = re.compile(
    r"Address|Institution|Location|Organization|Department|Station(Name|AETitle)|Residence|SiteName|"
    r"SponsorName|CenterName|CommitteeName|^Issuer|RequestingService"
)
_PHONE = re.compile(r"Telephone|Phone|Telecom")
_OF_PATIENT = frozenset((0x00100020, 0x00101000, 0x00101090, 0x00101050))
_OF_DEVICE = re.compile(
    r"Device|Serial|Plate|Cassette|Gantry|Generator|Detector|Lens|Source|Station|StepID|StudyID"
)
_VOCABULARY = frozenset((0x00080070, 0x00081090, 0x00181020, 0x00080104, 0x00080100, 0x00080102, 0x00080116))
"""Manufacturer, model, software, codes: what their words say is no name."""


@dataclass
class Identifiers:
    """All of BEFORE, to be looked for by whole words."""

    names: dict[str, Identifier] = field(default_factory=dict)
    """By their words, one space between."""
    numbers: dict[str, Identifier] = field(default_factory=dict)
    """IDs, places and dates, by their words."""
    phones: dict[str, Identifier] = field(default_factory=dict)
    """By their digits."""
    uids: dict[str, Identifier] = field(default_factory=dict)

    def found(self, text: str, leave: Collection[Kind] = ()) -> Iterator[Identifier]:
        """What `text` tells: each identifier once, the gravest of a kind first."""
        hits = {id(one): one for one in self._hits(text) if one.kind not in leave}
        kinds: dict[Kind, Identifier] = {}
        for one in hits.values():
            kinds.setdefault(one.kind, one)
        if Kind.NAME in kinds:
            kinds.pop(Kind.NAME_PART, None)
        yield from kinds.values()

    def tells(self, text: str) -> bool:
        """Whether it holds anything that tells."""
        return next(self.found(text), None) is not None

    @cached_property
    def _lengths(self) -> tuple[int, int]:
        """Words of the longest name and number: it is asked for when all are known."""
        return _longest(self.names), _longest(self.numbers)

    def _hits(self, text: str) -> Iterator[Identifier]:
        names, numbers = self._lengths
        yield from _phrases(letters(text), self.names, names)
        words = words_of(text)
        # A date before a time, as DT and many file names have them.
        days = [word[:8] for word in words if len(word) in (12, 14) and word.isdigit()]
        yield from _phrases([*words, *days], self.numbers, numbers)
        if self.phones:
            for run in re.findall(r"\+?\d[\d\s\-./()]{5,}\d", text):
                digits = re.sub(r"\D", "", run)
                # With a country code or without; a longer run of digits is no telephone number.
                yield from (one for phone, one in self.phones.items() if _is_phone(digits, phone))
        for uid in re.findall(r"\d+(?:\.\d+){4,}", text):
            if uid in self.uids:
                yield self.uids[uid]


def _is_phone(digits: str, phone: str) -> bool:
    short, long = sorted((digits, phone), key=len)
    return len(short) >= 7 and long.endswith(short) and len(long) - len(short) <= 5


def _phrases(words: Sequence[str], known: dict[str, Identifier], longest: int) -> Iterator[Identifier]:
    found: list[Identifier] = []
    for start in range(len(words)):
        for length in range(1, min(longest, len(words) - start) + 1):
            one = known.get(" ".join(words[start : start + length]))
            if one is not None:
                found.append(one)
    order = list(Severity)
    yield from sorted(found, key=lambda one: order.index(one.severity))


def _longest(known: Iterable[str]) -> int:
    return max((phrase.count(" ") + 1 for phrase in known), default=0)


def identifiers(before: Iterable[Instance], claimed: Collection[Option]) -> Identifiers:
    """The identifying values that the profile protects under these options."""
    known = Identifiers()
    vocabulary = set(COMMON)
    makers: set[str] = set()
    spoken: dict[str, set[str]] = defaultdict(set)
    names: list[Attribute] = []
    for instance in before:
        patient = instance.text(0x00100020)
        for one in instance.attributes.values():
            if one.vr in _FREE and rule_of(one.tag) is None:
                for word in letters(one.text):
                    spoken[word].add(patient)
            if one.vr == "CS" or (one.tag in _VOCABULARY and rule_of(one.tag) is None):
                vocabulary.update(letters(one.text))
                makers.add(" ".join(words_of(one.text)))
            if one.has_value and not _is_kept(one, claimed):
                if one.vr == "PN":
                    names.append(one)
                else:
                    _add(known, one)
    # What stands in the objects of several patients, where nobody is named, is a word and no name.
    vocabulary.update(word for word, patients in spoken.items() if len(patients) > 1)
    for one in names:
        _add_name(known, one, vocabulary)
    # A place that is called as its devices' maker is told by these, which are nobody's secret.
    for words in [words for words, one in known.numbers.items() if one.kind is Kind.PLACE]:
        if any(f" {words} " in f" {maker} " for maker in makers):
            del known.numbers[words]
    return known


def _is_kept(one: Attribute, claimed: Collection[Option]) -> bool:
    rule = rule_of(one.tag)
    if one.vr == "PN":
        return False
    return rule is None or one.is_private or Action.KEEP in rule.actions(claimed)


def _add(known: Identifiers, one: Attribute) -> None:
    name = one.name
    if one.vr in ("DA", "DT"):
        for value in one.text.split("\\"):
            severity = Severity.CRITICAL if one.tag == 0x00100030 else Severity.MEDIUM
            for spelling in spellings(value[:8]):
                known.numbers.setdefault(
                    " ".join(words_of(spelling)), Identifier(Kind.DATE, severity, name, masked(value))
                )
    elif one.vr == "UI":
        for value in filter(is_instance_uid, one.text.split("\\")):
            known.uids.setdefault(value, Identifier(Kind.UID, Severity.MEDIUM, name, masked(value)))
    elif one.vr in _FREE:
        _add_text(known, one, name)


def _add_text(known: Identifiers, one: Attribute, name: str) -> None:
    of_patient = one.tag >> 16 == 0x0010
    for value in re.split(r"[\\\r\n]+", one.text):
        words = " ".join(words_of(value))
        if _PHONE.search(name):
            digits = re.sub(r"\D", "", value)
            if len(digits) >= 7:
                severity = Severity.CRITICAL if of_patient else Severity.HIGH
                known.phones.setdefault(digits, Identifier(Kind.PHONE, severity, name, masked(value)))
        elif _PLACE.search(name):
            if len(words) >= 5:
                severity = Severity.CRITICAL if of_patient else Severity.HIGH
                known.numbers.setdefault(words, Identifier(Kind.PLACE, severity, name, masked(value)))
        elif _ID.search(name) and tells_apart(words):
            severity = Severity.CRITICAL if one.tag in _OF_PATIENT else Severity.HIGH
            severity = Severity.MEDIUM if _OF_DEVICE.search(name) else severity
            weak = words.isdigit() and len(words) < 8
            known.numbers.setdefault(words, Identifier(Kind.ID, severity, name, masked(value), weak))


def tells_apart(words: str) -> bool:
    """Whether an ID is long enough to be told from any other number or word."""
    compact = words.replace(" ", "")
    if compact.isdigit():
        return len(compact) >= 5
    return len(compact) >= (4 if any(one.isdigit() for one in compact) else 7)


def is_instance_uid(uid: str) -> bool:
    """Whether it is of a thing that was made, and none of the standard's own."""
    return bool(uid) and not uid.startswith(WELL_KNOWN)


def _add_name(known: Identifiers, one: Attribute, vocabulary: Collection[str]) -> None:
    severity = Severity.CRITICAL if one.tag >> 16 == 0x0010 else Severity.HIGH
    part_severity = Severity.HIGH if severity is Severity.CRITICAL else Severity.MEDIUM
    for value in one.text.split("\\"):
        for group in value.split("="):
            components = [letters(component) for component in group.split("^")][:3]
            family, given = [*components, [], []][:2]
            whole = Identifier(Kind.NAME, severity, one.name, masked(value))
            orders = ([*family, *given], [*given, *family], [*family, *given[:1]], [*given[:1], *family])
            for words in orders:
                if len(words) > 1 and len("".join(words)) >= 4:
                    known.names[" ".join(words)] = whole
                    known.names["".join(words)] = whole
            for word in (word for component in components for word in component):
                if (len(word) >= 3 or (len(word) == 2 and is_dense(word))) and word not in vocabulary:
                    ordinary = word in ORDINARY
                    part = Identifier(Kind.NAME_PART, part_severity, one.name, masked(value), ordinary)
                    known.names.setdefault(word, part)
