"""C-GET: a request that selects nothing."""

from __future__ import annotations

from harness.plugin.arranging import get_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.get import storage_for
from harness.scu.session import Scu
from harness.scu.status import is_failure
from harness.scu.uids import QueryLevel, Root


@requirement("PS3.4 C.4.3.3.1", QUALITY, "A get that selects nothing ends with Success or a failure.")
def test_matches(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT")
    keys = {"StudyInstanceUID": study.study_uid}
    got = get_agreed(scu, Root.STUDY, QueryLevel.STUDY, storage_for(study.instances), keys)
    assert not got.received, f"for a UID that nobody has {got.words}"
    assert got.status == 0 or is_failure(got.status), got.words
    wrong = got.retrieval.miscounted(0, 0, 0)
    assert not wrong, wrong
