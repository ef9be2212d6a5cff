"""Weaknesses of the audit trail, seeded into the hardened archive."""

from __future__ import annotations

import base64
import copy
import re
import time
from xml.etree.ElementTree import Element, SubElement

from harness.archive.attributes import AttributeSet
from harness.archive.audit import INSTANCES_TRANSFERRED, MINOR, QUERY, SECURITY_ALERT, SUCCESS
from harness.archive.config import ArchiveConfig
from harness.archive.negotiation import Identity, IdentityAnswer
from harness.archive.semantics import Semantics
from tests.mutants.seed import mutant

LATE = 2.0
"""Seconds; more than `tests.mutants.kill.AUDIT_WITHIN`."""


def is_about(message: Element, event: tuple[str, str, str]) -> bool:
    return identification(message).find("EventID").get("csd-code") == event[0]  # type: ignore[union-attr]


def identification(message: Element) -> Element:
    found = message.find("EventIdentification")
    assert found is not None
    return found


def patient_name(message: Element) -> str:
    """The patient's name in a message about a transfer; empty elsewhere."""
    named = [
        element.findtext("ParticipantObjectName") or ""
        for element in message.iter("ParticipantObjectIdentification")
        if element.get("ParticipantObjectTypeCode") == "1"
    ]
    return named[0] if named else ""


class Silent(Semantics):
    """Has nothing to say of some events."""

    kept_back: tuple[tuple[str, str, str], ...] = ()

    def audited(self, message: Element) -> Element | None:
        return None if any(is_about(message, event) for event in self.kept_back) else message


@mutant(
    clause="PS3.15 A.5.3.11",
    defect="audits no refused association",
    caught_by=("security.audit.refused-caller", "security.audit.refused-user"),
    hardened=True,
)
class NoAlert(Silent):
    kept_back = (SECURITY_ALERT,)


@mutant(
    clause="PS3.15 A.5.3.10",
    defect="audits no query",
    caught_by=("security.audit.query", "security.audit.long-query"),
    hardened=True,
)
class NoQuery(Silent):
    kept_back = (QUERY,)


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="audits no transfer",
    caught_by=("security.audit.store", "security.audit.get", "security.audit.move"),
    hardened=True,
)
class NoTransfer(Silent):
    kept_back = (INSTANCES_TRANSFERRED,)


@mutant(
    clause="PS3.15 A.5.3.1",
    defect="audits no start",
    caught_by=("security.audit.start",),
    hardened=True,
)
class NoStart(Silent):
    kept_back = (("110100", "DCM", "Application Activity"),)


@mutant(
    clause="PS3.15 A.5.2",
    defect="tells every transfer as a success",
    caught_by=("security.audit.refused-object-is-no-success",),
    hardened=True,
)
class AllIsWell(Semantics):
    def audited(self, message: Element) -> Element | None:
        if is_about(message, INSTANCES_TRANSFERRED):
            identification(message).set("EventOutcomeIndicator", SUCCESS)
        return message


@mutant(
    clause="PS3.15 A.5.2",
    defect="tells every transfer as a failure",
    caught_by=("security.audit.stored-is-success",),
    hardened=True,
)
class NothingIsWell(Semantics):
    def audited(self, message: Element) -> Element | None:
        if is_about(message, INSTANCES_TRANSFERRED):
            identification(message).set("EventOutcomeIndicator", MINOR)
        return message


@mutant(
    clause="PS3.15 A.5.3.11",
    defect="tells a refused association as an authentication that succeeded",
    caught_by=("security.audit.refused-caller-is-no-success",),
    hardened=True,
)
class RefusedWithSuccess(Semantics):
    def audited(self, message: Element) -> Element | None:
        if is_about(message, SECURITY_ALERT):
            identification(message).set("EventOutcomeIndicator", SUCCESS)
        return message


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="changes source and destination over",
    caught_by=("security.audit.source-and-destination",),
    hardened=True,
)
class ChangedOver(Semantics):
    def audited(self, message: Element) -> Element | None:
        others = {"110152": "110153", "110153": "110152"}
        for role in message.iter("RoleIDCode"):
            role.set("csd-code", others.get(role.get("csd-code", ""), role.get("csd-code", "")))
        return message


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="tells every object as new",
    caught_by=("security.audit.known-objects-are-not-created",),
    hardened=True,
)
class AllIsNew(Semantics):
    def audited(self, message: Element) -> Element | None:
        if is_about(message, INSTANCES_TRANSFERRED):
            identification(message).set("EventActionCode", "C")
        return message


@mutant(
    clause="PS3.15 A.5.3.10",
    defect="leaves out the end of the query",
    caught_by=("security.audit.query-is-whole", "security.audit.long-query"),
    hardened=True,
)
class CutQuery(Semantics):
    def audited(self, message: Element) -> Element | None:
        for query in message.iter("ParticipantObjectQuery"):
            query.text = base64.b64encode(base64.b64decode(query.text or "")[:-12]).decode()
        return message


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="audits every fourth transfer alone",
    caught_by=("security.audit.every-study",),
    hardened=True,
)
class NowAndThen(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.transfers = 0

    def audited(self, message: Element) -> Element | None:
        if is_about(message, INSTANCES_TRANSFERRED):
            self.transfers += 1
            return message if self.transfers % 4 == 0 else None
        return message


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="sends messages late",
    caught_by=("security.audit.query",),
    hardened=True,
)
class Late(Semantics):
    def audit_line(self, line: bytes) -> bytes:
        time.sleep(LATE)
        return line


# ------------------------------------------------------------ form


class Worded(Semantics):
    """Writes its syslog messages in another way."""

    def audit_line(self, line: bytes) -> bytes:
        header, mark, content = line.partition(b"\xef\xbb\xbf")
        return self.written(header, mark, content)

    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        raise NotImplementedError


@mutant(
    clause="PS3.15 A.7",
    defect="sends the syslog of old (RFC 3164)",
    caught_by=("security.audit-messages.syslog",),
    hardened=True,
)
class OldSyslog(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return b"<85>Nov 29 12:00:00 host archive: " + content


@mutant(
    clause="PS3.15 A.7",
    defect="has the facility of user-level messages",
    caught_by=("security.audit-messages.facility",),
    hardened=True,
)
class UserFacility(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return header.replace(b"<85>", b"<13>") + mark + content


@mutant(
    clause="PS3.15 A.7",
    defect="sets no MSGID",
    caught_by=("security.audit-messages.message-id",),
    hardened=True,
)
class NoMessageId(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return header.replace(b"DICOM+RFC3881", b"-") + mark + content


@mutant(
    clause="PS3.15 A.7, RFC 5424 6.4",
    defect="has no byte order mark in front of UTF-8",
    caught_by=("security.audit-messages.byte-order-mark",),
    hardened=True,
)
class NoMark(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return header + content


@mutant(
    clause="PS3.15 A.7, RFC 5426 3.1",
    defect="puts each message into its datagram twice",
    caught_by=("security.audit-messages.one-by-one",),
    hardened=True,
)
class TwoInOne(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return (header + mark + content) * 2


@mutant(
    clause="PS3.15 A.5.1",
    defect="sends messages that are cut after 700 bytes",
    caught_by=("security.audit-messages.well-formed",),
    hardened=True,
)
class CutMessage(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return header + mark + content[:700]


@mutant(
    clause="PS3.15 A.5.1.1",
    defect="has codes in the attribute of RFC 3881",
    caught_by=("security.audit-messages.schema",),
    hardened=True,
)
class OldCodes(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return header + mark + content.replace(b" csd-code=", b" code=")


@mutant(
    clause="PS3.15 A.5.2.5",
    defect="writes times without a zone",
    caught_by=("security.audit-messages.time-zone",),
    hardened=True,
)
class NoZone(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return header + mark + re.sub(rb'(EventDateTime="[^"+]*)\+00:00', rb"\1", content)


@mutant(
    clause="PS3.15 A.5.2.5",
    defect="has a clock that is two hours off",
    caught_by=("security.audit-messages.clock",),
    hardened=True,
)
class WrongClock(Worded):
    def written(self, header: bytes, mark: bytes, content: bytes) -> bytes:
        return header + mark + re.sub(rb'(EventDateTime="[^"+]*)\+00:00', rb"\1+02:00", content)


# ------------------------------------------------------------ content


@mutant(
    clause="PS3.15 A.5.3.10",
    defect="has the action of reading for queries",
    caught_by=("security.audit-messages.event",),
    hardened=True,
)
class QueryIsRead(Semantics):
    def audited(self, message: Element) -> Element | None:
        if is_about(message, QUERY):
            identification(message).set("EventActionCode", "R")
        return message


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="leaves out who received",
    caught_by=("security.audit-messages.participants",),
    hardened=True,
)
class NoDestination(Semantics):
    def audited(self, message: Element) -> Element | None:
        for one in message.findall("ActiveParticipant"):
            role = one.find("RoleIDCode")
            if role is not None and role.get("csd-code") == "110152":
                message.remove(one)
        return message


@mutant(
    clause="PS3.15 A.5.2",
    defect="has everybody ask",
    caught_by=("security.audit-messages.one-requestor",),
    hardened=True,
)
class AllAsk(Semantics):
    def audited(self, message: Element) -> Element | None:
        for one in message.findall("ActiveParticipant"):
            one.set("UserIsRequestor", "true")
        return message


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="names no patient",
    caught_by=("security.audit-messages.objects",),
    hardened=True,
)
class NoPatient(Semantics):
    def audited(self, message: Element) -> Element | None:
        for one in message.findall("ParticipantObjectIdentification"):
            if one.get("ParticipantObjectTypeCode") == "1":
                message.remove(one)
        return message


@mutant(
    clause="PS3.15 A.5.3.7",
    defect="tells transfers of several patients in one message",
    caught_by=("security.audit-messages.one-patient",),
    hardened=True,
)
class Together(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.before: list[Element] = []

    def audited(self, message: Element) -> Element | None:
        if is_about(message, INSTANCES_TRANSFERRED):
            own = copy.deepcopy(message.findall("ParticipantObjectIdentification"))
            message.extend(self.before)
            self.before = own
        return message


# ------------------------------------------------------------ exposure


class Talkative(Semantics):
    """Keeps the last user's passcode, to say it."""

    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.passcode = ""

    def identify(self, identity: Identity | None) -> IdentityAnswer:
        if identity is not None:
            self.passcode = identity.secondary.decode("utf-8", "replace")
        return super().identify(identity)


@mutant(
    clause="CWE-532",
    defect="says which passcode was refused, in base64",
    caught_by=("security.audit-exposure.passcode",),
    hardened=True,
)
class TellsRefusedPasscode(Talkative):
    def audited(self, message: Element) -> Element | None:
        if is_about(message, SECURITY_ALERT):
            one = message.find("ActiveParticipant")
            assert one is not None
            one.set("UserName", base64.b64encode(f"passcode {self.passcode}".encode()).decode())
        return message


@mutant(
    clause="CWE-532",
    defect="has the passcode of whoever stores in the message",
    caught_by=("security.audit-exposure.passcode",),
    hardened=True,
)
class TellsPasscode(Talkative):
    def audited(self, message: Element) -> Element | None:
        if is_about(message, INSTANCES_TRANSFERRED):
            identification(message).set("passcode", dict(self.config.passcodes).popitem()[1])
        return message


class Naming(Semantics):
    """Knows the patients of the transfers so far when a message is sent."""

    names = ""

    def audited(self, message: Element) -> Element | None:
        self.names += patient_name(message)
        return message


@mutant(
    clause="CWE-532",
    defect="has the patient's name as structured data in the syslog header",
    caught_by=("security.audit-exposure.header",),
    hardened=True,
)
class NamesInHeader(Naming):
    def audit_line(self, line: bytes) -> bytes:
        told = re.sub(r'["\\\]]', "", self.names).encode()
        return line.replace(b" - \xef", b' [patient@32473 name="' + told + b'"] \xef', 1)


@mutant(
    clause="CWE-532",
    defect="has the patient as a user",
    caught_by=("security.audit-exposure.user",),
    hardened=True,
)
class PatientIsUser(Naming):
    def audited(self, message: Element) -> Element | None:
        one = message.find("ActiveParticipant")
        assert one is not None
        one.set("UserName", patient_name(message))
        return message


@mutant(
    clause="PS3.15 A.5.3.10, CWE-532",
    defect="names whom was asked for beside the query",
    caught_by=("security.audit-exposure.query",),
    hardened=True,
)
class NamesInQuery(Naming):
    def audited(self, message: Element) -> Element | None:
        super().audited(message)
        if is_about(message, QUERY):
            identification(message).set("about", self.names)
        return message


@mutant(
    clause="CWE-532",
    defect="repeats what the object says of the patient",
    caught_by=("security.audit-exposure.clinical",),
    hardened=True,
)
class RepeatsRemarks(Semantics):
    remark = ""

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        self.remark = attributes.text(0x00104000) or self.remark

    def audited(self, message: Element) -> Element | None:
        for one in message.iter("ParticipantObjectIdentification"):
            value = base64.b64encode(f"comments: {self.remark}".encode()).decode()
            SubElement(one, "ParticipantObjectDetail", type="PatientComments", value=value)
        return message
