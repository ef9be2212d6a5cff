"""What is audited, and who took part: the events of PS3.15 A.5.3 that an archive has.

Application Activity, DICOM Instances Transferred (one for each study that an association brought or a
retrieval sent), Query, and Security Alert. Messages are built here and sent by `syslog`.
"""

from __future__ import annotations

import base64
import os
import socket
import xml.etree.ElementTree as ElementTree  # nosec B405 # written, never read
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.foreign_text import xml_characters

from .config import AuditTarget, Destination
from .negotiation import Caller, Rejection
from .syslog import Sender

if TYPE_CHECKING:
    from .semantics import Semantics

Code = tuple[str, str, str]
APPLICATION_ACTIVITY: Code = ("110100", "DCM", "Application Activity")
INSTANCES_TRANSFERRED: Code = ("110104", "DCM", "DICOM Instances Transferred")
QUERY: Code = ("110112", "DCM", "Query")
SECURITY_ALERT: Code = ("110113", "DCM", "Security Alert")
_START: Code = ("110120", "DCM", "Application Start")
_STOP: Code = ("110121", "DCM", "Application Stop")
_NODE_AUTHENTICATION: Code = ("110126", "DCM", "Node Authentication")
_APPLICATION: Code = ("110150", "DCM", "Application")
_DESTINATION: Code = ("110152", "DCM", "Destination Role ID")
_SOURCE: Code = ("110153", "DCM", "Source Role ID")
_STUDY_UID: Code = ("110180", "DCM", "Study Instance UID")
_CLASS_UID: Code = ("110181", "DCM", "SOP Class UID")
_PATIENT_NUMBER: Code = ("2", "RFC-3881", "Patient Number")
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"
SUCCESS, MINOR, SERIOUS = "0", "4", "8"


@dataclass(frozen=True)
class Participant:
    """An active participant: an AE title at an address."""

    ae_title: str
    address: str
    role: Code | None
    is_requestor: bool


@dataclass
class Transfer:
    """Instances of one study of one patient, on their way between two participants."""

    study: str
    patient_id: str
    patient_name: str
    outcome: str = SUCCESS
    is_new: bool = False
    classes: Counter[str] = field(default_factory=Counter)

    @property
    def kind(self) -> tuple[str, str, bool]:
        """What those of one message have in common."""
        return self.study, self.outcome, self.is_new


class Audit:
    """Reports events; without a target it does nothing."""

    def __init__(self, target: AuditTarget | None, ae_title: str, semantics: Semantics) -> None:
        """Raises OSError when a file can't be opened."""
        self._sender = Sender(target, semantics.audit_line) if target is not None else None
        self._semantics = semantics
        self._ae_title = ae_title
        self._open: dict[int, Transfer] = {}

    def started(self) -> None:
        """The archive is ready."""
        self._application(_START)

    def close(self, *, ends: bool = True) -> None:
        """The archive ends, or one of its processes; waits a little for what is still to be sent."""
        if self._sender is not None:
            if ends:
                self._application(_STOP)
            self._sender.close()

    def rejected(self, caller: Caller, rejection: Rejection) -> None:
        """An association was refused for who asked."""
        reason = (
            f"association rejected: result {rejection.result}, source {rejection.source},"
            f" reason {rejection.reason}"
        )
        if rejection.source != 3:  # a local limit is no matter of security
            self._alert(caller.address, caller.calling, reason)

    def security_alert(self, address: str, reason: str) -> None:
        """A TLS handshake failed."""
        self._alert(address, "", reason)

    def stored(self, key: int, caller: Caller, transfer: Transfer) -> None:
        """An object was received on association `key`; told when its study is over."""
        if self._sender is None:
            return
        begun = self._open.get(key)
        # Success and failure, new and known are never told in one message (A.5.2, A.5.3.7).
        if begun is not None and begun.kind != transfer.kind:
            self.ended(key, caller)
            begun = None
        if begun is None:
            self._open[key] = transfer
        else:
            begun.classes.update(transfer.classes)

    def ended(self, key: int, caller: Caller) -> None:
        """No more of the study comes on association `key`."""
        transfer = self._open.pop(key, None)
        if transfer is not None:
            self._transferred(
                transfer,
                Participant(caller.calling, caller.address, _SOURCE, True),
                self._self(_DESTINATION, False),
                "C" if transfer.is_new else "R",
            )

    def sent(self, caller: Caller, destination: Destination | None, transfers: Iterable[Transfer]) -> None:
        """A retrieval was carried out; by C-GET when there's no destination."""
        source = self._self(_SOURCE, False)
        for transfer in transfers:
            if destination is None:
                receiver = Participant(caller.calling, caller.address, _DESTINATION, True)
                self._transferred(transfer, source, receiver, "R")
            else:
                receiver = Participant(destination.ae_title, destination.host, _DESTINATION, False)
                asking = Participant(caller.calling, caller.address, None, True)
                self._transferred(transfer, source, receiver, "R", asking)

    def queried(self, caller: Caller, sop_class: str, identifier: bytes, transfer_syntax: str) -> None:
        """A C-FIND request came."""
        if self._sender is None:
            return
        root = self._message(
            QUERY,
            "E",
            SUCCESS,
            [Participant(caller.calling, caller.address, _SOURCE, True), self._self(_DESTINATION, False)],
        )
        subject = _object(root, sop_class, "2", "3", _CLASS_UID)
        query = ElementTree.SubElement(subject, "ParticipantObjectQuery")
        query.text = base64.b64encode(identifier).decode()
        detail = base64.b64encode(transfer_syntax.encode()).decode()
        ElementTree.SubElement(subject, "ParticipantObjectDetail", type="TransferSyntax", value=detail)
        self._send(root)

    def _application(self, kind: Code) -> None:
        if self._sender is not None:
            root = self._message(APPLICATION_ACTIVITY, "E", SUCCESS, [self._self(_APPLICATION, False)], kind)
            self._send(root)

    def _alert(self, address: str, ae_title: str, reason: str) -> None:
        if self._sender is None:
            return
        root = self._message(
            SECURITY_ALERT,
            "E",
            MINOR,
            [self._self(None, False), Participant(ae_title, address, None, False)],
            _NODE_AUTHENTICATION,
            reason,
        )
        self._send(root)

    def _transferred(self, transfer: Transfer, *parts: Participant | str) -> None:
        if self._sender is None:
            return
        participants = [part for part in parts if isinstance(part, Participant)]
        action = next(part for part in parts if isinstance(part, str))
        root = self._message(INSTANCES_TRANSFERRED, action, transfer.outcome, participants)
        study = _object(root, transfer.study, "2", "3", _STUDY_UID)
        ElementTree.SubElement(study, "ParticipantObjectName").text = transfer.study
        description = ElementTree.SubElement(study, "ParticipantObjectDescription")
        for sop_class, number in sorted(transfer.classes.items()):
            ElementTree.SubElement(description, "SOPClass", UID=sop_class, NumberOfInstances=str(number))
        patient = _object(root, transfer.patient_id, "1", "1", _PATIENT_NUMBER)
        ElementTree.SubElement(patient, "ParticipantObjectName").text = transfer.patient_name
        self._send(root)

    def _self(self, role: Code | None, is_requestor: bool) -> Participant:
        return Participant(self._ae_title, "", role, is_requestor)

    def _message(
        self,
        event: Code,
        action: str,
        outcome: str,
        participants: Iterable[Participant],
        kind: Code | None = None,
        description: str = "",
    ) -> ElementTree.Element:
        """Event, participants and source of a message, in the order of the schema (A.5.1.1)."""
        root = ElementTree.Element("AuditMessage")
        identification = ElementTree.SubElement(
            root,
            "EventIdentification",
            EventActionCode=action,
            EventDateTime=datetime.now(UTC).isoformat(timespec="milliseconds"),
            EventOutcomeIndicator=outcome,
        )
        _coded(identification, "EventID", event)
        if kind is not None:
            _coded(identification, "EventTypeCode", kind)
        if description:
            ElementTree.SubElement(identification, "EventOutcomeDescription").text = description
        for participant in participants:
            self._participant(root, participant)
        source = ElementTree.SubElement(root, "AuditSourceIdentification", AuditSourceID=self._ae_title)
        ElementTree.SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})
        return root

    def _participant(self, root: ElementTree.Element, participant: Participant) -> None:
        own = participant.ae_title == self._ae_title and not participant.address
        element = ElementTree.SubElement(
            root,
            "ActiveParticipant",
            UserID=str(os.getpid()) if own else participant.ae_title or participant.address,
            UserIsRequestor="true" if participant.is_requestor else "false",
            NetworkAccessPointID=participant.address or socket.gethostname(),
            NetworkAccessPointTypeCode="2" if participant.address else "1",
        )
        if participant.ae_title:
            element.set("AlternativeUserID", f"AETITLES={participant.ae_title}")  # A.5.2.2
        if participant.role is not None:
            _coded(element, "RoleIDCode", participant.role)

    def _send(self, root: ElementTree.Element) -> None:
        message = self._semantics.audited(root)
        if self._sender is None or message is None:
            return
        # With a character that XML has no form for a collector throws the message away.
        text = xml_characters(ElementTree.tostring(message, encoding="unicode"), "\ufffd")
        self._sender.send((_DECLARATION + text).encode())


def _coded(parent: ElementTree.Element, name: str, code: Code) -> None:
    ElementTree.SubElement(
        parent, name, {"csd-code": code[0], "codeSystemName": code[1], "originalText": code[2]}
    )


def _object(
    root: ElementTree.Element, identity: str, kind: str, role: str, code: Code
) -> ElementTree.Element:
    element = ElementTree.SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=identity,
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )
    _coded(element, "ParticipantObjectIDTypeCode", code)
    return element
