"""C-GET: lists of UIDs (PS3.4 C.4.3.2.1), and keys that select nothing."""

from __future__ import annotations

from harness.plugin.arranging import StoreStudy, get_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.get import storage_for
from harness.scu.retrieve import keys_for, keys_to
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@requirement(
    "PS3.4 C.4.3.2.1", SHALL, "A list of Study Instance UIDs brings each of these studies and no other."
)
def test_studies(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    one, _, two = (store_study(corpus.new_study("CT", instances=2)) for _ in range(3))
    keys = {"StudyInstanceUID": [one.study_uid, two.study_uid]}
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(one.instances), keys)
    wrong = got.other_than(one.instances + two.instances)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.2.1", SHALL, "A list of Series Instance UIDs brings each of these series and no other."
)
def test_series(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study("CT", series=3, instances=2))
    one, _, two = study.series
    keys = {"StudyInstanceUID": study.study_uid, "SeriesInstanceUID": [one.series_uid, two.series_uid]}
    got = get_agreed(scu, Root.STUDY, QueryLevel.SERIES, storage_for(study.instances), keys)
    wrong = got.other_than(one.instances + two.instances)
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.3.2.1", SHALL, "A list of 50 SOP Instance UIDs brings each of these objects and no other."
)
def test_instances(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study("CT", instances=60))
    chosen = study.instances[5:55]
    keys = keys_to(Root.STUDY, chosen)
    got = get_agreed(scu, Root.STUDY, QueryLevel.IMAGE, storage_for(chosen), keys)
    wrong = got.other_than(chosen)
    assert not wrong, wrong


@requirement("PS3.4 C.4.3.3.1", QUALITY, "A series that is named below another study is not sent.")
def test_wrong_parent(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, stored_study: SyntheticStudy
) -> None:
    other = store_study(corpus.new_study("CT", instances=2))
    keys = keys_for(Root.STUDY, QueryLevel.SERIES, stored_study, other.series[0])
    got = get_agreed(scu, Root.STUDY, QueryLevel.SERIES, storage_for(other.instances), keys)
    assert not got.received, f"of a series of another study {got.words}"
