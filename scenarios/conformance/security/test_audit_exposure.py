"""What an audit trail must not give away (CWE-532): it is read by more people than the data it is about."""

from __future__ import annotations

from harness.plugin.auditing import Sample
from harness.scenario import CRITICAL, HIGH, MEDIUM, not_tested, safeguard
from harness.security.audit.exposure import beside_query, forms_of, holds, names_in, user_fields
from harness.security.audit.kinds import QUERY
from harness.security.audit.trail import Way

BELONGS = "Name a patient in the patient's participant object alone."


@safeguard(
    "CWE-532",
    CRITICAL,
    "No passcode of a user, right or wrong, is in an audit message.",
    remedy="Leave passcodes out of every message and log, and change those that were written there.",
)
def test_passcode(audit_sample: Sample) -> None:
    messages = audit_sample.messages()
    for number, secret in enumerate((audit_sample.secret, *audit_sample.passcodes)):
        forms = forms_of(secret)
        found = [arrival for arrival in messages if holds(arrival, forms)]
        what = "a passcode that was refused" if number == 0 else "the passcode of [dimse.user_identity]"
        assert not found, f"{what} is in {len(found)} of {len(messages)} messages, {found[0].words()} for one"


@safeguard(
    "CWE-532",
    HIGH,
    "No patient is named in the header of a syslog message, which is kept and shown apart from the message.",
    remedy=BELONGS,
)
def test_header(audit_sample: Sample) -> None:
    seen = [
        (one, one.syslog.header) for one in audit_sample.messages() if one.syslog and one.way is not Way.FILE
    ]
    if not seen:
        raise not_tested("no message came over the network as one of syslog (RFC 5424)")
    study = audit_sample.studies[0]
    for arrival, header in seen:
        named = names_in(header, [audit_sample.patient_name, study.patient_id])
        assert not named, f"the syslog header of {arrival.words()} names the patient"


@safeguard("CWE-532", HIGH, "No patient is named as a user.", remedy=BELONGS)
def test_user(audit_sample: Sample) -> None:
    for arrival in audit_sample.messages():
        if arrival.message is None:
            continue
        for field, value in user_fields(arrival.message):
            assert not names_in(value, [audit_sample.patient_name]), (
                f"{field} of {arrival.words()} has the patient's name"
            )


@safeguard(
    "PS3.15 A.5.3.10, CWE-532",
    MEDIUM,
    "Whom a query is for is in its encoded query alone.",
    remedy="Leave names out of the clear text of query messages: ParticipantObjectQuery has them, in base64.",
)
def test_query(audit_sample: Sample) -> None:
    queries = [
        one for one in audit_sample.messages() if one.message is not None and one.message.is_event(QUERY)
    ]
    if not queries:
        raise not_tested("no message about a query has arrived")
    for arrival in queries:
        named = names_in(beside_query(arrival.root), [audit_sample.patient_name])
        assert not named, f"the patient's name stands in clear in {arrival.words()}"


@safeguard(
    "CWE-532",
    MEDIUM,
    "What a stored object says of the patient beside name and identifier is in no message.",
    remedy="Audit which study was transferred, not what is in it.",
)
def test_clinical(audit_sample: Sample) -> None:
    forms = forms_of(audit_sample.remark)
    messages = audit_sample.messages()
    found = [arrival for arrival in messages if holds(arrival, forms)]
    assert not found, (
        f"Patient Comments of a stored object stand in {len(found)} messages, {found[0].words()} for one"
    )
