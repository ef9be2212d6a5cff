"""Following one direction of a recorded connection: PDUs out of pieces of bytes, bulk data cut away."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from harness.dimse.negotiation import Item
from harness.dimse.pdu import ASSOCIATE_AC, ASSOCIATE_RQ, HEADER, NAMES, P_DATA, PDV_HEADER

WHOLE_LIMIT = 1024 * 1024
"""The longest PDU other than P-DATA-TF, and the longest command set, that is kept whole."""
LAST_KEPT = 16
"""Bytes kept of a last fragment that lies past the cut: Wireshark takes no empty PDV for a message's end."""
RAW_LIMIT = 64 * 1024
"""Bytes kept of a direction that is no longer a chain of PDUs."""
_FIXED = 74
"""Bytes of an A-ASSOCIATE PDU before its items."""
_SECRETIVE = (bytes((ASSOCIATE_RQ,)), bytes((ASSOCIATE_AC,)))


@dataclass(frozen=True, slots=True)
class Kept:
    """A PDU as it is kept: `data` with its lengths made to fit, `length` bytes on the wire, `cut` left out.

    `whole` is False for bytes that are no PDU, and for one that was never finished.
    """

    data: bytes
    length: int
    cut: int
    whole: bool = True

    @property
    def is_data(self) -> bool:
        """Whether it is a P-DATA-TF."""
        return self.whole and self.data[:1] == bytes((P_DATA,))


class _State(enum.Enum):
    HEADER = enum.auto()
    WHOLE = enum.auto()
    PDV_HEADER = enum.auto()
    PDV_DATA = enum.auto()
    RAW = enum.auto()


class Cutter:
    """Takes one direction's bytes as they come and hands on PDUs.

    Of each data set the first `limit` bytes are kept.  A P-DATA-TF of which nothing is left but a gap in a
    data set is not handed on; its bytes count as cut in the next one.
    """

    def __init__(self, limit: int, emit: Callable[[Kept], None]) -> None:
        self._limit = limit
        self._emit = emit
        self._state = _State.HEADER
        self._buffer = bytearray()
        self._header = b""
        self._left = 0
        self._body = bytearray()
        self._pdv = (0, 0, 0)
        self._pdv_left = 0
        self._length = 0
        self._cut = 0
        self._allowance = limit
        self._commands = WHOLE_LIMIT
        self._raw = 0

    def feed(self, data: memoryview) -> None:
        """The next bytes of this direction."""
        at = 0
        while at < len(data):
            if self._state is _State.RAW:
                self._keep_raw(data[at:])
                return
            if self._state is _State.PDV_DATA:
                at += self._data(data[at:])
                continue
            wanted = self._wanted() - len(self._buffer)
            piece = data[at : at + wanted]
            self._buffer += piece
            at += len(piece)
            self._length += len(piece)
            if len(piece) == wanted:
                self._filled()

    def _wanted(self) -> int:
        if self._state is _State.HEADER:
            return HEADER.size
        return self._left if self._state is _State.WHOLE else min(PDV_HEADER.size, self._left)

    def _filled(self) -> None:
        if self._state is _State.HEADER:
            self._begin()
        elif self._state is _State.WHOLE:
            self._finish(mask(self._header + self._buffer))
        else:
            self._begin_pdv()

    def _begin(self) -> None:
        self._header = bytes(self._buffer)
        type_, _, self._left = HEADER.unpack(self._header)
        if type_ == P_DATA and self._left >= PDV_HEADER.size:
            self._state = _State.PDV_HEADER
        elif type_ in NAMES and self._left <= WHOLE_LIMIT:
            self._state = _State.WHOLE
            if not self._left:
                self._finish(self._header)
                return
        else:
            self._go_raw(b"")
            return
        self._buffer.clear()

    def _begin_pdv(self) -> None:
        if len(self._buffer) < PDV_HEADER.size:
            self._go_raw(self._header + self._body)
            return
        length, context_id, control = PDV_HEADER.unpack(self._buffer)
        if length < 2 or length > self._left - 4:
            self._go_raw(self._header + self._body)
            return
        self._left -= 4 + length
        self._pdv = (context_id, control, len(self._body))
        self._pdv_left = length - 2
        if control & 1:
            self._allowance = self._limit
        self._body += self._buffer
        self._buffer.clear()
        self._state = _State.PDV_DATA
        if not self._pdv_left:
            self._end_pdv()

    def _data(self, data: memoryview) -> int:
        piece = data[: self._pdv_left]
        command = self._pdv[1] & 1
        room = self._commands if command else self._allowance
        if not command and self._pdv[1] & 2:
            room = max(room, LAST_KEPT - (len(self._body) - self._pdv[2] - PDV_HEADER.size))
        kept = piece[:room]
        self._body += kept
        if command:
            self._commands -= len(kept)
        else:
            self._allowance = max(0, self._allowance - len(kept))
        self._cut += len(piece) - len(kept)
        self._length += len(piece)
        self._pdv_left -= len(piece)
        if not self._pdv_left:
            self._end_pdv()
        return len(piece)

    def _end_pdv(self) -> None:
        context_id, control, start = self._pdv
        kept = len(self._body) - start - PDV_HEADER.size
        PDV_HEADER.pack_into(self._body, start, kept + 2, context_id, control)
        if control & 2:
            self._commands = WHOLE_LIMIT
        self._state = _State.PDV_HEADER
        if not self._left:
            gap = len(self._body) == PDV_HEADER.size and not control & 2 and self._cut > 0
            if gap:
                self._restart()
                return
            self._finish(HEADER.pack(P_DATA, self._header[1], len(self._body)) + self._body)

    def _finish(self, data: bytes) -> None:
        self._emit(Kept(bytes(data), self._length, self._cut))
        self._length = self._cut = 0
        self._restart()

    def _restart(self) -> None:
        self._state = _State.HEADER
        self._buffer.clear()
        self._body.clear()

    def _go_raw(self, before: bytes) -> None:
        data = bytes(before + self._buffer)
        self._length = self._cut = 0
        self._restart()
        self._state = _State.RAW
        self._keep_raw(memoryview(data))

    def _keep_raw(self, data: memoryview) -> None:
        # An A-ASSOCIATE PDU of impossible length may hold a passcode anywhere: its fixed fields are kept.
        limit = _FIXED if self._header[:1] in _SECRETIVE else RAW_LIMIT
        kept = data[: max(0, limit - self._raw)]
        self._raw += len(kept)
        if len(kept):
            self._emit(Kept(bytes(kept), len(data), len(data) - len(kept), whole=False))

    def unfinished(self) -> Kept | None:
        """What has come of a PDU that is not complete."""
        if self._state is _State.HEADER:
            data = bytes(self._buffer)
        else:
            data = bytes(self._header + self._body + self._buffer)
        if not data or self._state is _State.RAW:
            return None
        return Kept(mask(data), self._length, self._cut, whole=False)


def mask(pdu: bytes) -> bytes:
    """A PDU with passcodes, tickets and tokens of its user identity overwritten by ``*`` (PS3.7 D.3.3.7).

    Works on damaged PDUs too: where a length does not fit, all that follows is overwritten.
    """
    if pdu[:1] not in _SECRETIVE:
        return pdu
    out = bytearray(pdu)
    at = _FIXED
    end = len(pdu)
    while at + 4 <= end:
        length = int.from_bytes(pdu[at + 2 : at + 4], "big")
        if pdu[at] == Item.USER_INFORMATION:
            at += 4  # its sub-items follow
            continue
        if pdu[at] == Item.USER_IDENTITY:
            _mask_identity(out, at + 4, min(end, at + 4 + length))
        elif pdu[at] == Item.USER_IDENTITY_RESPONSE:
            _stars(out, at + 6, min(end, at + 4 + length))
        at += 4 + length
    return bytes(out)


def _mask_identity(out: bytearray, at: int, end: int) -> None:
    if end - at < 4:
        return
    primary = int.from_bytes(out[at + 2 : at + 4], "big")
    after = at + 4 + primary
    if out[at] not in (1, 2):
        _stars(out, at + 4, min(after, end))
    _stars(out, after + 2, end)
    if after + 2 > end:
        _stars(out, at + 4, end)


def _stars(out: bytearray, start: int, end: int) -> None:
    if start < end:
        out[start:end] = b"*" * (end - start)
