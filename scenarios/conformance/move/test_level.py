"""C-MOVE: what each level of the two information models moves (PS3.4 C.6.1.1.6, C.6.2.1.5)."""

from __future__ import annotations

import pytest

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy, mixed_study, patient_of
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.inbox import Received
from harness.scu.move import move
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import altered, damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
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
    with destination.inbox(recorder) as inbox:
        answer = move(
            scu,
            Root.STUDY,
            QueryLevel.STUDY,
            destination.ae_title,
            keys_for(Root.STUDY, QueryLevel.STUDY, mixed),
        )
    odd = odd_ones(mixed.instances, inbox.received)
    assert not odd, f"{odd}; final status {describe(answer.final)}"
    broken = damaged(mixed.instances, inbox.received)
    assert not broken, broken


@requirement(
    "PS3.4 C.6.2.1.5", SHALL, "A move at SERIES level sends every object of the series and no other."
)
def test_series(scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    series = mixed.series[0]
    keys = keys_for(Root.STUDY, QueryLevel.SERIES, mixed, series)
    with destination.inbox(recorder) as inbox:
        answer = move(scu, Root.STUDY, QueryLevel.SERIES, destination.ae_title, keys)
    odd = odd_ones(series.instances, inbox.received)
    assert not odd, f"{odd}; final status {describe(answer.final)}"
    broken = damaged(series.instances, inbox.received)
    assert not broken, broken


@requirement("PS3.4 C.6.2.1.5", SHALL, "A move at IMAGE level sends the object that is named and no other.")
def test_image(scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    series = mixed.series[0]
    chosen = series.instances[1:2]
    keys = keys_for(Root.STUDY, QueryLevel.IMAGE, mixed, series, chosen)
    with destination.inbox(recorder) as inbox:
        answer = move(scu, Root.STUDY, QueryLevel.IMAGE, destination.ae_title, keys)
    odd = odd_ones(chosen, inbox.received)
    assert not odd, f"{odd}; final status {describe(answer.final)}"
    broken = damaged(chosen, inbox.received)
    assert not broken, broken


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
    with destination.inbox(recorder) as inbox:
        answer = move(scu, Root.PATIENT, QueryLevel.PATIENT, destination.ae_title, keys)
    stored = first.instances + second.instances
    odd = odd_ones(stored, inbox.received)
    assert not odd, f"{odd}; final status {describe(answer.final)}"
    broken = damaged(stored, inbox.received)
    assert not broken, broken


@requirement(
    "PS3.4 C.6.1.1.6", SHALL, "The Patient Root model moves studies, series and images as it does patients."
)
@pytest.mark.parametrize("level", [QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE])
def test_below_patient(
    scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder, level: QueryLevel
) -> None:
    series = mixed.series[0]
    chosen = {
        QueryLevel.STUDY: mixed.instances,
        QueryLevel.SERIES: series.instances,
        QueryLevel.IMAGE: series.instances[:2],
    }[level]
    keys = keys_for(Root.PATIENT, level, mixed, series, chosen)
    with destination.inbox(recorder) as inbox:
        answer = move(scu, Root.PATIENT, level, destination.ae_title, keys)
    odd = odd_ones(chosen, inbox.received)
    assert not odd, f"{odd}; final status {describe(answer.final)}"
    broken = damaged(chosen, inbox.received)
    assert not broken, broken


@requirement("PS3.4 B.4.1.3", QUALITY, "What is moved has every element as it was stored, bit for bit.")
def test_every_element_kept(
    scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, mixed)
    with destination.inbox(recorder) as inbox:
        move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
    if not inbox.received:
        raise not_tested("nothing arrived; see move.level.study")
    changed = altered(mixed.instances, inbox.received)
    assert not changed, changed


@requirement(
    "PS3.4 C.4.2.1.5", QUALITY, "A move that names no level, or one of no model, fails and sends nothing."
)
@pytest.mark.parametrize("level", [None, "FRAME"])
def test_missing(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder, level: QueryLevel
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    with destination.inbox(recorder) as inbox:
        answer = move(scu, Root.STUDY, level, destination.ae_title, keys)
    words = f"level {level or 'absent'}: {describe(answer.final)}, {_count(inbox.received)} arrived"
    assert not inbox.received, words
    assert is_failure(answer.status), words


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
    keys = keys_for(Root.STUDY, level, stored_study, stored_study.series[0])
    unique = "SeriesInstanceUID" if level is QueryLevel.SERIES else "SOPInstanceUID"
    keys = {key: value for key, value in keys.items() if key != unique}
    with destination.inbox(recorder) as inbox:
        answer = move(
            scu, Root.STUDY, level, destination.ae_title, keys, **({unique: None} if value is None else {})
        )
    words = f"{level} level, {unique} {'empty' if value is None else 'absent'}: {describe(answer.final)}"
    assert not inbox.received, f"{words}, {_count(inbox.received)} arrived"
    assert answer.status == 0 or is_failure(answer.status), words


def _count(received: list[Received]) -> str:
    return f"{len(received)} objects" if received else "nothing"
