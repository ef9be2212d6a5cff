"""The seven PDUs of the DICOM upper layer (PS3.8 9.3): bytes in, values out, and back.

Decoding is strict about structure (every length must fit) and keeps reserved bytes without judging them,
as the standard demands of a receiver.  ``decode_pdu(x.encode()) == x`` and ``decode_pdu(b).encode() == b``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from harness.dimse import items
from harness.dimse import negotiation as neg
from harness.dimse.errors import DecodeError, MisuseError
from harness.dimse.negotiation import (
    ABSENT_USER_INFORMATION,
    APPLICATION_CONTEXT,
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

HEADER = struct.Struct(">BBI")
"""PDU type, reserved byte, length of what follows."""
PDV_HEADER = struct.Struct(">IBB")
"""Item length, presentation context id, message control header."""

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
ASSOCIATE_LIMIT = 8 * 1024 * 1024
"""The longest A-ASSOCIATE-RQ or -AC that is read: 128 contexts of 64 KiB each."""

NAMES = {
    ASSOCIATE_RQ: "A-ASSOCIATE-RQ",
    ASSOCIATE_AC: "A-ASSOCIATE-AC",
    ASSOCIATE_RJ: "A-ASSOCIATE-RJ",
    P_DATA: "P-DATA-TF",
    RELEASE_RQ: "A-RELEASE-RQ",
    RELEASE_RP: "A-RELEASE-RP",
    ABORT: "A-ABORT",
}
CLAUSES = {
    ASSOCIATE_RQ: "PS3.8 9.3.2",
    ASSOCIATE_AC: "PS3.8 9.3.3",
    ASSOCIATE_RJ: "PS3.8 9.3.4",
    P_DATA: "PS3.8 9.3.5",
    RELEASE_RQ: "PS3.8 9.3.6",
    RELEASE_RP: "PS3.8 9.3.7",
    ABORT: "PS3.8 9.3.8",
}
_NAME_LENGTH = 16
_FIXED = 68
"""Bytes between the PDU header of an A-ASSOCIATE PDU and its items."""


def _title(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" ")


def _title_field(title: str, raw: bytes | None) -> bytes:
    if raw is None:
        raw = items.text(title, "AE title").ljust(_NAME_LENGTH)
    if len(raw) != _NAME_LENGTH:
        raise MisuseError(f"AE title {title!r} is over 16 bytes long (PS3.5 6.2, AE)")
    return raw


def checked_title(title: str) -> str:
    """`title` if it is a legal AE title (PS3.5 6.2, VR AE); MisuseError otherwise."""
    if not 1 <= len(title) <= _NAME_LENGTH:
        raise MisuseError(
            f"AE title {title!r} has {len(title)} characters; 1 to 16 are allowed (PS3.5 6.2, AE)"
        )
    if not title.strip(" ") or "\\" in title or not title.isascii() or not title.isprintable():
        raise MisuseError(f"AE title {title!r} holds characters that are not allowed (PS3.5 6.2, AE)")
    return title


@dataclass(frozen=True, slots=True)
class _Associate:
    """What A-ASSOCIATE-RQ and -AC have in common.

    `called_field` and `calling_field` (16 bytes) override the titles where those bytes are not the title
    padded by spaces.  `reserved` holds byte 2, bytes 9-10 and bytes 43-74.  `order` lists item types as they
    go out; the empty tuple is the standard's.  `raw` is the whole PDU as received where encoding the other
    fields would give different bytes (a reserved byte within an item, say); set it to None after `replace`.
    """

    called_ae_title: str
    calling_ae_title: str
    user: UserInformation = field(default_factory=UserInformation)
    application_context: str | None = APPLICATION_CONTEXT
    protocol_version: int = 1
    extra: tuple[RawItem, ...] = ()
    order: tuple[int, ...] = ()
    reserved: bytes = bytes(35)
    called_field: bytes | None = None
    calling_field: bytes | None = None
    raw: bytes | None = None

    @property
    def called_raw(self) -> bytes:
        """The 16 bytes of the called AE title as they are on the wire."""
        return _title_field(self.called_ae_title, self.called_field)

    @property
    def calling_raw(self) -> bytes:
        """The 16 bytes of the calling AE title as they are on the wire."""
        return _title_field(self.calling_ae_title, self.calling_field)

    def _items(self) -> Iterator[tuple[int, bytes]]:
        raise NotImplementedError

    def _encode(self, type_: int) -> bytes:
        if self.raw is not None:
            return self.raw
        body = items.arranged(self._items(), self.order)
        head = struct.pack(">H", self.protocol_version) + self.reserved[1:3]
        fixed = head + self.called_raw + self.calling_raw + self.reserved[3:]
        return HEADER.pack(type_, self.reserved[0], len(fixed) + len(body)) + fixed + body


@dataclass(frozen=True, slots=True)
class AssociateRequest(_Associate):
    """A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

    contexts: tuple[ProposedContext, ...] = ()

    def _items(self) -> Iterator[tuple[int, bytes]]:
        if self.application_context is not None:
            name = items.text(self.application_context, "application context name")
            yield Item.APPLICATION_CONTEXT, items.item(Item.APPLICATION_CONTEXT, name)
        for context in self.contexts:
            yield Item.PROPOSED_CONTEXT, items.encode_proposed(context)
        if self.user.present:
            yield Item.USER_INFORMATION, items.encode_user(self.user)
        for raw in self.extra:
            yield raw.type, items.item(raw.type, raw.data, raw.reserved)

    def encode(self) -> bytes:
        """The PDU's bytes; MisuseError for what no field can hold."""
        return self._encode(ASSOCIATE_RQ)


@dataclass(frozen=True, slots=True)
class AssociateAccept(_Associate):
    """A-ASSOCIATE-AC (PS3.8 9.3.3); its AE titles are echoes that a requestor does not test."""

    contexts: tuple[AnsweredContext, ...] = ()

    def _items(self) -> Iterator[tuple[int, bytes]]:
        if self.application_context is not None:
            name = items.text(self.application_context, "application context name")
            yield Item.APPLICATION_CONTEXT, items.item(Item.APPLICATION_CONTEXT, name)
        for context in self.contexts:
            yield Item.ANSWERED_CONTEXT, items.encode_answered(context)
        if self.user.present:
            yield Item.USER_INFORMATION, items.encode_user(self.user)
        for raw in self.extra:
            yield raw.type, items.item(raw.type, raw.data, raw.reserved)

    def encode(self) -> bytes:
        """The PDU's bytes; MisuseError for what no field can hold."""
        return self._encode(ASSOCIATE_AC)


_RESULTS = {1: "permanent", 2: "transient"}
_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}
_SOURCES = {1: "service user", 2: "service provider (ACSE)", 3: "service provider (presentation)"}


@dataclass(frozen=True, slots=True)
class AssociateReject:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4); `reserved` holds bytes 2 and 7."""

    result: int
    source: int
    reason: int
    reserved: bytes = bytes(2)

    def encode(self) -> bytes:
        """The PDU's bytes."""
        body = bytes((self.reserved[1], self.result, self.source, self.reason))
        return HEADER.pack(ASSOCIATE_RJ, self.reserved[0], 4) + body

    def words(self) -> str:
        """Result, source and reason in the standard's words."""
        result = _RESULTS.get(self.result, f"result {self.result} (not defined)")
        source = _SOURCES.get(self.source, f"source {self.source} (not defined)")
        reason = _REASONS.get((self.source, self.reason), f"reason {self.reason} (reserved)")
        return f"{result}, by the {source}: {reason}"


@dataclass(frozen=True, slots=True)
class Pdv:
    """One presentation data value (PS3.8 9.3.5.1, E.2); `control` holds bits 2 to 7 of its control header."""

    context_id: int
    is_command: bool
    is_last: bool
    data: bytes
    control: int = 0

    @property
    def header(self) -> int:
        """The message control header."""
        return self.control & 0xFC | self.is_last << 1 | self.is_command


@dataclass(frozen=True, slots=True)
class PData:
    """P-DATA-TF (PS3.8 9.3.5); `reserved` is byte 2."""

    pdvs: tuple[Pdv, ...]
    reserved: int = 0

    def encode(self) -> bytes:
        """The PDU's bytes."""
        parts: list[bytes] = []
        for pdv in self.pdvs:
            parts += (PDV_HEADER.pack(len(pdv.data) + 2, pdv.context_id, pdv.header), pdv.data)
        return HEADER.pack(P_DATA, self.reserved, sum(map(len, parts))) + b"".join(parts)


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A-RELEASE-RQ (PS3.8 9.3.6); `reserved` holds byte 2 and bytes 7 to 10."""

    reserved: bytes = bytes(5)

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return HEADER.pack(RELEASE_RQ, self.reserved[0], 4) + self.reserved[1:]


@dataclass(frozen=True, slots=True)
class ReleaseResponse:
    """A-RELEASE-RP (PS3.8 9.3.7); `reserved` holds byte 2 and bytes 7 to 10."""

    reserved: bytes = bytes(5)

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return HEADER.pack(RELEASE_RP, self.reserved[0], 4) + self.reserved[1:]


_ABORT_REASONS = {
    0: "reason not specified",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 9.3.8); `reserved` holds bytes 2, 7 and 8."""

    source: int = 0
    reason: int = 0
    reserved: bytes = bytes(3)

    def encode(self) -> bytes:
        """The PDU's bytes."""
        body = bytes((self.reserved[1], self.reserved[2], self.source, self.reason))
        return HEADER.pack(ABORT, self.reserved[0], 4) + body

    def words(self) -> str:
        """Source and reason in the standard's words."""
        if self.source == 0:
            return "by the service user"
        if self.source == 2:
            return "by the service provider: " + _ABORT_REASONS.get(
                self.reason, f"reason {self.reason} (reserved)"
            )
        return f"source {self.source} (reserved), reason {self.reason}"


Pdu = AssociateRequest | AssociateAccept | AssociateReject | PData | ReleaseRequest | ReleaseResponse | Abort


def name_of(pdu: Pdu) -> str:
    """The standard's name of a PDU."""
    return NAMES[_TYPES[type(pdu)]]


_TYPES: dict[type, int] = {
    AssociateRequest: ASSOCIATE_RQ,
    AssociateAccept: ASSOCIATE_AC,
    AssociateReject: ASSOCIATE_RJ,
    PData: P_DATA,
    ReleaseRequest: RELEASE_RQ,
    ReleaseResponse: RELEASE_RP,
    Abort: ABORT,
}


def checked_header(header: bytes | bytearray | memoryview) -> tuple[int, int]:
    """(PDU type, length) of a six-byte PDU header; DecodeError for an unknown type or an impossible length.

    P-DATA-TF is judged by no bound here: the negotiated maximum length does that.
    """
    type_, _, length = HEADER.unpack_from(header)
    if type_ not in NAMES:
        raise DecodeError("PS3.8 9.3.1", "a PDU type from 01H to 07H", f"{type_:02X}H", bytes(header))
    if type_ in (ASSOCIATE_RQ, ASSOCIATE_AC):
        if length < _FIXED:
            raise DecodeError(CLAUSES[type_], f"a length of at least {_FIXED}", str(length), bytes(header))
        if length > ASSOCIATE_LIMIT:
            expected = f"an {NAMES[type_]} of reasonable length (up to {ASSOCIATE_LIMIT})"
            raise DecodeError(CLAUSES[type_], expected, f"length field {length}", bytes(header))
    elif type_ != P_DATA and length != 4:
        expected = f"{NAMES[type_]} with the fixed length 4"
        raise DecodeError(CLAUSES[type_], expected, f"length field {length}", bytes(header))
    return type_, length


def decode_pdu(data: bytes | bytearray | memoryview) -> Pdu:
    """The PDU that `data` is, exactly; DecodeError carries the (bounded) bytes."""
    view = memoryview(data).cast("B") if not isinstance(data, bytes) else memoryview(data)
    if len(view) < HEADER.size:
        raise DecodeError("PS3.8 9.3.1", "a PDU header of 6 bytes", f"{len(view)} bytes", bytes(view))
    type_, length = checked_header(view[:6])
    if length != len(view) - HEADER.size:
        observed = f"{len(view) - HEADER.size} bytes after a length field of {length}"
        raise DecodeError(
            CLAUSES[type_], "as many bytes as the length field says", observed, bytes(view[:256])
        )
    body = view[6:]
    if type_ in (ASSOCIATE_RQ, ASSOCIATE_AC):
        return _decode_associate(type_, view)
    if type_ == ASSOCIATE_RJ:
        return AssociateReject(body[1], body[2], body[3], bytes((view[1], body[0])))
    if type_ == P_DATA:
        return _decode_pdata(view)
    if type_ == RELEASE_RQ:
        return ReleaseRequest(bytes((view[1], *body)))
    if type_ == RELEASE_RP:
        return ReleaseResponse(bytes((view[1], *body)))
    return Abort(body[2], body[3], bytes((view[1], body[0], body[1])))


def checked_pdv(header: bytes | bytearray | memoryview, left: int) -> tuple[int, int, int]:
    """(bytes of data, context id, control header) of a PDV header; `left`: the PDU's bytes from it on."""
    length, context_id, control = PDV_HEADER.unpack_from(header)
    if length < 2:
        raise DecodeError("PS3.8 9.3.5.1", "a PDV item length of at least 2", str(length), bytes(header))
    if length > left - 4:
        observed = f"PDV item length {length} with {left - 4} bytes left in its PDU"
        raise DecodeError("PS3.8 9.3.5.1", "a PDV that ends within its PDU", observed, bytes(header))
    return length - 2, context_id, control


def _decode_pdata(view: memoryview) -> PData:
    pdvs: list[Pdv] = []
    at = HEADER.size
    while at < len(view) or not pdvs:
        left = len(view) - at
        if left < PDV_HEADER.size:
            raise DecodeError(
                "PS3.8 9.3.5", "a presentation data value item", f"{left} bytes", bytes(view[at:])
            )
        length, context_id, control = checked_pdv(view[at : at + PDV_HEADER.size], left)
        at += PDV_HEADER.size
        data = bytes(view[at : at + length])
        pdvs.append(Pdv(context_id, bool(control & 1), bool(control & 2), data, control & 0xFC))
        at += length
    return PData(tuple(pdvs), view[1])


def _decode_associate(type_: int, view: memoryview) -> AssociateRequest | AssociateAccept:
    called, calling = bytes(view[10:26]), bytes(view[26:42])
    proposed: list[ProposedContext] = []
    answered: list[AnsweredContext] = []
    application: str | None = None
    user: UserInformation | None = None
    extra: list[RawItem] = []
    order: list[int] = []
    for item_type, reserved, value in items.split_items(view[74:], CLAUSES[type_]):
        order.append(item_type)
        if item_type == Item.APPLICATION_CONTEXT and application is None:
            application = str(value, "latin-1")
        elif item_type == Item.PROPOSED_CONTEXT and type_ == ASSOCIATE_RQ:
            proposed.append(items.decode_proposed(value, reserved))
        elif item_type == Item.ANSWERED_CONTEXT and type_ == ASSOCIATE_AC:
            answered.append(items.decode_answered(value, reserved))
        elif item_type == Item.USER_INFORMATION and user is None:
            user = items.decode_user(value)
        else:
            extra.append(RawItem(item_type, bytes(value), reserved))
    common = (
        _title(called),
        _title(calling),
        user or ABSENT_USER_INFORMATION,
        application,
        struct.unpack_from(">H", view, 6)[0],
        tuple(extra),
        (),
        bytes(view[1:2]) + bytes(view[8:10]) + bytes(view[42:74]),
        None if _title_field(_title(called), None) == called else called,
        None if _title_field(_title(calling), None) == calling else calling,
        None,
    )
    pdu: AssociateRequest | AssociateAccept
    pdu = (
        AssociateRequest(*common, tuple(proposed))
        if type_ == ASSOCIATE_RQ
        else AssociateAccept(*common, tuple(answered))
    )
    whole = bytes(view)
    if pdu.encode() == whole:
        return pdu
    ordered = replace(pdu, order=tuple(order))
    return ordered if ordered.encode() == whole else replace(pdu, raw=whole)


def associate_request(
    called: str,
    calling: str,
    contexts: tuple[ProposedContext, ...],
    *,
    maximum_length: int | None = neg.DEFAULT_MAXIMUM_LENGTH,
    implementation_class_uid: str | None = neg.IMPLEMENTATION_CLASS_UID,
    implementation_version_name: str | None = neg.IMPLEMENTATION_VERSION_NAME,
    roles: tuple[RoleSelection, ...] = (),
    async_window: AsyncWindow | None = None,
    extended: tuple[ExtendedNegotiation, ...] = (),
    common_extended: tuple[CommonExtendedNegotiation, ...] = (),
    user_identity: UserIdentity | None = None,
) -> AssociateRequest:
    """An A-ASSOCIATE-RQ as an ordinary requestor sends it; MisuseError for an illegal AE title.

    What goes beyond (another protocol version, reserved bytes, order of items) is a
    `dataclasses.replace` away, or a change of the bytes that `encode` gives.
    """
    user = UserInformation(
        maximum_length,
        implementation_class_uid,
        implementation_version_name,
        roles,
        async_window,
        extended,
        common_extended,
        user_identity,
    )
    return AssociateRequest(checked_title(called), checked_title(calling), user, contexts=contexts)


def accept_of(
    request: AssociateRequest,
    answers: tuple[AnsweredContext, ...],
    user: UserInformation | None = None,
) -> AssociateAccept:
    """The A-ASSOCIATE-AC that answers `request`, its AE titles and reserved bytes echoed (PS3.8 9.3.3)."""
    return AssociateAccept(
        request.called_ae_title,
        request.calling_ae_title,
        user or UserInformation(),
        reserved=bytes(3) + request.reserved[3:],
        called_field=request.called_field,
        calling_field=request.calling_field,
        contexts=answers,
    )
