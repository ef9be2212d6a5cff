"""Associations that break off, and several at once (PS3.7 A.6, PS3.4 B.4)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from harness.dimse.association import Association
from harness.dimse.command import CommandSet
from harness.dimse.errors import NotAccepted
from harness.dimse.pdu import PData, Pdv
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring
from harness.plugin.studies import await_visible
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.find import find
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure, response_to
from harness.scu.store import fitted, note_stored, proposals_for, store_all, store_request
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticStudy
from harness.target import Target

ASSOCIATIONS = 4
ROUNDS = 8


def send_half(scu: Scu, instance: SyntheticInstance) -> Association:
    """Send the command and half of the data set, and leave it there."""
    association = scu.open(*proposals_for([instance]))
    sent = fitted(association, instance)
    context = association.context_for(sent.sop_class, sent.transfer_syntax)
    command = store_request(association, sent.sop_class, sent.sop_instance_uid).encode()
    half = sent.dataset[: len(sent.dataset) // 2 & ~1]
    association.send_pdu(PData((Pdv(context.id, True, True, command),)))
    association.send_pdu(PData((Pdv(context.id, False, False, half),)))
    return association


def expect_discarded(scu: Scu, study: SyntheticStudy, target: Target, retrieved: Bring) -> None:
    """Half of the object is not found; sent again it is taken, and comes back whole."""
    instance = study.instance(0)
    found = images_found(scu, study)
    assert instance.sop_instance_uid not in found, "half an object is found"
    (response,) = store_all(scu, [instance])
    assert not is_failure(response.integer("Status")), (
        f"sent again after half of it, the object is answered {describe(response)}"
    )
    assert await_visible(scu, study, target.dimse.visible_within), (
        f"sent again after half of it, the object was answered {describe(response)} and is not found"
    )
    received = retrieved([instance])
    broken = odd_ones([instance], received) or damaged([instance], received)
    assert not broken, f"sent again after half of it: {broken}"


def images_found(scu: Scu, study: SyntheticStudy, series: int = 0) -> list[str]:
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[series].series_uid,
        "SOPInstanceUID": None,
    }
    return find(scu, Root.STUDY, QueryLevel.IMAGE, keys).texts("SOPInstanceUID")


@requirement("PS3.7 A.6", SHALL, "An object whose transfer was aborted is not kept, and can be sent again.")
def test_abort_discards_incomplete(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    study = corpus.new_study("CT", rows=64, columns=64)
    send_half(scu, study.instance(0)).abort()
    expect_discarded(scu, study, target, retrieved)


@requirement("PS3.7 A.6", SHALL, "An object whose connection was cut is not kept, and can be sent again.")
def test_cut_discards_incomplete(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    study = corpus.new_study("CT", rows=64, columns=64)
    send_half(scu, study.instance(0)).close()
    expect_discarded(scu, study, target, retrieved)


def at_once(scu: Scu, instances: Sequence[SyntheticInstance]) -> list[CommandSet]:
    """Store each on an association of its own: all of them are sent before an answer is read."""
    with contextlib.ExitStack() as stack:
        under_way = []
        for instance in instances:
            association = stack.enter_context(scu.open(*proposals_for([instance])))
            sent = fitted(association, instance)
            context = association.context_for(sent.sop_class, sent.transfer_syntax)
            request = store_request(association, sent.sop_class, sent.sop_instance_uid)
            under_way.append((association, context.id, request, sent))
        for association, context_id, request, sent in under_way:
            association.send_message(context_id, request, sent.dataset)
        responses = []
        for association, _, request, sent in under_way:
            response = response_to(request, association.receive_message())
            note_stored(scu, sent, response)
            responses.append(response)
        return responses


@requirement(
    "PS3.4 B.4", QUALITY, "A new study that arrives on several associations at once becomes one study."
)
def test_concurrent_same_study(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT", series=ASSOCIATIONS)
    for instance, response in zip(study.instances, at_once(scu, study.instances), strict=True):
        if is_failure(response.integer("Status")):
            (again,) = store_all(scu, [instance])  # what a modality does after a refusal
            assert not is_failure(again.integer("Status")), (
                f"an object of a study that others send too is answered {describe(again)}"
            )
    assert await_visible(scu, study, target.dimse.visible_within), "not every acknowledged object is found"
    studies = find(scu, Root.STUDY, QueryLevel.STUDY, StudyInstanceUID=study.study_uid, PatientID=None)
    assert len(studies.identifiers) == 1, f"one study is found as {len(studies.identifiers)}"
    with contextlib.suppress(NotAccepted):
        patients = find(scu, Root.PATIENT, QueryLevel.PATIENT, PatientID=study.patient_id, PatientName=None)
        assert len(patients.identifiers) == 1, f"one patient is found as {len(patients.identifiers)}"


@requirement("PS3.4 B.2.2", QUALITY, "An object that arrives twice at once is stored once, and whole.")
def test_concurrent_same_instance(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    study = corpus.new_study("CT", instances=ROUNDS)
    for instance in study.instances:
        responses = at_once(scu, [instance, instance])
        assert not all(is_failure(response.integer("Status")) for response in responses), (
            f"an object that was sent twice at once is refused twice: {describe(responses[0])}"
        )
    assert await_visible(scu, study, target.dimse.visible_within), "not every acknowledged object is found"
    found = images_found(scu, study)
    assert len(found) == ROUNDS, f"{ROUNDS} objects, each sent twice at once, are found as {len(found)}"
    received = retrieved(study.instances)
    broken = odd_ones(study.instances, received) or damaged(study.instances, received)
    assert not broken, broken
