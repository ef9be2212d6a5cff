"""The bytes of an A-ASSOCIATE-AC, item by item, for what the typed PDU evens out (PS3.8 9.3.3)."""

from __future__ import annotations

import re

from harness.dimse.items import split_items
from harness.dimse.negotiation import AnsweredContext, Item
from harness.dimse.pdu import AssociateAccept, AssociateRequest

_FIRST_ITEM = 74
"""Where the variable items of an A-ASSOCIATE PDU begin."""
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


def items_of(pdu: AssociateAccept | AssociateRequest) -> list[tuple[int, bytes]]:
    """(type, value) of each top-level item, in order.  DecodeError."""
    body = memoryview(pdu.encode())[_FIRST_ITEM:]
    return [(type_, bytes(value)) for type_, _, value in split_items(body, "PS3.8 9.3.1")]


def user_items_of(pdu: AssociateAccept | AssociateRequest) -> list[tuple[int, bytes]]:
    """(type, value) of each sub-item of every user information item, in order.  DecodeError."""
    found: list[tuple[int, bytes]] = []
    for type_, value in items_of(pdu):
        if type_ == Item.USER_INFORMATION:
            sub_items = split_items(memoryview(value), "PS3.8 9.3.3.3")
            found += [(sub_type, bytes(data)) for sub_type, _, data in sub_items]
    return found


def is_uid(text: str) -> bool:
    """Whether a UID is encoded as PS3.8 F.1 demands: no padding, no leading zero, 64 characters at most."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def results_of(accept: AssociateAccept) -> dict[int, AnsweredContext]:
    """The results by presentation context id; the last one where an id was answered twice."""
    return {context.id: context for context in accept.contexts}


def with_reserved_bytes(request: AssociateRequest, value: int) -> bytes:
    """The bytes of an A-ASSOCIATE-RQ with `value` in every reserved byte of the PDU and its items."""
    data = bytearray(request.encode())
    data[1] = value
    data[8:10] = bytes((value,)) * 2
    data[42:74] = bytes((value,)) * 32
    _mark(data, _FIRST_ITEM, len(data), value)
    return bytes(data)


def _mark(data: bytearray, at: int, end: int, value: int) -> None:
    while at < end:
        type_ = data[at]
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        data[at + 1] = value
        if type_ == Item.PROPOSED_CONTEXT:
            data[at + 5 : at + 8] = bytes((value,)) * 3
            _mark(data, at + 8, at + 4 + length, value)
        elif type_ == Item.USER_INFORMATION:
            _mark(data, at + 4, at + 4 + length, value)
        at += 4 + length
