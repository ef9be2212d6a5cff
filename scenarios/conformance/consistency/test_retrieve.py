"""What is found, what C-GET brings and what C-MOVE brings are the same objects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from pydicom import Dataset

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy, get_agreed, mixed_study, open_agreed
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Keeper
from harness.plugin.outcomes import NotSupported
from harness.plugin.results import by_each_service, one_by_one
from harness.scenario import QUALITY, SHALL, not_supported, not_tested, requirement
from harness.scu.alike import unlike, unlike_ones
from harness.scu.brought import Brought
from harness.scu.destination import Destination
from harness.scu.entities import entities_of, keys_at, normal
from harness.scu.find import find
from harness.scu.get import get_with, storage_for
from harness.scu.identifier import keys_of, read_identifier
from harness.scu.inbox import Received, answering
from harness.scu.move import move_to
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.scu.store import proposals_for, store
from harness.scu.together import together
from harness.scu.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    UNCOMPRESSED,
    QueryLevel,
    Root,
)
from harness.synthesis import SyntheticInstance, SyntheticStudy

Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

AVAILABILITY = "InstanceAvailability"
NOT_AT_HAND = ("OFFLINE", "UNAVAILABLE")
"""Of PS3.4 C.4.1.1.3.2: to be retrieved by hand, or not at all."""
SIDE_BY_SIDE, TIMES = 4, 5
ARRIVING = 20


@pytest.fixture(scope="module")
def mixed(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """CT and MR series and, where the product takes them, objects that are no images."""
    return mixed_study(corpus, store_study)


@requirement("PS3.4 C.4.3.3.1", SHALL, "A retrieval of a study brings what IMAGE level finds of it.")
def test_find_equals_get(
    scu: Scu, mixed: SyntheticStudy, destinations: tuple[Destination, ...], recorder: Recorder
) -> None:
    found: set[str] = set()
    for series in mixed.series:
        keys = {
            "StudyInstanceUID": mixed.study_uid,
            "SeriesInstanceUID": series.series_uid,
            "SOPInstanceUID": None,
            AVAILABILITY: None,
        }
        for match in find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success().identifiers:
            if AVAILABILITY not in match or match.text(AVAILABILITY) not in NOT_AT_HAND:
                found.add(match.text("SOPInstanceUID"))
    keys_of_study = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    services = by_each_service(scu, QueryLevel.STUDY, keys_of_study, mixed.instances, destinations, recorder)
    for service, brought in services.items():
        came = {item.sop_instance_uid for item in brought.received}
        assert came == found, (
            f"{service}: of {len(found)} instances found {len(found - came)} did not arrive, "
            f"{len(came - found)} arrived that are not found; {brought.words}"
        )


@requirement("PS3.4 C.4.2.3.1", SHALL, "C-GET and C-MOVE deliver the same objects with the same values.")
def test_get_equals_move(
    scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(mixed.instances), keys)
    moved = move_to(
        scu,
        destination,
        recorder,
        Root.STUDY,
        QueryLevel.STUDY,
        keys,
        answer=answering(syntaxes=UNCOMPRESSED),
    )
    by_get, by_move = (sorted(item.sop_instance_uid for item in one.received) for one in (got, moved))
    assert by_get == by_move, f"C-GET: {got.words}; C-MOVE: {moved.words}"
    other = unlike_ones(got.received, moved.received)
    assert not other, f"by C-GET and by C-MOVE, {other}"


@requirement(
    "PS3.4 C.4.1.3.1",
    QUALITY,
    "Queries say of an object, its study and its patient what the object says that is delivered.",
)
def test_dataset_agrees_with_find(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring
) -> None:
    study = store_study(corpus.new_study("CT", instances=2))
    entities = entities_of(scu, Root.STUDY, study)
    for item in one_by_one(retrieved, study.instances):
        delivered = read_identifier(item.dataset, item.transfer_syntax)
        for entity in entities:
            if entity.level is QueryLevel.IMAGE and entity.uid != item.sop_instance_uid:
                continue
            for keyword in keys_at(Root.STUDY, entity.level):
                found = normal(keyword, entity.identifier.text(keyword))
                have = normal(keyword, delivered.text(keyword)) if keyword in delivered else "absent"
                assert found == have, f"{keyword} is {found or 'empty'} in queries, {have} in the object"


@requirement(
    "PS3.4 B.2.2",
    QUALITY,
    "An object is the same each time that it is retrieved, other retrievals beside it.",
)
def test_repeatable(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study("CT", instances=SIDE_BY_SIDE))
    series = study.series[0]

    def several(instance: SyntheticInstance) -> list[Brought]:
        identifier = keys_of(
            QueryLevel.IMAGE, keys_for(Root.STUDY, QueryLevel.IMAGE, study, series, [instance])
        )
        with open_agreed(scu, Root.STUDY, storage_for([instance])) as association:
            return [get_with(association, Root.STUDY.get, identifier) for _ in range(TIMES)]

    tasks = [lambda instance=instance: several(instance) for instance in study.instances]
    for instance, answers in zip(study.instances, together(tasks), strict=True):
        first = answers[0].received
        for got in answers:
            other = got.unlike([instance]) or unlike_ones(first, got.received)
            assert not other, f"one of {SIDE_BY_SIDE * TIMES} retrievals at a time: {other}"


@requirement(
    "PS3.5 10.1", SHALL, "An object says the same in whichever uncompressed transfer syntax it is delivered."
)
def test_any_syntax_same_content(corpus: Corpus, store_study: StoreStudy, keeper: Keeper) -> None:
    inner, outer = Dataset(), Dataset()
    inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = "PHCODE", "99PHTEST", "Innermost"
    outer.ScheduledProcedureStepID = "PHSTEP"
    outer.ScheduledProtocolCodeSequence = [inner, inner]
    study = store_study(corpus.new_study("CT", RequestAttributesSequence=[outer]))
    delivered = []
    for syntax in (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN):
        try:
            delivered.append(keeper.bring_in(study.instance(0), syntax))
        except NotSupported:
            continue  # which ones it sends beside the default one is its choice
    if len(delivered) < 2:
        raise not_supported("the product doesn't send the object in more than one uncompressed syntax")
    other = unlike(*delivered)
    assert not other, f"in Implicit and in Explicit VR Little Endian: {other}"


@requirement(
    "PS3.4 C.4.3.3.1", QUALITY, "Of a study that is just arriving, what is retrieved is whole objects of it."
)
def test_during_store(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT", instances=ARRIVING)
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    done = threading.Event()

    def arrive() -> list[Brought]:
        try:
            with scu.open(*proposals_for(study.instances)) as association:
                for instance in study.instances:
                    response = store(scu, association, instance)
                    if is_failure(response.integer("Status")):
                        raise not_tested(f"C-STORE was answered {describe(response)}")
        finally:
            done.set()
        return []

    def look() -> list[Brought]:
        answers = []
        while not done.is_set():
            answers.append(get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(study.instances), keys))
        return answers

    for got in together([arrive, look])[1]:
        known = {instance.sop_instance_uid for instance in study.instances}
        came = [instance for instance in study.instances if instance.sop_instance_uid in uids_of(got)]
        assert uids_of(got) <= known, f"{len(uids_of(got) - known)} objects arrived of other studies"
        wrong = got.unlike(came)
        assert not wrong, f"while the study arrives: {wrong}"


def uids_of(got: Brought) -> set[str]:
    return {item.sop_instance_uid for item in got.received}
