"""Character sets of text values, and text written in them (PS3.3 C.12.1.1.2, PS3.5 6.1.2).

A character is held as the bytes that encode it, so that lengths count characters as PS3.5 6.2 does and escape
sequences stand outside of the count.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

Characters = tuple[bytes, ...]

LETTERS: Characters = tuple(bytes((code,)) for code in (*range(0x41, 0x5B), *range(0x61, 0x7B)))
PRINTABLE: Characters = (
    *LETTERS,
    *(bytes((code,)) for code in range(0x21, 0x7F) if chr(code) not in "\\^=~" and not chr(code).isalpha()),
)
"""Of the default repertoire: no delimiter of any VR, and nothing that ISO-IR 14 has otherwise (6.1.2.3)."""

_DELIMITERS = (b"\\", b"^", b"=")


@dataclass(frozen=True, eq=False)
class Repertoire:
    """A coded character set that code extension brings in (PS3.5 6.1.2.5).

    `escape` designates it; `reset` makes value 1 active again, and is empty where G0 was not left and value 1
    defines no G1.
    """

    characters: Characters
    escape: bytes
    reset: bytes = b""

    @functools.cached_property
    def odd(self) -> Characters:
        """See `tricky`."""
        return tricky(self.characters)

    def run(self, length: int, start: int, *, odd: bool = False) -> bytes:
        """So many of its characters, the `odd` ones where there are, between escape sequence and reset."""
        chosen = (odd and self.odd) or self.characters
        return self.escape + _taken(chosen, length, start) + self.reset


@dataclass(frozen=True, eq=False)
class CharacterSet:
    """A value of Specific Character Set (0008,0005), and what may be written under it.

    `own` are the characters of value 1 beyond the default repertoire; `alphabetic` are those of them that the
    first component group of a PN may have (PS3.5 6.2.1.2).
    """

    terms: tuple[str, ...] = ()
    own: Characters = ()
    alphabetic: Characters = ()
    extensions: tuple[Repertoire, ...] = ()

    @property
    def value(self) -> bytes:
        """The value field of Specific Character Set, padded; empty where it is left out."""
        return padded("\\".join(self.terms).encode("ascii"))

    @functools.cached_property
    def odd(self) -> Characters:
        """See `tricky`."""
        return tricky(self.own)

    @functools.cached_property
    def in_alphabetic(self) -> CharacterSet:
        """What may be written in the first component group of a PN (PS3.5 6.2.1.2)."""
        return CharacterSet(own=self.alphabetic)

    @functools.cached_property
    def has_odd(self) -> bool:
        """Whether there are characters of several bytes of which one looks like a delimiter."""
        return bool(self.odd) or any(extension.odd for extension in self.extensions)

    def text(self, length: int, start: int = 0, *, odd: bool = False) -> bytes:
        """Text of exactly so many characters that shows the whole character set; no delimiter in it.

        `start` turns the choice of characters.  `odd` prefers characters of several bytes of which one looks
        like a delimiter, where there are such.
        """
        if self.extensions and length > 2:
            extension = self.extensions[start % len(self.extensions)]
            first = length // 3
            head = _taken(self.own or LETTERS, first, start)
            return head + extension.run(length - first, start, odd=odd)
        return _taken((odd and self.odd) or self.own or PRINTABLE, length, start)


def padded(value: bytes, with_: bytes = b" ") -> bytes:
    """Brought to even length (PS3.5 6.2)."""
    return value + with_ if len(value) % 2 else value


def tricky(characters: Characters) -> Characters:
    """Characters of several bytes of which one is 5CH, 5EH or 3DH, which delimits nothing (PS3.5 6.1.2.3)."""
    return tuple(code for code in characters if len(code) > 1 and any(byte in code for byte in _DELIMITERS))


def _taken(characters: Characters, length: int, start: int) -> bytes:
    first = start % len(characters)
    turned = characters[first : first + length]
    rounds, rest = divmod(length - len(turned), len(characters))
    return b"".join(turned) + b"".join(characters) * rounds + b"".join(characters[:rest])


def _is_graphic(character: str) -> bool:
    """Assigned in Unicode 3.2 (PS3.5 6.1, note 1), and neither space, control nor formatting."""
    return len(character) == 1 and unicodedata.ucd_3_2_0.category(character)[0] in "LMNPS"


def _decoded(codes: Iterable[bytes], codec: str) -> Characters:
    """Those of the codes that are a graphic character."""
    found = []
    for code in codes:
        try:
            character = code.decode(codec)
        except UnicodeDecodeError:
            continue
        if _is_graphic(character) and code not in _LATER.get(codec, ()):
            found.append(code)
    return tuple(found)


def _right_half(codec: str) -> Characters:
    """G1 of an 8-bit code: A0H to FFH (PS3.5 6.1.1)."""
    return _decoded((bytes((code,)) for code in range(0xA0, 0x100)), codec)


def _plane(codec: str, lead: bytes = b"") -> Characters:
    """A set of 94 times 94 characters as two bytes with the high bit set."""
    pairs = itertools.product(range(0xA1, 0xFF), repeat=2)
    return tuple(code[len(lead) :] for code in _decoded((lead + bytes(pair) for pair in pairs), codec))


def _in_left_half(plane: Characters) -> Characters:
    return tuple(bytes(byte & 0x7F for byte in code) for code in plane)


_LATER = {
    # Signs that came into the codecs after the registration that DICOM names.
    "iso8859_7": (b"\xa4", b"\xa5", b"\xaa"),
    "euc_kr": (b"\xa2\xe6", b"\xa2\xe7", b"\xa2\xe8"),
}
_ALPHABETIC = (
    *range(0xA1, 0x2000),
    0x3001,
    0x3002,
    0x300C,
    0x300D,
    *range(0x3099, 0x309D),
    *range(0x30A0, 0x3100),
)
_BEYOND = (
    *range(0x4E00, 0x9FA6, 37),
    *range(0xAC00, 0xD7A4, 41),
    *range(0x20000, 0x2A6D7, 997),
    0x10400,
    0x1D400,
)


def _unicode(codec: str) -> tuple[Characters, Characters]:
    """(all, those for an alphabetic component group) of a set without code extension."""
    sides = []
    for points in (_ALPHABETIC, _BEYOND):
        codes = []
        for point in points:
            if _is_graphic(chr(point)):
                code = chr(point).encode(codec, "ignore")
                if code:
                    codes.append(code)
        sides.append(tuple(codes))
    alphabetic, beyond = sides
    return (*beyond, *alphabetic), alphabetic


_LATIN = {
    # Number in the ISO registry: (codec, final byte of the escape sequence), PS3.3 table C.12-3.
    "100": ("iso8859_1", b"A"),
    "101": ("iso8859_2", b"B"),
    "109": ("iso8859_3", b"C"),
    "110": ("iso8859_4", b"D"),
    "144": ("iso8859_5", b"L"),
    "127": ("iso8859_6", b"G"),
    "126": ("iso8859_7", b"F"),
    "138": ("iso8859_8", b"H"),
    "148": ("iso8859_9", b"M"),
    "166": ("tis_620", b"T"),
}
_G0_ASCII, _G0_ROMAJI, _G1_KATAKANA = b"\x1b(B", b"\x1b(J", b"\x1b)I"


@functools.cache
def character_sets() -> tuple[CharacterSet, ...]:
    """Every defined term, and each kind of code extension (PS3.3 C.12.1.1.2); the first is the default."""
    right = {number: _right_half(codec) for number, (codec, _) in _LATIN.items()}
    katakana = _right_half("shift_jis")
    utf, utf_alphabetic = _unicode("utf-8")
    gb, gb_alphabetic = _unicode("gb18030")
    gbk, gbk_alphabetic = _unicode("gbk")
    # Double bytes with a trail byte that looks like a delimiter; their code points are ideographic.
    odd = _decoded((bytes((lead, trail)) for lead in range(0x81, 0xFE) for trail in (0x5C, 0x5E)), "gbk")
    return (
        CharacterSet(),
        *(CharacterSet((f"ISO_IR {number}",), half, half) for number, half in right.items()),
        CharacterSet(("ISO_IR 13",), katakana, katakana),
        CharacterSet(("ISO_IR 192",), utf, utf_alphabetic),
        CharacterSet(("GB18030",), (*gb, *odd), gb_alphabetic),
        CharacterSet(("GBK",), (*gbk, *odd), gbk_alphabetic),
        *_extended(right, katakana),
    )


def _extended(right: dict[str, Characters], katakana: Characters) -> tuple[CharacterSet, ...]:
    def latin(number: str, reset: bytes = b"") -> Repertoire:
        return Repertoire(right[number], b"\x1b-" + _LATIN[number][1], reset)

    def kanji(reset: bytes) -> Repertoire:
        return Repertoire(_in_left_half(_plane("euc_jp")), b"\x1b$B", reset)

    def supplementary(reset: bytes) -> Repertoire:
        return Repertoire(_in_left_half(_plane("euc_jp", b"\x8f")), b"\x1b$(D", reset)

    hangul, hanzi = _plane("euc_kr"), _plane("gb2312")
    western, latin_1 = right["100"], b"\x1b-A"
    return (
        *(CharacterSet(("", f"ISO 2022 IR {number}"), extensions=(latin(number),)) for number in right),
        CharacterSet(("", "ISO 2022 IR 13"), extensions=(Repertoire(katakana, _G1_KATAKANA),)),
        CharacterSet(("", "ISO 2022 IR 87"), extensions=(kanji(_G0_ASCII),)),
        CharacterSet(("", "ISO 2022 IR 159"), extensions=(supplementary(_G0_ASCII),)),
        CharacterSet(("", "ISO 2022 IR 149"), extensions=(Repertoire(hangul, b"\x1b$)C"),)),
        CharacterSet(("", "ISO 2022 IR 58"), extensions=(Repertoire(hanzi, b"\x1b$)A"),)),
        CharacterSet(
            ("ISO 2022 IR 6", "ISO 2022 IR 100", "ISO 2022 IR 144"), extensions=(latin("100"), latin("144"))
        ),
        CharacterSet(
            ("ISO 2022 IR 13", "ISO 2022 IR 87"), katakana, katakana, extensions=(kanji(_G0_ROMAJI),)
        ),
        CharacterSet(
            ("ISO 2022 IR 100", "ISO 2022 IR 101", "ISO 2022 IR 87", "ISO 2022 IR 149"),
            western,
            western,
            extensions=(
                latin("101", latin_1),
                kanji(_G0_ASCII),
                Repertoire(hangul, b"\x1b$)C", latin_1),
            ),
        ),
    )
