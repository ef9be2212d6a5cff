"""Command sets (PS3.7 6.3 and annex E): group 0000, implicit VR little endian.

A `CommandSet` keeps each element's bytes; a typed value is read by keyword.  Decoding is strict about
what PS3.7 6.3.1 demands of the encoding; what a command must hold is for `require` and the scenarios.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.dimse.errors import DecodeError, MisuseError, PeerViolation

Value = int | str | tuple[int, ...]
"""US and UL give int; UI, AE, LO and other text give str without padding; AT gives a tuple of tags."""

NO_DATA_SET = 0x0101
"""The one value of (0000,0800) that says: no data set follows (PS3.7 E.1)."""
DATA_SET = 0x0000
"""A value of (0000,0800) that says: a data set follows (any but 0101H does)."""

COMMAND_LIMIT = 1024 * 1024
"""The longest command set that is read, in bytes."""


class Command(enum.IntEnum):
    """Values of Command Field (0000,0100)."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    C_CANCEL_RQ = 0x0FFF
    N_EVENT_REPORT_RQ = 0x0100
    N_EVENT_REPORT_RSP = 0x8100
    N_GET_RQ = 0x0110
    N_GET_RSP = 0x8110
    N_SET_RQ = 0x0120
    N_SET_RSP = 0x8120
    N_ACTION_RQ = 0x0130
    N_ACTION_RSP = 0x8130
    N_CREATE_RQ = 0x0140
    N_CREATE_RSP = 0x8140
    N_DELETE_RQ = 0x0150
    N_DELETE_RSP = 0x8150


_COMMAND_NAMES = {command.value: command.name.replace("_", "-") for command in Command}


def command_name(field: int) -> str:
    """``C-STORE-RQ`` for 0001H; the number itself where the standard defines none."""
    return _COMMAND_NAMES.get(field, f"command {field:04X}H")


_DICTIONARY: tuple[tuple[int, str, str], ...] = (
    (0x0000, "UL", "CommandGroupLength"),
    (0x0001, "UL", "CommandLengthToEnd"),
    (0x0002, "UI", "AffectedSOPClassUID"),
    (0x0003, "UI", "RequestedSOPClassUID"),
    (0x0010, "SH", "CommandRecognitionCode"),
    (0x0100, "US", "CommandField"),
    (0x0110, "US", "MessageID"),
    (0x0120, "US", "MessageIDBeingRespondedTo"),
    (0x0200, "AE", "Initiator"),
    (0x0300, "AE", "Receiver"),
    (0x0400, "AE", "FindLocation"),
    (0x0600, "AE", "MoveDestination"),
    (0x0700, "US", "Priority"),
    (0x0800, "US", "CommandDataSetType"),
    (0x0850, "US", "NumberOfMatches"),
    (0x0860, "US", "ResponseSequenceNumber"),
    (0x0900, "US", "Status"),
    (0x0901, "AT", "OffendingElement"),
    (0x0902, "LO", "ErrorComment"),
    (0x0903, "US", "ErrorID"),
    (0x1000, "UI", "AffectedSOPInstanceUID"),
    (0x1001, "UI", "RequestedSOPInstanceUID"),
    (0x1002, "US", "EventTypeID"),
    (0x1005, "AT", "AttributeIdentifierList"),
    (0x1008, "US", "ActionTypeID"),
    (0x1020, "US", "NumberOfRemainingSuboperations"),
    (0x1021, "US", "NumberOfCompletedSuboperations"),
    (0x1022, "US", "NumberOfFailedSuboperations"),
    (0x1023, "US", "NumberOfWarningSuboperations"),
    (0x1030, "AE", "MoveOriginatorApplicationEntityTitle"),
    (0x1031, "US", "MoveOriginatorMessageID"),
    (0x4000, "LT", "DialogReceiver"),
    (0x4010, "LT", "TerminalType"),
    (0x5010, "SH", "MessageSetID"),
    (0x5020, "SH", "EndMessageID"),
    (0x5110, "LT", "DisplayFormat"),
    (0x5120, "LT", "PagePositionID"),
    (0x5130, "CS", "TextFormatID"),
    (0x5140, "CS", "NormalReverse"),
    (0x5150, "CS", "AddGrayScale"),
    (0x5160, "CS", "Borders"),
    (0x5170, "IS", "Copies"),
    (0x5180, "CS", "CommandMagnificationType"),
    (0x5190, "CS", "Erase"),
    (0x51A0, "CS", "Print"),
    (0x51B0, "US", "Overlays"),
)
KEYWORDS = {tag: keyword for tag, _, keyword in _DICTIONARY}
TAGS = {keyword: tag for tag, _, keyword in _DICTIONARY}
_VRS = {tag: vr for tag, vr, _ in _DICTIONARY}
_LISTS = frozenset({0x51B0})
"""Elements of VR US with a multiplicity above one."""

_ELEMENT = struct.Struct("<HHI")
_US = struct.Struct("<H")


def keyword_of(tag: int) -> str:
    """The keyword of a command element, or ``(0000,xxxx)`` where the dictionary has none."""
    found = KEYWORDS.get(tag)
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})" if found is None else found


def tag_of(key: str | int) -> int:
    """The tag for a keyword or a tag; KeyError for a keyword that annex E does not have."""
    return key if isinstance(key, int) else TAGS[key]


def encode_value(tag: int, value: Value | bytes) -> bytes:
    """The value field for `value`, padded to even length (PS3.5 6.2); MisuseError where it does not fit."""
    vr = _VRS.get(tag, "UN")
    if isinstance(value, bytes):
        return value
    try:
        if vr == "US" and isinstance(value, int):
            return _US.pack(value)
        if isinstance(value, str):
            encoded = value.encode("latin-1")
            return encoded + (b"\0" if vr == "UI" else b" ") * (len(encoded) % 2)
        numbers = value if isinstance(value, tuple) else (value,)
        if vr == "UL":
            return struct.pack(f"<{len(numbers)}I", *numbers)
        if vr == "AT":
            return b"".join(struct.pack("<HH", number >> 16, number & 0xFFFF) for number in numbers)
        if vr == "US":
            return struct.pack(f"<{len(numbers)}H", *numbers)
    except (struct.error, UnicodeEncodeError) as error:
        raise MisuseError(f"{keyword_of(tag)} cannot hold {value!r}: {error}") from error
    raise MisuseError(f"{keyword_of(tag)} has VR {vr}; {value!r} is no value for it")


def _decode_value(tag: int, data: bytes) -> Value:
    vr = _VRS.get(tag, "UN")
    if vr == "US" and len(data) == 2 and tag not in _LISTS:
        return data[0] | data[1] << 8
    if vr in ("US", "UL"):
        size = 2 if vr == "US" else 4
        if (not data or len(data) % size) if tag in _LISTS else len(data) != size:
            raise PeerViolation(
                "PS3.7 E.1", f"{keyword_of(tag)} of VR {vr} with {size} bytes", f"{len(data)} bytes", data
            )
        if tag in _LISTS:
            return struct.unpack(f"<{len(data) // size}{'H' if size == 2 else 'I'}", data)
        return int.from_bytes(data, "little")
    if vr == "AT":
        if len(data) % 4:
            expected = f"{keyword_of(tag)} of 4 bytes a tag"
            raise PeerViolation("PS3.7 E.1", expected, f"{len(data)} bytes", data)
        return tuple(group << 16 | element for group, element in struct.iter_unpack("<HH", data))
    decoded = data.decode("latin-1")
    if vr == "UI":
        return decoded.rstrip("\0")
    return decoded.strip(" ") if vr == "AE" else decoded.rstrip(" ")


@dataclass(frozen=True, slots=True, repr=False)
class CommandSet(Mapping[str, Value]):
    """A command set: a read-only mapping from keywords to typed values.

    `elements` are (tag, value field) in the order on the wire.  (0000,0000) is computed by `encode` and not
    kept, unless the caller puts it among the elements to send a wrong one.
    """

    elements: tuple[tuple[int, bytes], ...]

    @staticmethod
    def of(**values: Value | bytes | None) -> CommandSet:
        """A command set from keywords, in increasing order of tags; None leaves an element out.

        Raises MisuseError for an unknown keyword or a value that its VR cannot hold.
        """
        elements = []
        for keyword, value in values.items():
            tag = TAGS.get(keyword)
            if tag is None:
                raise MisuseError(f"no command element is called {keyword!r} (PS3.7 annex E)")
            if value is not None:
                elements.append((tag, encode_value(tag, value)))
        elements.sort()
        return CommandSet(tuple(elements))

    def replace(self, **values: Value | bytes | None) -> CommandSet:
        """A copy with some elements set, or left out where the value is None."""
        changed = CommandSet.of(**values)
        kept = [(tag, data) for tag, data in self.elements if KEYWORDS.get(tag) not in values]
        return CommandSet(tuple(sorted(kept + list(changed.elements))))

    def encode(self) -> bytes:
        """The command set's bytes, group length first (PS3.7 6.3.1)."""
        body = b"".join(
            [_ELEMENT.pack(tag >> 16, tag & 0xFFFF, len(data)) + data for tag, data in self.elements]
        )
        if self.elements and self.elements[0][0] == 0:
            return body
        return _ELEMENT.pack(0, 0, 4) + struct.pack("<I", len(body)) + body

    def raw(self, key: str | int) -> bytes | None:
        """The value field of an element as it is on the wire; None if absent."""
        tag = tag_of(key)
        for found, data in self.elements:
            if found == tag:
                return data
        return None

    def __getitem__(self, key: str | int) -> Value:
        data = self.raw(key)
        if data is None:
            raise KeyError(key)
        return _decode_value(tag_of(key), data)

    def __iter__(self) -> Iterator[str]:
        return (keyword_of(tag) for tag, _ in self.elements)

    def __len__(self) -> int:
        return len(self.elements)

    def __contains__(self, key: object) -> bool:
        wanted = TAGS.get(key) if isinstance(key, str) else key
        return any(tag == wanted for tag, _ in self.elements)

    def require(self, keyword: str) -> Value:
        """The value of an element that this message must have; PeerViolation if absent or malformed."""
        data = self.raw(keyword)
        if not data:
            observed = "an empty element" if data is not None else f"only {', '.join(self) or 'nothing'}"
            raise PeerViolation(
                "PS3.7 " + _CHAPTER.get(self._field(), "9.3"),
                f"{keyword} in {self.name}",
                observed,
                self.encode(),
            )
        return _decode_value(tag_of(keyword), data)

    def integer(self, keyword: str) -> int:
        """`require` for an element of VR US or UL."""
        value = self.require(keyword)
        if not isinstance(value, int):
            raise MisuseError(f"{keyword} is no number")
        return value

    def string(self, keyword: str) -> str:
        """`require` for an element of text or UID."""
        value = self.require(keyword)
        if not isinstance(value, str):
            raise MisuseError(f"{keyword} is no text")
        return value

    def _field(self) -> int:
        data = self.raw("CommandField") or b""
        return int.from_bytes(data, "little") if len(data) == 2 else -1

    @property
    def name(self) -> str:
        """``C-FIND-RSP``; words where Command Field is absent or unknown."""
        field = self._field()
        return command_name(field) if field >= 0 else "a command set without Command Field"

    @property
    def has_data_set(self) -> bool:
        """Whether a data set follows (PS3.7 E.1, (0000,0800)); PeerViolation where that element is absent."""
        return self.require("CommandDataSetType") != NO_DATA_SET

    def __repr__(self) -> str:
        return f"CommandSet({self.name}: {', '.join(self.lines())})"

    def lines(self) -> list[str]:
        """``Keyword = value`` for each element, for people."""
        return [f"{keyword_of(tag)} = {_shown(tag, data)}" for tag, data in self.elements]


_CHAPTER = {
    field: f"9.3.{number}" if field & 0x7FFF < 0x100 or field == 0xFFF else f"10.3.{number}"
    for number, fields in (
        (1, (0x0001, 0x8001, 0x0100, 0x8100)),
        (2, (0x0020, 0x8020, 0x0110, 0x8110)),
        (3, (0x0010, 0x8010, 0x0120, 0x8120)),
        (4, (0x0021, 0x8021, 0x0130, 0x8130)),
        (5, (0x0030, 0x8030, 0x0140, 0x8140)),
        (6, (0x0150, 0x8150)),
    )
    for field in fields
}


def _shown(tag: int, data: bytes) -> str:
    if tag not in _VRS:
        return data[:64].hex(" ")
    try:
        value = _decode_value(tag, data)
    except PeerViolation as violation:
        return f"{data[:64].hex(' ')} (malformed: {violation.observed})"
    if tag == TAGS["CommandField"] and isinstance(value, int):
        return f"{value:04X}H {command_name(value)}"
    if tag in (TAGS["Status"], TAGS["CommandDataSetType"]) and isinstance(value, int):
        return f"{value:04X}H"
    if isinstance(value, tuple):
        return " ".join(f"({number >> 16:04X},{number & 0xFFFF:04X})" for number in value)
    return repr(value) if isinstance(value, str) else str(value)


def decode_command(data: bytes | bytearray | memoryview) -> CommandSet:
    """The command set that `data` is (PS3.7 6.3.1).

    DecodeError unless it is implicit VR little endian of group 0000 alone, tags strictly increasing, lengths
    even and within the data, (0000,0000) first and right.
    """
    whole = bytes(data)

    def damaged(expected: str, observed: str) -> DecodeError:
        return DecodeError("PS3.7 6.3.1", expected, observed, whole)

    elements: list[tuple[int, bytes]] = []
    at, last = 0, -1
    while at < len(whole):
        if len(whole) - at < _ELEMENT.size:
            raise damaged("a command element of at least 8 bytes", f"{len(whole) - at} bytes at offset {at}")
        group, number, length = _ELEMENT.unpack_from(whole, at)
        tag = group << 16 | number
        if group:
            raise damaged("elements of group 0000 only", f"({group:04X},{number:04X}) at offset {at}")
        if tag <= last:
            raise damaged(
                "tags in increasing order, each once", f"{keyword_of(tag)} after {keyword_of(last)}"
            )
        at += _ELEMENT.size
        if length > len(whole) - at:
            raise damaged(
                f"{keyword_of(tag)} to end within the set", f"length {length}, {len(whole) - at} left"
            )
        if length % 2:
            raise damaged("value fields of even length", f"{keyword_of(tag)} of {length} bytes")
        elements.append((tag, whole[at : at + length]))
        at += length
        last = tag
    if not elements or elements[0][0] != 0:
        raise damaged(
            "Command Group Length (0000,0000) first", "none" if elements else "an empty command set"
        )
    declared = elements[0][1]
    if len(declared) != 4 or int.from_bytes(declared, "little") != len(whole) - 12:
        shown = int.from_bytes(declared, "little")
        raise damaged(f"Command Group Length {len(whole) - 12}", f"{shown} in {len(declared)} bytes")
    return CommandSet(tuple(elements[1:]))
