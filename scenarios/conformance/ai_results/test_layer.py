"""Results that are stored later into a study that is there: a layer over its images (PS3.4 C.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.dimse.capture import Recorder
from harness.dimse.difference import Difference, DifferenceKind, summary
from harness.plugin.arranging import StoreStudy, eventually
from harness.plugin.fixtures import Corpus
from harness.plugin.results import by_each_service, one_by_one, send_results, with_results
from harness.scenario import QUALITY, SHALL, not_supported, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.find import find
from harness.scu.inbox import Received
from harness.scu.kept import changes
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Identity, SyntheticInstance, SyntheticSeries, SyntheticStudy
from harness.synthesis.result_documents import measurement_report, presentation_state
from harness.synthesis.result_pixels import segmentation
from harness.target import Target

Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

COUNTS = ("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "ModalitiesInStudy")


def report(study: SyntheticStudy, identity: Identity) -> SyntheticInstance:
    return measurement_report(study, identity, groups=1)


MAKERS = (segmentation, report, presentation_state)


@pytest.fixture(scope="module")
def layered(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A CT study into which results are stored afterwards, as far as the product takes them."""
    images = store_study(corpus.new_study("CT", instances=3))
    return with_results(store_study, images, corpus.identity, MAKERS)


@requirement(
    "PS3.4 C.3.1", SHALL, "Results stored into a study that is there are series of their own in that study."
)
def test_own_series_same_study(scu: Scu, corpus: Corpus, store_study: StoreStudy, target: Target) -> None:
    images = store_study(corpus.new_study("CT", instances=2))
    layered, coerced = send_results(scu, images, corpus.identity, MAKERS)
    stored = sorted((series.modality, series.series_uid) for series in layered.series)
    found: list[list[tuple[str, str]]] = [[]]

    def as_stored() -> bool:
        keys: dict[str, str | None] = {"StudyInstanceUID": layered.study_uid}
        studies = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success().identifiers
        assert len(studies) == 1, f"STUDY level has {len(studies)} matches for the Study Instance UID"
        keys |= {"SeriesInstanceUID": None, "Modality": None}
        matches = find(scu, Root.STUDY, QueryLevel.SERIES, keys).require_success()
        found[0] = sorted(zip(matches.texts("Modality"), matches.texts("SeriesInstanceUID"), strict=True))
        # Series that the product adds of its own are its affair.
        return set(stored) <= set(found[0])

    there = eventually(as_stored, target.dimse.visible_within)
    if not there and coerced:
        raise not_tested("the product says that it coerced a result, whose UIDs may be other ones")
    assert there, f"the study has the series {listed(found[0])}; stored were {listed(stored)}"


def listed(series: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{modality} {uid}" for modality, uid in series) or "of none"


@requirement("PS3.4 B.2.2", SHALL, "Storing results changes nothing in the images that are there.")
def test_source_untouched(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    images = store_study(corpus.new_study("CT", instances=3))
    before = one_by_one(retrieved, images.instances)
    with_results(store_study, images, corpus.identity, MAKERS)
    after = one_by_one(retrieved, images.instances)
    if gone := odd_ones(images.instances, before):
        raise not_tested(f"{gone} before any result was stored; see storage.basic.success-means-stored")
    odd = odd_ones(images.instances, after)
    assert not odd, f"of the images, after results were stored, {odd}"
    since = [entry for entry in told(images, after) if entry not in told(images, before)]
    assert not since, f"an image is another one since results were stored: {summary(since)}"


def told(images: SyntheticStudy, received: Sequence[Received]) -> list[Difference]:
    """How images differ from those stored.  Attributes that a product adds on delivery may well change."""
    stored = {instance.sop_instance_uid: instance for instance in images.instances}
    return [
        entry
        for item in sorted(received, key=lambda item: item.sop_instance_uid)
        for entry in changes(stored[item.sop_instance_uid], item)
        if entry.kind is not DifferenceKind.ADDED
    ]


@pytest.mark.parametrize("keyword", COUNTS)
@requirement(
    "PS3.4 C.3.4", SHALL, "Where a study's numbers and modalities are given, results are counted in them."
)
def test_counts_follow(scu: Scu, layered: SyntheticStudy, target: Target, keyword: str) -> None:
    wanted = {
        "NumberOfStudyRelatedSeries": (str(len(layered.series)),),
        "NumberOfStudyRelatedInstances": (str(len(layered.instances)),),
        "ModalitiesInStudy": tuple(sorted(layered.modalities)),
    }[keyword]
    found: list[tuple[str, ...]] = [()]

    def right() -> bool:
        keys = {"StudyInstanceUID": layered.study_uid, keyword: None}
        matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
        given = [one for one in matches.identifiers if keyword in one and one.values(keyword)]
        if not given:
            raise not_supported(f"{keyword}, an optional attribute, is not returned")
        found[0] = tuple(sorted(given[0].values(keyword)))
        return found[0] == wanted

    assert eventually(right, target.dimse.visible_within), (
        f"{keyword} is {', '.join(found[0])} where it is {', '.join(wanted)} together with the results"
    )


@requirement(
    "PS3.4 C.6.2.1.5", SHALL, "A retrieval of the study brings the results together with the images."
)
def test_retrieved_with_study(
    scu: Scu, layered: SyntheticStudy, destinations: tuple[Destination, ...], recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, layered)
    services = by_each_service(scu, QueryLevel.STUDY, keys, layered.instances, destinations, recorder)
    for service, brought in services.items():
        wrong = brought.other_than(layered.instances)
        assert not wrong, f"{service}: {wrong}"


@requirement("PS3.4 C.6.2.1.5", SHALL, "A result is retrieved by its series, without the images.")
def test_retrieved_alone(
    scu: Scu, layered: SyntheticStudy, destinations: tuple[Destination, ...], recorder: Recorder
) -> None:
    series = layered.series[1]
    keys = keys_for(Root.STUDY, QueryLevel.SERIES, layered, series)
    services = by_each_service(scu, QueryLevel.SERIES, keys, series.instances, destinations, recorder)
    for service, brought in services.items():
        wrong = brought.other_than(series.instances)
        assert not wrong, f"{service}: {wrong}"


@requirement(
    "PS3.4 B.2.2",
    QUALITY,
    "The result of a second analysis, with UIDs of its own, stands beside that of the first.",
)
def test_second_version(scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    images = store_study(corpus.new_study("CT", instances=2))
    once = with_results(store_study, images, corpus.identity, MAKERS[:2])
    twice = with_results(store_study, images, corpus.identity, MAKERS[:2])
    for first, second in zip(once.series[1:], twice.series[1:], strict=True):
        both = (first, second)
        missing = [one for one in both if not is_listed(scu, images, one)]
        assert not missing, (
            f"of two {first.modality} series with the same number and description one is no longer found"
        )
        for series in both:
            odd = odd_ones(series.instances, retrieved(series.instances))
            assert not odd, f"of two versions of a result ({first.modality}) {odd}"


def is_listed(scu: Scu, study: SyntheticStudy, series: SyntheticSeries) -> bool:
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": series.series_uid,
        "SOPInstanceUID": None,
    }
    found = find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success().texts("SOPInstanceUID")
    return {instance.sop_instance_uid for instance in series.instances} <= set(found)
