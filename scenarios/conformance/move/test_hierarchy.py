"""C-MOVE: keys of different levels have to fit together (PS3.4 C.4.2.2.1)."""

from __future__ import annotations

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.destination import Destination
from harness.scu.move import move_to
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@requirement("PS3.4 C.4.2.3.1", QUALITY, "A series that is named below another study is not sent.")
def test_wrong_parent(
    scu: Scu,
    corpus: Corpus,
    store_study: StoreStudy,
    stored_study: SyntheticStudy,
    destination: Destination,
    recorder: Recorder,
) -> None:
    other = store_study(corpus.new_study("CT", instances=2))
    keys = keys_for(Root.STUDY, QueryLevel.SERIES, stored_study, other.series[0])
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.SERIES, keys)
    assert not brought.received, f"of a series of another study {brought.words}"
