"""What an audit message says (PS3.15 A.5.1.1), read in a forgiving way.

Attributes that RFC 3881 calls ``code`` are read as ``csd-code`` too, so that a message of the older form is
blamed once, by the schema, and for nothing else.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

DCM = ("DCM", "1.2.840.10008.2.16.4")
"""The coding scheme of DICOM: by name, and by its UID (PS3.16 8.2)."""


class NotXml(ValueError):
    """No XML document; the text says why."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value."""

    value: str
    system: str
    meaning: str = ""

    def is_dicom(self, value: str) -> bool:
        """Whether it is that code of DICOM."""
        return self.value == value and self.system in DCM

    def __str__(self) -> str:
        return f"({self.value}, {self.system}, {self.meaning!r})"


@dataclass(frozen=True, slots=True)
class Participant:
    """Who took part."""

    user_id: str
    alternative: str
    user_name: str
    is_requestor: bool
    roles: tuple[Code, ...]
    address: str

    def has_role(self, value: str) -> bool:
        """Whether it has that role of DICOM."""
        return any(role.is_dicom(value) for role in self.roles)

    @property
    def titles(self) -> tuple[str, ...]:
        """Its AE titles, as A.5.2.2 has them, or as its UserID."""
        listed = self.alternative.removeprefix("AETITLES=").split(";")
        return tuple(title.strip() for title in (*listed, self.user_id) if title.strip())


@dataclass(frozen=True, slots=True)
class Subject:
    """What was acted upon: a participant object."""

    id: str
    kind: str
    role: str
    id_type: Code
    name: str | None
    query: bytes | None
    """Decoded; None where there is none, or it is no base64."""
    details: tuple[tuple[str, bytes], ...]
    description: tuple[str, ...]
    """The names of the elements of its description."""
    studies: tuple[str, ...]
    """Study Instance UIDs that it is said to contain."""

    @property
    def is_study(self) -> bool:
        return self.id_type.is_dicom("110180")

    @property
    def is_patient(self) -> bool:
        return self.id_type.value == "2" and self.id_type.system == "RFC-3881"


@dataclass(frozen=True, slots=True)
class AuditMessage:
    """An audit message; what is missing is empty."""

    event: Code
    types: tuple[Code, ...]
    action: str
    when: str
    outcome: str
    outcome_description: str
    source: str
    participants: tuple[Participant, ...]
    subjects: tuple[Subject, ...]

    @property
    def time(self) -> datetime | None:
        """EventDateTime; None where it can't be read."""
        try:
            return datetime.fromisoformat(self.when)
        except ValueError:
            return None

    @property
    def studies(self) -> frozenset[str]:
        """Study Instance UIDs that it is about."""
        return frozenset(
            uid
            for subject in self.subjects
            for uid in ((subject.id,) if subject.is_study else subject.studies)
        )

    @property
    def patients(self) -> tuple[Subject, ...]:
        return tuple(subject for subject in self.subjects if subject.is_patient)

    def is_event(self, *values: str) -> bool:
        """Whether it is about one of these events of DICOM."""
        return any(self.event.is_dicom(value) for value in values)

    def with_role(self, value: str) -> tuple[Participant, ...]:
        """The participants of a role."""
        return tuple(one for one in self.participants if one.has_role(value))


def document_of(content: bytes) -> Any:
    """The root element.  Raises NotXml.  Entities and outer files are left alone: nobody knows who sends."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotXml(str(error)) from None


def read(root: Any) -> AuditMessage:
    """What a document says, be it valid or not."""
    event = root.find("EventIdentification")
    source = root.find("AuditSourceIdentification")
    empty = etree.Element("nothing")
    event = empty if event is None else event
    source = empty if source is None else source
    return AuditMessage(
        event=_code(event.find("EventID")),
        types=tuple(_code(element) for element in event.findall("EventTypeCode")),
        action=event.get("EventActionCode", ""),
        when=event.get("EventDateTime", "").strip(),
        outcome=event.get("EventOutcomeIndicator", "").strip(),
        outcome_description=event.findtext("EventOutcomeDescription") or "",
        source=source.get("AuditSourceID", ""),
        participants=tuple(_participant(element) for element in root.findall("ActiveParticipant")),
        subjects=tuple(_subject(element) for element in root.findall("ParticipantObjectIdentification")),
    )


def binary_values(root: Any) -> Iterator[bytes]:
    """Every value that is in base64, decoded."""
    for element in root.iter("ParticipantObjectQuery"):
        yield _decoded(element.text) or b""
    for element in root.iter("ParticipantObjectDetail"):
        yield _decoded(element.get("value")) or b""


def _code(element: Any) -> Code:
    if element is None:
        return Code("", "")
    value = element.get("csd-code", element.get("code", ""))
    meaning = element.get("originalText", element.get("displayName", ""))
    return Code(value.strip(), element.get("codeSystemName", "").strip(), meaning)


def _participant(element: Any) -> Participant:
    return Participant(
        user_id=element.get("UserID", ""),
        alternative=element.get("AlternativeUserID", ""),
        user_name=element.get("UserName", ""),
        is_requestor=element.get("UserIsRequestor", "").strip() in ("true", "1"),
        roles=tuple(_code(role) for role in element.findall("RoleIDCode")),
        address=element.get("NetworkAccessPointID", "").strip(),
    )


def _subject(element: Any) -> Subject:
    described = [part for one in element.findall("ParticipantObjectDescription") for part in one]
    return Subject(
        id=" ".join(element.get("ParticipantObjectID", "").split()),
        kind=element.get("ParticipantObjectTypeCode", "").strip(),
        role=element.get("ParticipantObjectTypeCodeRole", "").strip(),
        id_type=_code(element.find("ParticipantObjectIDTypeCode")),
        name=element.findtext("ParticipantObjectName"),
        query=_decoded(element.findtext("ParticipantObjectQuery")),
        details=tuple(
            (one.get("type", ""), _decoded(one.get("value")) or b"")
            for one in element.findall("ParticipantObjectDetail")
        ),
        description=tuple(str(part.tag) for part in described),
        studies=tuple(one.get("UID", "") for one in element.iter("StudyIDs")),
    )


def _decoded(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
