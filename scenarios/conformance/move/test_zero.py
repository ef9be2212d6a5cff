"""C-MOVE: a request that selects nothing."""

from __future__ import annotations

from harness.dimse.capture import Recorder
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.destination import Destination
from harness.scu.move import move
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root


@requirement(
    "PS3.4 C.4.2.3.1", QUALITY, "A move that selects nothing ends, without contact to the destination."
)
def test_matches(scu: Scu, corpus: Corpus, destination: Destination, recorder: Recorder) -> None:
    with destination.inbox(recorder) as inbox:
        keys = {"StudyInstanceUID": corpus.identity.uid()}
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
    assert not inbox.received, f"{len(inbox.received)} objects were sent for a UID that nobody has"
    assert not inbox.requests, "an association to the destination was opened with nothing to send"
    wrong = answer.miscounted(0, 0, 0)
    assert not wrong, wrong
