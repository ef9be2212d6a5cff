"""Statuses and the end of a C-FIND (PS3.4 C.4.1.1.4, C.4.1.3.1)."""

from __future__ import annotations

from harness.plugin.fixtures import Corpus
from harness.plugin.studies import await_visible, send_study
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.find import find, find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy
from harness.target import Target


@requirement(
    "PS3.4 C.4.1.3.1", SHALL, "A query without matches is answered by one response: Success, no Identifier."
)
def test_no_match(scu: Scu, corpus: Corpus) -> None:
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, StudyInstanceUID=corpus.identity.uid())
    assert matches.status == SUCCESS, f"a query without matches is answered {describe(matches.final)}"
    assert not matches.identifiers, f"{len(matches.identifiers)} matches for a UID that was never stored"
    assert matches.final_data_set is None, "the final response has an Identifier"


@requirement("PS3.4 C.4.1.3.1", SHALL, "The final response, Success, has no Identifier.")
def test_final_without_identifier(scu: Scu, stored_study: SyntheticStudy) -> None:
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, StudyInstanceUID=stored_study.study_uid)
    assert matches.status == SUCCESS, f"the query ended with {describe(matches.final)}"
    assert matches.final_data_set is None, "the final response has an Identifier"


@requirement("PS3.4 C.4.1.3.1", SHALL, "Success says that every match was sent.")
def test_success_is_complete(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study(instances=60)
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
    assert matches.status != SUCCESS or len(set(matches.texts("SOPInstanceUID"))) == 60, (
        f"60 instances stored, {len(matches.identifiers)} sent, and the final status is Success"
    )


@requirement("PS3.4 C.4.1.3.1", QUALITY, "The same query gives the same matches again.")
def test_repeatable(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {
        "StudyInstanceUID": stored_study.study_uid,
        "SeriesInstanceUID": stored_study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    with scu.open(Root.STUDY.find) as association:
        answers = [
            find_with(association, Root.STUDY.find, keys_of(QueryLevel.IMAGE, keys)).require_success()
            for _ in range(5)
        ]
    found = {tuple(sorted(answer.texts("SOPInstanceUID"))) for answer in answers}
    counts = sorted({len(uids) for uids in found})
    assert len(found) == 1, f"the same query five times: {len(found)} different answers, of {counts} matches"
