"""Every audit message of the run: how it is carried, and what is in it (PS3.15 A.5 to A.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from harness.plugin.auditing import Sample
from harness.scenario import HIGH, LOW, MEDIUM, not_tested, safeguard
from harness.security.audit.kinds import (
    event_faults,
    object_faults,
    participant_faults,
    patient_faults,
    requestor_faults,
)
from harness.security.audit.message import AuditMessage
from harness.security.audit.schema import violations
from harness.security.audit.syslog import SyslogMessage
from harness.security.audit.trail import Arrival, Way

FORMAT = ("audit-trail",)
CARRIED = ("audit-syslog-tls", "audit-syslog-udp")
SECURITY_FACILITY = 10
"""security/authorization messages (PS3.15 A.6)."""
MOST_SHOWN = 3
CLOCKS_APART = 60.0
"""Seconds by which the product's clock may differ from the harness's before somebody wants to know."""

CALLS = "Name the differences to the vendor: a collector keeps or drops messages by this."


def agree(arrivals: Sequence[Arrival], faults_of: Callable[[Arrival], Iterable[str]]) -> None:
    """No message has a fault; else the first few different ones are said."""
    faults: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        for fault in faults_of(arrival):
            faults.setdefault(fault, []).append(arrival)
    shown = [f"{wrong[0].words()}: {fault}" for fault, wrong in list(faults.items())[:MOST_SHOWN]]
    number = len({arrival.number for wrong in faults.values() for arrival in wrong})
    assert not faults, f"{number} of {len(arrivals)} messages: {'; '.join(shown)}"


def carried(sample: Sample) -> list[Arrival]:
    """The messages that came over the network: a file may have been written by another program."""
    seen = [arrival for arrival in sample.messages() if arrival.way is not Way.FILE]
    if not seen:
        raise not_tested("the messages are read from a file, which does not show how they were sent")
    return seen


def syslog_of(sample: Sample) -> list[tuple[Arrival, SyslogMessage]]:
    """Those that are syslog messages: others have failed already."""
    found = [(one, one.syslog) for one in carried(sample) if one.syslog is not None]
    if not found:
        raise not_tested("no message is one of syslog (RFC 5424)")
    return found


def read(sample: Sample) -> list[Arrival]:
    """Those that are XML: others have failed already."""
    found = [arrival for arrival in sample.messages() if arrival.message is not None]
    if not found:
        raise not_tested("no message is well-formed XML")
    return found


def about(faults_of: Callable[[AuditMessage], list[str]]) -> Callable[[Arrival], list[str]]:
    return lambda arrival: [] if arrival.message is None else faults_of(arrival.message)


# ------------------------------------------------------------ how it is carried


@safeguard(
    "PS3.15 A.6, A.7, RFC 5424 6",
    MEDIUM,
    "Each message is one of syslog as RFC 5424 has it.",
    remedy="Send RFC 5424 (version 1), not the older form of RFC 3164.",
    profiles=CARRIED,
)
def test_syslog(audit_sample: Sample) -> None:
    agree(carried(audit_sample), lambda arrival: [arrival.not_syslog] if arrival.not_syslog else [])


@safeguard(
    "PS3.15 A.6, A.7, RFC 5425 4.3, RFC 5426 3.1",
    MEDIUM,
    "A message can be told from the next: a length in front of each over TLS, a datagram for each over UDP.",
    remedy="Count octets over TLS (RFC 5425 4.3), and put one message into each datagram (RFC 5426 3.1).",
    profiles=CARRIED,
)
def test_one_by_one(audit_sample: Sample) -> None:
    assert not audit_sample.trail.faults, audit_sample.trail.faults[0]
    agree(carried(audit_sample), lambda arrival: ["several messages in one"] if arrival.is_several else [])


@safeguard(
    "PS3.15 A.6, A.7",
    LOW,
    "The facility of each message is 10, security and authorization.",
    remedy="Set PRI to 85 (facility 10, severity 5), or to another severity of that facility.",
    profiles=CARRIED,
)
def test_facility(audit_sample: Sample) -> None:
    wrong = {one.facility for _, one in syslog_of(audit_sample)} - {SECURITY_FACILITY}
    assert not wrong, f"messages have the facility {', '.join(map(str, sorted(wrong)))}"


@safeguard(
    "PS3.15 A.6, A.7",
    LOW,
    "MSGID of each message is set.",
    remedy="Set MSGID, to DICOM+RFC3881 for instance: collectors know audit messages by it.",
    profiles=CARRIED,
)
def test_message_id(audit_sample: Sample) -> None:
    bare = [arrival for arrival, one in syslog_of(audit_sample) if not one.says_what_it_is]
    assert not bare, f"{len(bare)} messages, {bare[0].words()} for one, have no MSGID"


@safeguard(
    "PS3.15 A.6, A.7, RFC 5424 6.4",
    LOW,
    "A message with characters beyond ASCII begins with the byte order mark of UTF-8.",
    remedy="Put EF BB BF in front of the XML: without it a collector has to guess the character set.",
    profiles=CARRIED,
)
def test_byte_order_mark(audit_sample: Sample) -> None:
    beyond = [(arrival, one) for arrival, one in syslog_of(audit_sample) if not one.content.isascii()]
    if not beyond:
        raise not_tested("no message has a character beyond ASCII")
    bare = [arrival for arrival, one in beyond if not one.is_marked]
    assert not bare, (
        f"{len(bare)} of {len(beyond)} messages, {bare[0].words()} for one, have no byte order mark"
    )


# ------------------------------------------------------------ what is in it


@safeguard(
    "PS3.15 A.5.1",
    HIGH,
    "Each message is well-formed XML.",
    remedy="Have texts escaped and messages sent whole: what cannot be read is lost to an investigation.",
    profiles=FORMAT,
)
def test_well_formed(audit_sample: Sample) -> None:
    agree(audit_sample.messages(), lambda arrival: [arrival.not_xml] if arrival.not_xml else [])


@safeguard(
    "PS3.15 A.5.1.1",
    MEDIUM,
    "Each message is valid by the schema of DICOM.",
    remedy="Validate the messages against the schema of PS3.15 A.5.1.1, which is not that of RFC 3881.",
    profiles=FORMAT,
)
def test_schema(audit_sample: Sample) -> None:
    agree(read(audit_sample), lambda arrival: violations(arrival.root))


@safeguard(
    "PS3.15 A.5.2.5",
    MEDIUM,
    "EventDateTime has a time zone.",
    remedy="Write the offset from UTC, or Z, behind the time: events of two systems have no order without.",
    profiles=FORMAT,
)
def test_time_zone(audit_sample: Sample) -> None:
    def faults(message: AuditMessage) -> list[str]:
        when = message.time
        return [] if when is None or when.tzinfo is not None else [f"EventDateTime is {message.when}"]

    agree(read(audit_sample), about(faults))


@safeguard(
    "PS3.15 A.5.2.5",
    MEDIUM,
    f"EventDateTime is the time of the event, within {CLOCKS_APART:g} s of this machine's clock.",
    remedy="Have the product and the collector take their time from one source (NTP).",
)
def test_clock(audit_sample: Sample, observed: Callable[[str, float, str], None]) -> None:
    apart = {
        one.number: abs(one.at - one.message.time.timestamp())
        for one in read(audit_sample)
        if one.message and one.message.time and one.message.time.tzinfo
    }
    if not apart:
        raise not_tested("no message has an EventDateTime with a time zone")
    observed("audit.clocks-apart", max(apart.values()), "s")
    wrong = max(apart, key=lambda number: apart[number])
    assert apart[wrong] <= CLOCKS_APART, f"message {wrong} came {apart[wrong]:.0f} s from its EventDateTime"


@safeguard(
    "PS3.15 A.5.3",
    MEDIUM,
    "EventActionCode and EventTypeCode are those of the event's table.",
    remedy=CALLS,
    profiles=FORMAT,
)
def test_event(audit_sample: Sample) -> None:
    agree(read(audit_sample), about(event_faults))


@safeguard(
    "PS3.15 A.5.3",
    MEDIUM,
    "The active participants are those of the event's table, with their roles.",
    remedy="Name source and destination, each with its role: who did it is what the trail is for.",
    profiles=FORMAT,
)
def test_participants(audit_sample: Sample) -> None:
    agree(read(audit_sample), about(participant_faults))


@safeguard(
    "PS3.15 A.5.2",
    LOW,
    "One participant at most is the requestor.",
    remedy="Set UserIsRequestor to true for one participant at most.",
    profiles=FORMAT,
)
def test_one_requestor(audit_sample: Sample) -> None:
    agree(read(audit_sample), about(requestor_faults))


@safeguard(
    "PS3.15 A.5.3",
    MEDIUM,
    "The participant objects are those of the event's table: studies, the patient, the query.",
    remedy="Name study and patient by their identifiers, with the type codes of the event's table.",
    profiles=FORMAT,
)
def test_objects(audit_sample: Sample) -> None:
    agree(read(audit_sample), about(object_faults))


@safeguard(
    "PS3.15 A.5.3.3, A.5.3.7",
    HIGH,
    "A message about a transfer is about one patient.",
    remedy="Send a message for each patient: else whose data went where cannot be told.",
    profiles=FORMAT,
)
def test_one_patient(audit_sample: Sample) -> None:
    agree(read(audit_sample), about(patient_faults))
