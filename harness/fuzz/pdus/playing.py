"""Playing a script against a product, and what came back: PDU by PDU, undecodable bytes as they are."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.dimse.capture import Recorder
from harness.dimse.command import CommandSet, decode_command
from harness.dimse.errors import (
    ConnectionClosed,
    DecodeError,
    NoAnswer,
    Unreachable,
)
from harness.dimse.pdu import (
    ASSOCIATE_LIMIT,
    HEADER,
    Abort,
    AssociateAccept,
    AssociateReject,
    PData,
    Pdu,
    ReleaseResponse,
    checked_header,
    decode_pdu,
)
from harness.dimse.transport import Connection, Timer, connect
from harness.fuzz.pdus.played import Ending, Heard, Played
from harness.fuzz.pdus.script import (
    Await,
    Awaited,
    Close,
    HalfClose,
    Reset,
    Script,
    Send,
    Steps,
    identified,
)
from harness.scu.session import Peer
from harness.scu.status import PENDING

GRACE = 0.03
"""Seconds for an answer that nobody has to give, and for the end of a connection that was half closed."""
MOST_SILENT = 3
"""Times that a whole play waits out its patience: a server of one association after the other would be
waited for on each of sixty.  What is owed after that gets the grace alone, and its silence is no finding."""
MOST_HEARD = 8 * 1024 * 1024
"""Bytes that are kept of what comes back on a connection; one that sends more is closed."""
_PENDING = frozenset(status.to_bytes(2, "little") for status in PENDING)
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class _Line:
    """One connection while it is played."""

    connection: Connection | None
    accepted: frozenset[int] | None = None
    """The presentation contexts of A-ASSOCIATE-AC, once it came."""
    ending: Ending | None = None
    is_over: bool = False
    """Whether A-ABORT, A-ASSOCIATE-RJ or A-RELEASE-RP came: nothing more is to be expected."""
    is_mute: bool = False
    """Whether the product kept silent where it was asked last."""
    is_asked: bool = False
    """Whether the product has a request of its own open, which no script answers: it may wait for that."""
    is_half_closed: bool = False
    heard: int = 0


class _Player:
    def __init__(self, peer: Peer, patience: float, grace: float, recorder: Recorder | None) -> None:
        self._peer = peer
        self._recorder = recorder
        self._patience = patience
        self._grace = grace
        self._lines: dict[int, _Line] = {}
        self.heard: list[Heard] = []
        self.unanswered: list[int] = []
        self._silences = 0
        """Waits that took all of the patience."""
        self.is_cut = False

    def run(self, steps: Sequence[Steps]) -> None:
        try:
            at = 0
            while at < len(steps):
                at = self._do(at, steps)
            for number, line in self._lines.items():
                self._poll(number, line, len(steps))
        finally:
            for line in self._lines.values():
                if line.connection is not None:
                    line.connection.close()

    def endings(self) -> tuple[tuple[int, Ending], ...]:
        return tuple((number, line.ending or Ending.OPEN) for number, line in self._lines.items())

    def _do(self, at: int, steps: Sequence[Steps]) -> int:
        """Do a step, and those that go out with it; the number of the next one."""
        step = steps[at]
        line = self._lines.get(step.on) or self._open(step.on)
        if isinstance(step, Send):
            return self._send(at, steps, line)
        if line.connection is None or line.ending is not None:
            return at + 1
        if isinstance(step, Await):
            self._await(at, step, line)
        elif isinstance(step, HalfClose):
            line.connection.half_close()
            line.is_half_closed = True
        elif isinstance(step, Close | Reset):
            self._poll(step.on, line, at)
            if isinstance(step, Reset):
                with contextlib.suppress(OSError):
                    line.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            line.connection.close()
            line.ending = line.ending or Ending.OURS
        return at + 1

    def _open(self, number: int) -> _Line:
        """A new connection.  Only a first one that is refused ends the play: Unreachable."""
        peer = self._peer
        try:
            sock = connect(peer.address, min(peer.deadline, 10.0), peer.tls, peer.server_hostname)
        except Unreachable:
            if not self._lines:
                raise
            line = _Line(None, ending=Ending.NEVER)
        else:
            tape = None if self._recorder is None else self._recorder.connection(sock)
            line = _Line(Connection(sock, tape=tape))
        self._lines[number] = line
        return line

    def _send(self, at: int, steps: Sequence[Steps], line: _Line) -> int:
        """Send what goes out together from step `at` on, if the connection still takes it."""
        first = steps[at]
        assert isinstance(first, Send)
        buffers = [first.data]
        at += 1
        while not first.piece and at < len(steps):
            more = steps[at]
            if not isinstance(more, Send) or more.piece or more.on != first.on:
                break
            buffers.append(more.data)
            at += 1
        connection = line.connection
        if connection is None or line.ending is not None:
            return at
        # A product that no longer reads, or has gone, is seen by what it said before.
        with contextlib.suppress(ConnectionClosed, NoAnswer):
            if first.piece:
                for start in range(0, len(first.data), first.piece):
                    connection.send([first.data[start : start + first.piece]], self._patience)
                    if first.pause:
                        time.sleep(first.pause)
            else:
                connection.send(buffers, self._patience)
        line.is_mute = False
        return at

    def _await(self, at: int, step: Await, line: _Line) -> None:
        if step.what is not Awaited.END:
            if line.is_over:
                return
            if step.context and line.accepted is not None and step.context not in line.accepted:
                return
        grace = 0.0 if line.is_mute else self._grace
        is_due = step.is_owed and not line.is_asked
        is_patient = is_due and self._silences < MOST_SILENT
        timer = Timer(self._patience if is_patient else grace)
        while line.ending is None:
            try:
                one = self._hear(step.on, line, at, timer)
            except NoAnswer:
                line.is_mute = True
                self._silences += is_patient
                if is_patient or not is_due:
                    self.unanswered.append(at)
                return
            if one is not None and (line.is_over or _ends(step.what, one)) and step.what is not Awaited.END:
                return

    def _poll(self, number: int, line: _Line, at: int) -> None:
        """Take what has come, without waiting."""
        timer = Timer(0.0)
        with contextlib.suppress(NoAnswer):
            while line.ending is None:
                self._hear(number, line, at, timer)

    def _hear(self, number: int, line: _Line, at: int, timer: Timer) -> Heard | None:
        """The next PDU, or None at the end of the connection, which is noted.  NoAnswer."""
        connection = line.connection
        assert connection is not None
        if line.heard > MOST_HEARD:
            self.is_cut = True
            connection.close()
            line.ending = Ending.OURS
            return None
        try:
            data, pdu, why = _next(connection, timer)
        except Unreachable as failure:  # a TLS peer that takes the handshake and ends behind it
            data, pdu, why = b"", None, str(failure)
        if pdu is None:
            if not why:
                line.ending = Ending.RESET if "closed" not in (connection.end or "") else Ending.CLOSED
            else:
                line.ending = Ending.OURS
                connection.close()
            if not data:
                return None
        one = Heard(number, at, data, pdu, why or ("" if pdu else "the connection ended within a PDU"))
        self.heard.append(one)
        line.heard += len(data)
        if isinstance(pdu, AssociateAccept) and line.accepted is None:
            line.accepted = frozenset(context.id for context in pdu.contexts if context.accepted)
        line.is_asked = line.is_asked or (isinstance(pdu, PData) and _asks(pdu))
        line.is_over = line.is_over or isinstance(pdu, Abort | AssociateReject | ReleaseResponse)
        return one


def _next(connection: Connection, timer: Timer) -> tuple[bytes, Pdu | None, str]:
    """(bytes, the PDU, what is wrong with them); neither of these at the end of the stream.  NoAnswer."""
    awaited = "a PDU"
    header = connection.fill(HEADER.size, timer, awaited)
    if len(header) < HEADER.size:
        return header, None, ""
    try:
        _, length = checked_header(header)
        if length > ASSOCIATE_LIMIT:
            raise DecodeError("PS3.8 9.3.1", "a PDU of reasonable length", f"a length field of {length}")
        whole = connection.fill(HEADER.size + length, timer, awaited)
        if len(whole) < HEADER.size + length:
            return whole, None, ""
        pdu = decode_pdu(whole)
    except DecodeError as error:
        return connection.buffered[:MOST_HEARD], None, str(error)
    connection.consume(len(whole))
    return whole, pdu, ""


def _ends(awaited: Awaited, one: Heard) -> bool:
    """Whether a PDU is what was awaited."""
    if one.pdu is None:
        return True
    if awaited is Awaited.ASSOCIATION:
        return isinstance(one.pdu, AssociateAccept | AssociateReject)
    if awaited is Awaited.RESPONSE:
        return isinstance(one.pdu, PData) and _is_final(one.pdu)
    return False  # A-RELEASE-RP ends every wait


def _commands(pdu: PData) -> Iterator[CommandSet]:
    """The command sets that are whole in one fragment, as nearly all are; empty for a damaged one."""
    for pdv in pdu.pdvs:
        if pdv.is_command and pdv.is_last:
            try:
                yield decode_command(pdv.data)
            except DecodeError:
                yield CommandSet(())


def _is_final(pdu: PData) -> bool:
    """Whether it ends a command set that is no pending response: a final one, a request, or a damaged one."""
    return any(command.raw("Status") not in _PENDING for command in _commands(pdu))


def _asks(pdu: PData) -> bool:
    """Whether it holds a request: Command Field without the bit of a response (PS3.7 E.1)."""
    return any((command.raw("CommandField") or b"\0\x80")[-1] < 0x80 for command in _commands(pdu))


def play(
    script: Script,
    peer: Peer,
    *,
    patience: float,
    grace: float = GRACE,
    recorder: Recorder | None = None,
) -> Played:
    """What the product does with a script.

    An owed answer has `patience` seconds; what is not owed has `grace`, and after a silence nothing until
    more was sent.  A play that is to confirm a finding should have more grace than one that looks for it.
    Raises Unreachable where not even the first connection comes about.
    """
    begun = time.monotonic()
    player = _Player(peer, patience, grace, recorder)
    played = script if peer.user_identity is None else identified(script, peer.user_identity)
    player.run(played.steps)
    return Played(
        tuple(player.heard),
        player.endings(),
        tuple(player.unanswered),
        patience,
        time.monotonic() - begun,
        player.is_cut,
    )
