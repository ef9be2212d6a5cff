"""Checks of received PDUs that pynetdicom's decoder leaves out, before it sees them (PS3.8 9.3).

It takes the value that an item's length announces even where the PDU ends first, refuses items that it
doesn't
know although they are to be skipped (9.3.1), and compares the whole protocol version where bit 0 alone counts
(9.3.2). So a PDU is walked here, refused if it's inconsistent, and handed on in a form that it reads rightly.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
#: Longest A-ASSOCIATE PDU taken: 128 contexts with 128 transfer syntaxes of 64 bytes are just above one
#: mebibyte.
ASSOCIATE_LIMIT = 2 * 1024 * 1024
_KNOWN_USER_ITEMS = frozenset((0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59))
_FIXED = 68


class InvalidPdu(ValueError):
    """A PDU that breaks PS3.8 9.3."""


def length_limit(pdu_type: int, maximum_length: int) -> int:
    """Longest PDU of a type that is taken: longer ones are invalid, and never allocated."""
    if pdu_type in (ASSOCIATE_RQ, ASSOCIATE_AC):
        return ASSOCIATE_LIMIT
    if pdu_type == P_DATA:
        return maximum_length or 16 * 1024 * 1024
    return 4


@dataclass(frozen=True)
class Fragment:
    """One presentation data value (PS3.8 E.2)."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


def fragments(view: memoryview) -> list[Fragment]:
    """The presentation data values of a P-DATA-TF after its header. Raises InvalidPdu."""
    found: list[Fragment] = []
    position = 0
    while position < len(view):
        if len(view) - position < 6:
            raise InvalidPdu("P-DATA-TF ends within the header of a presentation data value")
        length, context_id, control = struct.unpack_from(">LBB", view, position)
        end = position + 4 + length
        if length < 2 or end > len(view):
            raise InvalidPdu(
                f"presentation data value says {length} bytes, {len(view) - position - 4} are left"
            )
        # Bits 2 to 7 aren't to be checked (PS3.8 E.2).
        found.append(Fragment(context_id, bool(control & 1), bool(control & 2), view[position + 6 : end]))
        position = end
    if not found:
        raise InvalidPdu("P-DATA-TF without a presentation data value (PS3.8 9.3.5)")
    return found


def _items(body: bytes, what: str) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    position = 0
    while position < len(body):
        if len(body) - position < 4:
            raise InvalidPdu(f"{what} ends within an item header")
        kind, length = struct.unpack_from(">BxH", body, position)
        position += 4
        if length > len(body) - position:
            raise InvalidPdu(
                f"item {kind:02X}H of {what} says {length} bytes, {len(body) - position} are left"
            )
        found.append((kind, body[position : position + length]))
        position += length
    return found


def _packed(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def readable_request(pdu: bytes) -> bytes:
    """An A-ASSOCIATE-RQ (or AC) without what is to be ignored. Raises InvalidPdu."""
    body = pdu[6:]
    if len(body) < _FIXED:
        raise InvalidPdu(f"A-ASSOCIATE PDU has {len(body)} bytes, at least {_FIXED} are needed")
    (version,) = struct.unpack_from(">H", body)
    fixed = struct.pack(">H", 1 if version & 1 else version or 2) + body[2:_FIXED]
    items: list[tuple[int, bytes]] = []
    for kind, value in _items(body[_FIXED:], "A-ASSOCIATE"):
        if kind in (0x20, 0x21):
            items.append((kind, _readable_context(kind, value)))
        elif kind == 0x50:
            items.append((kind, _readable_user_information(value)))
        elif kind == 0x10:
            items.append((kind, value))
    kinds = [kind for kind, _ in items]
    if kinds.count(0x10) != 1 or kinds.count(0x50) != 1:
        raise InvalidPdu(
            "an A-ASSOCIATE PDU holds one application context and one user information item (9.3.2)"
        )
    if pdu[0] == ASSOCIATE_RQ:
        _check_contexts([value[0] for kind, value in items if kind == 0x20])
    content = fixed + b"".join(_packed(kind, value) for kind, value in items)
    return struct.pack(">BBL", pdu[0], 0, len(content)) + content


def _check_contexts(ids: list[int]) -> None:
    if not ids:
        raise InvalidPdu("an A-ASSOCIATE-RQ proposes one presentation context at least (9.3.2)")
    if len(set(ids)) != len(ids):
        raise InvalidPdu("a presentation context ID is used twice (7.1.1.13)")
    if any(not value % 2 for value in ids):
        raise InvalidPdu("a presentation context ID is even (9.3.2.2)")


def _readable_context(kind: int, value: bytes) -> bytes:
    if len(value) < 4:
        raise InvalidPdu("presentation context item is shorter than its header")
    items = [(k, v) for k, v in _items(value[4:], "a presentation context") if k in (0x30, 0x40)]
    kinds = [k for k, _ in items]
    if kind == 0x20 and (kinds.count(0x30) != 1 or 0x40 not in kinds):
        raise InvalidPdu("a proposed context has one abstract and one or more transfer syntaxes (9.3.2.2)")
    if any(len(v) > 64 for _, v in items):
        raise InvalidPdu("a UID is longer than 64 bytes (F.1)")
    return value[:1] + b"\0" + value[2:3] + b"\0" + b"".join(_packed(k, v) for k, v in items)


def _readable_user_information(value: bytes) -> bytes:
    items = [(k, v) for k, v in _items(value, "user information") if k in _KNOWN_USER_ITEMS]
    for kind, content in items:
        if kind in (0x51, 0x53) and len(content) != 4:
            raise InvalidPdu(f"user information item {kind:02X}H has {len(content)} bytes, 4 are needed")
        if kind in (0x52, 0x55) and not content:
            raise InvalidPdu(f"user information item {kind:02X}H is empty")
    # A version name is at most 16 characters (PS3.7 D.3.3.2.4); a longer one tells nothing that matters here.
    return b"".join(_packed(k, v) for k, v in items if not (k == 0x55 and len(v) > 16))
