"""What is looked for in files: a value that is like no other, in every form that it may be written in."""

from __future__ import annotations

import base64
import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What a canary stands for."""

    NAME = "a patient's name"
    ID = "a patient ID"
    ACCESSION = "an accession number"
    PIXELS = "pixels"
    PASSCODE = "a user's passcode"


PATIENT = frozenset((Kind.NAME, Kind.ID, Kind.ACCESSION))
"""What names a patient in words."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A value that nobody else has; text is ASCII."""

    kind: Kind
    value: bytes


@dataclass(frozen=True, slots=True)
class Needle:
    """A canary in one form: `written` ends the sentence "a patient's name …", and is empty for its own."""

    kind: Kind
    written: str
    value: bytes


def needles_of(canary: Canary) -> tuple[Needle, ...]:
    """Every form of a canary, the likeliest first.

    Not looked for: Base64 that is broken into lines within the value, EBCDIC, and what is encoded twice.
    """
    value = canary.value
    forms: list[tuple[str, bytes]] = [("", value)]
    if canary.kind is Kind.PIXELS:
        forms.append(("in swapped byte order", _swapped(value)))
    else:
        text = value.decode("ascii")
        forms.append(("in lower case", text.lower().encode("ascii")))
        for name in ("UTF-16-LE", "UTF-16-BE", "UTF-32-LE", "UTF-32-BE"):
            forms.append((f"in {name}", text.encode(name)))
        for case in ("%{:02X}", "%{:02x}"):
            forms.append(("as percent codes", "".join(map(case.format, value)).encode("ascii")))
        for case in ("{:02x}", "{:02X}"):
            forms.append(("in a hexadecimal dump", " ".join(map(case.format, value)).encode("ascii")))
    forms += [("in Base64", part) for part in _base64(value)]
    forms += [("in hexadecimal", value.hex().encode()), ("in hexadecimal", value.hex().upper().encode())]
    unique = dict(reversed([(form, written) for written, form in forms]))
    return tuple(Needle(canary.kind, written, form) for form, written in reversed(unique.items()))


def _swapped(value: bytes) -> bytes:
    swapped = bytearray(value)
    swapped[0::2], swapped[1::2] = swapped[1::2], swapped[0::2]
    return bytes(swapped)


def _base64(value: bytes) -> list[bytes]:
    """What is the same whatever stands before and behind it, for each of the three places it may begin at."""
    parts = []
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + value).rstrip(b"=")
        whole = 8 * (shift + len(value)) // 6
        parts.append(encoded[-(-8 * shift // 6) : whole])
    return parts
