"""A recorded exchange as text for people: PDU by PDU, commands in keywords, data sets as far as kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.dimse.command import decode_command
from harness.dimse.errors import DecodeError
from harness.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    Pdu,
    decode_pdu,
    name_of,
)
from harness.dimse.walker import Element, walk

if TYPE_CHECKING:
    from harness.dimse.capture import Endpoints, Record

_ELEMENTS = 60
"""Elements of one data set that are listed."""
_HEX = 64


@dataclass(slots=True)
class _Message:
    """What has come of one message in one direction."""

    command: bytearray = field(default_factory=bytearray)
    dataset: bytearray = field(default_factory=bytearray)
    cut: int = 0


@dataclass(slots=True)
class _Talk:
    """What the listing knows of one connection."""

    bulk_limit: int
    syntaxes: dict[int, str] = field(default_factory=dict)
    messages: dict[bool, _Message] = field(default_factory=lambda: {True: _Message(), False: _Message()})


def listing(records: Sequence[Record], endpoints: Sequence[Endpoints], bulk_limit: int, dropped: int) -> str:
    """The text; the limits that were in force come first."""
    lines = [f"→ sent by the harness, ← received from the peer; data sets are cut after {bulk_limit} bytes"]
    if dropped:
        lines.append(f"{dropped} PDUs were left out: the recorder's memory was full")
    talks = [_Talk(bulk_limit) for _ in endpoints]
    if not records:
        return "\n".join([*lines, "nothing was exchanged"]) + "\n"
    start = records[0].time
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(start // 1_000_000_000))
    lines.append(f"times in seconds from {stamp}.{start // 1000 % 1_000_000:06d} UTC")
    for number, ends in enumerate(endpoints):
        role = "peer calls the harness" if ends.we_serve else "harness calls the peer"
        client, server = (f"{host}:{port}" for host, port in (ends.client, ends.server))
        lines.append(f"connection {number + 1}: {client} to {server} ({role})")
    for record in records:
        arrow = "→" if record.outgoing else "←"
        which = f"#{record.tape + 1} " if len(endpoints) > 1 else ""
        head = f"{(record.time - start) / 1e9:12.6f} {which}{arrow} "
        lines += _record(head, record, talks[record.tape])
    return "\n".join(lines) + "\n"


def _record(head: str, record: Record, talk: _Talk) -> Iterator[str]:
    kept = record.kept
    if kept is None:
        yield f"{head}connection ended: {record.note}"
        return
    size = f"{kept.length} bytes" + (f", {kept.cut} of them cut" if kept.cut else "")
    if not kept.whole:
        what = "an incomplete PDU" if record.note else "bytes that are no PDU"
        yield f"{head}{what} ({size}): {_hex(kept.data)}"
        return
    try:
        pdu = decode_pdu(kept.data)
    except DecodeError as error:
        yield f"{head}a damaged PDU ({size}): {error}"
        yield f"{'':17}{_hex(kept.data)}"
        return
    yield f"{head}{name_of(pdu)} ({size})"
    for line in _pdu(pdu, record.outgoing, kept.cut, talk):
        yield f"{'':17}{line}"


def _pdu(pdu: Pdu, outgoing: bool, cut: int, talk: _Talk) -> Iterator[str]:
    if isinstance(pdu, AssociateRequest | AssociateAccept):
        yield from _associate(pdu, talk)
    elif isinstance(pdu, AssociateReject | Abort):
        yield pdu.words()
    elif isinstance(pdu, PData):
        message = talk.messages[outgoing]
        message.cut += cut
        for pdv in pdu.pdvs:
            kind = "command" if pdv.is_command else "data set"
            last = ", last" if pdv.is_last else ""
            yield f"context {pdv.context_id}, {kind} fragment of {len(pdv.data)} bytes kept{last}"
            (message.command if pdv.is_command else message.dataset).extend(pdv.data)
            if pdv.is_last and pdv.is_command:
                yield from _command(bytes(message.command))
                message.command.clear()
            elif pdv.is_last:
                if message.cut:
                    del message.dataset[talk.bulk_limit :]  # what follows lies behind a gap
                yield from _dataset(message, talk.syntaxes.get(pdv.context_id))
                talk.messages[outgoing] = message = _Message()


def _associate(pdu: AssociateRequest | AssociateAccept, talk: _Talk) -> Iterator[str]:
    yield f"called {pdu.called_ae_title!r}, calling {pdu.calling_ae_title!r}, version {pdu.protocol_version}"
    if isinstance(pdu, AssociateRequest):
        for proposed in pdu.contexts:
            syntaxes = ", ".join(proposed.transfer_syntaxes)
            yield f"context {proposed.id}: {proposed.abstract_syntax} in {syntaxes}"
    else:
        for answered in pdu.contexts:
            if answered.accepted:
                talk.syntaxes[answered.id] = answered.transfer_syntax.rstrip("\0 ")
            said = (
                f"accepted, {answered.transfer_syntax}"
                if answered.accepted
                else f"refused ({answered.result})"
            )
            yield f"context {answered.id}: {said}"
    user = pdu.user
    yield (
        f"maximum length {user.maximum_length}, implementation {user.implementation_class_uid}"
        f" {user.implementation_version_name}"
    )
    for role in user.roles:
        yield f"role selection {role.sop_class}: SCU {role.scu}, SCP {role.scp}"
    if user.async_window:
        window = user.async_window
        yield f"asynchronous window: {window.invoked} invoked, {window.performed} performed"
    for extended in user.extended:
        yield f"extended negotiation {extended.sop_class}: {_hex(extended.data)}"
    for common in user.common_extended:
        classes = " ".join((common.service_class, *common.related))
        yield f"common extended negotiation {common.sop_class}: {classes}"
    if user.user_identity:
        who = user.user_identity.primary.decode("utf-8", "replace")
        masked = ", its passcode overwritten with *" if user.user_identity.secondary else ""
        yield f"user identity of type {user.user_identity.type}: {who!r}{masked}"
    if user.user_identity_response is not None:
        yield f"user identity response of {len(user.user_identity_response)} bytes"


def _command(data: bytes) -> Iterator[str]:
    try:
        command = decode_command(data)
    except DecodeError as error:
        yield f"a damaged command set: {error}"
        yield _hex(data)
        return
    yield command.name
    for line in command.lines():
        yield f"  {line}"


def _dataset(message: _Message, syntax: str | None) -> Iterator[str]:
    data = bytes(message.dataset)
    if syntax is None:
        yield f"data set in an unknown transfer syntax: {_hex(data)}"
        return
    yield f"data set in {syntax}"
    yield from data_set_lines(data, syntax, was_cut=bool(message.cut))


def data_set_lines(
    data: bytes, syntax: str, *, most: int = _ELEMENTS, was_cut: bool = False
) -> Iterator[str]:
    """An encoded data set for people, a line an element, up to where it is damaged (or `was_cut`)."""
    try:
        for count, element in enumerate(walk(data, syntax)):
            if count == most:
                yield "  …"
                return
            yield f"  {'  ' * element.depth}{_element(element)}"
    except DecodeError as error:
        yield "  … (cut here)" if was_cut else f"  damaged: {error}"


def _element(element: Element) -> str:
    if element.is_item:
        return f"item {element.index}" + (f": {_hex(bytes(element.value))}" if len(element.value) else "")
    tag = f"({element.tag >> 16:04X},{element.tag & 0xFFFF:04X}) {element.vr or ''}".rstrip()
    if element.is_sequence:
        return f"{tag} sequence"
    value = bytes(element.value[:_HEX])
    text = value.rstrip(b"\0 ").decode("latin-1")
    shown = repr(text) if text.isprintable() else value.hex(" ")
    return f"{tag} {shown}" + (f" … {len(element.value)} bytes" if len(element.value) > _HEX else "")


def _hex(data: bytes) -> str:
    return data[:_HEX].hex(" ") + (f" … {len(data)} bytes" if len(data) > _HEX else "")
