"""C-MOVE: what each level of the two information models moves (PS3.4 C.6.1.1.6, C.6.2.1.5)."""

from __future__ import annotations

import pytest

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy, mixed_study, patient_of
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.move import move_to
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
    "PS3.4 C.6.2.1.5", SHALL, "A move at STUDY level sends every object of the study and nothing else."
)
def test_study(scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys)
    wrong = brought.unlike(mixed.instances)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.6.2.1.5", SHALL, "A move at SERIES level sends every object of the series and no other."
)
def test_series(scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    series = mixed.series[0]
    keys = keys_for(Root.STUDY, QueryLevel.SERIES, mixed, series)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.SERIES, keys)
    wrong = brought.unlike(series.instances)
    assert not wrong, wrong


@requirement("PS3.4 C.6.2.1.5", SHALL, "A move at IMAGE level sends the object that is named and no other.")
def test_image(scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    chosen = mixed.series[0].instances[1:2]
    keys = keys_to(Root.STUDY, chosen)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.IMAGE, keys)
    wrong = brought.unlike(chosen)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.6.1.1.6", SHALL, "A move at PATIENT level sends every object of all the patient's studies."
)
def test_patient(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, destination: Destination, recorder: Recorder
) -> None:
    first, second = patient_of(corpus, [SeriesRecipe(Kind.CT, 2)], [SeriesRecipe(Kind.MR, 2)])
    store_study(first)
    store_study(second)
    keys = keys_for(Root.PATIENT, QueryLevel.PATIENT, first)
    brought = move_to(scu, destination, recorder, Root.PATIENT, QueryLevel.PATIENT, keys)
    wrong = brought.unlike(first.instances + second.instances)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.6.1.1.6", SHALL, "The Patient Root model moves studies, series and images as it does patients."
)
@pytest.mark.parametrize("level", [QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE])
def test_below_patient(
    scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder, level: QueryLevel
) -> None:
    keys, chosen = part_of(mixed, Root.PATIENT, level)
    brought = move_to(scu, destination, recorder, Root.PATIENT, level, keys)
    wrong = brought.unlike(chosen)
    assert not wrong, wrong


@requirement("PS3.4 B.4.1.3", QUALITY, "What is moved has every element as it was stored, bit for bit.")
def test_every_element_kept(
    scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys)
    if not brought.received:
        raise not_tested("nothing arrived; see move.level.study")
    changed = brought.altered(mixed.instances)
    assert not changed, changed


@requirement(
    "PS3.4 C.4.2.1.5", QUALITY, "A move that names no level, or one of no model, fails and sends nothing."
)
@pytest.mark.parametrize("level", [None, "FRAME"])
def test_missing(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder, level: QueryLevel
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    brought = move_to(scu, destination, recorder, Root.STUDY, level, keys)
    assert not brought.received, f"level {level or 'absent'}: {brought.words}"
    assert is_failure(brought.status), f"level {level or 'absent'}: {brought.words}"


@requirement("PS3.4 C.2.2.1.1", QUALITY, "Without the unique key of its level a move sends nothing.")
@pytest.mark.parametrize("value", [None, "absent"])
@pytest.mark.parametrize("level", [QueryLevel.SERIES, QueryLevel.IMAGE])
def test_unique_key_missing(
    scu: Scu,
    stored_study: SyntheticStudy,
    destination: Destination,
    recorder: Recorder,
    level: QueryLevel,
    value: str | None,
) -> None:
    # Below STUDY level, so that what a lenient product sends is this run's own.
    keys = keys_without_unique_one(stored_study, level, empty=value is None)
    brought = move_to(scu, destination, recorder, Root.STUDY, level, keys)
    words = f"{level} level, unique key {value or 'empty'}: {brought.words}"
    assert not brought.received, words
    assert brought.status == 0 or is_failure(brought.status), words
