"""List of UID matching (PS3.4 C.2.2.2.2)."""

from __future__ import annotations

from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.find import find, study_uids
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@requirement("PS3.4 C.2.2.2.2", SHALL, "A list of Study Instance UIDs finds each study of the list once.")
def test_studies(scu: Scu, corpus: Corpus, store_study, stored_study: SyntheticStudy) -> None:
    other = store_study(corpus.new_study())
    store_study(corpus.new_study())
    found = study_uids(scu, StudyInstanceUID=[stored_study.study_uid, other.study_uid])
    assert sorted(found) == sorted([stored_study.study_uid, other.study_uid]), (
        f"a list of 2 studies: {len(found)} found"
    )


@requirement("PS3.4 C.2.2.2.2", SHALL, "A list of Series Instance UIDs finds each series of the list.")
def test_series(scu: Scu, corpus: Corpus, store_study) -> None:
    study = store_study(corpus.new_study(series=3))
    wanted = [study.series[0].series_uid, study.series[2].series_uid]
    matches = find(
        scu, Root.STUDY, QueryLevel.SERIES, StudyInstanceUID=study.study_uid, SeriesInstanceUID=wanted
    ).require_success()
    found = matches.texts("SeriesInstanceUID")
    assert sorted(found) == sorted(wanted), f"a list of 2 of 3 series: {len(found)} found"


@requirement("PS3.4 C.2.2.2.2", SHALL, "A list of SOP Instance UIDs finds each instance of the list.")
def test_instances(scu: Scu, stored_study: SyntheticStudy) -> None:
    series = stored_study.series[0]
    wanted = [instance.sop_instance_uid for instance in series.instances[:2]]
    matches = find(
        scu,
        Root.STUDY,
        QueryLevel.IMAGE,
        StudyInstanceUID=stored_study.study_uid,
        SeriesInstanceUID=series.series_uid,
        SOPInstanceUID=wanted,
    ).require_success()
    found = matches.texts("SOPInstanceUID")
    assert sorted(found) == sorted(wanted), f"a list of 2 of 3 instances: {len(found)} found"


@requirement("PS3.4 C.2.2.2", SHALL, "A list of hundreds of UIDs is matched as a short one is.")
def test_long(scu: Scu, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    unknown = [corpus.identity.uid() for _ in range(300)]
    found = study_uids(scu, StudyInstanceUID=[*unknown[:150], stored_study.study_uid, *unknown[150:]])
    assert found == [stored_study.study_uid], f"one known UID among 300 unknown ones: {len(found)} found"
