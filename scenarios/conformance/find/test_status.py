"""Statuses and the end of a C-FIND (PS3.4 C.4.1.1.4, C.4.1.3.1), and C-CANCEL."""

from __future__ import annotations

from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.echo import echo
from harness.scu.find import Matches, find, find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.status import CANCEL, SUCCESS, describe
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import SyntheticStudy


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
def test_success_is_complete(scu: Scu, corpus: Corpus, store_study) -> None:  # type: ignore[no-untyped-def]
    study = store_study(corpus.new_study(instances=60))
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


def cancelled(scu: Scu, study: SyntheticStudy) -> tuple[Matches, int]:
    """A query for many instances, cancelled at once; and the status of an echo on the same association after."""
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    with scu.open(Root.STUDY.find, VERIFICATION) as association:
        matches = find_with(association, Root.STUDY.find, keys_of(QueryLevel.IMAGE, keys), cancel_after=0)
        return matches, echo(association).integer("Status")


@requirement("PS3.4 C.4.1.3.1", SHALL, "A cancelled query ends with status Cancel, or had ended before.")
def test_cancel_status(scu: Scu, stored_study: SyntheticStudy) -> None:
    matches, _ = cancelled(scu, stored_study)
    assert matches.status in (CANCEL, SUCCESS), (
        f"after C-CANCEL the query ends with {describe(matches.final)}"
    )
    assert matches.final_data_set is None, "the final response has an Identifier"


@requirement("PS3.7 9.1.2.2", SHALL, "After C-CANCEL the association serves further requests.")
def test_cancel_association_lives_on(scu: Scu, stored_study: SyntheticStudy) -> None:
    _, status = cancelled(scu, stored_study)
    assert status == SUCCESS, f"C-ECHO after a cancelled query is answered 0x{status:04X}"
