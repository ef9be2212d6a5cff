"""C-MOVE: lists of UIDs (PS3.4 C.4.2.2.1, C.2.2.2.2)."""

from __future__ import annotations

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.destination import Destination
from harness.scu.move import move_to
from harness.scu.retrieve import keys_to
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@requirement(
    "PS3.4 C.4.2.2.1", SHALL, "A list of Study Instance UIDs moves each of these studies and no other."
)
def test_studies(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, destination: Destination, recorder: Recorder
) -> None:
    one, other, two = (store_study(corpus.new_study("CT", instances=2)) for _ in range(3))
    keys = {"StudyInstanceUID": [one.study_uid, two.study_uid]}
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys)
    wrong = brought.other_than(one.instances + two.instances)
    assert not wrong, f"{wrong}; asked for were two studies of three, all but {other.study_uid}"


@requirement(
    "PS3.4 C.4.2.2.1", SHALL, "A list of Series Instance UIDs moves each of these series and no other."
)
def test_series(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, destination: Destination, recorder: Recorder
) -> None:
    study = store_study(corpus.new_study("CT", series=3, instances=2))
    one, _, two = study.series
    keys = {"StudyInstanceUID": study.study_uid, "SeriesInstanceUID": [one.series_uid, two.series_uid]}
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.SERIES, keys)
    wrong = brought.other_than(one.instances + two.instances)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.2.1", SHALL, "A list of 50 SOP Instance UIDs moves each of these objects and no other."
)
def test_instances(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, destination: Destination, recorder: Recorder
) -> None:
    study = store_study(corpus.new_study("CT", instances=60))
    chosen = study.instances[5:55]
    keys = keys_to(Root.STUDY, chosen)
    wrong = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.IMAGE, keys).other_than(chosen)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.3.1", QUALITY, "A UID in a list that is unknown doesn't keep the known ones from being sent."
)
def test_partly_unknown(
    scu: Scu, corpus: Corpus, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = {"StudyInstanceUID": [corpus.identity.uid(), stored_study.study_uid]}
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys)
    wrong = brought.other_than(stored_study.instances)
    assert not wrong, wrong
