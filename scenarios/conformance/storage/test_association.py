"""Objects that never became complete (PS3.7 A.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.dimse.pdu import PData, Pdv
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.find import find
from harness.scu.inbox import Received
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.store import store_request
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticStudy

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]


def send_half(scu: Scu, instance: SyntheticInstance, ending: str) -> None:
    """Send the command and half of the data set, then end the association the hard way."""
    association = scu.open((instance.sop_class, (instance.transfer_syntax,)))
    context = association.context_for(instance.sop_class)
    command = store_request(association, instance.sop_class, instance.sop_instance_uid).encode()
    half = instance.dataset[: len(instance.dataset) // 2 & ~1]
    association.send_pdu(PData((Pdv(context.id, True, True, command),)))
    association.send_pdu(PData((Pdv(context.id, False, False, half),)))
    if ending == "abort":
        association.abort()
    else:
        association.close()


@pytest.mark.parametrize("ending", ["abort", "cut"])
@requirement(
    "PS3.7 A.6", SHALL, "An object whose transfer was aborted or cut is not kept, and can be sent again."
)
def test_incomplete_is_discarded(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring, ending: str
) -> None:
    study = corpus.new_study("CT", rows=64, columns=64)
    instance = study.instance(0)
    send_half(scu, instance, ending)
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    found = find(scu, Root.STUDY, QueryLevel.IMAGE, keys).texts("SOPInstanceUID")
    assert instance.sop_instance_uid not in found, "half an object is found"
    store_study(study)
    received = retrieved(study.instances)
    broken = odd_ones(study.instances, received) or damaged(study.instances, received)
    assert not broken, f"sent again after half of it: {broken}"
