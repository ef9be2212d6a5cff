"""The items of A-ASSOCIATE-RQ and -AC as bytes (PS3.8 9.3.2 and 9.3.3, D.1, PS3.7 D.3.3).

Decoding is strict about lengths; an item that comes once too often is kept as a `RawItem`.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator

from harness.dimse.errors import DecodeError, MisuseError
from harness.dimse.negotiation import (
    AnsweredContext,
    AsyncWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    Item,
    ProposedContext,
    RawItem,
    RoleSelection,
    UserIdentity,
    UserInformation,
)

_HEAD = struct.Struct(">BBH")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")


def text(value: str, what: str) -> bytes:
    """One byte a character; MisuseError names `what` where that is impossible."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise MisuseError(f"{what} {value!r} has characters that one byte cannot hold") from error


def item(type_: int, data: bytes, reserved: int = 0) -> bytes:
    """An item with its four-byte header; MisuseError beyond 65535 bytes."""
    if len(data) > 0xFFFF:
        raise MisuseError(f"item {type_:02X}H of {len(data)} bytes; its length field ends at 65535")
    return _HEAD.pack(type_, reserved, len(data)) + data


def _counted(data: bytes) -> bytes:
    if len(data) > 0xFFFF:
        raise MisuseError(f"a sub-item's field of {len(data)} bytes; its length field ends at 65535")
    return _U16.pack(len(data)) + data


def _uid(value: str) -> bytes:
    return _counted(text(value, "UID"))


def encode_proposed(context: ProposedContext) -> bytes:
    """The item 20H of one proposed context."""
    r = context.reserved
    body = bytes((context.id, r[1], r[2], r[3]))
    if context.abstract_syntax:
        body += item(Item.ABSTRACT_SYNTAX, text(context.abstract_syntax, "abstract syntax"))
    for syntax in context.transfer_syntaxes:
        body += item(Item.TRANSFER_SYNTAX, text(syntax, "transfer syntax"))
    body += b"".join(item(raw.type, raw.data, raw.reserved) for raw in context.extra)
    return item(Item.PROPOSED_CONTEXT, body, r[0])


def encode_answered(context: AnsweredContext) -> bytes:
    """The item 21H of one answered context."""
    r = context.reserved
    body = bytes((context.id, r[1], context.result, r[2]))
    if context.transfer_syntax or context.further:
        body += item(Item.TRANSFER_SYNTAX, text(context.transfer_syntax, "transfer syntax"))
    for syntax in context.further:
        body += item(Item.TRANSFER_SYNTAX, text(syntax, "transfer syntax"))
    body += b"".join(item(raw.type, raw.data, raw.reserved) for raw in context.extra)
    return item(Item.ANSWERED_CONTEXT, body, r[0])


def _common(entry: CommonExtendedNegotiation) -> bytes:
    related = b"".join(_uid(uid) for uid in entry.related)
    body = _uid(entry.sop_class) + _uid(entry.service_class) + _counted(related) + entry.reserved
    return item(Item.COMMON_EXTENDED_NEGOTIATION, body, entry.version)


def _identity(identity: UserIdentity) -> bytes:
    head = bytes((identity.type, identity.response_requested))
    return item(Item.USER_IDENTITY, head + _counted(identity.primary) + _counted(identity.secondary))


def _user_items(user: UserInformation) -> Iterator[tuple[int, bytes]]:
    """Every sub-item with its type, in increasing order of types."""
    if user.maximum_length is not None:
        yield Item.MAXIMUM_LENGTH, item(Item.MAXIMUM_LENGTH, _U32.pack(user.maximum_length))
    if user.implementation_class_uid is not None:
        uid = text(user.implementation_class_uid, "implementation class UID")
        yield Item.IMPLEMENTATION_CLASS_UID, item(Item.IMPLEMENTATION_CLASS_UID, uid)
    if user.async_window is not None:
        window = struct.pack(">HH", user.async_window.invoked, user.async_window.performed)
        yield Item.ASYNC_WINDOW, item(Item.ASYNC_WINDOW, window)
    for role in user.roles:
        body = _uid(role.sop_class) + bytes((role.scu, role.scp))
        yield Item.ROLE_SELECTION, item(Item.ROLE_SELECTION, body)
    if user.implementation_version_name is not None:
        name = text(user.implementation_version_name, "implementation version name")
        yield Item.IMPLEMENTATION_VERSION_NAME, item(Item.IMPLEMENTATION_VERSION_NAME, name)
    for extended in user.extended:
        yield (
            Item.EXTENDED_NEGOTIATION,
            item(Item.EXTENDED_NEGOTIATION, _uid(extended.sop_class) + extended.data),
        )
    for common in user.common_extended:
        yield Item.COMMON_EXTENDED_NEGOTIATION, _common(common)
    if user.user_identity is not None:
        yield Item.USER_IDENTITY, _identity(user.user_identity)
    if user.user_identity_response is not None:
        response = item(Item.USER_IDENTITY_RESPONSE, _counted(user.user_identity_response))
        yield Item.USER_IDENTITY_RESPONSE, response
    for raw in user.unknown:
        yield raw.type, item(raw.type, raw.data, raw.reserved)


def arranged(items: Iterable[tuple[int, bytes]], order: tuple[int, ...]) -> bytes:
    """Encoded items joined in `order` (of types); those it does not name follow."""
    left = dict(enumerate(items))
    by_type: dict[int, deque[int]] = {}
    for number, (type_, _) in left.items():
        by_type.setdefault(type_, deque()).append(number)
    # Each is taken once: a PDU may hold two million items.
    out = [left.pop(by_type[wanted].popleft())[1] for wanted in order if by_type.get(wanted)]
    return b"".join(out) + b"".join(data for _, data in left.values())


def encode_user(user: UserInformation) -> bytes:
    """The item 50H, or nothing where the item is absent."""
    return item(Item.USER_INFORMATION, arranged(_user_items(user), user.order)) if user.present else b""


# ---------------------------------------------------------------- decoding


def split_items(data: memoryview, clause: str) -> list[tuple[int, int, memoryview]]:
    """(type, reserved byte, value) of each item in `data`; DecodeError where a length does not fit."""
    found: list[tuple[int, int, memoryview]] = []
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise DecodeError(
                clause, "an item header of 4 bytes", f"{len(data) - at} bytes", bytes(data[at:])
            )
        type_, reserved, length = _HEAD.unpack_from(data, at)
        at += 4
        if length > len(data) - at:
            raise DecodeError(
                clause,
                f"item {type_:02X}H to end within its parent ({len(data) - at} bytes left)",
                f"item length {length}",
                bytes(data[at - 4 : at + 64]),
            )
        found.append((type_, reserved, data[at : at + length]))
        at += length
    return found


class _Reader:
    """Reads counted fields of one sub-item."""

    def __init__(self, data: memoryview, clause: str) -> None:
        self._data = data
        self._at = 0
        self._clause = clause

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            left = len(self._data) - self._at
            raise DecodeError(
                self._clause, f"{count} more bytes in the sub-item", f"{left} bytes", bytes(self._data)
            )
        self._at += count
        return bytes(self._data[self._at - count : self._at])

    def counted(self) -> bytes:
        return self.take(_U16.unpack(self.take(2))[0])

    def uid(self) -> str:
        return self.counted().decode("latin-1")

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def end(self) -> None:
        left = len(self._data) - self._at
        if left:
            raise DecodeError(self._clause, "the sub-item to end", f"{left} more bytes", bytes(self._data))


def _syntaxes(body: memoryview, clause: str) -> tuple[list[str], list[str], list[RawItem]]:
    abstract: list[str] = []
    transfer: list[str] = []
    extra: list[RawItem] = []
    for type_, reserved, value in split_items(body, clause):
        if type_ == Item.ABSTRACT_SYNTAX and not abstract and len(value):
            abstract.append(str(value, "latin-1"))
        elif type_ == Item.TRANSFER_SYNTAX:
            transfer.append(str(value, "latin-1"))
        else:
            extra.append(RawItem(type_, bytes(value), reserved))
    return abstract, transfer, extra


def decode_proposed(value: memoryview, reserved: int) -> ProposedContext:
    """The value of an item 20H; DecodeError."""
    clause = "PS3.8 9.3.2.2"
    head = _Reader(value, clause).take(4)
    abstract, transfer, extra = _syntaxes(value[4:], clause)
    kept = bytes((reserved, head[1], head[2], head[3]))
    return ProposedContext(head[0], abstract[0] if abstract else "", tuple(transfer), kept, tuple(extra))


def decode_answered(value: memoryview, reserved: int) -> AnsweredContext:
    """The value of an item 21H; DecodeError."""
    clause = "PS3.8 9.3.3.2"
    head = _Reader(value, clause).take(4)
    abstract, transfer, extra = _syntaxes(value[4:], clause)
    extra = [RawItem(Item.ABSTRACT_SYNTAX, uid.encode("latin-1")) for uid in abstract] + extra
    kept = bytes((reserved, head[1], head[3]))
    first = transfer[0] if transfer else ""
    return AnsweredContext(head[0], head[2], first, tuple(transfer[1:]), kept, tuple(extra))


def _decode_common(reader: _Reader, version: int) -> CommonExtendedNegotiation:
    sop_class, service_class, related = reader.uid(), reader.uid(), reader.counted()
    uids: list[str] = []
    inner = _Reader(memoryview(related), "PS3.7 D.3.3.6.1")
    left = len(related)
    while left > 0:
        uids.append(inner.uid())
        left -= 2 + len(uids[-1])
    return CommonExtendedNegotiation(sop_class, service_class, tuple(uids), version, reader.rest())


_CLAUSES: dict[int, str] = {
    Item.MAXIMUM_LENGTH: "PS3.8 D.1",
    Item.IMPLEMENTATION_CLASS_UID: "PS3.7 D.3.3.2",
    Item.ASYNC_WINDOW: "PS3.7 D.3.3.3",
    Item.ROLE_SELECTION: "PS3.7 D.3.3.4",
    Item.IMPLEMENTATION_VERSION_NAME: "PS3.7 D.3.3.2",
    Item.EXTENDED_NEGOTIATION: "PS3.7 D.3.3.5",
    Item.COMMON_EXTENDED_NEGOTIATION: "PS3.7 D.3.3.6.1",
    Item.USER_IDENTITY: "PS3.7 D.3.3.7.1",
    Item.USER_IDENTITY_RESPONSE: "PS3.7 D.3.3.7.2",
}


def decode_user(value: memoryview) -> UserInformation:
    """The value of an item 50H; DecodeError names the clause of the sub-item that is damaged."""
    maximum: int | None = None
    class_uid: str | None = None
    version_name: str | None = None
    window: AsyncWindow | None = None
    identity: UserIdentity | None = None
    response: bytes | None = None
    roles: list[RoleSelection] = []
    extended: list[ExtendedNegotiation] = []
    common: list[CommonExtendedNegotiation] = []
    unknown: list[RawItem] = []
    order: list[int] = []
    for type_, reserved, data in split_items(value, "PS3.8 9.3.2.3"):
        order.append(type_)
        reader = _Reader(data, _CLAUSES.get(type_, ""))
        if type_ == Item.MAXIMUM_LENGTH and maximum is None:
            maximum = _U32.unpack(reader.take(4))[0]
        elif type_ == Item.IMPLEMENTATION_CLASS_UID and class_uid is None:
            class_uid = reader.rest().decode("latin-1")
        elif type_ == Item.ASYNC_WINDOW and window is None:
            window = AsyncWindow(*struct.unpack(">HH", reader.take(4)))
        elif type_ == Item.ROLE_SELECTION:
            roles.append(RoleSelection(reader.uid(), *reader.take(2)))
        elif type_ == Item.IMPLEMENTATION_VERSION_NAME and version_name is None:
            version_name = reader.rest().decode("latin-1")
        elif type_ == Item.EXTENDED_NEGOTIATION:
            extended.append(ExtendedNegotiation(reader.uid(), reader.rest()))
        elif type_ == Item.COMMON_EXTENDED_NEGOTIATION:
            common.append(_decode_common(reader, reserved))
        elif type_ == Item.USER_IDENTITY and identity is None:
            kind, wanted = reader.take(2)
            identity = UserIdentity(kind, reader.counted(), reader.counted(), wanted)
        elif type_ == Item.USER_IDENTITY_RESPONSE and response is None:
            response = reader.counted()
        else:
            unknown.append(RawItem(type_, reader.rest(), reserved))
        reader.end()
    return _natural(
        UserInformation(
            maximum,
            class_uid,
            version_name,
            tuple(roles),
            window,
            tuple(extended),
            tuple(common),
            identity,
            response,
            tuple(unknown),
        ),
        tuple(order),
    )


def _natural(user: UserInformation, order: tuple[int, ...]) -> UserInformation:
    """`user` with its order of sub-items kept only where it is not the one that encoding gives anyway."""
    if tuple(type_ for type_, _ in _user_items(user)) == order:
        return user
    fields = {name: getattr(user, name) for name in UserInformation.__slots__}
    return UserInformation(**{**fields, "order": order})
