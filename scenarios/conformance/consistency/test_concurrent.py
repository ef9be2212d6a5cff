"""Several users at the same time, each with a patient of his own."""

from __future__ import annotations

from collections.abc import Callable

from harness.dimse.association import Association
from harness.plugin.arranging import StoreStudy, open_agreed
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.find import find_with
from harness.scu.get import get_with, storage_for
from harness.scu.identifier import keys_of
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.together import together
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

USERS, TIMES = 4, 5


def side_by_side(
    ask: Callable[[SyntheticStudy], str], studies: list[SyntheticStudy]
) -> list[tuple[SyntheticStudy, str]]:
    """What went wrong for each study, all being asked for at once."""
    tasks = [lambda study=study: ask(study) for study in studies]
    return list(zip(studies, together(tasks), strict=True))


@requirement(
    "PS3.4 C.4.1.3.1.1", SHALL, "Queries at the same time are answered each with what was asked in it."
)
def test_queries_kept_apart(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    studies = [store_study(corpus.new_study("CT", instances=2)) for _ in range(USERS)]

    def told(association: Association, study: SyntheticStudy) -> list[tuple[str, str]]:
        keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": study.study_uid, "PatientID": None})
        found = find_with(association, Root.STUDY.find, keys).require_success()
        return list(zip(found.texts("StudyInstanceUID"), found.texts("PatientID"), strict=True))

    with scu.open(Root.STUDY.find) as by_itself:
        before = {study.study_uid: told(by_itself, study) for study in studies}

    def ask(study: SyntheticStudy) -> str:
        with scu.open(Root.STUDY.find) as association:
            for _ in range(TIMES):
                now = told(association, study)
                if now != before[study.study_uid]:
                    return f"the answer is {now or 'no study'}, by itself it was {before[study.study_uid]}"
        return ""

    for study, wrong in side_by_side(ask, studies):
        assert not wrong, f"study {study.study_uid} of {study.patient_id}, asked beside others: {wrong}"


@requirement(
    "PS3.4 C.4.3.3.1", SHALL, "Retrievals at the same time bring each user the objects of his own patient."
)
def test_patients_kept_apart(scu: Scu, corpus: Corpus, store_study: StoreStudy) -> None:
    studies = [store_study(corpus.new_study("CT", instances=2)) for _ in range(USERS)]

    def ask(study: SyntheticStudy) -> str:
        keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, study))
        with open_agreed(scu, Root.STUDY, storage_for(study.instances)) as association:
            for _ in range(TIMES):
                got = get_with(association, Root.STUDY.get, keys)
                if wrong := got.other_than(study.instances):
                    return wrong
        return ""

    for study, wrong in side_by_side(ask, studies):
        assert not wrong, f"study {study.study_uid} of {study.patient_id}, got beside others: {wrong}"
