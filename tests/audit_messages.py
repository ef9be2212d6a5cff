"""Audit messages as other senders write them: with the facts of PS3.15 A.5, in several legal forms."""

from __future__ import annotations

import base64

MARK = b"\xef\xbb\xbf"
NOW = "2026-11-29T12:00:00.123+01:00"


def code(element: str, value: str, text: str, system: str = "DCM") -> str:
    return f'<{element} csd-code="{value}" codeSystemName="{system}" originalText="{text}"/>'


def event(value: str, text: str, action: str, *more: str, outcome: str = "0", when: str = NOW) -> str:
    return (
        f'<EventIdentification EventActionCode="{action}" EventDateTime="{when}"'
        f' EventOutcomeIndicator="{outcome}">{code("EventID", value, text)}{"".join(more)}'
        "</EventIdentification>"
    )


def participant(user: str, role: str = "", *, asks: bool = False, more: str = "") -> str:
    inside = code("RoleIDCode", role, "a role") if role else ""
    return (
        f'<ActiveParticipant UserID="{user}" UserIsRequestor="{str(asks).lower()}" {more}>{inside}'
        "</ActiveParticipant>"
    )


SOURCE_ID = '<AuditSourceIdentification AuditSourceID="PACS1"/>'
SOURCE_OF_IHE = (
    '<AuditSourceIdentification AuditEnterpriseSiteID="hospital" AuditSourceID="PACS1">'
    '<AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>'
)
SOURCE_CODED = (
    '<AuditSourceIdentification AuditSourceID="PACS1"><AuditSourceTypeCode csd-code="archive"'
    ' codeSystemName="99LOCAL" originalText="Archive"/></AuditSourceIdentification>'
)


def study(uid: str, description: str = "", *, kind: str = "2", role: str = "3") -> str:
    return (
        f'<ParticipantObjectIdentification ParticipantObjectID="{uid}" ParticipantObjectTypeCode="{kind}"'
        f' ParticipantObjectTypeCodeRole="{role}" ParticipantObjectDataLifeCycle="1">'
        f"{code('ParticipantObjectIDTypeCode', '110180', 'Study Instance UID')}"
        f"<ParticipantObjectName>a study</ParticipantObjectName>{description}"
        "</ParticipantObjectIdentification>"
    )


def patient(id_: str, name: str = "PHTEST^Alpha", system: str = "RFC-3881") -> str:
    return (
        f'<ParticipantObjectIdentification ParticipantObjectID="{id_}" ParticipantObjectTypeCode="1"'
        f' ParticipantObjectTypeCodeRole="1">'
        f"{code('ParticipantObjectIDTypeCode', '2', 'Patient Number', system)}"
        f"<ParticipantObjectName>{name}</ParticipantObjectName></ParticipantObjectIdentification>"
    )


def query(
    data_set: bytes, syntax: str = "1.2.840.10008.1.2", sop_class: str = "1.2.840.10008.5.1.4.1.2.2.1"
) -> str:
    told = base64.b64encode(syntax.encode()).decode()
    return (
        f'<ParticipantObjectIdentification ParticipantObjectID="{sop_class}" ParticipantObjectTypeCode="2"'
        f' ParticipantObjectTypeCodeRole="3">'
        f"{code('ParticipantObjectIDTypeCode', '110181', 'SOP Class UID')}"
        f"<ParticipantObjectQuery>{base64.b64encode(data_set).decode()}</ParticipantObjectQuery>"
        f'<ParticipantObjectDetail type="TransferSyntax" value="{told}"/></ParticipantObjectIdentification>'
    )


def message(*parts: str, root: str = "AuditMessage") -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{"".join(parts)}</AuditMessage>'.encode()


BETWEEN = (
    participant("4711", "110153", more='AlternativeUserID="AETITLES=CT1;CT2" NetworkAccessPointID="10.0.0.7"'
    ' NetworkAccessPointTypeCode="2"'),
    participant("815", "110152", asks=True, more='AlternativeUserID="AETITLES=PACS1"'),
)  # fmt: skip

DESCRIBED = (
    '<ParticipantObjectDescription><MPPS UID="1.2.3"/><Accession Number="A1"/>'
    '<SOPClass UID="1.2.840.10008.5.1.4.1.1.2" NumberOfInstances="2"><Instance UID="1.2.3.4"/>'
    '<Instance UID="1.2.3.5"/></SOPClass><Encrypted>false</Encrypted><Anonymized>0</Anonymized>'
    "</ParticipantObjectDescription>"
)

TRANSFERRED = event("110104", "DICOM Instances Transferred", "C")
QUERIED = event("110112", "Query", "E")

LEGAL = {
    "start": message(
        event("110100", "Application Activity", "E", code("EventTypeCode", "110120", "Application Start")),
        participant("815", "110150", more='AlternativeUserID="AETITLES=PACS1"'),
        participant("root@pacs1", "110151", asks=True),
        SOURCE_ID,
    ),
    "transferred, of the UID of DICOM's codes": message(
        TRANSFERRED.replace('"DCM"', '"1.2.840.10008.2.16.4"'), *BETWEEN, SOURCE_CODED, study("1.2.3"),
        patient("P1"),
    ),
    "begin, in full": message(
        event("110102", "Begin Transferring DICOM Instances", "E"),
        *BETWEEN,
        participant("somebody"),
        SOURCE_OF_IHE,
        study("1.2.3", DESCRIBED),
        study("1.2.4"),
        patient("P1", "Ähre^Jörg"),
    ),
    "query, of a sender that names its schema": message(
        QUERIED, *BETWEEN, SOURCE_OF_IHE, query(b"\x10\0\x20\0\x02\0\0\0P1"),
        root='AuditMessage xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:noNamespaceSchemaLocation="http://example.org/audit.xsd"',
    ),
    "query that is none of DICOM": message(
        QUERIED,
        *BETWEEN,
        SOURCE_ID,
        query(b"GET /patients").replace("110181", "ITI-21").replace("TransferSyntax", "MSH-10"),
    ),
    "log-in that failed, as IHE has it": message(
        event(
            "110114", "User Authentication", "E", code("EventTypeCode", "110122", "Login"),
            "<EventOutcomeDescription>wrong passcode</EventOutcomeDescription>", outcome="4",
        ),
        participant("jones@hospital", asks=True, more='NetworkAccessPointID="10.0.0.7"'
        ' NetworkAccessPointTypeCode="2"'),
        participant("PACS1"),
        SOURCE_OF_IHE,
    ),
    "alert with its subject": message(
        event("110113", "Security Alert", "E", code("EventTypeCode", "110126", "Node"), outcome="8"),
        participant("815"),
        SOURCE_ID,
        '<ParticipantObjectIdentification ParticipantObjectID="10.0.0.7" ParticipantObjectTypeCode="2">'
        f"{code('ParticipantObjectIDTypeCode', '110182', 'Node ID')}<ParticipantObjectName/>"
        '<ParticipantObjectDetail type="Alert Description" value="dW5rbm93bg=="/>'
        "</ParticipantObjectIdentification>",
    ),
    "study deleted": message(
        event("110105", "DICOM Study Deleted", "D"), participant("jones@hospital", asks=True), SOURCE_ID,
        study("1.2.3"), patient(""),
    ),
    "import of several patients": message(
        event("110107", "Import", "C"), participant("815", "110152", asks=True), SOURCE_ID, study("1.2.3"),
        patient("P1"), patient("P2"),
    ),
    "accessed, and two studies of a patient": message(
        event("110103", "DICOM Instances Accessed", "R"), participant("jones@hospital", asks=True), SOURCE_ID,
        study("1.2.3"), study("1.2.4"), patient("P1"),
    ),
    "an event of the product's own": message(
        event("4711", "Coffee made", "U").replace('"DCM"', '"99LOCAL"'), participant("815"), SOURCE_ID
    ),
}  # fmt: skip


def syslog(
    content: bytes, *, header: bytes = b"<85>1 2026-11-29T12:00:00Z pacs1 pacs 815 DICOM+RFC3881 -"
) -> bytes:
    return header + b" " + MARK + content
