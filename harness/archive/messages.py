"""DIMSE messages on the wire: assembled from fragments with every bound, and cut into fragments again.

In place of pynetdicom's message layer, which decodes an empty command PDV into an exception that ends its
thread, collects a data set in memory, cuts odd fragments and queues without bound (PS3.7 6.3.1, PS3.8
Annex E).
"""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pynetdicom.dimse import DIMSEServiceProvider

from .identifiers import IDENTIFIER_LIMIT
from .pdus import P_DATA, Fragment
from .storage import Staged

if TYPE_CHECKING:
    from .association import ArchiveAssociation
    from .upper_layer import UpperLayer

LOGGER = logging.getLogger(__name__)

C_STORE_RQ, C_GET_RQ, C_FIND_RQ, C_MOVE_RQ, C_ECHO_RQ = 0x0001, 0x0010, 0x0020, 0x0021, 0x0030
N_EVENT_REPORT_RQ, N_ACTION_RQ, C_CANCEL_RQ = 0x0100, 0x0130, 0x0FFF
N_GET_RQ, N_SET_RQ, N_CREATE_RQ = 0x0110, 0x0120, 0x0140
RESPONSE = 0x8000
NO_DATA_SET, DATA_SET = 0x0101, 0x0001
COMMAND_LIMIT = 65_536
#: Requests of an association that wait, or are served, before no more is read from it; and their bytes.
MOST_WAITING = 64
MOST_HELD = 2 * IDENTIFIER_LIMIT
#: What is served where it is received: nothing of the peer's could end or change it meanwhile, and handing it
#: to another thread and back costs half of the time that it takes.
AT_ONCE = frozenset((C_STORE_RQ, C_ECHO_RQ))
#: Longest fragment sent, whatever the peer allows.
FRAGMENT_LIMIT = 1_048_576
#: Bytes of a data set that are read before they are handed to the system with one call.
SENT_TOGETHER = 524_288

_COMMAND_VRS = {
    0x0000: "UL", 0x0002: "UI", 0x0003: "UI", 0x0100: "US", 0x0110: "US", 0x0120: "US", 0x0600: "AE",
    0x0700: "US", 0x0800: "US", 0x0900: "US", 0x0901: "AT", 0x0902: "LO", 0x0903: "US", 0x1000: "UI",
    0x1001: "UI", 0x1002: "US", 0x1005: "AT", 0x1008: "US", 0x1020: "US", 0x1021: "US", 0x1022: "US",
    0x1023: "US", 0x1030: "AE", 0x1031: "US",
}  # fmt: skip


class Source(Protocol):
    """What a data set is read from; fewer bytes than asked for come at the end only."""

    def read(self, size: int, /) -> bytes: ...


class ProtocolViolation(ValueError):
    """The peer breaks PS3.7 or PS3.8 such that no answer but an A-ABORT is left."""


@dataclass(frozen=True, eq=False)
class Message:
    """A whole message as received. `data` is the data set: its bytes, or for a C-STORE-RQ the staged
    object.
    """

    context_id: int
    command: Dataset
    data: bytes | Staged | None

    @cached_property
    def values(self) -> Mapping[int, Any]:
        """The command set's values by their element number in group 0000."""
        return {int(tag): element.value for tag, element in self.command.items()}

    @cached_property
    def field(self) -> int:
        """Command Field (0000,0100)."""
        return int(self.values[0x0100])

    @cached_property
    def message_id(self) -> int:
        """Message ID (0000,0110) of a request."""
        return int(self.values.get(0x0110, 0))

    @property
    def is_response(self) -> bool:
        """True for the response to an operation of ours."""
        return bool(self.field & RESPONSE)


def decode_command(data: bytes) -> Dataset:
    """A command set: implicit VR little endian, rising tags, the mandatory elements (PS3.7 6.3.1).

    Raises ProtocolViolation.
    """
    values: dict[int, object] = {}
    position, last = 0, -1
    while position < len(data):
        if len(data) - position < 8:
            raise ProtocolViolation("command set ends within an element header")
        group, element, length = struct.unpack_from("<HHL", data, position)
        position += 8
        if group != 0 or element <= last or length > len(data) - position:
            raise ProtocolViolation(
                f"({group:04X},{element:04X}) with length {length} breaks the command set"
            )
        last = element
        vr = _COMMAND_VRS.get(element)
        if vr is not None:  # retired or unknown elements mean nothing here (PS3.7 E.2)
            value = _decoded(element, vr, data[position : position + length])
            if value is not None:
                values[element] = value
        position += length
    for number, keyword in ((0x0100, "CommandField"), (0x0800, "CommandDataSetType")):
        if number not in values:
            raise ProtocolViolation(f"command set without {keyword} (PS3.7 6.3.1)")
    return command_set(values)


def command_set(values: Mapping[int, object]) -> Dataset:
    """A command set of values by their element number in group 0000.

    By way of the data set's own methods it takes ten times as long.
    """
    elements: dict[BaseTag, DataElement | RawDataElement] = {}
    for number, value in values.items():
        tag = BaseTag(number)
        elements[tag] = DataElement(tag, _COMMAND_VRS[number], value, already_converted=True)
    return Dataset(elements)


def _decoded(element: int, vr: str, value: bytes) -> object:
    """None for a number without a value."""
    if vr in ("US", "UL", "AT"):
        size = 2 if vr == "US" else 4
        if len(value) < size:
            if value:
                raise ProtocolViolation(f"(0000,{element:04X}) has {len(value)} bytes, {size} are needed")
            return None
        if vr == "AT":
            numbers = struct.unpack(f"<{len(value) // 4 * 2}H", value[: len(value) // 4 * 4])
            return [(a << 16) | b for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
        return int.from_bytes(value[:size], "little")
    text = value.decode("ascii", "replace")
    return text.rstrip("\0 ") if vr == "UI" else text.strip("\0 ")


def encode_command(command: Dataset, data_set_type: int | None = None) -> bytes:
    """The bytes of a command set, its group length computed; `data_set_type` is written for its own."""
    # Not by the data set's own iterator, which looks each of them up again.
    values = {int(tag): (element.value, str(element.VR)) for tag, element in command.items()}
    if data_set_type is not None:
        values[0x0800] = (data_set_type, "US")
    body = bytearray()
    for number in sorted(values.keys() - {0}):
        encoded = _encoded(*values[number])
        body += struct.pack("<HHL", number >> 16, number & 0xFFFF, len(encoded)) + encoded
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + bytes(body)


def _encoded(value: object, vr: str) -> bytes:
    if vr == "US":
        return int(value).to_bytes(2, "little")  # type: ignore[call-overload, no-any-return]
    if vr == "UL":
        return int(value).to_bytes(4, "little")  # type: ignore[call-overload, no-any-return]
    if vr == "AT":
        several = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
        return b"".join(struct.pack("<HH", int(tag) >> 16, int(tag) & 0xFFFF) for tag in several)  # type: ignore[attr-defined]
    text = str(value or "").encode("ascii", "replace")
    if len(text) % 2:
        text += b"\0" if vr == "UI" else b" "
    return text


def fragment_size(maximum_length: int | None) -> int:
    """Data bytes in a fragment for a peer that takes PDUs of `maximum_length` (0 or None: no limit): even
    (E.1).
    """
    room = min(maximum_length or FRAGMENT_LIMIT, FRAGMENT_LIMIT) - 6
    return max(2, room - room % 2)


class Messages(DIMSEServiceProvider):
    """The message layer of an association. Fragments come in on the upper layer's thread."""

    dul: UpperLayer

    def __init__(self, assoc: ArchiveAssociation) -> None:
        super().__init__(assoc)
        self.association = assoc
        self._outstanding: dict[int, Message] = {}
        self._cancelled: set[Message] = set()
        self._command = bytearray()
        self._header: Dataset | None = None
        self._context_id: int | None = None
        self._data: bytearray | None = None
        self._staged: Staged | None = None
        self._broken = False
        self._counting = threading.Lock()
        self.waiting = 0
        """Messages that are not done with, be it that they wait, are served or were put off."""
        self.held = 0
        """Bytes of their data sets in memory."""

    @property
    def is_full(self) -> bool:
        """Whether the peer has to wait: in synchronous mode it asks one thing at a time (PS3.7 D.3.3.3)."""
        return self.waiting >= MOST_WAITING or self.held >= MOST_HELD

    def _count(self, message: Message, sign: int) -> None:
        with self._counting:
            self.waiting += sign
            self.held += sign * (len(message.data) if isinstance(message.data, bytes) else 0)

    def receive_fragments(self, fragments: list[Fragment]) -> None:
        """Take fragments in order; one PDU may hold several messages' worth. Raises ProtocolViolation."""
        for fragment in fragments:
            if self._broken:
                return
            try:
                self._take(fragment)
            except ProtocolViolation:
                self._broken = True
                self.drop()
                raise

    def drop(self) -> None:
        """Forget a message that will never be complete."""
        if self._staged is not None:
            self._staged.discard()
        self._staged = None

    def _take(self, fragment: Fragment) -> None:
        if self._context_id is None:
            if fragment.context_id not in self.association._accepted_cx:
                raise ProtocolViolation(f"presentation context {fragment.context_id} wasn't accepted")
            self._context_id = fragment.context_id
        elif fragment.context_id != self._context_id:
            raise ProtocolViolation("fragments of one message have different context IDs (PS3.8 E.1)")
        if fragment.is_command:
            self._take_command(fragment)
        else:
            self._take_data(fragment)

    def _take_command(self, fragment: Fragment) -> None:
        if self._header is not None:
            raise ProtocolViolation(
                "a command fragment follows a whole command whose data set is due (PS3.8 E.1)"
            )
        if len(self._command) + len(fragment.data) > COMMAND_LIMIT:
            raise ProtocolViolation(f"command set is longer than {COMMAND_LIMIT} bytes")
        self._command += fragment.data
        if not fragment.is_last:
            return
        self._header = decode_command(bytes(self._command))
        self._command.clear()
        if self._header.CommandDataSetType == NO_DATA_SET:
            self._complete(None)
        elif self._header.CommandField == C_STORE_RQ:
            self._staged = self.association.stage(self._context_id or 0, self._header)
        else:
            self._data = bytearray()

    def _take_data(self, fragment: Fragment) -> None:
        if self._header is None:
            raise ProtocolViolation("a data set fragment comes before its command is whole (PS3.8 E.1)")
        if self._staged is not None:
            self._staged.write(fragment.data)
        elif self._data is not None:
            if len(self._data) + len(fragment.data) > IDENTIFIER_LIMIT:
                raise ProtocolViolation(f"data set is longer than {IDENTIFIER_LIMIT} bytes")
            self._data += fragment.data
        if fragment.is_last:
            self._complete(self._staged if self._staged is not None else bytes(self._data or b""))

    def _complete(self, data: bytes | Staged | None) -> None:
        assert self._header is not None
        assert self._context_id is not None
        message = Message(self._context_id, self._header, data)
        self._header, self._context_id, self._data, self._staged = None, None, None, None
        if message.field == C_CANCEL_RQ:
            # One for an operation that isn't under way means nothing (PS3.7 9.3.2.3).
            meant = self._outstanding.get(int(message.command.get("MessageIDBeingRespondedTo", -1)))
            if meant is not None:
                self._cancelled.add(meant)
            return
        if not message.is_response:
            self._outstanding[message.message_id] = message
        self._count(message, 1)
        if message.field in AT_ONCE and self.waiting == 1 and self.association.is_serving:
            self.association.serve(message)
            return
        self.msg_queue.put((message.context_id, message))  # type: ignore[arg-type]

    def is_cancelled(self, request: Message) -> bool:
        """True if a C-CANCEL came for this operation."""
        return request in self._cancelled

    def finish(self, request: Message) -> None:
        """The operation is over: a cancel that comes now has no effect, its message ID is free."""
        if not request.is_response:
            self._count(request, -1)
        if self._outstanding.get(request.message_id) is request:
            del self._outstanding[request.message_id]
        self._cancelled.discard(request)

    def wait(self, timeout: float) -> Message | None:
        """The next message, or None at the end of the association or of `timeout` seconds."""
        import queue

        try:
            _, message = self.msg_queue.get(timeout=timeout)
        except queue.Empty:
            return None
        assert message is None or isinstance(message, Message)
        if message is not None and message.is_response:
            self._count(message, -1)  # whoever takes it reads its status, and is done
        return message

    def send(self, context_id: int, command: Dataset, data: bytes | None = None) -> None:
        """Send a message with a data set from memory, or without one."""
        size = fragment_size(self.maximum_pdu_size)
        encoded = encode_command(command, NO_DATA_SET if data is None else DATA_SET)
        fragments = list(_fragments(context_id, encoded, size, is_command=True))
        if data is not None:
            fragments += _fragments(context_id, data, size, is_command=False)
        self.dul.send_data(fragments)

    def send_from(self, context_id: int, command: Dataset, source: Source, length: int | None = None) -> None:
        """Send a message whose data set is the rest of a stream, of `length` bytes where that is known.

        Raises OSError when reading fails.
        """
        size = fragment_size(self.maximum_pdu_size)
        together = list(_fragments(context_id, encode_command(command, DATA_SET), size, is_command=True))
        held = 0
        for chunk, is_last in _with_last(_pieces(source, size, length)):
            together.append(p_data(context_id, 2 if is_last else 0, chunk))
            held += len(chunk)
            if held >= SENT_TOGETHER or is_last:
                self.dul.send_data(together)
                together, held = [], 0


def p_data(context_id: int, control: int, data: bytes) -> bytes:
    """A P-DATA-TF PDU with one presentation data value (PS3.8 9.3.5)."""
    return struct.pack(">BxLLBB", P_DATA, len(data) + 6, len(data) + 2, context_id, control) + data


def _fragments(context_id: int, data: bytes, size: int, *, is_command: bool) -> Iterator[bytes]:
    for start in range(0, max(len(data), 1), size):
        is_last = start + size >= len(data)
        yield p_data(context_id, int(is_command) | (2 if is_last else 0), data[start : start + size])


def _pieces(source: Source, size: int, left: int | None) -> Iterator[bytes]:
    """A stream in pieces of `size` bytes, to its end or until nothing is left: then no more room is made."""
    while left != 0:
        piece = source.read(size if left is None else min(size, left))
        if not piece:
            return
        left = None if left is None else left - len(piece)
        yield piece


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    previous: bytes | None = None
    for chunk in chunks:
        if previous is not None:
            yield previous, False
        previous = chunk
    yield previous or b"", True
