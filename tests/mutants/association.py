"""Defects of establishment: what is accepted, answered and turned down (PS3.8 7.1, 9.3; PS3.7 D.3)."""

from __future__ import annotations

import struct

from tests.mutants import wire
from tests.mutants.seed import mutant
from tests.mutants.wire import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    P_DATA,
    Wire,
    items_of,
    join,
    pdu_of,
    pdvs_of,
    split,
    uid_field,
    user_items_of,
    with_items,
    with_user_items,
)

IMPLICIT, EXPLICIT = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"

Items = list[tuple[int, bytes]]


class Negotiating(Wire):
    """Remembers the request; changes requests, their user items, acceptances, and what these hold."""

    def __init__(self, *sockets: object) -> None:
        super().__init__(*sockets)  # type: ignore[arg-type]
        self.asked = b""

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == ASSOCIATE_RQ and len(pdu) > 74:
            self.asked = pdu
            return self.request(pdu)
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        return self.accept(pdu) if pdu[0] == ASSOCIATE_AC else pdu

    def request(self, pdu: bytes) -> bytes:
        """An A-ASSOCIATE-RQ on its way."""
        return pdu

    def accept(self, pdu: bytes) -> bytes:
        """An A-ASSOCIATE-AC on its way: by its items, its contexts and its user items."""
        items: Items = []
        for type_, value in items_of(pdu):
            changed = self.item(type_, value)
            if changed is not None:
                items.append((type_, changed))
        return with_items(pdu, items)

    def item(self, type_: int, value: bytes) -> bytes | None:
        """One item of the acceptance; None leaves it out."""
        if type_ == 0x21:
            return self.context(value[0], value[2], value)
        return join(self.user(split(value))) if type_ == 0x50 else value

    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        """One result; None leaves it out."""
        return value

    def user(self, items: Items) -> Items:
        """The user items of the acceptance."""
        return items

    def offered(self, type_: int) -> Items:
        """The user items of that type in the request."""
        return [(found, value) for found, value in user_items_of(self.asked) if found == type_]

    def proposed(self) -> dict[int, tuple[bytes, list[bytes]]]:
        """Abstract syntax and transfer syntaxes of the request's contexts."""
        found = {}
        for type_, value in items_of(self.asked):
            if type_ == 0x20:
                subs = split(value[4:])
                abstract = next((data for kind, data in subs if kind == 0x30), b"")
                found[value[0]] = (abstract, [data for kind, data in subs if kind == 0x40])
        return found


def answered(id_: int, result: int, syntax: bytes) -> bytes:
    """The value of a 21H item."""
    return bytes((id_, 0, result, 0)) + join([(0x40, syntax)])


def accepting(request: bytes) -> bytes:
    """An A-ASSOCIATE-AC that takes every context of a request with its first transfer syntax."""
    items: Items = []
    for type_, value in items_of(request):
        if type_ == 0x20:
            syntax = next(data for kind, data in split(value[4:]) if kind == 0x40)
            items.append((0x21, answered(value[0], 0, syntax)))
        elif type_ in (0x10, 0x50):
            items.append((type_, value))
    return pdu_of(ASSOCIATE_AC, request[6:74] + join(items))


# ------------------------------------------------------------ accept


@mutant(
    clause="PS3.8 9.3.3",
    defect="the acceptance has the two AE titles swapped",
    caught_by=("association.accept.echoes-called-and-calling",),
    wire=True,
)
class TitlesSwapped(Negotiating):
    def accept(self, pdu: bytes) -> bytes:
        return pdu[:10] + pdu[26:42] + pdu[10:26] + pdu[42:]


@mutant(
    clause="PS3.8 9.3.3",
    defect="the 32 reserved bytes of the acceptance are zeros, whatever was received",
    caught_by=("association.accept.echoes-reserved-32-bytes",),
    wire=True,
)
class ReservedZeroed(Negotiating):
    def accept(self, pdu: bytes) -> bytes:
        return pdu[:42] + bytes(32) + pdu[74:]


@mutant(
    clause="PS3.8 9.3.3",
    defect="the acceptance has no user information item",
    caught_by=(
        "association.accept.variable-items-present",
        "association.accept.maximum-length-present",
        "association.accept.implementation-class-uid-present",
    ),
    wire=True,
)
class UserInformationMissing(Negotiating):
    def item(self, type_: int, value: bytes) -> bytes | None:
        return None if type_ == 0x50 else value


@mutant(
    clause="PS3.8 9.3.1",
    defect="user information comes before the presentation contexts",
    caught_by=("association.accept.items-in-rising-order",),
    wire=True,
)
class UserInformationFirst(Negotiating):
    def accept(self, pdu: bytes) -> bytes:
        return with_items(pdu, sorted(items_of(pdu), key=lambda item: -item[0]))


@mutant(
    clause="PS3.8 9.3.3",
    defect="the length of the user information item counts its own header",
    caught_by=("association.accept.lengths-consistent",),
    wire=True,
)
class ItemLengthCountsHeader(Negotiating):
    def accept(self, pdu: bytes) -> bytes:
        *others, (_, last) = items_of(pdu)
        body = join(others) + struct.pack(">BxH", 0x50, len(last) + 4) + last
        return pdu_of(ASSOCIATE_AC, pdu[6:74] + body)


@mutant(
    clause="PS3.8 7.1.1.2",
    defect="the application context name of the acceptance is empty",
    caught_by=("association.accept.application-context-dicom", "association.accept.uids-well-formed"),
    wire=True,
)
class ApplicationContextEmpty(Negotiating):
    def item(self, type_: int, value: bytes) -> bytes | None:
        return b"" if type_ == 0x10 else value


@mutant(
    clause="PS3.8 7.1.1.2",
    defect="an unknown application context name is accepted and echoed",
    caught_by=("association.accept.unknown-application-context",),
    wire=True,
)
class ApplicationContextEchoed(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        return with_items(pdu, [(0x10, b"1.2.840.10008.3.1.1.1"), *items_of(pdu)[1:]])

    def item(self, type_: int, value: bytes) -> bytes | None:
        return items_of(self.asked)[0][1] if type_ == 0x10 else value


@mutant(
    clause="PS3.8 F.1",
    defect="UIDs of odd length are padded with a NUL",
    caught_by=("association.accept.uids-well-formed",),
    wire=True,
)
class UidsPadded(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        (_, syntax), *_ = split(value[4:])
        return answered(id_, result, syntax + bytes(len(syntax) % 2))


@mutant(
    clause="PS3.8 D.1",
    defect="the acceptance states no maximum length",
    caught_by=("association.accept.maximum-length-present",),
    wire=True,
)
class MaximumLengthMissing(Negotiating):
    def user(self, items: Items) -> Items:
        return [item for item in items if item[0] != 0x51]


@mutant(
    clause="PS3.7 D.3.3.2",
    defect="the acceptance has no implementation class UID",
    caught_by=("association.accept.implementation-class-uid-present",),
    wire=True,
)
class ClassUidMissing(Negotiating):
    def user(self, items: Items) -> Items:
        return [item for item in items if item[0] != 0x52]


@mutant(
    clause="PS3.7 D.3.3.2.4",
    defect="the implementation version name has 30 characters",
    caught_by=("association.accept.version-name-length",),
    wire=True,
)
class VersionNameLong(Negotiating):
    def user(self, items: Items) -> Items:
        return [item for item in items if item[0] != 0x55] + [(0x55, b"V" * 30)]


@mutant(
    clause="PS3.7 D.3.3.2",
    defect="a request without implementation version name is dropped",
    caught_by=("association.accept.version-name-optional",),
    wire=True,
)
class VersionNameDemanded(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        if not self.offered(0x55):
            self.cut()
        return pdu


# ------------------------------------------------------------ context


@mutant(
    clause="PS3.8 7.1.1.14",
    defect="rejected presentation contexts are left out of the acceptance",
    caught_by=("association.context.every-one-answered",),
    wire=True,
)
class RejectedLeftOut(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return None if result else value


@mutant(
    clause="PS3.8 9.3.3.2",
    defect="a context is rejected with result 255",
    caught_by=("association.context.result-code-defined",),
    wire=True,
)
class ResultUndefined(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return value[:2] + bytes((255 if result else 0,)) + value[3:]


@mutant(
    clause="PS3.8 7.1.1.14",
    defect="an accepted context repeats all the transfer syntaxes proposed",
    caught_by=("association.context.one-transfer-syntax",),
    wire=True,
)
class SyntaxesRepeated(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return value[:4] + join([(0x40, syntax) for syntax in self.proposed()[id_][1]])


@mutant(
    clause="PS3.7 D.3.2",
    defect="every context is accepted with Implicit VR Little Endian, proposed or not",
    caught_by=("association.context.chosen-was-proposed", "association.context.same-class-several-times"),
    wire=True,
)
class FavouriteSyntax(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return answered(id_, result, IMPLICIT)


@mutant(
    clause="PS3.8 9.3.3.2",
    defect="the results are renumbered 1, 3, 5",
    caught_by=("association.context.sparse-ids",),
    wire=True,
)
class Renumbered(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return bytes((2 * sorted(self.proposed()).index(id_) + 1,)) + value[1:]


@mutant(
    clause="PS3.8 7.1.1.13",
    defect="of several contexts with one abstract syntax only the last is known",
    caught_by=("association.context.same-class-several-times", "association.context.every-one-answered"),
    wire=True,
)
class LastOfClassOnly(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        last = {abstract: id_ for id_, (abstract, _) in self.proposed().items()}
        return value if id_ in last.values() else None


@mutant(
    clause="PS3.8 9.3.2.2",
    defect="a table of 64 contexts: the rest is dropped",
    caught_by=("association.context.maximum-number",),
    wire=True,
)
class SixtyFourContexts(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return value if id_ < 128 else None


@mutant(
    clause="PS3.7 D.3.2",
    defect="one unsupported context and the whole association is rejected",
    caught_by=("association.context.unsupported-among-supported",),
    wire=True,
)
class OneForAll(Negotiating):
    def accept(self, pdu: bytes) -> bytes:
        if any(type_ == 0x21 and value[2] for type_, value in items_of(pdu)):
            self.reject(1, 1, 1)
            self.cut()
            return b""
        return pdu


@mutant(
    clause="PS3.8 9.3.3.2",
    defect="any transfer syntax is accepted unseen",
    caught_by=("association.context.unknown-transfer-syntax-refused", "association.context.none-acceptable"),
    wire=True,
)
class AnySyntax(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return answered(id_, 0, self.proposed()[id_][1][0])


@mutant(
    clause="PS3.5 10.1",
    defect="storage classes are not accepted in Implicit VR Little Endian",
    caught_by=("association.context.default-transfer-syntax",),
    wire=True,
)
class ExplicitOnly(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        storage = self.proposed()[id_][0].startswith(b"1.2.840.10008.5.1.4.1.1.")
        return answered(id_, 4, IMPLICIT) if storage and value.endswith(IMPLICIT) else value


@mutant(
    clause="PS3.5 10.1",
    defect="of several contexts of one class only the first is looked at",
    caught_by=("association.context.default-in-own-context",),
    wire=True,
)
class FirstOfClassOnly(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        first: dict[bytes, int] = {}
        for other, (abstract, _) in self.proposed().items():
            first.setdefault(abstract, other)
        return value if id_ in first.values() else answered(id_, 4, IMPLICIT)


@mutant(
    clause="PS3.8 9.2.3",
    defect="the connection is cut where no context is acceptable",
    caught_by=("association.context.none-acceptable",),
    wire=True,
)
class CutForNothing(Negotiating):
    def accept(self, pdu: bytes) -> bytes:
        if all(value[2] for type_, value in items_of(pdu) if type_ == 0x21):
            self.cut()
            return b""
        return pdu


@mutant(
    clause="PS3.8 7.6.1",
    defect="the context id of data is not looked at",
    caught_by=(
        "association.context.rejected-context-not-usable",
        "association.context.unoffered-id-not-usable",
    ),
    wire=True,
)
class ContextIdUnchecked(Negotiating):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            return wire.pdata(*[(1, control, data) for _, control, data in pdvs_of(pdu)])
        return super().from_client(pdu)


@mutant(
    clause="PS3.8 9.3.2.2",
    defect="a worker dies of context ids that are even or used twice",
    caught_by=("association.context.duplicate-id", "association.context.even-id"),
    wire=True,
)
class DiesOfOddIds(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        ids = [value[0] for type_, value in items_of(pdu) if type_ == 0x20]
        if len(set(ids)) != len(ids) or any(id_ % 2 == 0 for id_ in ids):
            self.die()
        return pdu


@mutant(
    clause="PS3.8 9.3.3",
    defect="a request without contexts is accepted",
    caught_by=("association.context.no-contexts",),
    wire=True,
)
class NothingAccepted(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        if not self.proposed():
            self.to_client(accepting(pdu))
            return b""
        return pdu


# ------------------------------------------------------------ negotiate


@mutant(
    clause="PS3.8 9.3.2",
    defect="the protocol version is compared with 1 as a whole",
    caught_by=("association.negotiate.protocol-version-extra-bits",),
    wire=True,
)
class VersionCompared(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        return pdu if pdu[6:8] == b"\0\1" else self.reject(1, 2, 2)


@mutant(
    clause="PS3.8 9.3.2",
    defect="the protocol version is not looked at",
    caught_by=("association.negotiate.protocol-version-unsupported",),
    wire=True,
)
class VersionIgnored(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        return pdu[:6] + b"\0\1" + pdu[8:]


@mutant(
    clause="PS3.8 9.3.2.2",
    defect="reserved bytes of a context item have to be zero",
    caught_by=("association.negotiate.reserved-bytes-ignored",),
    wire=True,
)
class ReservedTested(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        reserved = [value[1] or value[3] for type_, value in items_of(pdu) if type_ == 0x20]
        return self.reject(1, 2, 1) if any(reserved) else pdu


@mutant(
    clause="PS3.8 9.3.1",
    defect="an item of unknown type is an error",
    caught_by=("association.negotiate.unknown-item-skipped",),
    wire=True,
)
class UnknownItemRefused(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        return self.abort() if {type_ for type_, _ in items_of(pdu)} - {0x10, 0x20, 0x50} else pdu


@mutant(
    clause="PS3.8 D.2",
    defect="an unknown user information sub-item is a ground for rejection",
    caught_by=("association.negotiate.unknown-user-item-skipped",),
    wire=True,
)
class UnknownUserItemRefused(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        return self.reject(1, 2, 1) if self.offered(0xEE) else pdu


@mutant(
    clause="PS3.8 9.3.2.3",
    defect="the maximum length is read as the first sub-item or not at all",
    caught_by=("association.negotiate.user-items-any-order",),
    wire=True,
)
class MaximumLengthFirst(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        items = user_items_of(pdu)
        if items[0][0] == 0x51:
            return pdu
        others = [item for item in items if item[0] != 0x51]
        return with_user_items(pdu, [(0x51, struct.pack(">I", 65536)), *others])


@mutant(
    clause="PS3.8 9.3.2",
    defect="leading spaces of the called AE title count",
    caught_by=("association.negotiate.ae-title-spaces",),
    wire=True,
)
class LeadingSpacesCount(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        return self.reject(1, 1, 7) if pdu[10:26].rstrip() == b"NOSUCHAE" or pdu[10:11] == b" " else pdu


@mutant(
    clause="PS3.8 9.3.4",
    defect="an unknown called AE title is rejected as an unknown calling one, and the other way round",
    caught_by=("association.negotiate.called-title-unknown", "association.negotiate.calling-title-unknown"),
    wire=True,
)
class TitleReasonsSwapped(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        if pdu[10:26].rstrip() == b"NOSUCHAE":
            return self.reject(1, 1, 3)
        return self.reject(1, 1, 7) if pdu[26:42].rstrip() == b"PHSTRANGER" else pdu


@mutant(
    clause="PS3.8 9.3.4",
    defect="rejections have source 0 and reason 0",
    caught_by=("association.negotiate.reject-codes-valid",),
    wire=True,
)
class RejectionUndefined(Negotiating):
    def from_server(self, pdu: bytes) -> bytes:
        return pdu_of(ASSOCIATE_RJ, b"\0\1\0\0") if pdu[0] == ASSOCIATE_RJ else pdu


# ------------------------------------------------------------ length


@mutant(
    clause="PS3.8 D.1.1",
    defect="the maximum length of the requestor is ignored",
    caught_by=("association.length.small-respected", "association.length.odd-value-respected"),
    wire=True,
)
class MaximumLengthIgnored(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        others = [item for item in user_items_of(pdu) if item[0] != 0x51]
        return with_user_items(pdu, [(0x51, struct.pack(">I", 65536)), *others])


@mutant(
    clause="PS3.8 D.1.1",
    defect="the maximum length is taken for that of the data alone: PDUs are six bytes longer",
    caught_by=("association.length.small-respected",),
    wire=True,
)
class OffBySix(Negotiating):
    def taken(self, maximum: int) -> int:
        return maximum + 6

    def request(self, pdu: bytes) -> bytes:
        items = [
            (type_, struct.pack(">I", self.taken(*struct.unpack(">I", value))) if type_ == 0x51 else value)
            for type_, value in user_items_of(pdu)
        ]
        return with_user_items(pdu, items)


@mutant(
    clause="PS3.8 D.1.1",
    defect="an odd maximum length is rounded up, so that PDUs are a byte longer",
    caught_by=("association.length.odd-value-respected",),
    wire=True,
)
class RoundsUpMaximum(OffBySix):
    def taken(self, maximum: int) -> int:
        return maximum + maximum % 2


class DiesOfMaximum(Negotiating):
    """Cuts the connection at the first message where the requestor declared a certain maximum length."""

    fatal = b""

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA and (0x51, self.fatal) in user_items_of(self.asked):
            self.cut()
            return b""
        return super().from_client(pdu)


@mutant(
    clause="PS3.8 D.1.1",
    defect="a maximum length of zero leaves no room for data",
    caught_by=("association.length.zero-is-unlimited",),
    wire=True,
)
class ZeroLeavesNoRoom(DiesOfMaximum):
    fatal = bytes(4)


@mutant(
    clause="PS3.8 D.1.1",
    defect="a buffer of the requestor's maximum length is allocated",
    caught_by=("association.length.huge-value",),
    wire=True,
)
class HugeBuffer(DiesOfMaximum):
    fatal = b"\xff" * 4


class OwnMaximum(Negotiating):
    """Knows the maximum length that the archive declares."""

    own = 0

    def user(self, items: Items) -> Items:
        self.own = next((int.from_bytes(value, "big") for type_, value in items if type_ == 0x51), 0)
        return items


@mutant(
    clause="PS3.8 D.1.2",
    defect="the PDU header is counted against the declared maximum length",
    caught_by=("association.length.at-own-limit-accepted",),
    wire=True,
)
class OwnLimitCountsHeader(OwnMaximum):
    def from_client(self, pdu: bytes) -> bytes:
        return self.abort() if pdu[0] == P_DATA and len(pdu) > self.own else super().from_client(pdu)


@mutant(
    clause="PS3.8 D.1.2",
    defect="a P-DATA-TF longer than the declared maximum kills the worker",
    caught_by=("association.length.above-own-limit",),
    wire=True,
)
class DiesOfTooLong(OwnMaximum):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA and len(pdu) - 6 > self.own:
            self.die()
        return super().from_client(pdu)


# ------------------------------------------------------------ user items that stay absent


class Adding(Negotiating):
    """Adds a user item to every acceptance."""

    added: tuple[int, bytes]

    def user(self, items: Items) -> Items:
        return [*items, self.added]


@mutant(
    clause="PS3.7 D.3.3.4",
    defect="roles are answered that nobody offered",
    caught_by=("association.role.absent-stays-absent",),
    wire=True,
)
class RolesAlways(Adding):
    added = (0x54, uid_field(CT) + b"\1\0")


@mutant(
    clause="PS3.7 D.3.3.4",
    defect="both roles are granted, whichever was proposed",
    caught_by=("association.role.nothing-granted-unasked",),
    wire=True,
)
class BothRoles(Negotiating):
    def user(self, items: Items) -> Items:
        others = [item for item in items if item[0] != 0x54]
        return others + [(0x54, value[:-2] + b"\1\1") for _, value in self.offered(0x54)]


@mutant(
    clause="PS3.7 D.3.3.4",
    defect="where a role is offered, roles for every class are answered",
    caught_by=("association.role.only-offered-classes",),
    wire=True,
)
class RolesForAll(Negotiating):
    def user(self, items: Items) -> Items:
        return [*items, (0x54, uid_field(FIND) + b"\1\0")] if self.offered(0x54) else items


@mutant(
    clause="PS3.7 D.3.3.3",
    defect="an asynchronous window is answered that nobody offered",
    caught_by=("association.async.absent-stays-absent",),
    wire=True,
)
class WindowAlways(Adding):
    added = (0x53, b"\0\1\0\1")


@mutant(
    clause="PS3.7 D.3.3.3",
    defect="an unlimited window is answered to any offer",
    caught_by=("association.async.not-widened",),
    wire=True,
)
class WindowUnlimited(Negotiating):
    def user(self, items: Items) -> Items:
        return [*items, (0x53, bytes(4))] if self.offered(0x53) else items


@mutant(
    clause="PS3.7 D.3.3.3",
    defect="the connection is dropped at the first message where a window was offered",
    caught_by=("association.async.offer-does-no-harm",),
    wire=True,
)
class WindowDrops(Negotiating):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA and self.offered(0x53):
            self.cut()
            return b""
        return super().from_client(pdu)


@mutant(
    clause="PS3.7 D.3.3.3",
    defect="within a window every response carries the first message id",
    caught_by=("association.async.window-honoured",),
    wire=True,
)
class WindowConfusesIds(Negotiating):
    def user(self, items: Items) -> Items:
        return [*items, (0x53, b"\0\5\0\1")] if self.offered(0x53) else items

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA or not self.offered(0x53):
            return super().from_server(pdu)
        changed = []
        for context, control, data in pdvs_of(pdu):
            elements = [
                (number, wire.us(1) if number == 0x120 else value) for number, value in wire.elements_of(data)
            ]
            changed.append((context, control, wire.command_of(elements)))
        return wire.pdata(*changed)


@mutant(
    clause="PS3.7 D.3.3.7",
    defect="an empty user identity response is always there",
    caught_by=("association.identity.absent-stays-absent", "association.identity.silent-unless-asked"),
    wire=True,
)
class IdentityAlways(Adding):
    added = (0x59, b"\0\0")


@mutant(
    clause="PS3.7 D.3.3.7.2",
    defect="the user's name comes back in the user identity response",
    caught_by=("association.identity.response-empty-for-names",),
    wire=True,
)
class IdentityReturned(Negotiating):
    def user(self, items: Items) -> Items:
        return [*items, (0x59, uid_field("PHTEST"))] if self.offered(0x58) else items


@mutant(
    clause="PS3.7 D.3.3.7.3",
    defect="a user identity is rejected by the service user",
    caught_by=("association.identity.unsupported-is-accepted", "association.identity.rejection-code"),
    wire=True,
)
class IdentityRefused(Negotiating):
    def request(self, pdu: bytes) -> bytes:
        return self.reject(1, 1, 1) if self.offered(0x58) else pdu


@mutant(
    clause="PS3.7 D.3.3.5",
    defect="extended negotiation is answered that nobody offered",
    caught_by=("association.extended.absent-stays-absent",),
    wire=True,
)
class ExtendedAlways(Adding):
    added = (0x56, uid_field(FIND) + b"\1")


@mutant(
    clause="PS3.4 C.5.1.1",
    defect="extended negotiation is answered with all that the archive can, in five bytes",
    caught_by=("association.extended.one-byte-for-one-byte", "association.extended.nothing-granted-unasked"),
    wire=True,
)
class ExtendedCapabilities(Negotiating):
    def user(self, items: Items) -> Items:
        others = [item for item in items if item[0] != 0x56]
        return [*others, (0x56, uid_field(FIND) + b"\1\1\1\1\1")] if self.offered(0x56) else items


@mutant(
    clause="PS3.7 D.3.3.6",
    defect="common extended negotiation is echoed",
    caught_by=("association.extended.common-never-answered",),
    wire=True,
)
class CommonEchoed(Negotiating):
    def user(self, items: Items) -> Items:
        return items + self.offered(0x57)
