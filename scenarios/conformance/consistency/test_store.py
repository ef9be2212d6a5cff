"""Storing and querying at the same time (PS3.4 C.4.1.3.1)."""

from __future__ import annotations

import threading
from collections import Counter

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.find import Matches, find
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.scu.store import proposals_for, store
from harness.scu.together import together
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy, variant

THERE, COMING = 20, 10


@requirement(
    "PS3.4 C.4.1.3.1",
    QUALITY,
    "Objects that arrive in a series disturb no query of it, nor a query their arrival.",
)
def test_during_query(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    study = store_study(corpus.new_study("CT", instances=THERE))
    coming = [
        variant(corpus.identity, study.instance(0), InstanceNumber=THERE + number)
        for number in range(1, COMING + 1)
    ]
    done = threading.Event()

    def arrive() -> list[Matches]:
        try:
            with scu.open(*proposals_for(coming)) as association:
                for instance in coming:
                    response = store(scu, association, instance)
                    assert not is_failure(response.integer("Status")), (
                        f"an object that arrives during a query is answered {describe(response)}"
                    )
        finally:
            done.set()
        return []

    def ask() -> list[Matches]:
        answers = []
        while not done.is_set():
            answers.append(listing(scu, study))
        return answers

    there = Counter(instance.sop_instance_uid for instance in study.instances)
    everything = there + Counter(instance.sop_instance_uid for instance in coming)
    for matches in together([arrive, ask])[1]:
        status = matches.status
        assert status == 0, f"a query of a series that grows ends with {describe(matches.final)}"
        found = Counter(matches.texts("SOPInstanceUID"))
        assert not there - found, f"{(there - found).total()} of {THERE} instances are not found meanwhile"
        assert not found - everything, f"{(found - everything).total()} instances are found twice, or strange"


def listing(scu: Scu, study: SyntheticStudy) -> Matches:
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    return find(scu, Root.STUDY, QueryLevel.IMAGE, keys)
