"""Command, context and data set that contradict each other (PS3.7 9.3.1.1, PS3.4 B.2.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerAborted
from harness.plugin.arranging import eventually
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring
from harness.scenario import QUALITY, requirement
from harness.scu.find import find
from harness.scu.retrieved import named_in
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe, is_failure, is_warning, response_to
from harness.scu.store import fitted, note_stored, proposals_for, store_request
from harness.scu.uids import CT_IMAGE_STORAGE, QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticStudy
from harness.target import Target

pytestmark = pytest.mark.hostile


def store_under(
    scu: Scu, instance: SyntheticInstance, *, context_of: str, command: SyntheticInstance
) -> CommandSet | None:
    """Send an object on the context of a class, under the UIDs of ``command``; None where it is aborted."""
    proposed = replace(instance, sop_class=context_of)
    association = scu.open(*proposals_for([proposed]))
    try:
        sent = fitted(association, proposed)
        context = association.context_for(context_of, sent.transfer_syntax)
        request = store_request(association, command.sop_class, command.sop_instance_uid)
        association.send_message(context.id, request, sent.dataset)
        response = response_to(request, association.receive_message())
    except PeerAborted:
        return None
    finally:
        association.abort()
    note_stored(scu, instance, response)
    return response


def images_found(scu: Scu, study: SyntheticStudy) -> list[str]:
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    return find(scu, Root.STUDY, QueryLevel.IMAGE, keys).texts("SOPInstanceUID")


@requirement(
    "PS3.7 9.3.1.1",
    QUALITY,
    "A data set of another SOP Instance UID than the command's is refused, or kept as one.",
)
def test_instance_uid(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    study = corpus.new_study("CT")
    instance = study.instance(0)
    named = replace(instance, sop_instance_uid=corpus.identity.uid())
    response = store_under(scu, instance, context_of=instance.sop_class, command=named)
    if response is None or response.integer("Status") != SUCCESS:
        return
    is_found = eventually(lambda: bool(images_found(scu, study)), target.dimse.visible_within)
    assert is_found, "the object was answered Success, and is found under neither of its UIDs"
    found = images_found(scu, study)
    assert len(found) == 1, f"answered Success, it is found under {len(found)} SOP Instance UIDs"
    kept = named if found[0] == named.sop_instance_uid else instance
    assert found[0] == kept.sop_instance_uid, f"answered Success, it is found under {found[0]}"
    brought = retrieved([kept])
    assert brought, f"answered Success, it is found under {found[0]}, and does not come back"
    for received in brought:
        _, uid = named_in(received)
        assert uid == received.sop_instance_uid == found[0], (
            f"it is found as {found[0]}, and comes back as {received.sop_instance_uid} with {uid} in it"
        )


@requirement(
    "PS3.4 B.2.3",
    QUALITY,
    "A data set of another SOP class than the command's is refused, warned about, or kept as one.",
)
def test_class_uid(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    study = corpus.new_study("MR")
    instance = study.instance(0)
    named = replace(instance, sop_class=CT_IMAGE_STORAGE)
    response = store_under(scu, instance, context_of=CT_IMAGE_STORAGE, command=named)
    if response is None or response.integer("Status") != SUCCESS:
        return
    eventually(lambda: bool(images_found(scu, study)), target.dimse.visible_within)
    received = (*retrieved([named]), *retrieved([instance]))
    assert received, "the object was answered Success, and comes back neither as CT nor as MR image"
    for one in received:
        sop_class, _ = named_in(one)
        assert sop_class == one.sop_class, (
            f"answered Success, it comes back as an object of {one.sop_class}, with {sop_class} in it"
        )


@requirement(
    "PS3.7 9.1.1.1.9",
    QUALITY,
    "An object on the presentation context of another class is not stored in silence.",
)
def test_class_of_context(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("MR")
    instance = study.instance(0)
    response = store_under(scu, instance, context_of=CT_IMAGE_STORAGE, command=instance)
    if response is None:
        return
    status = response.integer("Status")
    assert is_failure(status) or is_warning(status), (
        f"an MR image on the presentation context of CT images was answered {describe(response)}"
    )
