"""Whether what happened is in the audit trail, and told as it was (PS3.15 A.5.3).

When messages are sent is left to local policy (A.5, A.5.3), so that a missing one is nobody's violation of
the profile; what a message says is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

import pytest

from harness.dimse.capture import Recorder
from harness.dimse.errors import DimseError
from harness.plugin.arranging import get_agreed
from harness.plugin.auditing import stranger
from harness.plugin.fixtures import Corpus
from harness.plugin.restarting import delete, restart
from harness.plugin.studies import send_study
from harness.scenario import HIGH, LOW, MEDIUM, not_tested, safeguard
from harness.scu.destination import Destination
from harness.scu.find import find_with
from harness.scu.get import storage_for
from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.move import move_to
from harness.scu.refusing import Refusal, called_as
from harness.scu.retrieve import keys_to
from harness.scu.session import Scu
from harness.scu.status import describe, was_done
from harness.scu.store import fitted, note_stored, proposals_for, store_dataset
from harness.scu.together import together
from harness.scu.uids import QueryLevel, Root
from harness.security.audit.attributing import (
    Question,
    asked,
    brought,
    deleted,
    is_changed_over,
    query_faults,
    refused,
    sent,
    started,
)
from harness.security.audit.kinds import (
    INSTANCES_TRANSFERRED,
    NODE_AUTHENTICATION,
    USER_AUTHENTICATION,
)
from harness.security.audit.trail import Arrival, Trail
from harness.synthesis import SyntheticStudy
from harness.target import Target

TRAIL = ("audit-trail",)
STUDIES, ASSOCIATIONS = 20, 4
"""So many studies are stored, on so many associations at a time."""
LONG_QUERY = 300
"""UIDs in one query: some 20 KB of it, and 27 KB of its message."""

Measure = Callable[[str, float, str], None]
SWITCH_ON = "Switch the audit of this event on; if there is no such switch, ask the vendor for one."


def told(trail: Trail, question: Question, since: int, what: str) -> Arrival:
    """The message about something; it is said where none comes in time."""
    arrival = trail.find(question, since)
    assert arrival is not None, f"no audit message within {trail.within:g} s says that {what}"
    return arrival


def needed(trail: Trail, question: Question, since: int, what: str) -> Arrival:
    """The message whose content is judged; that it comes at all is another requirement."""
    arrival = trail.find(question, since)
    if arrival is None:
        raise not_tested(f"no audit message within {trail.within:g} s says that {what}")
    return arrival


def stored(scu: Scu, corpus: Corpus) -> SyntheticStudy:
    """A new study of one object, acknowledged: where each object has a message, it has one message."""
    study = corpus.new_study("CT", instances=1)
    send_study(scu, study.instances)
    return study


# ------------------------------------------------------------ it is told


@safeguard(
    "PS3.15 A.5.3.11",
    HIGH,
    "A calling AE title that is refused is in the audit trail.",
    remedy="Have refused associations audited: they are what an intruder leaves before he gets in.",
)
@pytest.mark.alone
def test_refused_caller(scu: Scu, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    refusal = refused_caller(scu)
    told(audit_trail, whose(refusal), since, f"{refusal.name} was refused an association")


@safeguard(
    "PS3.15 A.5.3.12",
    HIGH,
    "A user who is refused is in the audit trail.",
    remedy="Have failed log-ins audited: without that passcodes are guessed unseen.",
)
@pytest.mark.alone
def test_refused_user(scu: Scu, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    refusal = called_as(scu, user=(stranger(), "PH-no-passcode"))
    if refusal is None:
        raise not_tested("the product lets in a user whom nobody knows: it checks no user identity")
    ours = refused(refusal.name, scu.peer.calling_ae_title, address=refusal.address)
    told(audit_trail, ours, since, f"the user {refusal.name} was refused")


@safeguard(
    "PS3.15 A.5.3.7",
    HIGH,
    "Objects that were stored are in the audit trail.",
    remedy=SWITCH_ON,
)
def test_store(scu: Scu, corpus: Corpus, audit_trail: Trail, observed: Measure) -> None:
    since = audit_trail.mark()
    before = datetime.now().timestamp()
    study = stored(scu, corpus)
    arrival = told(audit_trail, brought(study.study_uid), since, f"study {study.study_uid} was stored")
    observed("audit.store.told-after", arrival.at - before, "s")


@safeguard("PS3.15 A.5.3.10", HIGH, "A query is in the audit trail.", remedy=SWITCH_ON)
def test_query(scu: Scu, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    name = stranger()
    with scu.open(Root.STUDY.find) as association:
        find_with(association, Root.STUDY.find, keys_of(QueryLevel.STUDY, {"PatientID": name}))
    told(audit_trail, asked(name), since, f"patient {name} was asked for")


@safeguard(
    "PS3.15 A.5.3.7, A.5.3.3",
    HIGH,
    "Objects that went out by C-GET are in the audit trail.",
    remedy=SWITCH_ON,
)
def test_get(scu: Scu, corpus: Corpus, audit_trail: Trail) -> None:
    study = stored(scu, corpus)
    audit_trail.find(brought(study.study_uid))
    since = audit_trail.mark()
    got_by(scu, study)
    told(audit_trail, went(scu, study), since, f"study {study.study_uid} was retrieved by C-GET")


@safeguard(
    "PS3.15 A.5.3.7, A.5.3.3",
    HIGH,
    "Objects that went out by C-MOVE are in the audit trail.",
    remedy=SWITCH_ON,
)
def test_move(
    scu: Scu, corpus: Corpus, destination: Destination, recorder: Recorder, audit_trail: Trail
) -> None:
    study = stored(scu, corpus)
    audit_trail.find(brought(study.study_uid))
    since = audit_trail.mark()
    keys = {"StudyInstanceUID": study.study_uid}
    if not move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys).received:
        raise not_tested("the product sent nothing of the study to the destination")
    told(audit_trail, went(scu, study), since, f"study {study.study_uid} was moved")


@safeguard(
    "PS3.15 A.5.3.7",
    HIGH,
    f"Of {STUDIES} studies that arrive on {ASSOCIATIONS} associations at a time, each is in the audit trail.",
    remedy="Let the queue of audit messages hold what a busy hour brings, and say where a message was lost.",
)
def test_every_study(scu: Scu, corpus: Corpus, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    studies = [corpus.new_study("CT", instances=1) for _ in range(STUDIES)]
    parts = [
        tuple(one for study in studies[number::ASSOCIATIONS] for one in study.instances)
        for number in range(ASSOCIATIONS)
    ]
    together([lambda part=part: send_study(scu, part) for part in parts])  # type: ignore[misc]
    missing = {study.study_uid for study in studies}
    questions = {uid: brought(uid) for uid in missing}

    def was_last(arrival: Arrival) -> bool:
        missing.difference_update([uid for uid in missing if questions[uid](arrival)])
        return not missing

    audit_trail.find(was_last, since)
    assert not missing, (
        f"{len(missing)} of {STUDIES} stored studies are not audited after {audit_trail.within:g} s"
    )


@safeguard(
    "PS3.15 A.6, A.5.3.10",
    MEDIUM,
    f"A query with {LONG_QUERY} UIDs is in the audit trail too, and whole.",
    remedy="Have messages of 32 KB sent whole, over TLS: a long query must not be a way around the audit.",
)
def test_long_query(scu: Scu, corpus: Corpus, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    uids = [corpus.identity.uid() for _ in range(LONG_QUERY)]
    with scu.open(Root.STUDY.find) as association, contextlib.suppress(DimseError):
        # How it is answered, or whether, is for others to say.
        find_with(association, Root.STUDY.find, keys_of(QueryLevel.STUDY, {"StudyInstanceUID": uids}))
    told(audit_trail, asked(uids[-1]), since, f"{LONG_QUERY} studies were asked for")


@safeguard("PS3.15 A.5.3.8", HIGH, "The deletion of a study is in the audit trail.", remedy=SWITCH_ON)
def test_deletion(scu: Scu, corpus: Corpus, target: Target, audit_trail: Trail) -> None:
    study = stored(scu, corpus)
    since = audit_trail.mark()
    delete(target, study.study_uid)
    told(audit_trail, deleted(study.study_uid), since, f"study {study.study_uid} was deleted")


@pytest.mark.restarts
@safeguard("PS3.15 A.5.3.1", MEDIUM, "The start of the product is in the audit trail.", remedy=SWITCH_ON)
def test_start(scu: Scu, target: Target, audit_trail: Trail, observed: Measure) -> None:
    since = audit_trail.mark()
    restart(scu, target)
    arrival = told(audit_trail, started, since, "the product has started")
    assert arrival.message is not None


# ------------------------------------------------------------ it is told as it was


@safeguard(
    "PS3.15 A.5.2",
    HIGH,
    "The message of objects that were stored says so: its outcome is success.",
    remedy="Set EventOutcomeIndicator from the status of C-STORE: 0 where the object was kept.",
    profiles=TRAIL,
)
def test_stored_is_success(scu: Scu, corpus: Corpus, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    study = stored(scu, corpus)
    arrival = needed(audit_trail, brought(study.study_uid), since, "a study was stored")
    assert arrival.message is not None
    assert arrival.message.outcome == "0", (
        f"{arrival.words()} about a study that was stored has the outcome {arrival.message.outcome!r}"
    )


@pytest.mark.hostile
@safeguard(
    "PS3.15 A.5.2",
    HIGH,
    "An object that was refused is in no message of success.",
    remedy="Set EventOutcomeIndicator from the status of C-STORE: 4, 8 or 12 where the object was refused.",
    profiles=TRAIL,
)
def test_refused_object_is_no_success(scu: Scu, corpus: Corpus, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    study = corpus.new_study("CT", instances=1)
    (instance,) = study.instances
    with scu.open(*proposals_for(study.instances)) as association:
        instance = fitted(association, instance)
        response = store_dataset(
            association,
            instance.dataset,
            sop_class=instance.sop_class,
            sop_instance_uid=corpus.identity.uid(),  # not that of the data set
            transfer_syntax=instance.transfer_syntax,
        )
        note_stored(scu, instance, response)
    if was_done(response.integer("Status")):
        raise not_tested("the product takes an object whose SOP Instance UID is not that of its command")
    arrival = audit_trail.find(brought(study.study_uid), since)
    assert arrival is None or arrival.message is None or arrival.message.outcome != "0", (
        f"{arrival.words()} tells as success what was answered {describe(response)}"
    )


@safeguard(
    "PS3.15 A.5.2, A.5.3.11, A.5.3.12",
    MEDIUM,
    "A refused association is told neither as a log-in nor as an authentication that succeeded.",
    remedy="Set EventOutcomeIndicator to 4, 8 or 12 where an association was refused.",
)
@pytest.mark.alone
def test_refused_caller_is_no_success(scu: Scu, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    refusal = refused_caller(scu)
    message = needed(audit_trail, whose(refusal), since, "an association was refused").message
    assert message is not None
    authenticates = message.is_event(USER_AUTHENTICATION) or any(
        code.is_dicom(NODE_AUTHENTICATION) for code in message.types
    )
    # A Security Alert of another type with 0 is an alert that informs (A.5.3.11).
    assert not authenticates or message.outcome != "0", "the refused association has the outcome 0, success"


@safeguard(
    "PS3.15 A.5.3.7",
    MEDIUM,
    "Who sent is the source, and who received is the destination.",
    remedy="Give the role Source (110153) to whoever sent objects, and Destination (110152) to the other.",
    profiles=TRAIL,
)
def test_source_and_destination(scu: Scu, corpus: Corpus, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    study = stored(scu, corpus)
    arrival = needed(audit_trail, brought(study.study_uid), since, "a study was stored")
    assert arrival.message is not None
    ours = scu.peer.calling_ae_title
    assert not is_changed_over(arrival.message, ours), (
        f"{arrival.words()} has {ours} as destination, who sent the objects"
    )


@safeguard(
    "PS3.15 A.5.3.7",
    LOW,
    "Objects that the product has already are not told as new ones.",
    remedy="Set EventActionCode to C only where the instances were not there before, else to R or U.",
    profiles=TRAIL,
)
def test_known_objects_are_not_created(scu: Scu, corpus: Corpus, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    study = stored(scu, corpus)
    ours = transferred(study.study_uid)
    first = needed(audit_trail, ours, since, "a study was transferred").message
    assert first is not None
    since, when = audit_trail.mark(), first.when
    send_study(scu, study.instances)
    # What came twice of the first transfer is none of the second.
    again = needed(
        audit_trail,
        lambda arrival: ours(arrival) and arrival.message is not None and arrival.message.when != when,
        since,
        "a study was transferred once more",
    )
    assert again.message is not None
    assert again.message.action != "C", (
        f"{again.words()} about objects that are there has the action C, create"
    )


@safeguard(
    "PS3.15 A.5.3.10",
    MEDIUM,
    "The message of a query has its SOP class, its data set and its transfer syntax.",
    remedy="Put the Identifier in base64 into ParticipantObjectQuery, and its transfer syntax beside it.",
    profiles=TRAIL,
)
def test_query_is_whole(scu: Scu, audit_trail: Trail) -> None:
    since = audit_trail.mark()
    name = stranger()
    wanted = {"PatientID": name, "PatientName": "PHTEST^*", "StudyDate": "20240101-", "StudyID": "PHTEST"}
    keys = keys_of(QueryLevel.STUDY, wanted)
    with scu.open(Root.STUDY.find) as association:
        syntax = association.context_for(Root.STUDY.find).transfer_syntax
        find_with(association, Root.STUDY.find, keys)
    message = needed(audit_trail, asked(name), since, "there was a query").message
    assert message is not None
    query = next(one for one in message.subjects if one.query is not None)
    faults = query_faults(query, Root.STUDY.find, encode_identifier(keys, syntax), syntax)
    assert not faults, "; ".join(faults)


# ------------------------------------------------------------ what is provoked


def refused_caller(scu: Scu) -> Refusal:
    """A caller whom nobody knows, refused."""
    refusal = called_as(scu, stranger())
    if refusal is None:
        raise not_tested("the product lets in a calling AE title that nobody knows")
    return refusal


def whose(refusal: Refusal) -> Question:
    return refused(refusal.name, address=refusal.address)


def went(scu: Scu, study: SyntheticStudy) -> Question:
    return sent(study.study_uid, stored_by=scu.peer.calling_ae_title)


def transferred(study_uid: str) -> Question:
    """DICOM Instances Transferred alone: the one whose action says whether they were new."""
    came = brought(study_uid)
    return lambda arrival: (
        came(arrival) and arrival.message is not None and arrival.message.is_event(INSTANCES_TRANSFERRED)
    )


def got_by(scu: Scu, study: SyntheticStudy) -> None:
    """Retrieve a study by C-GET.  NotAccepted, NotSupported, NotTested where that brings nothing."""
    keys = keys_to(Root.STUDY, study.instances[:1])
    wanted = {"StudyInstanceUID": keys["StudyInstanceUID"]}
    if not get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(study.instances), wanted).received:
        raise not_tested("the product sent nothing of the study")
