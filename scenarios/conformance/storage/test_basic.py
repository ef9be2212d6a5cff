"""What Success means (PS3.4 B.2.2, B.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.plugin.arranging import mixed_study
from harness.plugin.fixtures import Corpus, await_visible, send_study
from harness.scenario import SHALL, requirement
from harness.scu.find import find
from harness.scu.inbox import Received
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure, is_warning
from harness.scu.store import store, store_all
from harness.scu.uids import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticStudy
from harness.target import Target

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]


@requirement(
    "PS3.4 B.2.2", SHALL, "An acknowledged object can be retrieved, with its identity and its pixels."
)
def test_success_means_stored(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study("CT", instances=4))
    received = retrieved(study.instances)
    odd = odd_ones(study.instances, received)
    assert not odd, f"4 objects were acknowledged; {odd}"
    broken = damaged(study.instances, received)
    assert not broken, broken


@requirement("PS3.4 B.2.3", SHALL, "Every C-STORE is answered by a status that the standard defines for it.")
def test_status_in_range(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT", instances=2)
    for response in store_all(scu, study.instances):
        status = response.integer("Status")
        assert status == 0 or is_warning(status) or is_failure(status), f"status 0x{status:04X}"


@requirement("PS3.4 B.2.2", SHALL, "Two hundred objects on one association are all kept.")
def test_many_on_one_association(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT", instances=200)
    send_study(scu, study.instances)
    await_visible(scu, study, target.dimse.visible_within)
    matches = find(
        scu,
        Root.STUDY,
        QueryLevel.IMAGE,
        StudyInstanceUID=study.study_uid,
        SeriesInstanceUID=study.series[0].series_uid,
        SOPInstanceUID=None,
    )
    found = set(matches.texts("SOPInstanceUID"))
    lost = [one for one in study.instances if one.sop_instance_uid not in found]
    assert not lost, f"{len(lost)} of 200 acknowledged objects are not found"


@requirement("PS3.4 B.3", SHALL, "Objects of several SOP classes on one association keep each its class.")
def test_same_association_other_classes(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = mixed_study(corpus, store_study)
    for series in study.series:
        for received in retrieved(series.instances):
            wanted = {one.sop_instance_uid: one.sop_class for one in series.instances}
            assert received.sop_class == wanted.get(received.sop_instance_uid), (
                f"{received.sop_instance_uid} comes back as {received.sop_class}"
            )
        broken = damaged(series.instances, retrieved(series.instances))
        assert not broken, broken


@requirement(
    "PS3.4 B.2.3", SHALL, "After a refused or odd object the association goes on to serve valid ones."
)
def test_association_goes_on(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT", instances=2)
    with scu.open((CT_IMAGE_STORAGE, (EXPLICIT_VR_LITTLE_ENDIAN,))) as association:
        first = store(scu, association, study.instance(0))
        again = store(scu, association, study.instance(0))
        second = store(scu, association, study.instance(1))
    assert not is_failure(first.integer("Status")), f"the first object: {describe(first)}"
    assert not is_failure(second.integer("Status")), (
        f"a valid object after a repeated one ({describe(again)}) is answered {describe(second)}"
    )
