"""C-GET: the C-STORE sub-operations (PS3.4 C.4.3.3.1, C.5.3; PS3.5 10.1)."""

from __future__ import annotations

import contextlib

import pytest

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy, get_agreed, lossless_studies, mixed_study, open_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_supported, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.get import get_with, storage_for
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import damaged
from harness.scu.session import Scu
from harness.scu.store import syntaxes_of
from harness.scu.suboperations import came_in, ill_prioritised, mislabelled, sent_ahead
from harness.scu.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    UNCOMPRESSED,
    QueryLevel,
    Root,
)
from harness.synthesis import SyntheticStudy

HELD = 0.2
"""Seconds for which each object is left unanswered, to see what comes ahead."""


@pytest.fixture(scope="module")
def mixed(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return mixed_study(corpus, store_study)


@pytest.fixture(scope="module")
def lossless(corpus: Corpus, store_study: StoreStudy) -> list[SyntheticStudy]:
    return lossless_studies(corpus, store_study)


@requirement(
    "PS3.4 C.5.3", SHALL, "Each object comes on a context of its class, in the transfer syntax of that."
)
def test_right_context(scu: Scu, mixed: SyntheticStudy) -> None:
    classes = dict.fromkeys(instance.sop_class for instance in mixed.instances)
    only = ((EXPLICIT_VR_LITTLE_ENDIAN,), (IMPLICIT_VR_LITTLE_ENDIAN,))
    storage = [(sop_class, only[number % 2]) for number, sop_class in enumerate(classes)]
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
    if not got.received:
        raise not_tested("nothing arrived; see get.level.study")
    wrong = mislabelled(got.received) or damaged(mixed.instances, got.received)
    assert not wrong, wrong


@requirement("PS3.4 C.4.3", SHALL, "The objects of a get come on its own association and on no other.")
def test_same_association(
    scu: Scu,
    corpus: Corpus,
    store_study: StoreStudy,
    destinations: tuple[Destination, ...],
    recorder: Recorder,
) -> None:
    study = store_study(corpus.new_study("CT", instances=3))
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, study))
    storage = storage_for(study.instances)
    # Where there is one, under a title of which the product knows the address, so that it could send there.
    title = destinations[0].ae_title if destinations else None
    with contextlib.ExitStack() as watched:
        inboxes = [watched.enter_context(one.inbox(recorder)) for one in destinations]
        with open_agreed(scu, Root.STUDY, storage, calling=title) as association:
            got = get_with(association, Root.STUDY.get, keys)
    sent = {uid for inbox in inboxes for uid in inbox.uids()}
    elsewhere = sent & {instance.sop_instance_uid for instance in study.instances}
    assert not elsewhere, f"{len(elsewhere)} objects were sent on another association; {got.words}"
    wrong = got.other_than(study.instances)
    assert not wrong, wrong


@requirement("PS3.7 A.4", SHALL, "No object is sent before the one ahead of it was answered.")
def test_waits_for_response(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)

    def status_of(received: Received) -> int:
        early = sent_ahead(received, HELD)
        assert not early, early
        return 0

    storage = storage_for(stored_study.instances)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys, status_of=status_of)
    if len(got.received) < 2:
        raise not_tested("nothing arrived that could be early; see get.level.study")


@requirement(
    "PS3.4 C.4.3.1.2", SHALL, "All sub-operations of a get have the same priority, one of the three."
)
def test_priority(scu: Scu, mixed: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(mixed.instances), keys)
    if not got.received:
        raise not_tested("nothing arrived; see get.level.study")
    wrong = ill_prioritised(got.received)
    assert not wrong, wrong


@requirement("PS3.7 9.1.1.1.6", QUALITY, "Sub-operations of a get name no originator of a move.")
def test_no_originator(scu: Scu, mixed: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(mixed.instances), keys)
    if not got.received:
        raise not_tested("nothing arrived; see get.level.study")
    for item in got.received:
        for keyword in ("MoveOriginatorApplicationEntityTitle", "MoveOriginatorMessageID"):
            assert keyword not in item.command, f"{keyword} {item.command.get(keyword)!r} in a get"


@requirement(
    "PS3.5 10.1",
    SHALL,
    "An uncompressed object comes in Implicit VR Little Endian to who takes nothing else.",
)
def test_default_syntax(scu: Scu, stored_study: SyntheticStudy) -> None:
    storage = storage_for(stored_study.instances, (IMPLICIT_VR_LITTLE_ENDIAN,))
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
    wrong = got.unlike(stored_study.instances)
    assert not wrong, f"the default transfer syntax alone is accepted: {wrong}"


@requirement(
    "PS3.5 10.1", SHALL, "A lossless compressed object comes uncompressed to who takes no compression."
)
def test_decompresses(scu: Scu, lossless: list[SyntheticStudy]) -> None:
    for study in lossless:
        storage = storage_for(study.instances, (IMPLICIT_VR_LITTLE_ENDIAN,))
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
        wrong = got.unlike(study.instances)
        assert not wrong, f"stored in {study.instance(0).transfer_syntax}: {wrong}"


@requirement(
    "PS3.5 10.1", SHALL, "A compressed object arrives as it was stored, or in another syntax undamaged."
)
def test_compressed(scu: Scu, lossless: list[SyntheticStudy]) -> None:
    for study in lossless:
        storage = storage_for(study.instances, (study.instance(0).transfer_syntax,), UNCOMPRESSED)
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
        wrong = got.unlike(study.instances)
        assert not wrong, f"stored in {study.instance(0).transfer_syntax}, {came_in(got.received)}: {wrong}"


@requirement(
    "PS3.5 10.1", QUALITY, "A compressed object comes as it was stored where its syntax is accepted."
)
def test_prefers_stored_syntax(scu: Scu, lossless: list[SyntheticStudy]) -> None:
    for study in lossless:
        syntax = study.instance(0).transfer_syntax
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        storage = storage_for(study.instances, (syntax,), UNCOMPRESSED)
        with open_agreed(scu, Root.STUDY, storage) as association:
            taken = syntaxes_of(association, study.instance(0).sop_class)
            got = get_with(association, Root.STUDY.get, keys_of(QueryLevel.STUDY, keys))
        if syntax not in taken:
            raise not_supported(f"of two contexts of a class one is taken, not that in {syntax}")
        if not got.received:
            raise not_tested("nothing arrived; see get.suboperation.compressed")
        sent = got.received[0].transfer_syntax
        assert sent == syntax, f"stored in {syntax}, which the requestor offers, but sent in {sent}"
