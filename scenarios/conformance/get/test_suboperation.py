"""C-GET: the C-STORE sub-operations (PS3.4 C.4.3.3.1, C.5.3; PS3.5 10.1)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy, get_agreed, lossless_studies, mixed_study
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_supported, not_tested, requirement
from harness.scu.get import storage_for
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import damaged, named_in, odd_ones
from harness.scu.session import Scu
from harness.scu.status import describe
from harness.scu.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    UNCOMPRESSED,
    QueryLevel,
    Root,
)
from harness.synthesis import SyntheticStudy


@pytest.fixture(scope="module")
def mixed(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return mixed_study(corpus, store_study)


@pytest.fixture(scope="module")
def lossless(corpus: Corpus, store_study: StoreStudy) -> list[SyntheticStudy]:
    studies = lossless_studies(corpus, store_study)
    if not studies:
        raise not_supported("the product stores no object in a lossless compressed transfer syntax")
    return studies


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
    for item in got.received:
        sop_class, uid = named_in(item)
        named = f"C-STORE-RQ names {item.sop_class}, {item.sop_instance_uid}"
        assert (sop_class, uid) == (item.sop_class, item.sop_instance_uid), (
            f"{named}; its data set {sop_class or 'no class'}, {uid or 'no instance'}"
        )
        assert item.abstract_syntax == item.sop_class, f"{named} on a context of {item.abstract_syntax}"
    broken = damaged(mixed.instances, got.received)
    assert not broken, broken


@requirement(
    "PS3.4 C.4.3.1.2", SHALL, "All sub-operations of a get have the same priority, one of the three."
)
def test_priority(scu: Scu, mixed: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(mixed.instances), keys)
    if not got.received:
        raise not_tested("nothing arrived; see get.level.study")
    priorities = {item.command.integer("Priority") for item in got.received}
    assert len(priorities) == 1, f"priorities {sorted(priorities)} within one get"
    assert priorities <= {0, 1, 2}, f"priority {priorities}"


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
    "PS3.5 10.1", SHALL, "A lossless compressed object comes uncompressed to who takes no compression."
)
def test_decompresses(scu: Scu, lossless: list[SyntheticStudy]) -> None:
    for study in lossless:
        storage = storage_for(study.instances, (IMPLICIT_VR_LITTLE_ENDIAN,))
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
        stored = f"stored in {study.instance(0).transfer_syntax}"
        odd = odd_ones(study.instances, got.received)
        assert not odd, f"{stored}: {odd}; final status {describe(got.retrieval.final)}"
        broken = damaged(study.instances, got.received)
        assert not broken, f"{stored}: {broken}"


@requirement(
    "PS3.5 10.1", SHALL, "A compressed object arrives as it was stored, or in another syntax undamaged."
)
def test_compressed(scu: Scu, lossless: list[SyntheticStudy]) -> None:
    for study in lossless:
        storage = storage_for(study.instances, (study.instance(0).transfer_syntax,), UNCOMPRESSED)
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
        stored = f"stored in {study.instance(0).transfer_syntax}"
        odd = odd_ones(study.instances, got.received)
        assert not odd, f"{stored}: {odd}; final status {describe(got.retrieval.final)}"
        broken = damaged(study.instances, got.received)
        assert not broken, f"{stored}, sent in {got.received[0].transfer_syntax}: {broken}"


@requirement(
    "PS3.5 10.1", QUALITY, "A compressed object comes as it was stored where its syntax is accepted."
)
def test_prefers_stored_syntax(scu: Scu, lossless: list[SyntheticStudy]) -> None:
    for study in lossless:
        syntax = study.instance(0).transfer_syntax
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        storage = storage_for(study.instances, (syntax,), UNCOMPRESSED)
        got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
        if not got.received:
            raise not_tested("nothing arrived; see get.suboperation.compressed")
        sent = got.received[0].transfer_syntax
        assert sent == syntax, f"stored in {syntax}, which the requestor offers, but sent in {sent}"
