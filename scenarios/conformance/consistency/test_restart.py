"""A restart of the product (PS3.4 B.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.plugin.fixtures import Corpus
from harness.plugin.restarting import restart
from harness.plugin.studies import await_visible, send_study
from harness.scenario import QUALITY, not_tested, requirement
from harness.scu.find import find
from harness.scu.inbox import Received
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance
from harness.target import Target

Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

NUMBER = 20


@pytest.mark.restarts
@requirement("PS3.4 B.2.2", QUALITY, "What was acknowledged before a restart is there after it, undamaged.")
def test_nothing_lost(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    if not target.control.restart:
        raise not_tested("the target file names no command that restarts the product ([control] restart)")
    study = corpus.new_study("CT", instances=NUMBER)
    send_study(scu, study.instances)
    restart(scu, target)
    await_visible(scu, study, target.dimse.visible_within)
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    found = find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success().texts("SOPInstanceUID")
    lost = {instance.sop_instance_uid for instance in study.instances} - set(found)
    assert not lost, f"{len(lost)} of {NUMBER} acknowledged objects are no longer found after a restart"
    received = retrieved(study.instances)
    wrong = odd_ones(study.instances, received) or damaged(study.instances, received)
    assert not wrong, f"after a restart {wrong}"
