"""Attributes to bytes: the data sets that the archive itself makes (responses, failed lists, commitment
results).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

from .attributes import CHARSET_VRS, NUMBERS, Attribute, AttributeSet
from .encoding import Syntax

_LONG = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
UNICODE = ("ISO_IR 192",)


class Unencodable(ValueError):
    """Characters that a character set doesn't hold."""


def fitting(attributes: AttributeSet, charsets: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The first of several character sets that holds all text, or Unicode; () is the default repertoire."""
    texts = list(_texts(attributes))
    for charset in charsets:
        try:
            for text, vr in texts:
                encode_text(text, vr, charset)
        except Unencodable:
            continue
        return charset
    return UNICODE


def _texts(attributes: AttributeSet) -> Iterable[tuple[str, str]]:
    for attribute in attributes.elements.values():
        if attribute.vr in CHARSET_VRS:
            for value in attribute.values:
                if not value.isascii():
                    yield value, attribute.vr
        for item in attribute.items:
            yield from _texts(item)


def encode_text(text: str, vr: str, charset: tuple[str, ...]) -> bytes:
    """One value in a character set (PS3.5 6.1). Raises Unencodable."""
    if text.isascii():
        return text.encode("ascii")
    from pydicom import charset as tables

    if not charset or any(term and term not in tables.python_encoding for term in charset):
        raise Unencodable(text)
    encodings = tables.convert_encodings(list(charset))
    if len(encodings) == 1:
        try:
            return text.encode(encodings[0])
        except (UnicodeEncodeError, LookupError) as error:
            raise Unencodable(text) from error
    # With code extensions each delimiter is back in the first set (PS3.5 6.1.2.5.3), so each part stands
    # alone.
    parts = re.split(r"([\^=\r\n\f\t])", text)
    return b"".join(_extended(part, encodings) for part in parts)


def _extended(text: str, encodings: list[str]) -> bytes:
    from pydicom import charset as tables

    if text.isascii():
        return text.encode("ascii")
    try:
        found = tables.encode_string(text, encodings)
        if tables.decode_bytes(found, encodings, set()) == text:
            return bytes(found)
    except (UnicodeError, LookupError) as error:
        raise Unencodable(text) from error
    raise Unencodable(text)


def encode(attributes: AttributeSet, charset: tuple[str, ...], syntax: Syntax) -> bytes:
    """A data set, elements in rising order, sequences and items with their lengths stated."""
    return b"".join(
        _element(tag, attribute, charset, syntax) for tag, attribute in sorted(attributes.elements.items())
    )


def _element(tag: int, attribute: Attribute, charset: tuple[str, ...], syntax: Syntax) -> bytes:
    order = "<" if syntax.little else ">"
    value = _value(attribute, charset, syntax, order)
    head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if syntax.implicit:
        return head + struct.pack(f"{order}L", len(value)) + value
    vr = attribute.vr.encode()
    if attribute.vr in _LONG:
        return head + vr + struct.pack(f"{order}2xL", len(value)) + value
    return head + vr + struct.pack(f"{order}H", min(len(value), 0xFFFE)) + value[:0xFFFE]


def _value(attribute: Attribute, charset: tuple[str, ...], syntax: Syntax, order: str) -> bytes:
    vr = attribute.vr
    if vr == "SQ":
        return b"".join(_item(encode(item, charset, syntax), order) for item in attribute.items)
    if vr in NUMBERS:
        convert = float if vr in ("FL", "FD") else int
        return b"".join(struct.pack(order + NUMBERS[vr], convert(v)) for v in attribute.values if v)
    if vr in CHARSET_VRS:
        value = b"\\".join(encode_text(text, vr, charset) for text in attribute.values)
    else:
        value = "\\".join(attribute.values).encode("latin-1", "replace")
    return value + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)


def _item(content: bytes, order: str) -> bytes:
    return struct.pack(f"{order}HHL", 0xFFFE, 0xE000, len(content)) + content
