"""What was sent on a connection, as a strict receiver reads it: PDUs, messages, and what breaks the rules.

The receiver is the acceptor of PS3.8 9.2.  It waits for its A-ASSOCIATE-RQ (Sta2), has accepted it (Sta6),
and awaits the end of the connection once it has rejected, released or aborted (Sta13).
"""

from __future__ import annotations

import contextlib
import enum
import functools
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from harness.dimse.command import Command, CommandSet, command_name, decode_command
from harness.dimse.errors import DecodeError, PeerViolation
from harness.dimse.pdu import (
    ABORT,
    ASSOCIATE_RQ,
    HEADER,
    NAMES,
    P_DATA,
    PDV_HEADER,
    RELEASE_RQ,
    AssociateRequest,
    decode_pdu,
)
from harness.fuzz.pdus.script import Send, Steps


class Fault(enum.Enum):
    """Whether a PDU is a legal one by itself."""

    NONE = enum.auto()
    DOUBTFUL = enum.auto()
    """Against the standard, and many a receiver reads over it."""
    CERTAIN = enum.auto()
    """No receiver can make sense of it: "unrecognized or invalid PDU" (PS3.8 table 9-10)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A PDU by its header: `data` is all of it that was sent, `step` the one that brought its end."""

    step: int
    type: int
    data: bytes = field(repr=False)
    is_whole: bool
    fault: Fault

    @property
    def name(self) -> str:
        """For people."""
        return NAMES.get(self.type, f"a PDU of type {self.type:02X}H")


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command set whose last fragment was sent, in frame number `frame`; None where it does not decode."""

    frame: int
    context_id: int
    command: CommandSet | None
    has_all: bool
    """Whether its data set is there too, if it has one."""
    data: bytes = field(default=b"", repr=False)
    """That data set."""

    @property
    def message_id(self) -> int | None:
        """Its Message ID (0000,0110); None where that cannot be told."""
        if self.command is None:
            return None
        with contextlib.suppress(PeerViolation):
            value = self.command.get("MessageID")
            return value if isinstance(value, int) else None
        return None

    @property
    def field(self) -> int | None:
        """Its Command Field (0000,0100); None where that cannot be told."""
        if self.command is None:
            return None
        with contextlib.suppress(PeerViolation):
            value = self.command.get("CommandField")
            return value if isinstance(value, int) else None
        return None

    @property
    def is_certain(self) -> bool:
        """Whether it is known what answers it; nothing answers C-CANCEL."""
        return self.field == Command.C_CANCEL_RQ or None not in (self.field, self.message_id)

    @property
    def name(self) -> str:
        """For people."""
        return "a damaged command set" if self.field is None else command_name(self.field)


@dataclass(frozen=True, slots=True)
class Sent:
    """All that was sent on a connection, by PDUs and by command sets.  Places are those of frames, from 0."""

    frames: tuple[Frame, ...]
    commands: tuple[SentCommand, ...]
    request: AssociateRequest | None
    """The A-ASSOCIATE-RQ that the connection began with, if it decodes."""
    violation: int | None
    """The first frame that has to be answered with A-ABORT (PS3.8 table 9-10, AA-1 and AA-8)."""
    end: int | None
    """The first frame behind which no message may be served: a violation, a release request, an abort."""
    are_certain: bool
    """Whether every command set is known for sure, so that a response is seen to answer one or none."""
    is_orderly: bool
    """Whether nothing is wrong with the fragments of messages (PS3.8 annex E)."""

    @property
    def asks(self) -> bool:
        """Whether the connection began with a whole A-ASSOCIATE-RQ, damaged or not."""
        return bool(self.frames) and self.frames[0].type == ASSOCIATE_RQ and self.frames[0].is_whole

    @property
    def releases(self) -> int:
        """How often a release was asked for, by PDU type alone."""
        return sum(frame.type == RELEASE_RQ for frame in self.frames)

    @property
    def is_within_pdu(self) -> bool:
        """Whether the last PDU is not complete: whoever reads on waits for more of it."""
        return bool(self.frames) and not self.frames[-1].is_whole


def sent(steps: Iterable[Steps], on: int) -> Sent:
    """What the steps send on connection `on`; steps are numbered from 0 across all connections."""
    pieces = [
        (number, step.data) for number, step in enumerate(steps) if isinstance(step, Send) and step.on == on
    ]
    frames = tuple(_frames(pieces))
    commands, are_certain, is_orderly = _commands(frames)
    violation, end = _ends(frames)
    return Sent(frames, commands, _request(frames), violation, end, are_certain, is_orderly)


def _request(frames: tuple[Frame, ...]) -> AssociateRequest | None:
    if frames and frames[0].type == ASSOCIATE_RQ and frames[0].is_whole:
        with contextlib.suppress(DecodeError):
            pdu = _decoded(frames[0].data)
            return pdu if isinstance(pdu, AssociateRequest) else None
    return None


_decoded = functools.lru_cache(maxsize=64)(decode_pdu)
"""The same few A-ASSOCIATE-RQ come in most cases, and decoding them would be most of the work."""


def _ends(frames: tuple[Frame, ...]) -> tuple[int | None, int | None]:
    """The first violation, and the first frame of any kind that ends the service."""
    end: int | None = None
    for number, frame in enumerate(frames):
        if not frame.is_whole:
            continue
        if _violates(frame, is_first=number == 0):
            return number, number if end is None else end
        if frame.type in (RELEASE_RQ, ABORT) and frame.fault is Fault.NONE and end is None:
            end = number
        if frame.type == ABORT:
            break
    return None, end


def _violates(frame: Frame, *, is_first: bool) -> bool:
    if frame.fault is Fault.CERTAIN:
        return True
    if is_first:
        return frame.type not in (ASSOCIATE_RQ, ABORT)
    return frame.type not in (P_DATA, RELEASE_RQ, ABORT)


def _frames(pieces: list[tuple[int, bytes]]) -> Iterator[Frame]:
    """PDUs by their headers out of (step, bytes)."""
    whole = b"".join(data for _, data in pieces)
    ends = zip(itertools.accumulate(len(data) for _, data in pieces), pieces, strict=True)
    reached, step = 0, 0
    at = 0
    while at < len(whole):
        kind, size = whole[at], HEADER.size
        if at + HEADER.size <= len(whole):
            size += HEADER.unpack_from(whole, at)[2]
        after = min(len(whole), at + size)
        data = whole[at:after]
        is_whole = len(data) == size
        while reached < after:
            reached, (step, _) = next(ends)
        yield Frame(step, kind, data, is_whole, _fault(kind, data) if is_whole else Fault.NONE)
        at = after


@functools.lru_cache(maxsize=256)
def _fault(kind: int, data: bytes) -> Fault:
    if kind not in NAMES:
        return Fault.CERTAIN
    if kind == P_DATA:
        return _fragment_fault(data)
    try:
        _decoded(data)
    except DecodeError:
        return Fault.DOUBTFUL
    return Fault.NONE


def _fragment_fault(data: bytes) -> Fault:
    at = HEADER.size
    while len(data) - at >= PDV_HEADER.size:
        length = PDV_HEADER.unpack_from(data, at)[0]
        if length > len(data) - at - 4:
            return Fault.CERTAIN  # the fragment ends beyond its PDU (PS3.8 9.3.5.1)
        if length < 2:
            return Fault.DOUBTFUL
        at += 4 + length
    return Fault.NONE if at == len(data) and at > HEADER.size else Fault.DOUBTFUL


def _commands(frames: tuple[Frame, ...]) -> tuple[tuple[SentCommand, ...], bool, bool]:
    """The command sets, whether all are known for sure, and whether their fragments are in good order."""
    found: list[SentCommand] = []
    halves: dict[int, bytearray] = {}
    awaiting: int | None = None
    """The command, by its place, whose data set is under way."""
    current: int | None = None
    """The context of the message that is under way."""
    pieces: list[bytes] = []
    """The data set that is under way."""
    are_certain = is_orderly = True
    for number, frame in enumerate(frames):
        if frame.type != P_DATA:
            is_orderly = is_orderly and current is None
            continue
        if not frame.is_whole or frame.fault is not Fault.NONE:
            are_certain = is_orderly = False
        for context, control, data in _fragments(frame.data):
            is_command, is_last = bool(control & 1), bool(control & 2)
            is_orderly &= current in (None, context) and is_command is (awaiting is None) and control < 4
            current = context
            if is_command:
                half = halves.setdefault(context, bytearray())
                half += data
                if is_last:
                    found.append(_command(number, context, bytes(halves.pop(context))))
                    are_certain &= found[-1].is_certain
                    is_orderly &= found[-1].command is not None
                    awaiting = None if found[-1].has_all else len(found) - 1
                    current = None if found[-1].has_all else context
                    pieces.clear()
                continue
            pieces.append(data)
            if is_last:
                if awaiting is not None:
                    whole = b"".join(pieces)
                    found[awaiting] = replace(found[awaiting], frame=number, has_all=True, data=whole)
                awaiting = current = None
    return tuple(found), are_certain and not halves, is_orderly


def _command(frame: int, context: int, data: bytes) -> SentCommand:
    try:
        command = decode_command(data)
        has_data = command.has_data_set
    except PeerViolation:
        return SentCommand(frame, context, None, has_all=True)
    return SentCommand(frame, context, command, has_all=not has_data)


def _fragments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = HEADER.size
    while at + PDV_HEADER.size <= len(data):
        length, context, control = PDV_HEADER.unpack_from(data, at)
        end = at + 4 + max(2, length)
        yield context, control, data[at + PDV_HEADER.size : end]
        at = end
