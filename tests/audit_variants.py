"""An audit trail that is as legal as the bundled archive's, and has all of it otherwise."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from xml.etree.ElementTree import Element, fromstring, tostring

from harness.archive.semantics import Semantics

ELSEWHERE = timezone(timedelta(hours=5, minutes=30))
DICOM = "1.2.840.10008.2.16.4"


class Unusual(Semantics):
    """What PS3.15 A.5 to A.7 leaves to a product, decided in the other way."""

    def audited(self, message: Element) -> Element | None:
        event = message[0]
        when = datetime.fromisoformat(event.get("EventDateTime", ""))
        event.set("EventDateTime", when.astimezone(ELSEWHERE).isoformat())
        code = event[0]
        if code.get("csd-code") == "110104":  # it does not know what it had before (A.5.3.7)
            event.set("EventActionCode", "R")
        if code.get("csd-code") == "110113":  # who is refused has failed to log in (A.5.3.12)
            code.set("csd-code", "110114")
            event[1].set("csd-code", "110122")
            event.set("EventOutcomeIndicator", "8")
        for element in message.iter():
            if element.get("codeSystemName") == "DCM":
                element.set("codeSystemName", DICOM)
                element.set("originalText", "in words of our own")
            for description in element.findall("ParticipantObjectDescription"):
                element.remove(description)
        for participant in message.iter("ActiveParticipant"):
            participant.attrib.pop("AlternativeUserID", None)  # U
            participant.set("UserIsRequestor", "0")
        return message

    def audit_line(self, line: bytes) -> bytes:
        content = line.partition(b"\xef\xbb\xbf")[2]
        plain = tostring(fromstring(content), encoding="us-ascii")
        plain = re.sub(rb"^<\?xml.*?\?>\s*", b"", plain)
        return b'<84>1 - - - - AUDIT [origin@32473 a="b"] ' + plain.replace(b"><", b">\n  <")
