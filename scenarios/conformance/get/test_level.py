"""C-GET: what each level of the two information models brings (PS3.4 C.6.1.1.6, C.6.2.1.5)."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy, get_agreed, mixed_study, patient_of
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.get import storage_for
from harness.scu.retrieve import keys_for, keys_to, keys_without_unique_one, part_of
from harness.scu.session import Scu
from harness.scu.status import is_failure
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Kind, SyntheticStudy
from harness.synthesis.recipe import SeriesRecipe


@pytest.fixture(scope="module")
def mixed(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return mixed_study(corpus, store_study)


@requirement(
    "PS3.4 C.6.2.1.5", SHALL, "A get at STUDY level brings every object of the study and nothing else."
)
def test_study(scu: Scu, mixed: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(mixed.instances), keys)
    wrong = got.unlike(mixed.instances)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.6.2.1.5", SHALL, "A get at SERIES level brings every object of the series and no other."
)
def test_series(scu: Scu, mixed: SyntheticStudy) -> None:
    series = mixed.series[0]
    keys = keys_for(Root.STUDY, QueryLevel.SERIES, mixed, series)
    got = get_agreed(scu, Root.STUDY, QueryLevel.SERIES, storage_for(mixed.instances), keys)
    wrong = got.unlike(series.instances)
    assert not wrong, wrong


@requirement("PS3.4 C.6.2.1.5", SHALL, "A get at IMAGE level brings the objects of its list and no other.")
@pytest.mark.parametrize("count", [1, 2])
def test_image(scu: Scu, mixed: SyntheticStudy, count: int) -> None:
    chosen = mixed.series[0].instances[1 : 1 + count]
    keys = keys_to(Root.STUDY, chosen)
    got = get_agreed(scu, Root.STUDY, QueryLevel.IMAGE, storage_for(mixed.instances), keys)
    wrong = got.unlike(chosen)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.6.1.1.6", SHALL, "A get at PATIENT level brings every object of all the patient's studies."
)
def test_patient(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    first, second = patient_of(corpus, [SeriesRecipe(Kind.CT, 2)], [SeriesRecipe(Kind.MR, 2)])
    store_study(first)
    store_study(second)
    stored = first.instances + second.instances
    keys = keys_for(Root.PATIENT, QueryLevel.PATIENT, first)
    got = get_agreed(scu, Root.PATIENT, QueryLevel.PATIENT, storage_for(stored), keys)
    wrong = got.unlike(stored)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.6.1.1.6", SHALL, "The Patient Root model gets studies, series and images as it does patients."
)
@pytest.mark.parametrize("level", [QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE])
def test_below_patient(scu: Scu, mixed: SyntheticStudy, level: QueryLevel) -> None:
    keys, chosen = part_of(mixed, Root.PATIENT, level)
    got = get_agreed(scu, Root.PATIENT, level, storage_for(mixed.instances), keys)
    wrong = got.unlike(chosen)
    assert not wrong, wrong


@requirement("PS3.4 B.4.1.3", QUALITY, "What a get brings has every element as it was stored, bit for bit.")
def test_every_element_kept(scu: Scu, mixed: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(mixed.instances), keys)
    if not got.received:
        raise not_tested("nothing arrived; see get.level.study")
    changed = got.altered(mixed.instances)
    assert not changed, changed


@requirement(
    "PS3.4 C.4.3.1.4", QUALITY, "A get that names no level, or one of no model, fails and brings nothing."
)
@pytest.mark.parametrize("level", [None, "FRAME"])
def test_missing(scu: Scu, stored_study: SyntheticStudy, level: QueryLevel) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    got = get_agreed(scu, Root.STUDY, level, storage_for(stored_study.instances), keys)
    assert not got.received, f"level {level or 'absent'}: {got.words}"
    assert is_failure(got.status), f"level {level or 'absent'}: {got.words}"


@requirement("PS3.4 C.2.2.1.1", QUALITY, "Without the unique key of its level a get brings nothing.")
@pytest.mark.parametrize("given", ["empty", "absent"])
@pytest.mark.parametrize("level", [QueryLevel.SERIES, QueryLevel.IMAGE])
def test_unique_key_missing(scu: Scu, stored_study: SyntheticStudy, level: QueryLevel, given: str) -> None:
    # Below STUDY level, so that what a lenient product sends is this run's own.
    keys = keys_without_unique_one(stored_study, level, empty=given == "empty")
    got = get_agreed(scu, Root.STUDY, level, storage_for(stored_study.instances), keys)
    words = f"{level} level, unique key {given}: {got.words}"
    assert not got.received, words
    assert got.status == 0 or is_failure(got.status), words
