"""Structured reports of measurements (PS3.4 O.2.2, PS3.16 TID 1500)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom import Dataset

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Keeper
from harness.plugin.results import spoiled
from harness.scenario import SHALL, SHOULD, not_supported, requirement
from harness.scu.find import Matches, find
from harness.scu.session import Scu
from harness.scu.status import PENDING, describe
from harness.scu.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, QueryLevel, Root
from harness.synthesis import SyntheticStudy, assemble, instance_of
from harness.synthesis.beside import place_beside
from harness.synthesis.result_documents import measurement_report

TITLE = "ConceptNameCodeSequence"
FIRST, SECOND = ("PH-FIRST", "99PHTEST", "First title"), ("PH-SECOND", "99PHTEST", "Second title")


@pytest.fixture(scope="module")
def images(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return store_study(corpus.new_study("CT", instances=3))


@pytest.fixture(scope="module")
def titled(corpus: Corpus, store_study: StoreStudy, images: SyntheticStudy) -> SyntheticStudy:
    """One series of two reports with different titles."""
    place = place_beside(images, corpus.identity, 98, "Two reports")
    reports = [
        measurement_report(images, corpus.identity, place=place, number=number, groups=1, title=title)
        for number, title in enumerate((FIRST, SECOND), 1)
    ]
    return store_study(assemble(reports)[0])


@requirement(
    "PS3.4 B.4.1.1, O", SHALL, "A report of more than 200 content items comes back with every item, in order."
)
def test_full_tree(keeper: Keeper, images: SyntheticStudy) -> None:
    # O.2.2 demands Level 2 of who is SCU of the class as well, which an archive is when it delivers.
    lost = spoiled(keeper, measurement_report(images, keeper.corpus.identity), level_2=True)
    assert not lost, lost


@requirement(
    "PS3.5 A.5", SHALL, "A report that was sent deflated, where that is accepted, comes back uncompressed."
)
def test_deflated(keeper: Keeper, images: SyntheticStudy) -> None:
    plain = measurement_report(images, keeper.corpus.identity, groups=3)
    deflated = instance_of(plain.attributes, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    kept = keeper.stored(deflated)
    assert kept.is_stored, f"a valid report, sent deflated, is answered {describe(kept.response)}"
    assert kept.is_found, "a report that was stored deflated is not found"
    lost = replace(kept, instance=plain, received=keeper.bring([plain])).lost
    assert not lost, f"a report that was stored deflated: {lost}"


@requirement(
    "PS3.4 C.6.1.1.5",
    SHOULD,
    "Reports are found by their title, Concept Name Code Sequence; where not, the responses say so.",
)
def test_query_by_title(scu: Scu, titled: SyntheticStudy) -> None:
    first, second = (instance.sop_instance_uid for instance in titled.instances)
    matches = asked(scu, titled, FIRST)
    found = matches.texts("SOPInstanceUID")
    assert first in found, f"the report with the title {FIRST[0]} is not found by it"
    if second not in found:
        return
    without = {response.integer("Status") for response in matches.pending} - {PENDING[1]}
    assert not without, (
        f"a report with the title {SECOND[0]} is found by {FIRST[0]}, in a response with status FF00H: "
        "that every optional key was supported as a required one is"
    )
    raise not_supported(f"{TITLE}, an optional key, is not matched; the responses say so by FF01H")


def asked(scu: Scu, study: SyntheticStudy, title: tuple[str, str, str]) -> Matches:
    key = Dataset()
    key.CodeValue, key.CodingSchemeDesignator = title[:2]
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
        TITLE: [key],
    }
    return find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success()
