"""Text in every character set, judged by pydicom's decoders and by the rules of code extension."""

from __future__ import annotations

import re

import pytest
from pydicom.charset import convert_encodings, decode_bytes

from harness.fuzz.objects.charsets import CharacterSet, character_sets, tricky

ESCAPE = re.compile(rb"\x1b(?:\(B|\(J|\)I|-[A-HLMT]|\$B|\$\(D|\$\)[AC])")
"""The sequences of PS3.3 tables C.12-3 and C.12-4."""
SETS = character_sets()


def decoded(charset: CharacterSet, text: bytes) -> str:
    return str(decode_bytes(text, convert_encodings(list(charset.terms) or [""]), set()))


def named(charset: CharacterSet) -> str:
    return "+".join(charset.terms) or "default"


@pytest.mark.parametrize("charset", SETS, ids=named)
@pytest.mark.parametrize("length", [1, 2, 3, 16, 64, 300])
def test_length_counts_characters_and_not_escape_sequences(charset: CharacterSet, length: int) -> None:
    for start in (0, 5, 4_711):
        for odd in (False, True):
            text = charset.text(length, start, odd=odd)
            # pydicom has no GB 2312 behind G1; the sequence goes, and its codec reads the rest.
            plain = (
                ESCAPE.sub(b"", text).decode("gb2312") if "58" in named(charset) else decoded(charset, text)
            )
            assert len(plain) == length
            assert "\N{REPLACEMENT CHARACTER}" not in plain


@pytest.mark.parametrize("charset", SETS, ids=named)
def test_text_has_no_delimiter_and_no_control_character(charset: CharacterSet) -> None:
    for start in range(0, 900, 50):
        text = ESCAPE.sub(b"", charset.text(40, start))
        assert b"\x1b" not in text
        assert not set(
            decoded(CharacterSet(), text) if len(charset.terms) > 1 else decoded(charset, text)
        ) & set("\t\n\r\f\x7f")


@pytest.mark.parametrize("charset", [entry for entry in SETS if entry.extensions], ids=named)
def test_g0_and_g1_of_value_1_are_active_at_the_end(charset: CharacterSet) -> None:
    """PS3.5 6.1.2.5.3: behind a set in G0 there is a set in G0 again, behind one in G1 that of value 1."""
    first = charset.terms[0]
    for start in range(len(charset.extensions)):
        sequences = ESCAPE.findall(charset.text(12, start))
        designated = sequences[0]
        in_g0 = designated in (b"\x1b$B", b"\x1b$(D")
        if in_g0:
            assert sequences[1:] == [b"\x1b(J" if first == "ISO 2022 IR 13" else b"\x1b(B"]
        elif first == "ISO 2022 IR 100":
            assert sequences[1:] == [b"\x1b-A"]
        else:
            assert sequences[1:] == []


def test_odd_characters_are_those_with_a_byte_of_a_delimiter() -> None:
    assert tricky((b"\\", b"\x81\x5c", b"\x81\x5e", b"\x21\x3d", b"ab")) == (
        b"\x81\x5c",
        b"\x81\x5e",
        b"\x21\x3d",
    )


@pytest.mark.parametrize(
    "charset",
    [entry for entry in SETS if entry.terms in (("ISO_IR 192",), ("GB18030",), ("GBK",))],
    ids=named,
)
def test_alphabetic_characters_of_unicode_sets_are_of_the_allowed_code_points(charset: CharacterSet) -> None:
    """PS3.5 6.2.1.2."""
    points = [ord(decoded(charset, code)) for code in charset.alphabetic]
    assert max(points) < 0x3100
    assert not [point for point in points if 0x2000 <= point < 0x3001]


def test_character_sets_are_all_the_defined_terms() -> None:
    terms = {term for charset in SETS for term in charset.terms}
    single = {"100", "101", "109", "110", "144", "127", "126", "138", "148", "13", "166"}
    assert {f"ISO_IR {number}" for number in single} <= terms
    assert {f"ISO 2022 IR {number}" for number in (*single, "6", "87", "159", "149", "58")} <= terms
    assert {"ISO_IR 192", "GB18030", "GBK"} <= terms
