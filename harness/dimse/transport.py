"""Sockets under an association: deadlines, gathered sends, TLS, quick acknowledgement.

Only `socket` calls with time-outs are used (no select, no threads), so that the same code runs on
sockets that gevent has patched.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.dimse.errors import ConnectionClosed, DimseError, NoAnswer, Unreachable, UnreachableKind

Buffer = bytes | bytearray | memoryview

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_IOV_MAX = 1024
"""Buffers that one sendmsg takes on Linux; POSIX lets a system take as few as 16, none in use does."""
_SLICE = 0.05
"""Seconds of a blocked send after which incoming bytes are looked at."""
_TLS_CHUNK = 64 * 1024
_READ = 256 * 1024
_PENDING_LIMIT = 1024 * 1024
"""Bytes read ahead while sending; beyond it the peer is left to TCP's flow control."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a peer listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for each kind of wait."""

    connect: float = 10.0
    """TCP connection and TLS handshake, each."""
    answer: float = 30.0
    """From the end of a request until the answer's bytes; renewed by each PDU of a message."""
    send: float = 30.0
    """Without a byte taken by the peer while sending."""
    release: float = 30.0
    """From A-RELEASE-RQ until A-RELEASE-RP."""

    @staticmethod
    def all(seconds: float) -> Deadlines:
        """The same deadline for every wait."""
        return Deadlines(seconds, seconds, seconds, seconds)


class Timer:
    """A deadline in the future, on the monotonic clock."""

    __slots__ = ("_end", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the deadline; 0 once it has passed."""
        return max(0.0, self._end - time.monotonic())


def connect(
    address: Address,
    seconds: float,
    tls: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    source: str = "",
) -> socket.socket:
    """A connected socket, wrapped in TLS if `tls` is given; Unreachable says in plain words why not.

    `source` is the address of this machine to call from; empty leaves the choice to the system.
    """
    try:
        sock = socket.create_connection(
            (address.host, address.port), seconds, source_address=(source, 0) if source else None
        )
    except socket.gaierror as error:
        message = f"the host name {address.host!r} does not resolve ({error.strerror}): check the address"
        raise Unreachable(UnreachableKind.RESOLVE, message) from error
    except TimeoutError as error:
        message = f"{address} did not answer within {seconds:g} s: check address, firewall and routing"
        raise Unreachable(UnreachableKind.TIMEOUT, message) from error
    except ConnectionRefusedError as error:
        message = (
            f"{address} refused the connection: nothing listens there; is the system running, the port right?"
        )
        raise Unreachable(UnreachableKind.REFUSED, message) from error
    except (OSError, UnicodeError, OverflowError) as error:
        words = f"{address} cannot be reached{f' from {source}' if source else ''}: {error}"
        raise Unreachable(UnreachableKind.NETWORK, words) from error
    if tls is None:
        return sock
    return _secure(
        sock,
        seconds,
        str(address),
        lambda: tls.wrap_socket(sock, server_hostname=server_hostname or address.host),
    )


def secure_server(sock: socket.socket, seconds: float, tls: ssl.SSLContext) -> socket.socket:
    """The server's side of TLS on an accepted socket; Unreachable of kind TLS if the handshake fails."""
    return _secure(sock, seconds, "the client", lambda: tls.wrap_socket(sock, server_side=True))


def _secure(
    sock: socket.socket, seconds: float, peer: str, wrap: Callable[[], ssl.SSLSocket]
) -> ssl.SSLSocket:
    sock.settimeout(seconds)
    try:
        return wrap()
    except ssl.SSLCertVerificationError as error:
        sock.close()
        message = f"TLS: the certificate of {peer} is not trusted: {error.verify_message}"
        raise Unreachable(UnreachableKind.TLS, message) from error
    except TimeoutError as error:
        sock.close()
        message = (
            f"TLS: {peer} did not finish the handshake within {seconds:g} s: does it speak TLS on this port?"
        )
        raise Unreachable(UnreachableKind.TLS, message) from error
    except (OSError, ValueError) as error:
        sock.close()
        message = f"TLS: the handshake with {peer} failed: {error}"
        raise Unreachable(UnreachableKind.TLS, message) from error


@dataclass(frozen=True, slots=True)
class Moment:
    """When something passed: its turn among all that a recorder saw, and nanoseconds since 1970."""

    turn: int
    time: int


class Tape(Protocol):
    """What a recorder offers a connection."""

    def moment(self) -> Moment:
        """This moment, to be taken ahead of a send: the answer may come before the send has returned."""

    def sent(self, data: Buffer, begun: Moment | None = None) -> None:
        """Bytes that went to the peer, in a send that began at that moment (None: now)."""

    def received(self, data: Buffer) -> None:
        """Bytes that came from the peer."""

    def ended(self, by_peer: bool, why: str) -> None:
        """The connection's end on one side."""


class Connection:
    """One TCP connection, with what was received but not yet consumed.

    `tape`, if given, is told each piece of plain bytes as it passes, and the end.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        quickack: bool = True,
        tape: Tape | None = None,
    ) -> None:
        self._sock = sock
        self._secure = isinstance(sock, ssl.SSLSocket)
        self._quickack = _QUICKACK if quickack and sock.family in (socket.AF_INET, socket.AF_INET6) else None
        self._tape = tape
        # What was received and not consumed lies in the buffer it was received into: it is copied once, by
        # who takes it.
        self._buffer = bytearray(_READ)
        self._start = self._stop = 0
        self._any = False
        self.end: str | None = None
        """Why no more bytes will come, in words; None while the peer's side is open."""
        self.closed = False
        self.first_heard: float | None = None
        """When (`time.perf_counter`) the first bytes came since this was set to None."""
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def sock(self) -> socket.socket:
        """The socket itself, for what has no method here."""
        return self._sock

    @property
    def buffered(self) -> bytes:
        """Bytes received and not yet consumed."""
        return bytes(memoryview(self._buffer)[self._start : self._stop])

    # ------------------------------------------------------------ receiving

    def _arm(self) -> None:
        # Linux forgets the option again by itself: without it the delayed ACK holds back a peer that
        # writes its answer in two pieces with Nagle's algorithm on, for 40 ms.
        if self._quickack is not None:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, self._quickack, 1)

    def _receive_into(self, target: memoryview, seconds: float) -> int:
        """Bytes read into `target`, 0 at the end of the stream; TimeoutError."""
        if self.end is not None or self.closed:
            return 0
        if seconds:
            self._arm()
        try:
            self._sock.settimeout(seconds)
            count = self._sock.recv_into(target)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise TimeoutError from error
        except TimeoutError:
            raise
        except ssl.SSLError as error:
            if not self._any:
                message = f"TLS: the peer ended the connection right after the handshake: {error}"
                raise Unreachable(UnreachableKind.TLS, message) from error
            self._end(f"a TLS failure ({error})")
            return 0
        except OSError as error:
            self._end(f"the connection was lost ({error.strerror or error})")
            return 0
        if not count:
            self._end("the peer closed the connection")
            return 0
        self._any = True
        if self.first_heard is None:
            self.first_heard = time.perf_counter()
        if self._tape is not None:
            self._tape.received(target[:count])
        return count

    def fill(self, count: int, timer: Timer, awaited: str) -> bytes:
        """The next `count` bytes, without consuming them; fewer only at the end of the stream.  NoAnswer."""
        while self._stop - self._start < count and self.end is None:
            self._read_more(timer, awaited)
        return bytes(memoryview(self._buffer)[self._start : min(self._start + count, self._stop)])

    def _read_more(self, timer: Timer, awaited: str) -> None:
        left = timer.left()
        try:
            # A deadline that has passed still takes what is there already.
            self._read(left)
        except TimeoutError:
            if timer.left() <= 0:
                have = self._stop - self._start
                extra = f" ({have} bytes of it came)" if have else ""
                raise NoAnswer(timer.seconds, awaited + extra) from None

    def _read(self, seconds: float) -> None:
        """Once, as much as has come and there is room for.  TimeoutError."""
        self._make_room()
        self._stop += self._receive_into(memoryview(self._buffer)[self._stop :], seconds)

    def _make_room(self) -> None:
        have = self._stop - self._start
        if not have:
            self._start = self._stop = 0
            if len(self._buffer) > _READ:
                self._buffer = bytearray(_READ)
        elif len(self._buffer) - self._stop < _READ // 4:
            # A new one where it is too small: who was given a view may hold it still.
            size = len(self._buffer) if have <= len(self._buffer) // 2 else 2 * len(self._buffer)
            buffer = bytearray(size)
            buffer[:have] = memoryview(self._buffer)[self._start : self._stop]
            self._buffer, self._start, self._stop = buffer, 0, have

    def consume(self, count: int) -> None:
        """Drop `count` buffered bytes."""
        self._start = min(self._start + count, self._stop)

    def take_some(self, limit: int, timer: Timer, awaited: str) -> memoryview:
        """1 to `limit` bytes, valid until more is read; empty only at the end of the stream.  NoAnswer."""
        while self._start == self._stop and self.end is None:
            self._read_more(timer, awaited)
        view = memoryview(self._buffer)[self._start : min(self._start + limit, self._stop)]
        self._start += len(view)
        return view

    def read_some(self, limit: int, timer: Timer, awaited: str) -> bytes:
        """`take_some`, as bytes that stay."""
        return bytes(self.take_some(limit, timer, awaited))

    def poll(self) -> None:
        """Take in what has arrived, without waiting and up to a bound."""
        while self.end is None and self._stop - self._start < _PENDING_LIMIT:
            try:
                self._read(0.0)
            except TimeoutError:
                return

    # ------------------------------------------------------------ sending

    def send(
        self, buffers: Sequence[Buffer], seconds: float, watch: Callable[[], None] | None = None
    ) -> None:
        """Send every buffer (views must be of bytes), in order and without joining them.

        `seconds` bounds each wait for the peer to take more.  While the peer takes nothing, what it sends is
        read, and `watch` may raise on it.  Raises NoAnswer, ConnectionClosed.
        """
        queue = [buffer for buffer in buffers if len(buffer)]
        if self.closed:
            raise DimseError("the association is closed: nothing can be sent on it")
        if self._secure:
            self._send_secure(queue, seconds, watch)
        else:
            self._send_plain(queue, seconds, watch)

    def _send_plain(self, queue: list[Buffer], seconds: float, watch: Callable[[], None] | None) -> None:
        timer = Timer(seconds)
        self._sock.settimeout(min(_SLICE, max(seconds, 0.001)))
        first = 0
        while first < len(queue):
            batch = queue[first : first + _IOV_MAX] if first or len(queue) > _IOV_MAX else queue
            begun = self._moment()
            try:
                count = self._sock.sendmsg(batch)
            except TimeoutError:
                self._blocked(timer, watch)
                self._sock.settimeout(min(_SLICE, max(timer.left(), 0.001)))
                continue
            except OSError as error:
                raise self._broken(error) from error
            timer = Timer(seconds)
            if self._tape is None and count == sum(map(len, batch)):
                first += len(batch)
                continue
            for buffer in batch:
                if count < len(buffer):
                    view = memoryview(buffer)
                    self._record(view[:count], begun)
                    queue[first] = view[count:]
                    break
                self._record(buffer, begun)
                count -= len(buffer)
                first += 1

    def _send_secure(self, queue: list[Buffer], seconds: float, watch: Callable[[], None] | None) -> None:
        """SSLSocket has no sendmsg: small pieces are gathered so that each TLS record is worth its cost."""
        staging = bytearray()
        for buffer in queue:
            whole = memoryview(buffer)
            for at in range(0, len(whole), _TLS_CHUNK):
                staging += whole[at : at + _TLS_CHUNK]
                if len(staging) >= _TLS_CHUNK:
                    self._send_one(staging, seconds, watch)
                    staging = bytearray()
        self._send_one(staging, seconds, watch)

    def _send_one(self, data: bytearray, seconds: float, watch: Callable[[], None] | None) -> None:
        view = memoryview(data)
        timer = Timer(seconds)
        while len(view):
            try:
                self._sock.settimeout(min(_SLICE, max(timer.left(), 0.001)))
                begun = self._moment()
                count = self._sock.send(view)
            except (TimeoutError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self._blocked(timer, watch)
                continue
            except OSError as error:
                raise self._broken(error) from error
            self._record(view[:count], begun)
            view = view[count:]
            timer = Timer(seconds)

    def _moment(self) -> Moment | None:
        return None if self._tape is None else self._tape.moment()

    def _record(self, data: Buffer, begun: Moment | None) -> None:
        # Behind the send, as only that tells how much went; but with the moment ahead of it.
        if self._tape is not None:
            self._tape.sent(data, begun)

    def _blocked(self, timer: Timer, watch: Callable[[], None] | None) -> None:
        self.poll()
        if watch is not None:
            watch()
        if timer.left() <= 0:
            raise NoAnswer(timer.seconds, "the peer to take the bytes sent to it")

    def _broken(self, error: OSError) -> ConnectionClosed:
        # What the peer said before the connection broke (an A-ABORT, say) is still to be read.
        self.poll()
        if self.end is None:
            self._end(f"the connection was lost ({error.strerror or error})")
        return ConnectionClosed(
            "PS3.8 9.1.4", "an open connection while a PDU is sent", f"{self.end}", self.buffered[:256]
        )

    # ------------------------------------------------------------ ending

    def half_close(self) -> None:
        """Say that nothing more will be sent (FIN), and keep reading."""
        with contextlib.suppress(OSError):
            if self._secure:  # an SSLSocket's own shutdown gives up TLS for reading too
                socket.socket.shutdown(self._sock, socket.SHUT_WR)
            else:
                self._sock.shutdown(socket.SHUT_WR)

    def _end(self, why: str) -> None:
        self.end = why
        if self._tape is not None:
            self._tape.ended(True, why)

    def close(self) -> None:
        """Close the socket; safe to call again."""
        if not self.closed:
            if self._tape is not None:
                self._tape.ended(False, "closed by the harness")
            self.closed = True
            self._sock.close()
