"""What has arrived of a product's audit trail, bounded, and asked for while it arrives."""

from __future__ import annotations

import enum
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.security.audit.message import AuditMessage, NotXml, document_of, read
from harness.security.audit.syslog import NotSyslog, SyslogMessage, parse

MOST_MESSAGES, MOST_OCTETS = 20_000, 64 << 20
"""What is kept; of more, the oldest goes."""
MOST_FAULTS = 100
_ROOT = b"<AuditMessage"
_MESSAGE_IDS = ("DICOM+RFC3881", "IHE+RFC-3881")
"""MSGID by PS3.15 A.6, and by IHE ITI-20."""


class Way(enum.Enum):
    """How messages come."""

    UDP = "udp"
    TLS = "tls"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it came."""

    number: int
    at: float
    """Seconds since the epoch, by this machine's clock."""
    way: Way
    sender: str
    """The address that it came from; empty in a file."""
    octets: bytes
    syslog: SyslogMessage | None
    not_syslog: str
    """Why it is no syslog message, where it is none."""
    root: Any | None
    """The XML document."""
    not_xml: str
    """Why there is none, where there is none."""
    message: AuditMessage | None

    @property
    def is_audit(self) -> bool:
        """Whether it is an audit message, or means to be one: others may come the same way (PS3.15 A.6)."""
        return _ROOT in self.octets or (self.syslog is not None and self.syslog.message_id in _MESSAGE_IDS)

    @property
    def is_several(self) -> bool:
        """Whether more than one audit message came as one."""
        return self.octets.count(_ROOT) > 1

    def mentions(self, text: str) -> bool:
        """Whether a text of ASCII stands in it in clear."""
        return text.encode() in self.octets

    def words(self) -> str:
        """Which message it is, for people."""
        if self.message is None:
            return f"message {self.number}"
        return (
            f"message {self.number} ({self.message.event.meaning or self.message.event.value or 'no event'})"
        )


def arrival_of(number: int, octets: bytes, way: Way, sender: str) -> Arrival:
    """Take a message apart, as far as that goes."""
    syslog, not_syslog = None, ""
    try:
        syslog = parse(octets)
        content = syslog.content
    except NotSyslog as error:
        not_syslog = str(error)
        places = [place for place in (octets.find(b"<?xml"), octets.find(_ROOT)) if place >= 0]
        content = octets[min(places) :] if places else b""
    root, message, not_xml = None, None, ""
    try:
        root = document_of(content)
        message = read(root)
    except NotXml as error:
        not_xml = str(error)
    return Arrival(number, time.time(), way, sender, octets, syslog, not_syslog, root, not_xml, message)


class Trail:
    """Filled by threads of `harness.security.audit.receiver`, read by scenarios."""

    def __init__(self, within: float) -> None:
        self.within = within
        """Seconds from an event to its message."""
        self._arrivals: deque[Arrival] = deque()
        self._octets = 0
        self._number = 0
        self._news = threading.Condition()
        self._faults: deque[str] = deque(maxlen=MOST_FAULTS)
        self._refused: deque[str] = deque(maxlen=MOST_FAULTS)

    # ------------------------------------------------------------ filled

    def add(self, octets: bytes, way: Way, sender: str = "") -> None:
        """A message has come."""
        with self._news:
            self._number += 1
            self._arrivals.append(arrival_of(self._number, octets, way, sender))
            self._octets += len(octets)
            while len(self._arrivals) > MOST_MESSAGES or self._octets > MOST_OCTETS:
                self._octets -= len(self._arrivals.popleft().octets)
            self._news.notify_all()

    def broken(self, fault: str) -> None:
        """Something has come that is no message."""
        self._faults.append(fault)

    def refused(self, why: str) -> None:
        """Somebody wanted to bring messages, and could not."""
        self._refused.append(why)

    # ------------------------------------------------------------ read

    @property
    def faults(self) -> tuple[str, ...]:
        """What came and is no message."""
        return tuple(self._faults)

    @property
    def nothing(self) -> str:
        """The words for a trail in which there is nothing."""
        because = f"; {self._refused[-1]}" if self._refused else ""
        return f"no audit message has arrived in this run{because}"

    def mark(self) -> int:
        """The number that the next message is going to have; for `since`."""
        with self._news:
            return self._number + 1

    def seen(self, since: int = 0) -> tuple[Arrival, ...]:
        """The audit messages that are here, from a number on."""
        with self._news:
            return tuple(one for one in self._arrivals if one.number >= since and one.is_audit)

    def find(
        self, question: Callable[[Arrival], bool], since: int = 0, within: float | None = None
    ) -> Arrival | None:
        """The first audit message of which the question is true; None where none comes in time."""
        end = time.monotonic() + (self.within if within is None else within)
        with self._news:
            while True:
                for arrival in self._arrivals:
                    if arrival.number >= since and arrival.is_audit and question(arrival):
                        return arrival
                since = max(since, self._number + 1)
                if not self._news.wait(max(end - time.monotonic(), 0)) and time.monotonic() >= end:
                    return None
