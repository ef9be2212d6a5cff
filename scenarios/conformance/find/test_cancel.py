"""C-CANCEL of a query (PS3.4 C.4.1.3.1, PS3.7 9.1.2.2); a final status may overtake it."""

from __future__ import annotations

from harness.scenario import SHALL, requirement
from harness.scu.echo import echo
from harness.scu.find import Matches, find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.status import CANCEL, SUCCESS, describe
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import SyntheticStudy


def cancelled(scu: Scu, study: SyntheticStudy) -> tuple[Matches, int]:
    """A query for instances, cancelled at once; and the status of an echo on its association after."""
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    with scu.open(Root.STUDY.find, VERIFICATION) as association:
        matches = find_with(association, Root.STUDY.find, keys_of(QueryLevel.IMAGE, keys), cancel_after=0)
        return matches, echo(association).integer("Status")


@requirement("PS3.4 C.4.1.3.1", SHALL, "A cancelled query ends with status Cancel, or had ended before.")
def test_ends_with_cancel_status(scu: Scu, stored_study: SyntheticStudy) -> None:
    matches, _ = cancelled(scu, stored_study)
    assert matches.status in (CANCEL, SUCCESS), (
        f"after C-CANCEL the query ends with {describe(matches.final)}"
    )
    there = len(stored_study.series[0].instances)
    assert matches.status == CANCEL or len(matches.identifiers) == there, (
        f"after C-CANCEL {len(matches.identifiers)} of {there} matches came, then {describe(matches.final)}"
    )


@requirement("PS3.7 9.1.2.1.6", SHALL, "The response that ends a cancelled query has no Identifier.")
def test_no_identifier(scu: Scu, stored_study: SyntheticStudy) -> None:
    matches, _ = cancelled(scu, stored_study)
    assert matches.final_data_set is None, f"{describe(matches.final)} comes with an Identifier"


@requirement("PS3.7 9.1.2.2", SHALL, "After C-CANCEL the association serves further requests.")
def test_association_lives_on(scu: Scu, stored_study: SyntheticStudy) -> None:
    _, status = cancelled(scu, stored_study)
    assert status == SUCCESS, f"C-ECHO after a cancelled query is answered 0x{status:04X}"
