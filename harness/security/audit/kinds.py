"""The messages of PS3.15 A.5.3 that a PACS sends, as tables: codes, who takes part, what is acted upon."""

from __future__ import annotations

from dataclasses import dataclass

from harness.security.audit.message import AuditMessage, Subject

APPLICATION_ACTIVITY, BEGIN_TRANSFERRING, INSTANCES_ACCESSED = "110100", "110102", "110103"
INSTANCES_TRANSFERRED, STUDY_DELETED, DATA_EXPORT, DATA_IMPORT = "110104", "110105", "110106", "110107"
NETWORK_ENTRY, QUERY, SECURITY_ALERT, USER_AUTHENTICATION = "110108", "110112", "110113", "110114"
AUDIT_LOG_USED = "110101"
START, STOP, ATTACH, DETACH, LOGIN, LOGOUT = "110120", "110121", "110124", "110125", "110122", "110123"
NODE_AUTHENTICATION = "110126"
APPLICATION, DESTINATION, SOURCE = "110150", "110152", "110153"
DESTINATION_MEDIA, SOURCE_MEDIA = "110154", "110155"
STUDY_UID, SOP_CLASS_UID = "110180", "110181"

_ROLES = {
    APPLICATION: "Application",
    DESTINATION: "Destination Role ID",
    SOURCE: "Source Role ID",
    DESTINATION_MEDIA: "Destination Media",
    SOURCE_MEDIA: "Source Media",
}


@dataclass(frozen=True, slots=True)
class Number:
    """How many there have to be; None is no bound."""

    least: int
    most: int | None

    def allows(self, found: int) -> bool:
        return self.least <= found and (self.most is None or found <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


ONE, SOME, ANY = Number(1, 1), Number(1, None), Number(0, None)
ONE_OR_TWO = Number(1, 2)


@dataclass(frozen=True, slots=True)
class Kind:
    """A message of A.5.3."""

    clause: str
    name: str
    actions: str
    """The EventActionCodes that it may have."""
    types: tuple[str, ...] = ()
    """EventTypeCodes of which it has to have one."""
    has_type: bool = False
    """Whether it has to have any EventTypeCode."""
    participants: Number = SOME
    roles: tuple[tuple[str, Number], ...] = ()
    studies: Number = ANY
    patients: Number = ANY


_OPTIONAL = {"Accession", "MPPS", "Encrypted", "Anonymized"}
"""Parts of a study's description that want SOPClass beside them (A.5.2)."""
_BETWEEN = ((SOURCE, ONE), (DESTINATION, ONE))
KINDS = {
    APPLICATION_ACTIVITY: Kind(
        "A.5.3.1", "Application Activity", "E", (START, STOP), roles=((APPLICATION, ONE),)
    ),
    AUDIT_LOG_USED: Kind("A.5.3.2", "Audit Log Used", "R", participants=ONE_OR_TWO),
    BEGIN_TRANSFERRING: Kind(
        "A.5.3.3", "Begin Transferring DICOM Instances", "E", roles=_BETWEEN, studies=SOME, patients=ONE
    ),
    DATA_EXPORT: Kind("A.5.3.4", "Data Export", "R", patients=SOME),
    DATA_IMPORT: Kind("A.5.3.5", "Data Import", "C", roles=((DESTINATION, SOME),), patients=SOME),
    INSTANCES_ACCESSED: Kind(
        "A.5.3.6", "DICOM Instances Accessed", "CRUD", participants=ONE_OR_TWO, studies=SOME, patients=ONE
    ),
    INSTANCES_TRANSFERRED: Kind(
        "A.5.3.7", "DICOM Instances Transferred", "CRU", roles=_BETWEEN, studies=SOME, patients=ONE
    ),
    STUDY_DELETED: Kind(
        "A.5.3.8", "DICOM Study Deleted", "D", participants=ONE_OR_TWO, studies=SOME, patients=ONE
    ),
    NETWORK_ENTRY: Kind("A.5.3.9", "Network Entry", "E", (ATTACH, DETACH), participants=ONE),
    QUERY: Kind("A.5.3.10", "Query", "E", roles=_BETWEEN),
    SECURITY_ALERT: Kind("A.5.3.11", "Security Alert", "E", has_type=True),
    USER_AUTHENTICATION: Kind("A.5.3.12", "User Authentication", "E", has_type=True),
}
"""By EventID.  Messages about orders, patients and procedures (A.5.3.13 to A.5.3.15) are no PACS's."""


def kind_of(message: AuditMessage) -> Kind | None:
    """The table of a message; None where DICOM has none, as for what a product adds (PS3.15 A.5)."""
    return next((kind for value, kind in KINDS.items() if message.event.is_dicom(value)), None)


def event_faults(message: AuditMessage) -> list[str]:
    """Where the event is told otherwise than its table says."""
    kind = kind_of(message)
    if kind is None:
        return []
    found = []
    if message.action not in tuple(kind.actions):
        found.append(f"EventActionCode is {message.action or 'absent'}, not {' or '.join(kind.actions)}")
    if kind.types and not any(code.is_dicom(value) for code in message.types for value in kind.types):
        found.append(f"no EventTypeCode of {' or '.join(kind.types)}")
    if kind.has_type and not message.types:
        found.append("no EventTypeCode")
    return [f"{fault} ({kind.clause})" for fault in found]


def participant_faults(message: AuditMessage) -> list[str]:
    """Where others take part than its table says."""
    kind = kind_of(message)
    if kind is None:
        return []
    found = []
    if not kind.participants.allows(len(message.participants)):
        found.append(f"{len(message.participants)} active participants, not {kind.participants}")
    for role, number in kind.roles:
        have = len(message.with_role(role))
        if not number.allows(have):
            found.append(f"{have} active participants of role ({role}, DCM, {_ROLES[role]!r}), not {number}")
    if message.is_event(USER_AUTHENTICATION) and not any(one.address for one in message.participants):
        found.append("no NetworkAccessPointID of who was to be authenticated")
    found += [f"participant {number} has no UserID" for number in _nameless(message)]
    return [f"{fault} ({kind.clause})" for fault in found]


def _nameless(message: AuditMessage) -> list[int]:
    return [number for number, one in enumerate(message.participants, 1) if not one.user_id.strip()]


def requestor_faults(message: AuditMessage) -> list[str]:
    """More than one who asked (A.5.2)."""
    asking = [one.user_id for one in message.participants if one.is_requestor]
    return [f"UserIsRequestor is true of {len(asking)}: {', '.join(asking)}"] if len(asking) > 1 else []


def object_faults(message: AuditMessage) -> list[str]:
    """Where something else is acted upon than its table says; how many patients is `patient_faults`."""
    kind = kind_of(message)
    if kind is None:
        return []
    studies = [one for one in message.subjects if one.is_study]
    found = []
    if not kind.studies.allows(len(studies)):
        found.append(
            f"{len(studies)} participant objects (110180, DCM, 'Study Instance UID'), not {kind.studies}"
        )
    if kind.patients.least and not message.patients:
        found.append("no participant object (2, RFC-3881, 'Patient Number')")
    if message.is_event(QUERY):
        found += _query_faults(message)
    if message.is_event(SECURITY_ALERT):
        found += [
            "an alert's subject has no ParticipantObjectDetail 'Alert Description'"
            for one in message.subjects
            if not _has_detail(one, "AlertDescription")
        ]
    for one in message.subjects:
        found += _subject_faults(one, kind)
    return [f"{fault} ({kind.clause})" for fault in found]


def _subject_faults(subject: Subject, kind: Kind) -> list[str]:
    """ParticipantObjectTypeCode and -Role of studies and patients, which all tables have alike."""
    if not kind.patients.least:
        return []
    found = []
    checks: tuple[tuple[bool, str, str, str], ...] = (
        (subject.is_study, "study", "2", "3"),
        (subject.is_patient, "patient", "1", "1"),
    )
    for applies, name, type_, role in checks:
        if applies and subject.kind != type_:
            found.append(
                f"ParticipantObjectTypeCode of the {name} is {subject.kind or 'absent'}, not {type_}"
            )
        if applies and subject.role != role:
            found.append(
                f"ParticipantObjectTypeCodeRole of the {name} is {subject.role or 'absent'}, not {role}"
            )
    if subject.is_study and not subject.id:
        found.append("a study without its Study Instance UID")
    if subject.is_study and _OPTIONAL & set(subject.description) and "SOPClass" not in subject.description:
        found.append("a study is described without SOPClass (A.5.2)")
    return found


def _query_faults(message: AuditMessage) -> list[str]:
    """The one object of a query: SOP class and data set where it is one of DICOM."""
    asked = [one for one in message.subjects if one.query is not None]
    if len(asked) != 1:
        return [f"{len(asked)} participant objects with a readable ParticipantObjectQuery, not 1"]
    (query,) = asked
    found: list[str] = []
    if (query.kind, query.role) != ("2", "3"):
        found.append(
            f"the query's object has type {query.kind or '-'} and role {query.role or '-'}, not 2 and 3"
        )
    if query.id_type.is_dicom(SOP_CLASS_UID):
        if not query.id:
            found.append("the query's object lacks the UID of the SOP class")
        if not _has_detail(query, "TransferSyntax"):
            found.append("the query's object has no ParticipantObjectDetail 'TransferSyntax'")
    return found


def _has_detail(subject: Subject, name: str) -> bool:
    """Whether there is a ParticipantObjectDetail of that name, however it is spaced."""
    return any("".join(type_.split()).casefold() == name.casefold() for type_, _ in subject.details)


def patient_faults(message: AuditMessage) -> list[str]:
    """Several patients where the table has one."""
    kind = kind_of(message)
    if kind is None or kind.patients != ONE or len(message.patients) <= 1:
        return []
    return [f"{len(message.patients)} patients in one message, which may have one ({kind.clause})"]
