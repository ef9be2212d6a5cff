"""What a message says: the schema of PS3.15 A.5.1.1, the tables of A.5.3, and what nobody should find."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_FIND,
    QueryLevel,
)
from harness.security.audit import attributing, kinds
from harness.security.audit.exposure import beside_query, forms_of, holds, names_in
from harness.security.audit.message import AuditMessage, NotXml, document_of, read
from harness.security.audit.schema import violations
from harness.security.audit.trail import Arrival, Way, arrival_of
from tests.audit_messages import (
    BETWEEN,
    DESCRIBED,
    LEGAL,
    QUERIED,
    SOURCE_ID,
    TRANSFERRED,
    code,
    event,
    message,
    participant,
    patient,
    query,
    study,
    syslog,
)

CHECKS = (
    kinds.event_faults,
    kinds.participant_faults,
    kinds.requestor_faults,
    kinds.object_faults,
    kinds.patient_faults,
)


def said(content: bytes) -> AuditMessage:
    return read(document_of(content))


def arrived(content: bytes) -> Arrival:
    return arrival_of(1, syslog(content), Way.UDP, "127.0.0.1")


@pytest.mark.parametrize("name", LEGAL)
def test_legal_messages(name: str) -> None:
    content = LEGAL[name]
    assert violations(document_of(content)) == []
    assert [fault for check in CHECKS for fault in check(said(content))] == []


OLD = LEGAL["start"].replace(b" csd-code=", b" code=")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (OLD, "RFC 3881"),
        (LEGAL["start"].replace(b' codeSystemName="DCM"', b""), "codeSystemName"),
        (LEGAL["start"].replace(b' originalText="Application Start"', b""), "originalText"),
        (LEGAL["start"].replace(b'Indicator="0"', b'Indicator="1"'), "EventOutcomeIndicator"),
        (LEGAL["start"].replace(b"2026-11-29T", b"29.11.2026 "), "EventDateTime"),
        (LEGAL["start"].replace(b'"true"', b'"yes"'), "UserIsRequestor"),
        (LEGAL["start"].replace(b' AuditSourceID="PACS1"', b""), "AuditSourceID"),
        (LEGAL["start"].replace(b"<AuditMessage>", b'<AuditMessage xmlns="urn:dicom">'), "AuditMessage"),
        (message(TRANSFERRED, SOURCE_ID, *BETWEEN), "AuditSourceIdentification"),
        (message(TRANSFERRED, *BETWEEN), "AuditMessage"),
        (LEGAL["query, of a sender that names its schema"].replace(b"==<", b"?<"), "Query"),
        (
            message(
                TRANSFERRED, *BETWEEN, SOURCE_ID.replace("/>", '><AuditSourceTypeCode csd-code="x" '
                'codeSystemName="99L"/></AuditSourceIdentification>'),
            ),
            "go together",
        ),
        (
            message(TRANSFERRED, *BETWEEN, SOURCE_ID, study("1", DESCRIBED)).replace(b"NumberOf", b"Nr"),
            "NumberOfInstances",
        ),
    ],
)  # fmt: skip
def test_other_documents(content: bytes, told: str) -> None:
    assert told in "; ".join(violations(document_of(content)))


def test_the_older_form_is_read_all_the_same() -> None:
    assert [fault for check in CHECKS for fault in check(said(OLD))] == []


@pytest.mark.parametrize(
    ("check", "content", "told"),
    [
        (kinds.event_faults, LEGAL["start"].replace(b'Code="E"', b'Code="R"'), "EventActionCode is R"),
        (kinds.event_faults, LEGAL["start"].replace(b"110120", b"110122"), "no EventTypeCode of 110120"),
        (
            kinds.event_faults,
            message(event("110113", "Security Alert", "E"), participant("815"), SOURCE_ID),
            "no EventTypeCode",
        ),
        (
            kinds.participant_faults,
            message(TRANSFERRED, BETWEEN[0], SOURCE_ID, study("1.2"), patient("P")),
            "0 active participants of role (110152",
        ),
        (
            kinds.participant_faults,
            message(TRANSFERRED, *BETWEEN, BETWEEN[0], SOURCE_ID, study("1.2"), patient("P")),
            "2 active participants of role (110153",
        ),
        (
            kinds.participant_faults,
            LEGAL["log-in that failed, as IHE has it"].replace(b'NetworkAccessPointID="10.0.0.7"', b""),
            "NetworkAccessPointID",
        ),
        (kinds.participant_faults, LEGAL["study deleted"].replace(b"jones@hospital", b" "), "no UserID"),
        (kinds.requestor_faults, LEGAL["start"].replace(b'"false"', b'"1"'), "UserIsRequestor is true of 2"),
        (
            kinds.object_faults,
            message(TRANSFERRED, *BETWEEN, SOURCE_ID, patient("P")),
            "0 participant objects (110180",
        ),
        (
            kinds.object_faults,
            message(TRANSFERRED, *BETWEEN, SOURCE_ID, study("1.2"), patient("P", system="99L")),
            "no participant object (2, RFC-3881",
        ),
        (
            kinds.object_faults,
            message(TRANSFERRED, *BETWEEN, SOURCE_ID, study("1.2", kind="1"), patient("P")),
            "ParticipantObjectTypeCode of the study is 1",
        ),
        (
            kinds.object_faults,
            message(TRANSFERRED, *BETWEEN, SOURCE_ID, study("1.2", role="24"), patient("P")),
            "ParticipantObjectTypeCodeRole of the study is 24",
        ),
        (
            kinds.object_faults,
            message(
                TRANSFERRED, *BETWEEN, SOURCE_ID, patient("P"),
                study("1", DESCRIBED.replace("<SOPClass", "<MPPS").replace("</SOPClass", "</MPPS")),
            ),
            "without SOPClass",
        ),
        (kinds.object_faults, message(QUERIED, *BETWEEN, SOURCE_ID), "ParticipantObjectQuery"),
        (
            kinds.object_faults,
            message(QUERIED, *BETWEEN, SOURCE_ID, query(b"").replace("TransferSyntax", "Syntax")),
            "TransferSyntax",
        ),
        (
            kinds.object_faults,
            LEGAL["alert with its subject"].replace(b"Alert Description", b"Reason"),
            "Alert Description",
        ),
        (
            kinds.patient_faults,
            message(TRANSFERRED, *BETWEEN, SOURCE_ID, study("1.2"), patient("P1"), patient("P2")),
            "2 patients",
        ),
    ],
)  # fmt: skip
def test_other_messages(check: Callable[[AuditMessage], list[str]], content: bytes, told: str) -> None:
    assert told in "; ".join(check(said(content)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<AuditMessage>",
        b" <?xml version='1.0'?><AuditMessage/>",
        b"<AuditMessage>\x1b</AuditMessage>",
        b"<AuditMessage>\xe4</AuditMessage>",
        b"<a/><b/>",
    ],
)
def test_what_is_no_xml(content: bytes) -> None:
    with pytest.raises(NotXml):
        document_of(content)


def test_no_file_is_read_for_a_message(tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("files") / "secret"
    secret.write_text("SECRET")
    root = document_of(
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "'
        + secret.as_uri().encode()
        + b'">]><AuditMessage>&e;</AuditMessage>'
    )
    assert "SECRET" not in "".join(root.itertext())


# ------------------------------------------------------------ whose it is


def test_a_message_belongs_to_a_study() -> None:
    content = message(TRANSFERRED, *BETWEEN, SOURCE_ID, study("1.2.3"), patient("P"))
    assert attributing.brought("1.2.3")(arrived(content))
    assert not attributing.brought("1.2.4")(arrived(content))
    begun = arrived(LEGAL["begin, in full"])
    assert not attributing.brought("1.2.3")(begun), "what is meant to be has not happened"
    assert attributing.sent("1.2.3", stored_by="MODALITY")(begun)
    assert not attributing.sent("1.2.3", stored_by="CT1")(begun), "that is about how it came"


def test_who_sent_is_the_source() -> None:
    content = message(TRANSFERRED, *BETWEEN, SOURCE_ID)
    assert not attributing.is_changed_over(said(content), "CT1")
    assert attributing.is_changed_over(said(content), "PACS1")
    assert not attributing.is_changed_over(said(content), "OTHER"), "nobody says who it was"


def test_a_refusal_belongs_to_who_was_refused() -> None:
    failed = arrived(LEGAL["log-in that failed, as IHE has it"])
    assert attributing.refused("jones", address="192.0.2.1")(failed)
    assert attributing.refused("nobody", address="10.0.0.7")(failed)
    assert not attributing.refused("nobody", address="192.0.2.1")(failed)
    assert not attributing.refused("4711", address="10.0.0.7")(arrived(LEGAL["begin, in full"]))


@pytest.mark.parametrize("there", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN])
def test_a_query_may_be_encoded_anew(there: str) -> None:
    keys = keys_of(QueryLevel.STUDY, {"PatientID": "PHTEST1", "StudyDate": None})
    sent = encode_identifier(keys, EXPLICIT_VR_LITTLE_ENDIAN)

    def faults(told: bytes, syntax: str) -> list[str]:
        (subject,) = said(message(QUERIED, *BETWEEN, SOURCE_ID, query(told, syntax))).subjects
        return attributing.query_faults(subject, STUDY_ROOT_FIND, sent, EXPLICIT_VR_LITTLE_ENDIAN)

    assert faults(encode_identifier(keys, there), there) == []
    del keys["PatientID"]
    assert "(0010,0020)" in faults(encode_identifier(keys, there), there)[0]
    assert "cannot be read" in faults(sent[:-3], EXPLICIT_VR_LITTLE_ENDIAN)[0]


# ------------------------------------------------------------ what should not be there


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_secret_is_found_in_every_form(before: str) -> None:
    forms = forms_of('pass<"code" & 42')
    text = f'{before}pass<"code" & 42!'.encode()
    for written in (text, base64.b64encode(text), text.hex().encode()):
        alert = event("110113", "Security Alert", "E", code("EventTypeCode", "110126", "x"))
        value = base64.b64encode(written).decode()
        detail = f'<ParticipantObjectDetail type="a" value="{value}"/></ParticipantObjectIdentification>'
        content = message(alert, study("1").replace("</ParticipantObjectIdentification>", detail))
        assert holds(arrived(content), forms)
        assert holds(arrival_of(1, syslog(written), Way.TLS, ""), forms)
    assert holds(arrived(b'<AuditMessage a="pass&lt;&quot;code&quot; &amp; 42"/>'), forms)
    assert not holds(arrived(b"<AuditMessage>another passcode, of 43 letters</AuditMessage>"), forms)


def test_names_in_clear() -> None:
    assert names_in("Ährenkind, Phtest", ["PHTEST^Ährenkind"]) == ["PHTEST^Ährenkind"]
    assert names_in("PHTEST-USER", ["PHTEST^Ährenkind"]) == []
    encoded = message(QUERIED, *BETWEEN, SOURCE_ID, query(b"PHTEST^Beta"))
    assert names_in(beside_query(document_of(encoded)), ["PHTEST^Beta"]) == []
    named = encoded.replace(b"4711", b"PHTEST^Beta")
    assert names_in(beside_query(document_of(named)), ["PHTEST^Beta"]) == ["PHTEST^Beta"]


def test_other_messages_are_none_of_the_trail() -> None:
    assert not arrival_of(1, b"<13>1 - host cron 1 - - done", Way.TLS, "").is_audit
    assert arrival_of(1, b"<85>1 - host pacs 1 IHE+RFC-3881 - broken", Way.TLS, "").is_audit
    old = arrival_of(1, b"<85>Nov 29 12:00:00 host pacs: " + LEGAL["start"], Way.UDP, "")
    assert old.is_audit
    assert old.message is not None, "what it says is judged though it is carried wrongly"
    assert old.not_syslog
