"""C-GET: a requestor that goes away (PS3.7 A.6)."""

from __future__ import annotations

from harness.plugin.arranging import StoreStudy, get_agreed, open_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.get import begin_get, storage_for
from harness.scu.identifier import keys_of
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root

REPEATS = 10


@requirement("PS3.7 A.6", QUALITY, "Requestors that abort during a get do the next one no harm.")
def test_during_suboperation(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study("CT", instances=5, rows=128, columns=128))
    storage = storage_for(study.instances)
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    for _ in range(REPEATS):
        association = open_agreed(scu, Root.STUDY, storage)
        begin_get(association, Root.STUDY.get, keys_of(QueryLevel.STUDY, keys))
        association.receive_pdu()
        association.abort()
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage, keys)
    wrong = got.other_than(study.instances)
    assert not wrong, f"after {REPEATS} aborts: {wrong}"
