"""A syslog message taken apart (RFC 5424 6), and the octets that count them on a stream (RFC 5425 4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 1 << 20
"""Octets of one message that are taken; PS3.15 A.6 asks for 32,768 at least."""
MARK = b"\xef\xbb\xbf"
"""The byte order mark in front of UTF-8 (RFC 5424 6.4)."""

_TIMESTAMP = re.compile(
    rb"-|\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
    rb"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
)
_NAME = rb"[!#-<>-\\^-~]{1,32}"
_ELEMENT = rb"\[" + _NAME + rb"( " + _NAME + rb'="([^"\\\]]|\\.)*")*\]'
_DATA = re.compile(rb"(-|(" + _ELEMENT + rb")+)(?= |$)", re.DOTALL)
_FIELDS = (("HOSTNAME", 255), ("APP-NAME", 48), ("PROCID", 128), ("MSGID", 32))
_NIL = "-"


class NotSyslog(ValueError):
    """The octets are no message of RFC 5424; the text says where they differ."""


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """A message of RFC 5424.  ``-`` is a field that says nothing."""

    priority: int
    timestamp: str
    host_name: str
    application: str
    process_id: str
    message_id: str
    structured_data: str
    content: bytes
    """MSG without the byte order mark."""
    is_marked: bool
    """Whether MSG begins with the byte order mark."""

    @property
    def facility(self) -> int:
        """10 is security and authorization (RFC 5424 6.2.1)."""
        return self.priority >> 3

    @property
    def says_what_it_is(self) -> bool:
        """Whether MSGID is set."""
        return self.message_id != _NIL

    @property
    def header(self) -> str:
        """All that a collector keeps in clear beside the message."""
        fields = (self.host_name, self.application, self.process_id, self.message_id, self.structured_data)
        return " ".join(fields)


def parse(octets: bytes) -> SyslogMessage:
    """Raises NotSyslog."""
    priority = re.match(rb"<(0|[1-9]\d{0,2})>", octets)
    if priority is None or int(priority[1]) > 191:
        raise NotSyslog(f"it does not begin with a PRI of 0 to 191 in angle brackets: {_shown(octets)}")
    version, *fields = octets[priority.end() :].split(b" ", 6)
    if version != b"1" or len(fields) < 6:
        raise NotSyslog(f"no version 1 and six fields after PRI, as in RFC 3164 perhaps: {_shown(octets)}")
    timestamp, *names, rest = fields
    if not _TIMESTAMP.fullmatch(timestamp):
        raise NotSyslog(f"TIMESTAMP is {_shown(timestamp)}")
    for (name, longest), value in zip(_FIELDS, names, strict=True):
        if not 1 <= len(value) <= longest or not all(0x21 <= octet <= 0x7E for octet in value):
            raise NotSyslog(f"{name} is not 1 to {longest} printable ASCII characters: {_shown(value)}")
    data = _DATA.match(rest)
    if data is None:
        raise NotSyslog(f"STRUCTURED-DATA is neither - nor elements in brackets: {_shown(rest)}")
    content = rest[data.end() + 1 :]
    host_name, application, process_id, message_id = (value.decode("ascii") for value in names)
    return SyslogMessage(
        int(priority[1]),
        timestamp.decode("ascii"),
        host_name,
        application,
        process_id,
        message_id,
        data[0].decode("utf-8", "replace"),
        content.removeprefix(MARK),
        content.startswith(MARK),
    )


def _shown(octets: bytes) -> str:
    return repr(octets[:60].decode("utf-8", "replace"))


class BadFrame(ValueError):
    """A stream on which no message can be told from the next."""


class OctetCounting:
    """Messages of a stream, each with its length in front (RFC 5425 4.3)."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, octets: bytes) -> list[bytes]:
        """The messages that are whole now.  Raises BadFrame, after which the stream is lost."""
        self._waiting += octets
        found: list[bytes] = []
        while self._waiting:
            length = re.match(rb"([1-9]\d{0,8}) ", self._waiting)
            if length is None:
                if re.fullmatch(rb"[1-9]\d{0,8}", self._waiting):
                    break
                raise BadFrame(f"no length and a space in front of a message: {_shown(bytes(self._waiting))}")
            begin, end = length.end(), length.end() + int(length[1])
            if end - begin > LONGEST:
                raise BadFrame(f"a message of {end - begin:,} octets; {LONGEST:,} are taken")
            if len(self._waiting) < end:
                break
            found.append(bytes(self._waiting[begin:end]))
            del self._waiting[:end]
        return found

    @property
    def rest(self) -> bytes:
        """What is left where the stream ends in the middle of a message."""
        return bytes(self._waiting)
