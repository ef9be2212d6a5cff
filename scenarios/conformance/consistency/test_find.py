"""Queries at several levels and in both models tell the same of the same objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from harness.plugin.arranging import StoreStudy, eventually, mixed_study
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.entities import Entity, entities_of, keys_at, normal
from harness.scu.find import find
from harness.scu.identifier import read_identifier
from harness.scu.inbox import Received
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticStudy
from harness.target import Target

Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]


@pytest.fixture(scope="module")
def mixed(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """CT and MR series and, where the product takes them, objects that are no images."""
    return mixed_study(corpus, store_study)


def at(entities: Sequence[Entity], level: QueryLevel) -> list[Entity]:
    return [entity for entity in entities if entity.level is level]


@requirement(
    "PS3.4 C.4.1.3.1.1", SHALL, "Each level of a study has what the one above it says, each entity once."
)
def test_levels_agree(scu: Scu, mixed: SyntheticStudy, target: Target) -> None:
    entities = entities_of(scu, Root.STUDY, mixed)
    for entity in entities:
        assert not entity.misplaced(), f"{entity.level} level: {entity.misplaced()}"
    stored = {
        QueryLevel.STUDY: {mixed.study_uid},
        QueryLevel.SERIES: {series.series_uid for series in mixed.series},
        QueryLevel.IMAGE: {instance.sop_instance_uid for instance in mixed.instances},
    }
    # What the product adds of its own, it may; then it is in its numbers too.
    for level, wanted in stored.items():
        found = Counter(entity.uid for entity in at(entities, level))
        assert wanted <= found.keys(), (
            f"{level} level: {len(wanted - found.keys())} of {len(wanted)} are missing, "
            "going down from what the levels above list"
        )
        assert found.total() == len(found), (
            f"{level} level: {found.total()} matches, of {len(found)} entities"
        )
    counts = {
        "NumberOfStudyRelatedSeries": QueryLevel.SERIES,
        "NumberOfStudyRelatedInstances": QueryLevel.IMAGE,
    }
    for keyword, level in counts.items():
        numbers: list[tuple[str, int]] = []

        def agrees(
            keyword: str = keyword, level: QueryLevel = level, numbers: list[tuple[str, int]] = numbers
        ) -> bool:
            keys = {"StudyInstanceUID": mixed.study_uid, keyword: None}
            matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success().identifiers
            listed = len(at(entities_of(scu, Root.STUDY, mixed), level))
            numbers[:] = [(one.text(keyword), listed) for one in matches if keyword in one]
            return all(told in ("", str(listed)) for told, listed in numbers)

        assert eventually(agrees, target.dimse.visible_within), (
            f"{keyword} is {numbers[0][0]}, and {numbers[0][1]} are found below the study"
        )


@requirement("PS3.4 C.3.2", SHALL, "The Patient Root and the Study Root model tell the same of a study.")
def test_roots_agree(scu: Scu, mixed: SyntheticStudy) -> None:
    by_patient = entities_of(scu, Root.PATIENT, mixed)
    by_study = entities_of(scu, Root.STUDY, mixed)
    for level in (QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE):
        here, there = told(by_patient, level, level), told(by_study, level, level)
        assert here == there, (
            f"{level} level, {', '.join(keys_at(Root.PATIENT, level))}: "
            f"{listed(here, there)} in the Patient Root model alone, "
            f"{listed(there, here)} in the Study Root model alone"
        )
    patient = told(by_patient, QueryLevel.PATIENT, QueryLevel.PATIENT)
    of_study = told(by_study, QueryLevel.STUDY, QueryLevel.PATIENT)
    assert patient == of_study, f"the patient is {patient}; the study says {of_study}"


def told(entities: Sequence[Entity], level: QueryLevel, keys: QueryLevel) -> list[tuple[str, ...]]:
    """The values of a level's keys in all matches of another one."""
    keywords = keys_at(Root.PATIENT, keys)
    return sorted(
        tuple(normal(keyword, entity.identifier.text(keyword)) for keyword in keywords)
        for entity in at(entities, level)
    )


def listed(some: Sequence[tuple[str, ...]], others: Sequence[tuple[str, ...]]) -> str:
    return "; ".join(", ".join(one) for one in some if one not in others) or "nothing"


@requirement(
    "PS3.4 C.4.1.1.3.2", SHALL, "The required keys of a match have the values of the objects stored."
)
def test_equals_stored(scu: Scu, mixed: SyntheticStudy, retrieved: Bring) -> None:
    for entity in entities_of(scu, Root.STUDY, mixed):
        for keyword in keys_at(Root.STUDY, entity.level):
            found = normal(keyword, entity.identifier.text(keyword))
            stored = next((one for one in mixed.instances if entity.uid in of_entities(one)), None)
            if stored is None:
                # What the product adds of its own it may; it has a UID of its own.
                assert entity.uid, f"{entity.level} level: a match without the UID that identifies it"
                continue
            sent = normal(keyword, stored.text(keyword))
            if found != sent:
                # A value that was coerced when it was stored is that of the object now (PS3.4 B.4.1.3).
                delivered = retrieved([stored])
                now = {
                    normal(keyword, read_identifier(one.dataset, one.transfer_syntax).text(keyword))
                    for one in delivered
                }
                assert found in now, (
                    f"{entity.level} level: {keyword} is {found or 'empty'}, stored was {sent or 'none'}"
                )


def of_entities(instance: SyntheticInstance) -> tuple[str, ...]:
    return tuple(
        instance.text(keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    )
