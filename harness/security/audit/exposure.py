"""What stands in a message and should not: secrets, and what is known of patients, in any form."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from harness.security.audit.message import AuditMessage, binary_values
from harness.security.audit.trail import Arrival

SHORTEST = 6
"""Characters of a secret that is looked for: a shorter one stands somewhere by chance."""

_QUOTES = {'"': "&quot;", "'": "&apos;"}


def forms_of(text: str) -> frozenset[bytes]:
    """How a text may be written in a message: as it is, escaped for XML or a URL, in hexadecimal, in base64.

    In base64 it may begin at any of three places of what is encoded; its outermost characters are left out
    there, since they depend on what stands beside it.
    """
    plain = text.encode()
    forms = {plain, escape(text).encode(), escape(text, _QUOTES).encode(), quote(text).encode()}
    forms |= {plain.hex().encode(), plain.hex().upper().encode()}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain)
        begin, end = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        forms.add(encoded[begin:end])
    return frozenset(form for form in forms if len(form) >= SHORTEST)


def holds(arrival: Arrival, forms: Iterable[bytes]) -> bool:
    """Whether one of the forms stands in a message, be it inside of a value in base64."""
    places = [arrival.octets]
    if arrival.root is not None:
        places += [_said(arrival.root, ()).encode(), *binary_values(arrival.root)]
    return any(form in place for form in forms for place in places)


def user_fields(message: AuditMessage) -> Iterator[tuple[str, str]]:
    """The name and the value of each field that says who a user is."""
    for participant in message.participants:
        yield "UserID", participant.user_id
        yield "AlternativeUserID", participant.alternative
        yield "UserName", participant.user_name


def beside_query(root: Any) -> str:
    """All that a message says in clear: its texts and attributes, without the query and the details."""
    return _said(root, ("ParticipantObjectQuery", "ParticipantObjectDetail"))


def _said(root: Any, without: Collection[str]) -> str:
    """Texts and attributes of all elements but some."""
    said: list[str] = []
    for element in root.iter():
        if element.tag not in without:
            said += [element.text or "", *element.attrib.values()]
    return "\n".join(said)


def names_in(text: str, names: Iterable[str]) -> list[str]:
    """Which of the patients' names stand in a text, as DICOM or as people write them."""
    return [name for name in names if _stands_in(name, text)]


def _stands_in(name: str, text: str) -> bool:
    parts = [part for part in re.split(r"[\^ ]+", name.casefold()) if part]
    return all(part in text.casefold() for part in parts)
