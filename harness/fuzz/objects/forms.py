"""The ways to write a value of each VR, at and inside its limits (PS3.5 6.2, table 6.2-1)."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from harness.fuzz.objects.charsets import CharacterSet

Write = Callable[[CharacterSet, int], bytes]


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write one value, from a character set and a number that varies it.

    `trait` says what is unusual in it, if anything.
    """

    write: Write
    trait: str = ""


ODD = "bytes that look like delimiters"
_LONG_TEXTS = (1_023, 1_024, 1_025, 4_097)


def one_of(*values: str, trait: str = "") -> Form:
    """A form that is one of some fixed values in the default repertoire."""
    encoded = tuple(value.encode("ascii") for value in values)
    return Form(lambda _, number: encoded[number % len(encoded)], trait)


def bulk(length: int, number: int) -> bytes:
    """So many bytes that follow from the number; zeros for 0."""
    return random.Random(number).randbytes(length) if number else bytes(length)


def counted(length: int, number: int) -> bytes:
    """So many bytes that count up from a number, so that each tells its place."""
    return bytes((number + place) & 0xFF for place in range(length))


def _packed(code: str, *values: float, trait: str = "") -> Form:
    encoded = tuple(struct.pack(f"<{code}", value) for value in values)
    return Form(lambda _, number: encoded[number % len(encoded)], trait)


def _integers(code: str, bits: int, *, signed: bool) -> tuple[Form, ...]:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return (
        _packed(code, 0, 1, 2, 255, 256),
        _packed(code, low, high, high - 1, trait="at the limit of its range"),
    )


def _floats(code: str, largest: float, smallest: float) -> tuple[Form, ...]:
    return (
        _packed(code, 0.0, 1.0, -2.5, 0.1),
        _packed(code, largest, -largest, trait="at the limit of its range"),
        _packed(code, smallest, -0.0, trait="subnormal or -0"),
        # The formats of IEEE 754 have both, and PS3.5 6.2 takes none out.
        _packed(code, float("inf"), float("-inf"), trait="infinity"),
        _packed(code, float("nan"), trait="NaN"),
    )


def _stream(unit: int) -> tuple[Form, ...]:
    """Forms of the VRs that are streams of words of so many bytes."""
    return (
        Form(lambda _, number: bulk(unit * (1 + number % 7), number)),
        Form(lambda _, number: bulk(1_024, number), "1024 bytes"),
        Form(lambda _, number: bulk(4_104, number), "4104 bytes"),
        Form(lambda _, number: b"\xff" * unit * 4, "all bits set"),
    )


def _full(cs: CharacterSet, limit: int, number: int) -> bytes:
    """So many characters, or one less where a padding would go beyond the limit (PS3.5 6.2)."""
    text = cs.text(limit, number)
    return cs.text(limit - 1, number) if len(text) % 2 else text


def _text(limit: int) -> tuple[Form, ...]:
    """Forms of a character string of at most so many characters, without control characters (PS3.5 6.2)."""
    return (
        Form(lambda cs, number: cs.text(1 + number % min(limit, 12), number)),
        Form(lambda cs, number: _full(cs, limit, number), f"{limit} characters"),
        Form(lambda cs, number: cs.text(limit - 1, number), f"{limit - 1} characters"),
        Form(lambda cs, number: cs.text(min(limit, 10), number, odd=True), ODD),
        Form(lambda cs, number: b" " + cs.text(min(limit - 2, 9), number) + b" ", "spaces around it"),
        Form(lambda cs, number: cs.text(2, number).ljust(limit), "padded with many spaces"),
    )


def _prose(limit: int) -> tuple[Form, ...]:
    """Forms of text in paragraphs: control characters and backslashes (PS3.5 6.1.3, 6.2)."""

    def lines(cs: CharacterSet, number: int) -> bytes:
        return b"\r\n".join(cs.text(5, number + line) for line in range(3)) + b"\r\n"

    return (
        *_text(limit)[:4],
        Form(lambda cs, number: b"  " + cs.text(4, number) + b"   ", "spaces around it"),
        Form(lines, "several lines"),
        Form(lambda cs, number: b"\t" + cs.text(3, number) + b"\f" + cs.text(3, number), "TAB and FF"),
        Form(
            lambda cs, number: cs.text(3, number) + b"\\" + cs.text(3, number) + b"\\", "backslashes in text"
        ),
    )


def _unlimited(forms: tuple[Form, ...]) -> tuple[Form, ...]:
    """With long values as well, which VRs with a length of 32 bits may have."""

    def long(size: int) -> Form:
        return Form(lambda cs, number: cs.text(size, number), f"{size} characters")

    return (*forms, *(long(size) for size in _LONG_TEXTS))


def _name(cs: CharacterSet, number: int, groups: int = 3, length: int = 5) -> bytes:
    """A PN: alphabetic, ideographic and phonetic group, each of two components (PS3.5 6.2.1.2)."""
    alphabetic = cs.in_alphabetic
    parts = [alphabetic.text(length, number) + b"^" + alphabetic.text(3, number + 7)]
    parts += [cs.text(length, number + group) + b"^" + cs.text(4, number) for group in range(1, groups)]
    return b"=".join(parts)


def name_after(family: bytes, cs: CharacterSet, number: int) -> bytes:
    """A PN of three component groups whose first begins with this family name."""
    return family + b"^" + _name(cs, number)


def _full_name(cs: CharacterSet, number: int) -> bytes:
    # The length of a group includes the delimiter behind it (PS3.5 6.2.1.2).
    alphabetic = cs.in_alphabetic
    groups = alphabetic.text(63, number) + b"=" + cs.text(63, number) + b"="
    last = cs.text(64, number)
    return groups + (cs.text(63, number) if len(groups + last) % 2 else last)


_NAMES = (
    Form(lambda cs, number: _name(cs, number, groups=1)),
    Form(_name, "three component groups"),
    Form(_full_name, "component groups of 64 characters"),
    Form(lambda cs, number: b"=" + cs.text(6, number), "no alphabetic group"),
    Form(lambda cs, number: b"^" + cs.in_alphabetic.text(4, number) + b"^^^", "empty components"),
    Form(lambda cs, number: b"A==" + cs.text(6, number, odd=True), ODD),
    Form(lambda cs, number: b" A ^ B ", "spaces around it"),
)


def _uid(length: int, number: int) -> bytes:
    """A UID of so many characters whose last component is long and has no leading zero (PS3.5 9.1)."""
    digits = str(random.Random(number).randrange(10 ** (length - 5), 10 ** (length - 4)))
    return b"2.25." + b"1" + digits[: length - 6].encode("ascii")


_CODE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_DATES = ("20200229", "19000101", "00010101", "15821015", "99991231")
_TIMES = ("00", "0000", "2359", "235960", "120000.1", "235959.999999")
_INSTANTS = ("2020", "202002", "20200229", "2020022923", "202002292359", "20200229235959", "20200229235959.1")
_OFFSETS = ("2007-0500", "20200229235959.999999+1400", "20200229235959-1200", "20161231235960+0000")
_TAGS = (0x00100020, 0x001800FF, 0x7FE00010, 0x00291001, 0xFFFCFFFC)

FORMS: dict[str, tuple[Form, ...]] = {
    "AE": (
        one_of("A", "PHTEST"),
        one_of("SIXTEEN-BYTES-AE", trait="16 bytes"),
        one_of(" spaced AE ", "*?&<>'\"", trait="odd characters"),
    ),
    "AS": (one_of("018M", "001D"), one_of("999Y", "000D", "052W", trait="at the limit of its range")),
    "AT": (Form(lambda _, n: struct.pack("<HH", _TAGS[n % 5] >> 16, _TAGS[n % 5] & 0xFFFF)),),
    "CS": (
        Form(lambda _, n: _CODE[n % 26 : n % 26 + 4]),
        one_of("A_16_BYTE_CODE 1", trait="16 bytes"),
        one_of(" SPACED CODE ", trait="spaces around it"),
    ),
    "DA": (one_of(*_DATES[:2]), one_of(*_DATES[2:], trait="a date long ago or far ahead")),
    "DS": (
        one_of("0", "1.5", "-2"),
        one_of("-1.2345678901E-5", "0000000000000001", "1234567890123456", trait="16 bytes"),
        one_of("1E5", "-1.5e-300", "1.7E+308", "+2.E-9", trait="an exponent"),
        one_of("-0", "+.5", "5.", "007", trait="an odd spelling of a number"),
        one_of(" 1.5 ", "  -7", trait="spaces around it"),
    ),
    "DT": (
        one_of(*_INSTANTS),
        one_of(*_OFFSETS, trait="an offset from UTC"),
        one_of("202002 ", "20200229235959.12  ", trait="spaces behind it"),
    ),
    "FD": _floats("d", 1.7976931348623157e308, 5e-324),
    "FL": _floats("f", 3.4028234663852886e38, 1.401298464324817e-45),
    "IS": (
        one_of("0", "1", "-12"),
        one_of("-2147483648", "2147483647", trait="at the limit of its range"),
        one_of("+00000000001", "-00000000007", trait="12 bytes"),
        one_of("-0", "+5", "007", trait="an odd spelling of a number"),
        one_of(" 15 ", "  -7", trait="spaces around it"),
    ),
    "LO": _text(64),
    "LT": _prose(10_240),
    "OB": (*_stream(1), Form(lambda _, number: b"\x01" + bytes(8), "zeros at the end")),
    "OD": _stream(8),
    "OF": _stream(4),
    "OL": _stream(4),
    "OV": _stream(8),
    "OW": _stream(2),
    "PN": _NAMES,
    "SH": _text(16),
    "SL": _integers("i", 32, signed=True),
    "SS": _integers("h", 16, signed=True),
    "ST": _prose(1_024),
    "SV": _integers("q", 64, signed=True),
    "TM": (one_of(*_TIMES), one_of("12  ", "120000.12 ", trait="spaces behind it")),
    "UC": _unlimited(_text(200)),
    "UI": (
        one_of("1.2.840.10008.1.1", "1.3"),
        Form(lambda _, number: _uid(64, number), "64 characters"),
        Form(lambda _, number: _uid(63, number), "63 characters"),
        one_of("2.25.0", "0.0.0", trait="components of 0"),
    ),
    "UL": _integers("I", 32, signed=False),
    "UN": (*_stream(1), Form(lambda _, number: b"text in UN", "text")),
    "UR": (
        one_of("http://example.org/a?b=c#d", "urn:x", "../a%20b"),
        one_of("http://example.org/   ", trait="spaces behind it"),
        Form(lambda _, number: b"x:" + b"%C3%A4" * 300, "1802 characters"),
    ),
    "US": _integers("H", 16, signed=False),
    "UT": _unlimited(_prose(300)),
    "UV": _integers("Q", 64, signed=False),
}
"""The forms of every VR but SQ, the simplest first."""
