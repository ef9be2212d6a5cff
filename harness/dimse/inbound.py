"""Reading from a connection: PDUs as values, messages as they stream in.

Nothing is allocated by what a length field claims: data is taken as it arrives, against a bound.  A wait that
ends in NoAnswer loses nothing; the next call goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from harness.dimse.command import COMMAND_LIMIT, CommandSet, decode_command
from harness.dimse.errors import (
    ConnectionClosed,
    DecodeError,
    MisuseError,
    NoAnswer,
    PeerAborted,
    PeerViolation,
    ReleaseRequested,
    UnexpectedPdu,
)
from harness.dimse.pdu import (
    ABORT,
    HEADER,
    P_DATA,
    PDV_HEADER,
    Abort,
    Pdu,
    ReleaseRequest,
    checked_header,
    checked_pdv,
    decode_pdu,
    name_of,
)
from harness.dimse.transport import Connection, Timer

PDU_LIMIT = 64 * 1024 * 1024
"""The longest P-DATA-TF that `pdu` takes as one value; messages have no such bound."""
_EMPTY_LIMIT = 1000
_SLOWEST = 64 * 1024
"""Bytes a second that a message must average once ten deadlines are spent on it."""


class Sink(Protocol):
    """What takes a data set as it arrives: a file opened for writing is one."""

    def write(self, data: memoryview, /) -> object:
        """The next bytes of it, one at least; they are gone when this returns."""


Choice = Callable[[int, CommandSet], tuple["Sink | None", int]]
"""By a message's context and command set, the sink of its data set (None: memory) and its longest length."""


@dataclass(frozen=True, slots=True)
class Message:
    """A DIMSE message.  `dataset` is None where there is none or where it went to a sink."""

    context_id: int
    command: CommandSet
    dataset: bytes | None
    dataset_length: int


@dataclass(frozen=True, slots=True)
class PdvHead:
    """A PDV whose `length` bytes of data are still to be read."""

    context_id: int
    is_command: bool
    is_last: bool
    length: int


@dataclass(slots=True)
class _Assembly:
    """A message of which a part has come."""

    context_id: int = 0
    command_bytes: bytearray = field(default_factory=bytearray)
    command: CommandSet | None = None
    has_data_set: bool = False
    pieces: list[bytes] = field(default_factory=list)
    length: int = 0
    empty: int = 0
    started: float = 0.0
    sink: Sink | None = None
    longest: int = 0


def aborted(pdu: Abort, awaited: str) -> PeerAborted:
    """The error for an A-ABORT that came where `awaited` was."""
    return PeerAborted("PS3.8 9.3.8", awaited, f"A-ABORT {pdu.words()}", pdu, pdu.encode())


class Inbound:
    """What comes in on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pdu_left = 0
        self._pdv: PdvHead | None = None
        self._pdv_left = 0
        self._assembly: _Assembly | None = None
        self.own_maximum: int | None = None
        """The maximum length that this side declared, which the peer must keep (PS3.8 D.1); 0 is none.

        None while there is no association, and so no place for P-DATA.
        """

    # ------------------------------------------------------------ PDUs

    def pdu(self, timer: Timer, awaited: str = "a PDU") -> Pdu:
        """The next PDU as a value.  NoAnswer, ConnectionClosed, DecodeError."""
        if self._pdu_left or self._pdv:
            raise MisuseError("a message is half read: read it to its end before single PDUs")
        type_, length = self._header(timer, awaited)
        if type_ == P_DATA and length > PDU_LIMIT and self.own_maximum is None:
            head = self._connection.buffered[:256]
            raise PeerViolation("PS3.8 9.2.3", awaited, f"a P-DATA-TF of {length} bytes", head)
        if type_ == P_DATA and length > PDU_LIMIT:
            raise MisuseError(
                f"a P-DATA-TF of {length} bytes is too long for one value: receive it as a message"
            )
        whole = self._whole(length, timer, awaited)
        return decode_pdu(whole)

    def _header(self, timer: Timer, awaited: str) -> tuple[int, int]:
        header = self._connection.fill(HEADER.size, timer, awaited)
        if len(header) < HEADER.size:
            self._closed(awaited)
        try:
            type_, length = checked_header(header)
        except DecodeError as error:
            error.raw = self._connection.buffered[:256]
            raise
        if type_ == P_DATA and self.own_maximum and length > self.own_maximum:
            raise PeerViolation(
                "PS3.8 D.1",
                f"P-DATA-TF PDUs of the declared maximum length {self.own_maximum} at most",
                f"a length field of {length}",
                self._connection.buffered[:256],
            )
        return type_, length

    def _whole(self, length: int, timer: Timer, awaited: str) -> bytes:
        size = HEADER.size + length
        whole = self._connection.fill(size, timer, awaited)
        if len(whole) < size:
            self._closed(awaited)
        self._connection.consume(size)
        return whole

    def _closed(self, awaited: str) -> NoReturn:
        have = self._connection.buffered
        partial = f" after {len(have)} bytes of a PDU" if have else ""
        raise ConnectionClosed("PS3.8 9.1.4", awaited, f"{self._connection.end}{partial}", have)

    def pending_abort(self) -> Abort | None:
        """An A-ABORT among the bytes that have arrived but are not consumed; looks no further than them."""
        data = self._connection.buffered
        at = self._pdu_left + self._pdv_left
        while len(data) - at >= HEADER.size + 4:
            type_, _, length = HEADER.unpack_from(data, at)
            if type_ == ABORT and length == 4:
                pdu = decode_pdu(data[at : at + 10])
                return pdu if isinstance(pdu, Abort) else None
            at += HEADER.size + length
        return None

    # ------------------------------------------------------------ messages

    def _head(self, timer: Timer, awaited: str) -> Pdu | PdvHead:
        """The next PDV's header, or the PDU that is no P-DATA-TF."""
        if not self._pdu_left:
            type_, length = self._header(timer, awaited)
            if type_ != P_DATA:
                return decode_pdu(self._whole(length, timer, awaited))
            if length < PDV_HEADER.size:
                whole = self._whole(length, timer, awaited)
                raise DecodeError("PS3.8 9.3.5", "a presentation data value item", f"{length} bytes", whole)
            self._connection.consume(HEADER.size)
            self._pdu_left = length
        if self._pdu_left < PDV_HEADER.size:
            rest = self._connection.buffered[: self._pdu_left]
            observed = f"{self._pdu_left} bytes left in the PDU"
            raise DecodeError("PS3.8 9.3.5", "a presentation data value item", observed, rest)
        header = self._connection.fill(PDV_HEADER.size, timer, "the rest of a P-DATA-TF PDU")
        if len(header) < PDV_HEADER.size:
            self._closed("the rest of a P-DATA-TF PDU")
        length, context_id, control = checked_pdv(header, self._pdu_left)
        self._connection.consume(PDV_HEADER.size)
        self._pdu_left -= PDV_HEADER.size + length
        head = PdvHead(context_id, bool(control & 1), bool(control & 2), length)
        self._pdv, self._pdv_left = head, length
        return head

    def message(
        self,
        seconds: float,
        known: Mapping[int, object],
        choose: Choice,
        awaited: str = "a DIMSE message",
    ) -> Message:
        """The next message; `seconds` bounds each wait for more of it.

        `known` holds the accepted presentation contexts; `choose` says where a data set goes.  Raises
        PeerAborted, ReleaseRequested, UnexpectedPdu for other PDUs, PeerViolation for fragments against PS3.8
        annex E, MisuseError beyond the longest length.
        """
        assembly = self._assembly = self._assembly or _Assembly()
        while True:
            head = self._pdv or self._head(Timer(seconds), awaited)
            if not isinstance(head, PdvHead):
                self._assembly = None
                self._refuse(head, awaited)
            if not assembly.started:
                assembly.started = time.monotonic()
                assembly.context_id = head.context_id
            self._check(head, assembly, known)
            self._take(head, assembly, seconds)
            self._pdv = None
            if head.is_last and self._complete(head, assembly, choose):
                self._assembly = None
                command = assembly.command
                if command is None:
                    raise MisuseError("a message without its command set")  # _complete has decoded it
                kept = b"".join(assembly.pieces) if assembly.has_data_set and assembly.sink is None else None
                return Message(assembly.context_id, command, kept, assembly.length)

    def _complete(self, head: PdvHead, assembly: _Assembly, choose: Choice) -> bool:
        if head.is_command:
            command = assembly.command = decode_command(assembly.command_bytes)
            assembly.has_data_set = command.has_data_set
            if assembly.has_data_set:
                assembly.sink, assembly.longest = choose(assembly.context_id, command)
            return not assembly.has_data_set
        return True

    def _refuse(self, pdu: Pdu, awaited: str) -> NoReturn:
        if isinstance(pdu, Abort):
            raise aborted(pdu, awaited)
        kind = ReleaseRequested if isinstance(pdu, ReleaseRequest) else UnexpectedPdu
        raise kind("PS3.8 9.2.3", awaited, name_of(pdu), pdu, pdu.encode())

    def _check(self, head: PdvHead, assembly: _Assembly, known: Mapping[int, object]) -> None:
        if head.context_id not in known:
            raise PeerViolation(
                "PS3.8 9.3.5.1",
                f"a PDV of an accepted presentation context ({', '.join(map(str, known)) or 'none'})",
                f"presentation context id {head.context_id}",
            )
        if head.context_id != assembly.context_id:
            raise PeerViolation(
                "PS3.8 E.1",
                f"the rest of the message on presentation context {assembly.context_id}",
                f"a fragment on presentation context {head.context_id}",
            )
        if head.is_command == (assembly.command is not None):
            expected, observed = ("a command", "a data set")
            if head.is_command:
                expected, observed = observed, expected
            raise PeerViolation("PS3.8 E.1", f"{expected} fragment", f"{observed} fragment")
        assembly.empty = 0 if head.length or head.is_last else assembly.empty + 1
        if assembly.empty > _EMPTY_LIMIT:
            raise PeerViolation("PS3.8 E.1", "PDVs that hold data", f"{_EMPTY_LIMIT} empty ones in a row")

    def _take(self, head: PdvHead, assembly: _Assembly, seconds: float) -> None:
        have = len(assembly.command_bytes) if head.is_command else assembly.length
        bound = COMMAND_LIMIT if head.is_command else assembly.longest
        if have + self._pdv_left > bound:
            if head.is_command:
                raise DecodeError("PS3.7 6.3.1", f"a command set of up to {bound} bytes", "a longer one")
            raise MisuseError(f"the data set is longer than the {bound} bytes that this call takes")
        while self._pdv_left:
            elapsed = time.monotonic() - assembly.started
            if elapsed > 10 * seconds + assembly.length / _SLOWEST:
                raise NoAnswer(elapsed, f"the rest of a message, of which {assembly.length} bytes came")
            piece = self._connection.take_some(self._pdv_left, Timer(seconds), "the rest of a P-DATA-TF PDU")
            if not len(piece):
                self._closed("the rest of a P-DATA-TF PDU")
            self._pdv_left -= len(piece)
            if head.is_command:
                assembly.command_bytes += piece
                continue
            assembly.length += len(piece)
            if assembly.sink is not None:
                assembly.sink.write(piece)
            else:
                assembly.pieces.append(bytes(piece))
