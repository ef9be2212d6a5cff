"""What Success means (PS3.4 B.2.2, B.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace

import pytest

from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerAborted
from harness.plugin.arranging import mixed_study
from harness.plugin.fixtures import Corpus
from harness.plugin.studies import await_visible, send_study
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.find import find, find_with
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe, is_failure
from harness.scu.store import note_stored, proposals_for, store, store_dataset
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import ABSENT, SyntheticInstance, SyntheticStudy, encode_dataset, variant
from harness.synthesis.encoding import apply
from harness.target import Target

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

WARNINGS = frozenset((0xB000, 0xB006, 0xB007))
GENERAL = frozenset((0x0110, 0x0111, 0x0117, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212))
"""Of PS3.7 9.1.1.1.9; and 0110H and 0111H of annex C, which are in use for failures of C-STORE."""
CASES = ("valid", "sent-twice", "other-content", "other-instance-uid", "no-study-uid", "no-patient-id")
MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"


@requirement(
    "PS3.4 B.2.2", SHALL, "An acknowledged object can be retrieved, with its identity and its pixels."
)
def test_success_means_stored(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study("CT", instances=4))
    received = retrieved(study.instances)
    odd = odd_ones(study.instances, received)
    assert not odd, f"4 objects were acknowledged; {odd}"
    broken = damaged(study.instances, received)
    assert not broken, broken


def is_defined(status: int) -> bool:
    """PS3.4 table B.2-1, and the general statuses of C-STORE."""
    return (
        status == SUCCESS
        or status in WARNINGS
        or status in GENERAL
        or status & 0xFF00 in (0xA700, 0xA900)
        or status & 0xF000 == 0xC000
    )


def objects_of(case: str, corpus: Corpus) -> list[SyntheticInstance]:
    """What is stored, one after the other: the last one is the case."""
    instance = corpus.new_study().instance(0)
    uid = instance.sop_instance_uid
    if case == "sent-twice":
        return [instance, instance]
    if case == "other-content":
        again = variant(corpus.identity, instance, SOPInstanceUID=uid, SeriesDescription="Other")
        return [instance, again]
    if case == "other-instance-uid":
        return [replace(instance, sop_instance_uid=corpus.identity.uid())]
    if case == "no-study-uid":
        return [variant(corpus.identity, instance, StudyInstanceUID=ABSENT)]
    if case == "no-patient-id":
        return [variant(corpus.identity, instance, PatientID=None)]
    return [instance]


@pytest.mark.odd
@pytest.mark.parametrize("case", CASES)
@requirement(
    "PS3.4 B.2.3", SHALL, "C-STORE is answered with one of its statuses, whatever the object is like."
)
def test_status_in_range(scu: Scu, corpus: Corpus, case: str) -> None:
    for instance in objects_of(case, corpus):
        try:
            response = store_named(scu, instance)
        except PeerAborted:
            assert case != "valid", "a valid object is answered with A-ABORT"
            return  # an answer to odd objects that no clause forbids
        status = response.integer("Status")
        assert is_defined(status), (
            f"{describe(response)} is neither in table B.2-1 nor among the general statuses of C-STORE"
        )


def store_named(scu: Scu, instance: SyntheticInstance) -> CommandSet:
    """Store on an association of its own, under the UIDs that the instance says, whatever is in it."""
    with scu.open(*proposals_for([instance])) as association:
        context = association.context_for(instance.sop_class)
        response = store_dataset(
            association,
            encode_dataset(instance.attributes, context.transfer_syntax),
            sop_class=instance.sop_class,
            sop_instance_uid=instance.sop_instance_uid,
        )
    note_stored(scu, instance, response)
    return response


@requirement("PS3.4 B.2.3", QUALITY, "An object that was answered with a failure is not found.")
def test_failure_stores_nothing(scu: Scu, corpus: Corpus) -> None:
    refused = 0
    for changes in ({"SOPClassUID": MR_IMAGE_STORAGE}, {"SOPInstanceUID": ABSENT}, {"SOPClassUID": ABSENT}):
        study = corpus.new_study()
        base = study.instance(0)
        changed = deepcopy(base.attributes)
        apply(changed, changes)
        try:
            response = store_named(scu, replace(base, attributes=changed))
        except PeerAborted:
            continue
        if not is_failure(response.integer("Status")):
            continue
        refused += 1
        keys = {
            "StudyInstanceUID": study.study_uid,
            "SeriesInstanceUID": study.series[0].series_uid,
            "SOPInstanceUID": None,
        }
        found = find(scu, Root.STUDY, QueryLevel.IMAGE, keys).texts("SOPInstanceUID")
        assert not found, f"an object was answered {describe(response)}, and is found"
    if not refused:
        raise not_tested("no object was answered with a failure, whatever its data set lacked")


@requirement("PS3.4 B.2.2", QUALITY, "What was acknowledged is found by the next query.")
def test_visible_at_once(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT")
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    with (
        scu.open(Root.STUDY.find) as querying,
        scu.open(*proposals_for(study.instances)) as storing,
    ):
        querying.context_for(Root.STUDY.find)
        response = store(scu, storing, study.instance(0))
        matches = find_with(querying, Root.STUDY.find, keys_of(QueryLevel.IMAGE, keys))
    assert matches.identifiers, (
        f"an object was answered {describe(response)}, and a query on another association right behind it "
        "does not find it"
    )


@requirement("PS3.4 B.2.2", SHALL, "Two hundred objects on one association are all kept.")
def test_many_on_one_association(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT", instances=200)
    send_study(scu, study.instances)
    await_visible(scu, study, target.dimse.visible_within)
    matches = find(
        scu,
        Root.STUDY,
        QueryLevel.IMAGE,
        StudyInstanceUID=study.study_uid,
        SeriesInstanceUID=study.series[0].series_uid,
        SOPInstanceUID=None,
    )
    found = set(matches.texts("SOPInstanceUID"))
    lost = [one for one in study.instances if one.sop_instance_uid not in found]
    assert not lost, f"{len(lost)} of 200 acknowledged objects are not found"


@requirement("PS3.4 B.3", SHALL, "Objects of several SOP classes on one association keep each its class.")
def test_same_association_other_classes(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = mixed_study(corpus, store_study)
    for series in study.series:
        for received in retrieved(series.instances):
            wanted = {one.sop_instance_uid: one.sop_class for one in series.instances}
            assert received.sop_class == wanted.get(received.sop_instance_uid), (
                f"{received.sop_instance_uid} comes back as {received.sop_class}"
            )
        broken = damaged(series.instances, retrieved(series.instances))
        assert not broken, broken


@requirement(
    "PS3.4 B.2.3", SHALL, "After a refused or odd object the association goes on to serve valid ones."
)
def test_association_goes_on(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT", instances=2)
    with scu.open(*proposals_for(study.instances)) as association:
        first = store(scu, association, study.instance(0))
        again = store(scu, association, study.instance(0))
        second = store(scu, association, study.instance(1))
    assert not is_failure(first.integer("Status")), f"the first object: {describe(first)}"
    assert not is_failure(second.integer("Status")), (
        f"a valid object after a repeated one ({describe(again)}) is answered {describe(second)}"
    )
