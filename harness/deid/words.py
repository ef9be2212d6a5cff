"""Words: texts taken apart, dates as people write them, and names that say nothing by themselves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from importlib.resources import files


def _listed(name: str) -> frozenset[str]:
    return frozenset((files(__package__) / "tables" / name).read_text(encoding="utf-8").split())


NO_DATES = frozenset(("19000101", "00010101", "99991231"))
"""What stands for a date that nobody knows."""
COMMON = _listed("common_words.txt")
"""Words that are names of people too, and say nothing where they stand in another place."""
ORDINARY = _listed("ordinary_words.txt")
"""Names that are ordinary words: a part of a name that is one of them proves nothing by itself."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_MONTHS = ("January", "February", "March", "April", "June", "July", "August", "September", "October",
                "November", "December")  # fmt: skip


def plain(text: str) -> str:
    """Without regard to case and diacritics."""
    if text.isascii():
        return text.lower()
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in split if not unicodedata.combining(one))


def letters(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", plain(text))


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", plain(text))


def is_dense(word: str) -> bool:
    """Of a script in which two characters are a whole name."""
    return any("\u3040" <= one <= "\u9fff" or "\uac00" <= one <= "\ud7a3" for one in word)


def spellings(value: str) -> Iterator[str]:
    """A date in the ways that people write it; separators are no matter."""
    try:
        day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    except ValueError:
        return
    if len(value) != 8 or value in NO_DATES:
        return
    y, m, d = day.year, day.month, day.day
    yield value
    for month, number in ((f"{m:02}", f"{d:02}"), (f"{m}", f"{d}")):
        yield from (f"{y} {month} {number}", f"{number} {month} {y}", f"{month} {number} {y}")
    names = {_MONTHS[m - 1], *(long for long in _LONG_MONTHS if long.startswith(_MONTHS[m - 1]))}
    for name in names:
        for number in (f"{d:02}", f"{d}"):
            yield from (f"{number} {name} {y}", f"{name} {number} {y}", f"{number}{name}{y}")
