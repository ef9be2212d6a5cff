"""Attribute matching, PS3.4 C.2.2.2: pure functions of a key and a stored attribute.

Stated rules where the standard leaves them open: person names match without regard to case and to accents
(C.2.2.2.1.1), also by wild card, against the whole value or any one of its component groups; dates and times
match by meaning (C.2.2.2.1.3); a wild card in a VR that has none is an ordinary character, but a lone "*"
in any key is universal.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from .attributes import Attribute, AttributeSet

WILD_CARD_VRS = frozenset(["AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"])
RANGE_VRS = frozenset(("DA", "TM", "DT"))
#: Pairs that combined date-time matching takes together (PS3.4 C.2.2.2.5.4).
DATE_TIME_PAIRS = (
    (0x00080020, 0x00080030),
    (0x00080021, 0x00080031),
    (0x00080022, 0x00080032),
    (0x00080023, 0x00080033),
    (0x00080012, 0x00080013),
    (0x00400244, 0x00400245),
)


class InvalidKey(ValueError):
    """A key whose value isn't valid for its VR, so nothing can be matched against it."""


@dataclass(frozen=True)
class Span:
    """An interval of comparable numbers, both ends included; None is open."""

    low: int | None
    high: int | None

    def overlaps(self, other: Span) -> bool:
        """True if the two have a moment in common."""
        return (self.low is None or other.high is None or self.low <= other.high) and (
            self.high is None or other.low is None or other.low <= self.high
        )


def matches(key: Attribute, candidate: Attribute | None, *, unknown: bool = True) -> bool:
    """True if a stored attribute matches a key (None: the entity has no such attribute).

    An entity without a value matches every key of a query (C.2.2.1.2), and none of a worklist (K.2.2.1.1.1):
    `unknown`. With several values one that matches is enough (C.2.2.3). Raises InvalidKey.
    """
    if is_universal(key):
        return True
    if key.vr == "SQ" or (candidate is not None and candidate.vr == "SQ"):
        return matches_sequence(key, candidate, unknown=unknown)
    if candidate is None or candidate.is_empty:
        if key.vr in RANGE_VRS:
            for value in key.values:
                span_of(value, key.vr)
        return unknown
    return any(match_value(key, value) for value in candidate.values if value)


def is_universal(key: Attribute) -> bool:
    """True for a key that restricts nothing: without a value, or a lone "*" (C.2.2.2.3, C.2.2.2.4)."""
    if key.vr == "SQ":
        return all(is_universal(part) for item in key.items for part in item.elements.values())
    return key.is_empty or key.values == ("*",)


def matches_sequence(key: Attribute, candidate: Attribute | None, *, unknown: bool = True) -> bool:
    """True if one item matches all item keys (C.2.2.2.6)."""
    if candidate is None or candidate.is_empty:
        return unknown
    return bool(matching_items(key, candidate, unknown=unknown))


def matching_items(key: Attribute, candidate: Attribute, *, unknown: bool = True) -> tuple[AttributeSet, ...]:
    """The items of a stored sequence that match, whole."""
    if key.is_empty:
        return candidate.items
    wanted = key.items[0]
    return tuple(
        item
        for item in candidate.items
        if all(matches(part, item.get(tag), unknown=unknown) for tag, part in wanted.elements.items())
    )


def match_value(key: Attribute, value: str) -> bool:
    """True if a single stored value, which isn't empty, matches a key with a value."""
    vr = key.vr
    if vr == "UI":
        return value in key.values  # list of UID matching, C.2.2.2.2
    if vr in RANGE_VRS:
        return any(match_moment(wanted, value, vr) for wanted in key.values)
    if vr == "PN":
        return any(match_name(wanted, value) for wanted in key.values)
    if vr in WILD_CARD_VRS:
        return any(match_text(wanted, value, vr) for wanted in key.values)
    return any(match_number(wanted, value) for wanted in key.values)


def match_text(key: str, value: str, vr: str) -> bool:
    """Single value or wild card matching of text, case-sensitive (C.2.2.2.1, C.2.2.2.4)."""
    key, value = insignificant(key, vr), insignificant(value, vr)
    return bool(wild_card(key).fullmatch(value)) if has_wild_card(key) else key == value


def match_name(key: str, value: str) -> bool:
    """A person name matches as a whole or by any one of its component groups (C.2.2.2.1.1)."""
    wanted = folded(key)
    whole = folded(value)
    candidates = [whole] if "=" in wanted else [whole, *whole.split("=")]
    if has_wild_card(wanted):
        pattern = wild_card(wanted)
        return any(pattern.fullmatch(candidate) for candidate in candidates)
    return any(wanted.rstrip("^") == candidate.rstrip("^") for candidate in candidates)


def match_number(key: str, value: str) -> bool:
    """IS, DS and binary numbers match by value, AS and the rest by their text."""
    if key.strip() == value.strip():
        return True
    try:
        return float(key) == float(value)
    except ValueError:
        return False


def match_moment(key: str, value: str, vr: str) -> bool:
    """Single value and range matching of DA, TM and DT (C.2.2.2.1.3, C.2.2.2.5).

    A stored value that can't be read matches by its text only.
    """
    wanted = span_of(key, vr)
    try:
        stored = precise(value, vr)
    except InvalidKey:
        return key.strip() == value.strip()
    return wanted.overlaps(stored)


def match_combined(date_key: str, time_key: str, date: str, time: str) -> bool:
    """A range of dates and a range of times as one interval (C.2.2.2.5.4).

    Raises InvalidKey.
    """
    days, hours = _ends(date_key), _ends(time_key)
    low = f"{days[0]}{hours[0]}" if days[0] else ""
    high = f"{days[1]}{hours[1]}" if days[1] else ""
    return span_of(f"{low}-{high}", "DT").overlaps(precise(f"{date}{time}", "DT"))


def is_range(key: str, vr: str) -> bool:
    """True if a DA, TM or DT key asks for range matching."""
    return vr in RANGE_VRS and "-" in key


def has_wild_card(text: str) -> bool:
    """True if text holds "*" or "?"."""
    return "*" in text or "?" in text


@lru_cache(maxsize=1024)
def wild_card(pattern: str) -> re.Pattern[str]:
    """The pattern of C.2.2.2.4: "*" is any run, "?" one character, all else itself.

    Runs of "*" are one, and each is followed atomically by its literal, so that no pattern takes
    exponential time.
    """
    parts = re.split(r"\*+", pattern)
    literal = ["".join("." if c == "?" else re.escape(c) for c in part) for part in parts]
    if len(literal) == 1:
        return re.compile(literal[0], re.DOTALL)
    middle = "".join(f"(?>.*?{part})" for part in literal[1:-1])
    return re.compile(f"{literal[0]}{middle}.*{literal[-1]}", re.DOTALL)


def insignificant(text: str, vr: str) -> str:
    """Without the spaces that carry no meaning: trailing ones, and leading ones except in text VRs (PS3.5
    6.2).
    """
    return text.rstrip(" ") if vr in {"LT", "ST", "UT", "UR", "UC"} else text.strip(" ")


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A person name without case, accents and padding."""
    spread = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in spread if not unicodedata.combining(c))
    groups = ["^".join(part.strip() for part in group.split("^")) for group in plain.split("=")]
    return "=".join(groups).rstrip("=")


# -- dates and times ---------------------------------------------------------------------------------

_DATE = re.compile(r"(\d{4})[.]?(\d{2})[.]?(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")
_DATE_TIME = re.compile(
    r"(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?)?)?)?([+-]\d{4})?"
)
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def span_of(key: str, vr: str) -> Span:
    """The interval that a key means. Raises InvalidKey."""
    key = key.strip()
    if "-" not in key:
        return precise(key, vr)
    low, high = _ends(key) if vr != "DT" else _date_time_ends(key)
    if not low and not high:
        raise InvalidKey(f"{key!r} is no range: it has neither end")
    first = precise(low, vr).low if low else None
    last = precise(high, vr).high if high else None
    if first is not None and last is not None and first > last:
        raise InvalidKey(f"{key!r} is no range: its first end is after its second")
    return Span(first, last)


def _ends(key: str) -> tuple[str, str]:
    low, _, high = key.partition("-")
    if "-" in high:
        raise InvalidKey(f"{key!r} has more than one hyphen")
    return low.strip(), high.strip()


def _date_time_ends(key: str) -> tuple[str, str]:
    """Split a DT range at the hyphen that leaves two valid values: others are offsets from UTC."""
    for index in (i for i, c in enumerate(key) if c == "-"):
        low, high = key[:index].strip(), key[index + 1 :].strip()
        if (not low or _DATE_TIME.fullmatch(low)) and (not high or _DATE_TIME.fullmatch(high)):
            return low, high
    raise InvalidKey(f"{key!r} is no range of date-times")


@lru_cache(maxsize=16_384)
def precise(value: str, vr: str) -> Span:
    """The interval that a value with its precision stands for, in microseconds (DA: days).

    A DT without an offset is taken as UTC. Raises InvalidKey.
    """
    value = value.strip()
    if vr == "DA":
        found = _DATE.fullmatch(value)
        if not found:
            raise InvalidKey(f"{value!r} is no date (YYYYMMDD)")
        day = _moment(*(int(part) for part in found.groups())).toordinal()
        return Span(day, day)
    if vr == "TM":
        return _time_span(value)
    return _date_time_span(value)


def _time_span(value: str) -> Span:
    found = _TIME.fullmatch(value)
    if not found:
        raise InvalidKey(f"{value!r} is no time (HHMMSS.FFFFFF)")
    hour, minute, second, fraction = found.groups()
    if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 60:
        raise InvalidKey(f"{value!r} is no time of a day")
    start = ((int(hour) * 60 + int(minute or 0)) * 60 + int(second or 0)) * 1_000_000
    if fraction:
        start += int(fraction.ljust(6, "0"))
        unit = 10 ** (6 - len(fraction))
    else:
        unit = 1_000_000 if second else 60_000_000 if minute else 3_600_000_000
    return Span(start, start + unit - 1)


def _date_time_span(value: str) -> Span:
    found = _DATE_TIME.fullmatch(value)
    if not found:
        raise InvalidKey(f"{value!r} is no date-time")
    *parts, fraction, offset = found.groups()
    numbers = [int(part) for part in parts if part is not None]
    full = [*numbers, *([1, 1, 1, 0, 0, 0][len(numbers) :])]
    full[5] = min(full[5], 59)  # a leap second is the end of its minute
    start = _moment(*full)
    if fraction:
        start += timedelta(microseconds=int(fraction.ljust(6, "0")))
        length = timedelta(microseconds=10 ** (6 - len(fraction)))
    elif len(numbers) >= 3:
        length = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))[
            len(numbers) - 3
        ]
    elif len(numbers) == 2:
        following = (full[0] + 1, 1) if full[1] == 12 else (full[0], full[1] + 1)
        length = _moment(following[0], following[1], 1) - start
    else:
        length = _moment(full[0] + 1, 1, 1) - start
    if offset:
        start = start.replace(tzinfo=_zone(offset))
    micro = (start - _EPOCH) // timedelta(microseconds=1)
    return Span(micro, micro + length // timedelta(microseconds=1) - 1)


def _moment(*parts: int) -> datetime:
    try:
        year, month, day, hour, minute, second = (*parts, 0, 0, 0)[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise InvalidKey(f"no such date: {error}") from error


def _zone(offset: str) -> timezone:
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])))
