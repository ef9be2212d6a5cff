"""The same SOP Instance UID twice: the standard is silent, a hospital is not indifferent (PS3.5 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.find import find
from harness.scu.inbox import Received
from harness.scu.retrieved import altered, damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.store import store_all
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticStudy, variant

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]


@requirement("PS3.4 B.2.2", QUALITY, "An object that is sent again unchanged stays one object, and intact.")
def test_identical_resend(scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study("CT"))
    store_all(scu, study.instances)
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    found = find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success().texts("SOPInstanceUID")
    assert found == [study.instance(0).sop_instance_uid], (
        f"{len(found)} objects found after two sendings of one"
    )
    received = retrieved(study.instances)
    broken = odd_ones(study.instances, received) or damaged(study.instances, received)
    assert not broken, broken


@requirement("PS3.5 9", QUALITY, "Of two objects under one SOP Instance UID, one is kept whole: no mixture.")
def test_changed_content(scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study("CT"))
    first = study.instance(0)
    pixels = bytes(255 - byte for byte in first.attributes.PixelData)
    second = variant(
        corpus.identity,
        first,
        SOPInstanceUID=first.sop_instance_uid,
        StudyDescription="Sent second",
        PixelData=pixels,
    )
    store_all(scu, [second])
    received = retrieved([first])
    whole = [
        candidate
        for candidate in (first, second)
        if not (odd_ones([candidate], received) or damaged([candidate], received))
    ]
    assert whole, "what comes back is neither of the two objects"
    assert not altered(whole[:1], received), f"a mixture: {altered(whole[:1], received)}"
