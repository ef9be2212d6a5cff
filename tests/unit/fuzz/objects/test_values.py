"""Every form of every VR, judged by rules written anew from PS3.5 table 6.2-1."""

from __future__ import annotations

import re

import pytest
from pydicom.charset import convert_encodings, decode_bytes

from harness.fuzz.objects.attributes import counts_of
from harness.fuzz.objects.charsets import CharacterSet, character_sets
from harness.fuzz.objects.forms import FORMS, Form
from harness.fuzz.objects.values import HUGE, SIZES, field_of, huge

SETS = character_sets()
PATTERNS = {
    "AE": r"(?=.*[^ ])[ -\[\]-~]{1,16}",
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9_ ]{1,16}",
    "DA": r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])",
    "DS": r"(?=.{1,16}$) *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *",
    "DT": r"(?=.{4,26}$)\d{4}(\d\d(\d\d(([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?)?)?)?"
    r"([+-]\d{4})? *",
    "IS": r"(?=.{1,12}$) *[+-]?\d+ *",
    "TM": r"(?=.{2,14}$)([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)? *",
    "UI": r"(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))*",
    "UR": r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+ *",
}
SIZES_OF = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
UNITS_OF = {"OB": 1, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2, "UN": 1}
LIMITS = {"LO": 64, "SH": 16, "ST": 1_024, "LT": 10_240, "UC": 1 << 32, "UT": 1 << 32}


def decoded(charset: CharacterSet, text: bytes) -> str:
    if "ISO 2022 IR 58" in charset.terms:
        return text.replace(b"\x1b$)A", b"").decode("gb2312")
    return str(decode_bytes(text, convert_encodings(list(charset.terms) or [""]), set("\r\n\f\t\\^=")))


def forms() -> list[tuple[str, Form]]:
    return [(vr, form) for vr, some in FORMS.items() for form in some]


@pytest.mark.parametrize(
    ("vr", "form"), forms(), ids=lambda part: part.trait if isinstance(part, Form) else part
)
def test_values_are_within_the_limits_of_their_vr(vr: str, form: Form) -> None:
    for charset in SETS if vr in (*LIMITS, "PN") else SETS[:1]:
        for number in (0, 1, 3, 60_000):
            value = form.write(charset, number)
            field = field_of(vr, [value])
            assert len(field) % 2 == 0
            assert value
            if vr in PATTERNS:
                assert re.fullmatch(PATTERNS[vr], value.decode("ascii")), value
            elif vr in SIZES_OF:
                assert len(value) == SIZES_OF[vr]
            elif vr in UNITS_OF:
                assert len(value) % UNITS_OF[vr] == 0
            elif vr == "PN":
                groups = decoded(charset, field).split("=")
                assert len(groups) <= 3
                # The delimiter counts with the group before it (PS3.5 6.2.1.2).
                assert all(len(group) + (group is not groups[-1]) <= 64 for group in groups)
                assert all(group.count("^") <= 4 for group in groups)
                assert b"\x1b" not in field.split(b"=")[0]
            else:
                assert len(decoded(charset, field)) <= LIMITS[vr]


def test_integer_strings_are_in_their_range() -> None:
    for form in FORMS["IS"]:
        for number in range(5):
            assert -(2**31) <= int(form.write(SETS[0], number)) < 2**31


def test_every_vr_of_the_standard_has_forms() -> None:
    vrs = "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SS ST SV TM UC UI UL UN UR US UT UV"
    assert set(vrs.split()) == set(FORMS)


@pytest.mark.parametrize("vr", HUGE)
@pytest.mark.parametrize("size", SIZES)
def test_huge_values_are_about_as_large_as_they_say(vr: str, size: int) -> None:
    for charset in (SETS[0], SETS[-1]):
        field = huge(vr, charset, size, 3).field
        assert len(field) % 2 == 0
        assert size * 0.8 - 100 <= len(field) <= size * 1.2 + 100


def test_one_padding_behind_the_last_of_several_values() -> None:
    assert field_of("LO", [b"abc", b"d"]) == b"abc\\d "
    assert field_of("UI", [b"1.2", b"1.3.4"]) == b"1.2\\1.3.4\0"
    assert field_of("US", [b"\1\0", b"\2\0"]) == b"\1\0\2\0"


@pytest.mark.parametrize(
    ("vm", "counts"),
    [
        ("1", (1,)),
        ("1-n", (1, 2, 10)),
        ("2-2n", (2, 4, 20)),
        ("3-3n", (3, 6, 30)),
        ("1-8", (1, 8)),
        ("16", (16,)),
    ],
)
def test_counts_of_a_multiplicity(vm: str, counts: tuple[int, ...]) -> None:
    assert counts_of(vm) == counts
