"""Strings that came from a PACS, made fit for each format that they are written to.

A PACS chooses what stands in its names, comments and UIDs, so each of them may try to be markup, a
formula, or a character that a format forbids.
"""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNSEEN = re.compile(r"[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_FIELD_STARTS = ("\t", "\n")
"""What else OWASP ("CSV Injection") has no cell begin with; a carriage return has been made visible."""


def visible(text: str) -> str:
    """`text` with control, direction and lone surrogate characters shown rather than obeyed.

    Tabs and line ends stay.  A direction override could make a reader see another UID than the one
    that was sent, and a lone surrogate can't be written as UTF-8 at all.
    """
    shown = _CONTROLS.sub(_control_picture, text.replace("\r\n", "\n"))
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", shown)


def _control_picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\x{code:02x}"


def in_one_line(text: str) -> str:
    """`text` with everything that cannot be printed, line ends among it, as its escape."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def xml_characters(text: str, instead: str = "") -> str:
    """`text` without the characters that XML 1.0 forbids even as references (section 2.2)."""
    return _NOT_XML.sub(instead, text)


def csv_cell(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula: an apostrophe is put in front of one.

    Not for numbers, whose sign is no formula.
    """
    shown = visible(text)
    begins = shown.startswith(_FIELD_STARTS) or shown.lstrip().startswith(_FORMULA_STARTS)
    return "'" + shown if begins else shown


def shortened(text: str, limit: int) -> str:
    """`text`, or its first and last parts with a line between that says how much was left out."""
    if len(text) <= limit:
        return text
    half = limit // 2
    left_out = len(text) - 2 * half
    note = f"[... {left_out} characters left out; the whole is in results.jsonl ...]"
    return f"{text[:half]}\n{note}\n{text[-half:]}"
