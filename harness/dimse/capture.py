"""Recording associations: the proof beside a verdict, as pcapng and as text.

A `Recorder` serves all associations of one scenario.  It keeps plain text, under TLS too; data sets are cut
at a stated limit, passcodes masked, memory bounded.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from harness.dimse.closing import closed
from harness.dimse.cutting import Cutter, Kept
from harness.dimse.listing import listing
from harness.dimse.pcapng import Conversation, Segment, pcapng
from harness.dimse.transport import Buffer, Moment

BULK_LIMIT = 4096
MEMORY_LIMIT = 16 * 1024 * 1024
_OVERHEAD = 256
"""Bytes that a record costs beside its data, roughly."""


@dataclass(frozen=True, slots=True)
class Record:
    """Something that passed on connection `tape` (from 0), at `time` ns since 1970.

    `order` is the turn in which it came, or its sending began, and its number among all records.  `outgoing`
    is from us to the peer.  `kept` None marks the connection's end on that side; `note` says why.
    """

    order: tuple[int, int]
    tape: int
    time: int
    outgoing: bool
    kept: Kept | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Who talks on a recorded connection: (host, port) of the client and of the server."""

    client: tuple[str, int]
    server: tuple[str, int]
    we_serve: bool


class Tape:
    """One connection's recorder; `Connection` calls it."""

    def __init__(self, recorder: Recorder, number: int, endpoints: Endpoints, limit: int) -> None:
        self._recorder = recorder
        self.number = number
        self.endpoints = endpoints
        self._begun: Moment | None = None
        self._out = Cutter(limit, lambda kept: recorder._add(number, True, kept, begun=self._begun))
        self._in = Cutter(limit, lambda kept: recorder._add(number, False, kept))

    def moment(self) -> Moment:
        """This moment, to be taken ahead of a send."""
        with self._recorder._lock:
            return self._recorder._now()

    def sent(self, data: Buffer, begun: Moment | None = None) -> None:
        """Bytes that went to the peer, in a send that began at that moment (None: now)."""
        with self._recorder._lock:
            self._begun = begun
            self._out.feed(memoryview(data))

    def received(self, data: Buffer) -> None:
        """Bytes that came from the peer."""
        with self._recorder._lock:
            self._in.feed(memoryview(data))

    def ended(self, by_peer: bool, why: str) -> None:
        """The connection's end on one side."""
        with self._recorder._lock:
            self._recorder._add(self.number, not by_peer, None, why)

    def unfinished(self) -> list[tuple[bool, Kept]]:
        """(outgoing, bytes) of PDUs that never became complete."""
        pairs = ((True, self._out.unfinished()), (False, self._in.unfinished()))
        return [(outgoing, kept) for outgoing, kept in pairs if kept is not None]


class Recorder:
    """Records every association it is given to.

    Of each data set `bulk_limit` bytes are kept; P-DATA beyond `memory_limit` bytes pushes out the oldest
    (negotiation, release and abort stay).  What was left out is stated in both forms of output.  Byte strings
    in `secrets` are overwritten wherever they stand within one PDU; passcodes of a user identity always are.
    """

    def __init__(
        self,
        bulk_limit: int = BULK_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
        secrets: tuple[bytes, ...] = (),
    ) -> None:
        self.bulk_limit = bulk_limit
        self._memory_limit = memory_limit
        self._secrets = tuple(secret for secret in secrets if secret)
        self._lock = threading.RLock()
        self._tapes: list[Tape] = []
        self._firm: deque[Record] = deque()
        self._data: deque[Record] = deque()
        self._size = 0
        self._count = 0
        self._turns = 0
        self.dropped = 0
        """PDUs that the memory limit pushed out."""

    def connection(self, sock: socket.socket, *, server: bool = False) -> Tape:
        """A tape for one connected socket; `server` says that our side accepted it."""
        own, peer = _name(sock, own=True), _name(sock, own=False)
        return self.tape(Endpoints(peer, own, True) if server else Endpoints(own, peer, False))

    def tape(self, endpoints: Endpoints) -> Tape:
        """A tape for a connection between the given endpoints."""
        with self._lock:
            tape = Tape(self, len(self._tapes), endpoints, self.bulk_limit)
            self._tapes.append(tape)
            return tape

    def _now(self) -> Moment:
        self._turns += 1
        return Moment(self._turns, time.time_ns())

    def _add(
        self, tape: int, outgoing: bool, kept: Kept | None, note: str = "", begun: Moment | None = None
    ) -> None:
        if kept is not None and self._secrets:
            kept = self._without_secrets(kept)
        at = begun or self._now()
        record = Record((at.turn, self._count), tape, at.time, outgoing, kept, note)
        self._count += 1
        (self._data if kept is not None and kept.is_data else self._firm).append(record)
        self._size += _cost(record)
        while self._size > self._memory_limit and (self._data or self._firm):
            self._size -= _cost((self._data or self._firm).popleft())
            self.dropped += 1

    def _without_secrets(self, kept: Kept) -> Kept:
        data = kept.data
        for secret in self._secrets:
            data = data.replace(secret, b"*" * len(secret))
        return Kept(data, kept.length, kept.cut, kept.whole)

    def records(self) -> list[Record]:
        """What is kept, in order; PDUs that never became complete come last."""
        with self._lock:
            records = sorted([*self._firm, *self._data], key=lambda record: record.order)
            now = self._now()
            for tape in self._tapes:
                for outgoing, kept in tape.unfinished():
                    shown = self._without_secrets(kept)
                    order = (now.turn, len(records))
                    records.append(Record(order, tape.number, now.time, outgoing, shown, "incomplete"))
            return records

    @property
    def endpoints(self) -> list[Endpoints]:
        """The recorded connections, by number of tape."""
        return [tape.endpoints for tape in self._tapes]

    def dump(self) -> str:
        """The exchange for people: a line a PDU with time and direction, what it says indented below."""
        return listing(self.records(), self.endpoints, self.bulk_limit, self.dropped)

    def write_pcapng(self, path: Path | str) -> None:
        """Write a capture that Wireshark dissects as DICOM without settings; the server has port 104."""
        Path(path).write_bytes(self.pcapng())

    def pcapng(self) -> bytes:
        """The capture file's bytes."""
        records = self.records()
        limits = (
            f"data sets cut after {self.bulk_limit} bytes; {self.dropped} PDUs left out for want of memory; "
            "passcodes, tickets and tokens of user identities overwritten with *"
        )
        conversations = [Conversation(e.client, e.server) for e in self.endpoints]
        segments = [
            Segment(
                record.tape,
                record.time,
                record.outgoing is not self._tapes[record.tape].endpoints.we_serve,
                record.kept.data if record.kept else None,
                _remark(record),
            )
            for record in closed(records, self.bulk_limit)
        ]
        return pcapng(
            conversations, segments, f"pacs-harness: synthesised TCP/IP around recorded PDUs; {limits}"
        )


def _cost(record: Record) -> int:
    return _OVERHEAD + (len(record.kept.data) if record.kept else 0)


def _remark(record: Record) -> str:
    if record.kept is None or not record.kept.cut:
        return record.note
    cut = f"{record.kept.cut} of {record.kept.length} bytes on the wire cut from here, lengths adjusted"
    return f"{record.note}: {cut}" if record.note else cut


def _name(sock: socket.socket, *, own: bool) -> tuple[str, int]:
    try:
        name = sock.getsockname() if own else sock.getpeername()
    except OSError:  # the peer is gone already
        return ("0.0.0.0", 0)  # nosec B104 # an address that is not known
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("127.0.0.1", 0)
