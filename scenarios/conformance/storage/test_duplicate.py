"""The same UID twice: the standard is silent, a hospital is not indifferent (PS3.5 9)."""

from __future__ import annotations

from harness.dimse.difference import DifferenceKind, summary
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring
from harness.plugin.studies import await_visible
from harness.scenario import QUALITY, requirement
from harness.scu.find import find
from harness.scu.kept import changes
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.store import store_all
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy, assemble, variant
from harness.target import Target


def images_found(scu: Scu, study: SyntheticStudy) -> list[str]:
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    return find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success().texts("SOPInstanceUID")


@requirement("PS3.4 B.2.2", QUALITY, "An object that is sent again unchanged stays one object, and intact.")
def test_identical_resend(scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study("CT"))
    store_all(scu, study.instances)
    found = images_found(scu, study)
    assert found == [study.instance(0).sop_instance_uid], (
        f"{len(found)} objects found after two sendings of one"
    )
    received = retrieved(study.instances)
    broken = odd_ones(study.instances, received) or damaged(study.instances, received)
    assert not broken, f"after the same object was sent again: {broken}"


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
    mixed = [
        entry
        for one in received
        for entry in changes(whole[0], one)
        if entry.kind is not DifferenceKind.MISSING  # discarded, which levels 0 and 1 allow
    ]
    assert not mixed, f"a mixture: {summary(mixed)}"


@requirement("PS3.5 9", QUALITY, "A Series Instance UID that comes in two studies does not merge them.")
def test_same_series_other_study(scu: Scu, corpus: Corpus, store_study: StoreStudy, target: Target) -> None:
    study = store_study(corpus.new_study("CT"))
    series_uid = study.series[0].series_uid
    (other,) = assemble(
        [variant(corpus.identity, corpus.new_study("CT").instance(0), SeriesInstanceUID=series_uid)]
    )
    (response,) = store_all(scu, other.instances)
    if response.integer("Status") != SUCCESS:
        return
    assert await_visible(scu, other, target.dimse.visible_within), (
        f"an object of another study with the same Series Instance UID was answered {describe(response)}, "
        "and is not found under its study"
    )
    found = images_found(scu, study)
    assert found == [study.instance(0).sop_instance_uid], (
        f"the first study has {len(found)} objects since another one has a series of the same UID"
    )
