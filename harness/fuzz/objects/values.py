"""Value fields at and inside the limits of their VR, one strategy for each (PS3.5 6.2, 6.4).

Forms and numbers of values are what Hypothesis draws and shrinks; which characters and bytes stand in a value
follows from one drawn number, since drawing is what costs time.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

from hypothesis import strategies as st

from harness.fuzz.objects.charsets import CharacterSet, padded
from harness.fuzz.objects.forms import FORMS, ODD, Form, bulk

SIZES = (1_023, 1_024, 1_025, 4_097, 65_533, 65_534, 65_535, 65_536, 65_537, 262_144)
"""Lengths at which something may change: in bytes, or in characters."""

_PADDED_WITH_ZERO = frozenset(("OB", "UI", "UN"))
SINGLE = frozenset(("LT", "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "ST", "UN", "UR", "UT"))
"""VRs whose multiplicity is always one (PS3.5 6.4)."""
_STRINGS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI"))
"""VRs of several values with a backslash between them."""
SHORT_LIMIT = 0xFFFE
"""Bytes of the longest value in a VR with a length of 16 bits (PS3.5 7.1.2)."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value field in little endian, of even length, and what is unusual in it."""

    field: bytes
    traits: tuple[str, ...] = ()


_DRAWN_FORM = {vr: st.sampled_from(forms) for vr, forms in FORMS.items()}
NUMBERS = st.integers(0, 0xFFFF)
"""What varies a value."""


@functools.cache
def _drawn_count(counts: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.sampled_from(counts)


def field_of(vr: str, values: list[bytes]) -> bytes:
    """The value field of one or more values, delimited as PS3.5 6.4 says, and padded (PS3.5 6.2)."""
    joined = (b"\\" if vr in _STRINGS else b"").join(values)
    return padded(joined, b"\0" if vr in _PADDED_WITH_ZERO else b" ")


@functools.cache
def values(vr: str, charset: CharacterSet, counts: tuple[int, ...] = (1,)) -> st.SearchStrategy[Value]:
    """A value field of a VR other than SQ with one of these numbers of values; 0 stands for no value."""
    return _values(vr, charset, counts)


@st.composite
def _values(draw: st.DrawFn, vr: str, charset: CharacterSet, counts: tuple[int, ...]) -> Value:
    count = draw(_drawn_count(counts)) if len(counts) > 1 else counts[0]
    return written(vr, draw(_DRAWN_FORM[vr]), charset, count, draw(NUMBERS)) if count else without_value(vr)


def without_value(vr: str) -> Value:
    """An empty value field (PS3.5 7.4.5)."""
    return Value(b"", (f"{vr} without a value",))


def written(
    vr: str, form: Form, charset: CharacterSet, count: int, number: int, *, gaps: bool = False
) -> Value:
    """So many values in this form, varied by a number.

    With `gaps` a value of several may be empty: where its definition says so, as for private ones.
    """
    some = [form.write(charset, number + index) for index in range(count)]
    traits = [f"{vr}: {form.trait}"] if form.trait and (form.trait != ODD or charset.has_odd) else []
    if count > 1:
        traits.append(f"{vr} of several values")
        if gaps and vr in _STRINGS and number % 5 == 4:
            some[number % count] = b""
            traits.append(f"{vr} with an empty value among others")
    return Value(field_of(vr, some), tuple(traits))


def huge(vr: str, charset: CharacterSet, size: int, number: int) -> Value:
    """A value of about so many bytes: of a stream, a text, or of one of few bytes repeated (PS3.5 6.2.2)."""
    if vr in ("UT", "UC"):
        length = len(charset.text(100, number))
        return Value(
            padded(charset.text(max(1, size * 100 // length), number)), (f"{vr}: about {size} bytes",)
        )
    if vr in SINGLE:
        return Value(padded(bulk(size // 8 * 8, number), b"\0"), (f"{vr}: {size // 8 * 8} bytes",))
    one = FORMS[vr][0].write(charset, number)
    count = max(1, size // (len(one) + (vr in _STRINGS)))
    field = field_of(vr, list(itertools.repeat(one, count)))
    more = "" if len(field) <= SHORT_LIMIT else f"{vr}: more than a length of 16 bits holds"
    return Value(field, (f"{vr} of thousands of values", *([more] if more else [])))


HUGE = ("UN", "OB", "UT", "OW", "UC", "OF", "OD", "OL", "OV", "DS", "LO", "UI", "FD", "US", "IS", "AT")
"""VRs of which a value may be long, by itself or by the number of its values."""
