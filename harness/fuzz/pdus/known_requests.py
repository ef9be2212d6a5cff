"""Known cases of the upper layer: A-ASSOCIATE-RQ, lengths of PDUs and fragments, floods (PS3.8 9.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from harness.dimse.items import item
from harness.dimse.negotiation import Item, UserIdentity
from harness.dimse.pdu import ASSOCIATE_RQ, HEADER, P_DATA, ReleaseRequest, ReleaseResponse
from harness.fuzz.pdus.fields import Field, What, of, spliced, with_number
from harness.fuzz.pdus.ordinary import echo
from harness.fuzz.pdus.recorded import message, opening, releasing
from harness.fuzz.pdus.script import MOST_CONNECTIONS, Await, Awaited, Send, Steps
from harness.fuzz.pdus.streams import GARBAGE
from harness.fuzz.pdus.weakness import (
    ABSENT_ITEM,
    COUNTS,
    EXHAUSTION,
    FORMAT,
    ITEM_BOUNDS,
    LONG_TEXT,
    NETWORK,
    PDU_BOUNDS,
    STATES,
    TITLE_PATH,
    Attempt,
    Titles,
)
from harness.scu.uids import CT_IMAGE_STORAGE, VERIFICATION


def attempts(titles: Titles) -> Iterator[Attempt]:
    """All of this module, for a target and as whom."""
    plain = opening(titles, VERIFICATION)
    request = plain[0].data if isinstance(plain[0], Send) else b""
    yield from _garbage(titles)
    yield from _items(titles, request)
    yield from _lengths(titles)
    yield from _text(titles, request)
    yield from _many(titles, request)


def _with(request: bytes, *rest: Steps) -> list[Steps]:
    return [Send(data=request), Await(what=Awaited.ASSOCIATION), *rest, *message(echo()), *releasing()]


def _field(request: bytes, what: What, number: int) -> Field:
    return next(field for field in of(request, what) if field.number == number)


def _garbage(titles: Titles) -> Iterator[Attempt]:
    for data in GARBAGE:
        about = f"{data[:8]!r} … of {len(data)} bytes"
        yield Attempt(NETWORK, f"{about}, instead of a request", [Send(data=data)])
        steps = [*opening(titles, VERIFICATION), Send(data=data), *message(echo()), *releasing()]
        yield Attempt(NETWORK, f"{about}, on an association", steps)


def _items(titles: Titles, request: bytes) -> Iterator[Attempt]:
    for kind in (
        Item.APPLICATION_CONTEXT,
        Item.PROPOSED_CONTEXT,
        Item.TRANSFER_SYNTAX,
        Item.USER_INFORMATION,
        Item.MAXIMUM_LENGTH,
        Item.IMPLEMENTATION_VERSION_NAME,
    ):
        length = _field(request, What.ITEM_LENGTH, kind)
        for wrong in (0xFFFF, 0):
            about = f"item {kind:02X}H with length {wrong}"
            yield Attempt(ITEM_BOUNDS, about, _with(with_number(request, length, wrong)))
    for kind in (
        Item.APPLICATION_CONTEXT,
        Item.PROPOSED_CONTEXT,
        Item.ABSTRACT_SYNTAX,
        Item.TRANSFER_SYNTAX,
        Item.USER_INFORMATION,
        Item.MAXIMUM_LENGTH,
        Item.IMPLEMENTATION_CLASS_UID,
    ):
        whole = _field(request, What.ITEM, kind)
        without = spliced(request, whole.start, whole.end, b"")
        yield Attempt(ABSENT_ITEM, f"no item {kind:02X}H", _with(without))
        empty = spliced(request, whole.start, whole.end, item(kind, b""))
        yield Attempt(ABSENT_ITEM, f"an empty item {kind:02X}H", _with(empty))
    counted = (
        (Item.EXTENDED_NEGOTIATION, b"\xff\xff1.2.840.10008.1.1"),
        (Item.ROLE_SELECTION, b"\xff\xff1.2.840.10008.1.1\1\1"),
        (Item.COMMON_EXTENDED_NEGOTIATION, b"\0\x051.2.3\0\x051.2.3\xff\xff"),
        (Item.USER_IDENTITY, b"\1\0\xff\xffPHTEST\0\0"),
        (Item.USER_IDENTITY, b"\2\0\0\6PHTEST\xff\xff"),
        (Item.ASYNC_WINDOW, b"\0"),
        (Item.USER_IDENTITY, b""),
    )
    for kind, value in counted:
        about = f"sub-item {kind:02X}H that counts beyond itself: {value[:8].hex()}"
        yield Attempt(ITEM_BOUNDS, about, _with(with_sub_item(request, item(kind, value))))


def with_sub_item(request: bytes, extra: bytes) -> bytes:
    """A request with a sub-item more at the end of its user information."""
    whole = _field(request, What.ITEM, Item.USER_INFORMATION)
    value = whole.value(request)[4:] + extra
    header = struct.pack(">BBH", Item.USER_INFORMATION, 0, len(value) & 0xFFFF)
    return spliced(request, whole.start, whole.end, header + value)


def _lengths(titles: Titles) -> Iterator[Attempt]:
    for length in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0, 1, 67):
        header = HEADER.pack(ASSOCIATE_RQ, 0, length)
        yield Attempt(PDU_BOUNDS, f"A-ASSOCIATE-RQ of {length} bytes by its header", [Send(data=header)])
    opened = opening(titles, VERIFICATION, CT_IMAGE_STORAGE)
    for length in (0, 1, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        fragment = HEADER.pack(P_DATA, 0, length) + bytes(min(length, 5))
        about = f"P-DATA-TF of {length} bytes by its header"
        yield Attempt(PDU_BOUNDS, about, [*opened, Send(data=fragment), *message(echo()), *releasing()])
    for length in (0, 1, 0x100, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        fragment = HEADER.pack(P_DATA, 0, 14) + struct.pack(">IBB", length, 1, 3) + bytes(8)
        about = f"a fragment of {length} bytes in a P-DATA-TF of 14"
        yield Attempt(PDU_BOUNDS, about, [*opened, Send(data=fragment), *message(echo()), *releasing()])
    for name, pdus in (
        ("A-RELEASE-RQ twice", (ReleaseRequest(), ReleaseRequest())),
        ("A-RELEASE-RP, then A-RELEASE-RQ", (ReleaseResponse(), ReleaseRequest())),
        ("A-RELEASE-RQ and A-RELEASE-RP, as in a collision", (ReleaseRequest(), ReleaseResponse())),
    ):
        steps = [*opened, *(Send(data=pdu.encode()) for pdu in pdus), Await(what=Awaited.RELEASE)]
        yield Attempt(STATES, name, steps)
    half = [step for step in message(echo()) if isinstance(step, Send)]
    cut = half[0].data[:-4]
    yield Attempt(STATES, "A-RELEASE-RQ within a P-DATA-TF", [*opened, Send(data=cut), *releasing()])


def _text(titles: Titles, request: bytes) -> Iterator[Attempt]:
    for field in (What.CALLED_TITLE, What.CALLING_TITLE):
        (place,) = of(request, field)
        for weakness, title in (
            (TITLE_PATH, b"../../../../tmp"),
            (TITLE_PATH, b"/tmp/PHTEST"),
            (TITLE_PATH, b"..\\..\\PHTEST"),
            (TITLE_PATH, b"PHTEST\0/../.."),
            (TITLE_PATH, b".."),
            (FORMAT, b"%s%s%s%n%n%n"),
            (LONG_TEXT, b"\xff" * 16),
            (LONG_TEXT, bytes(16)),
        ):
            changed = spliced(request, place.start, place.end, title.ljust(16))
            about = f"{field.name.lower().replace('_', ' ')} {title!r}"
            yield Attempt(weakness, about, _with(changed))
    names = (
        (Item.APPLICATION_CONTEXT, What.ITEM_VALUE),
        (Item.ABSTRACT_SYNTAX, What.ITEM_VALUE),
        (Item.TRANSFER_SYNTAX, What.ITEM_VALUE),
        (Item.IMPLEMENTATION_CLASS_UID, What.ITEM_VALUE),
        (Item.IMPLEMENTATION_VERSION_NAME, What.ITEM_VALUE),
    )
    for kind, what in names:
        place = _field(request, what, kind)
        for weakness, value in (
            (LONG_TEXT, b"1." * 0x4000 + b"1"),
            (FORMAT, b"%s%n" * 8),
            (LONG_TEXT, b"1" * 65),
        ):
            about = f"item {kind:02X}H with {value[:12]!r} … of {len(value)} bytes"
            yield Attempt(weakness, about, _with(spliced(request, place.start, place.end, value)))
    for size in (256, 0xFF00):
        identity = UserIdentity(2, b"P" * (size // 2), b"H" * (size // 2))
        steps = [*opening(titles, VERIFICATION, identity=identity), *message(echo()), *releasing()]
        yield Attempt(LONG_TEXT, f"a user identity of {size} bytes", steps)


def _many(titles: Titles, request: bytes) -> Iterator[Attempt]:
    context = _field(request, What.ITEM, Item.PROPOSED_CONTEXT)
    one = bytearray(context.value(request))
    for count in (129, 256, 1000, 5000):
        many = bytearray()
        for number in range(count):
            one[4] = (2 * number + 1) & 0xFF
            many += one
        about = f"{count} presentation contexts"
        yield Attempt(COUNTS, about, _with(spliced(request, context.start, context.end, bytes(many))))
    syntax = _field(request, What.ITEM, Item.TRANSFER_SYNTAX)
    many_syntaxes = spliced(request, syntax.start, syntax.end, syntax.value(request) * 2000)
    yield Attempt(COUNTS, "2000 transfer syntaxes in one context", _with(many_syntaxes))
    roles = item(Item.ROLE_SELECTION, b"\0\x111.2.840.10008.1.1\1\1") * 2000
    yield Attempt(COUNTS, "2000 role selections", _with(with_sub_item(request, roles)))
    nested = b"".join(
        spliced(request, syntax.start, syntax.end, item(kind, b"")) for kind in (0x20, 0x50, 0x10)
    )
    yield Attempt(COUNTS, "three requests, with items where none belong", [Send(data=nested)])
    flood: list[Steps] = []
    for on in range(MOST_CONNECTIONS):
        flood += [msgspec.structs.replace(step, on=on) for step in opening(titles, VERIFICATION)]
    yield Attempt(EXHAUSTION, f"{MOST_CONNECTIONS} associations open at once", flood)
    yield Attempt(
        EXHAUSTION,
        f"{MOST_CONNECTIONS} associations begun and left",
        [step for step in flood if isinstance(step, Send)],
    )
