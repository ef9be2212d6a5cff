"""C-CANCEL of a query (PS3.4 C.4.1.3.1, PS3.7 9.1.2.2); a final status may overtake it."""

from __future__ import annotations

import pytest

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.echo import echo
from harness.scu.find import Matches, find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.status import CANCEL, SUCCESS, describe
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import SyntheticStudy

MANY = 200
ATTEMPTS = 8


@pytest.fixture(scope="module")
def many(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A series of so many instances that a C-CANCEL sent behind the query comes before their last."""
    return store_study(corpus.new_study(instances=MANY))


def cancelled(scu: Scu, study: SyntheticStudy, after: int = 0) -> tuple[Matches, Matches, int]:
    """A query cancelled after some matches; on its association the same query again, whole, and an echo."""
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    query = keys_of(QueryLevel.IMAGE, keys)
    with scu.open(Root.STUDY.find, VERIFICATION) as association:
        first = find_with(association, Root.STUDY.find, query, cancel_after=after)
        again = find_with(association, Root.STUDY.find, query)
        return first, again, echo(association).integer("Status")


@requirement("PS3.4 C.4.1.3.1", SHALL, "A cancelled query ends with status Cancel, or had ended before.")
def test_ends_with_cancel_status(scu: Scu, many: SyntheticStudy) -> None:
    for _ in range(ATTEMPTS):
        matches, _, _ = cancelled(scu, many)
        came = len(matches.identifiers)
        assert matches.status in (CANCEL, SUCCESS), (
            f"after C-CANCEL the query ends with {describe(matches.final)}"
        )
        if matches.status == CANCEL:
            return
        # The C-CANCEL came too late, or does nothing.
        assert came == MANY, f"after C-CANCEL {came} of {MANY} matches came, then {describe(matches.final)}"


@requirement("PS3.4 C.4.1.3.1", QUALITY, "A C-CANCEL right behind its query interrupts that.")
def test_interrupts(scu: Scu, many: SyntheticStudy) -> None:
    # A product may have all matches under way when it reads the C-CANCEL, so that it came too late: no more
    # than a remark.
    for _ in range(ATTEMPTS):
        matches, _, _ = cancelled(scu, many)
        if matches.status == CANCEL or len(matches.identifiers) < MANY:
            return
    raise AssertionError(
        f"{ATTEMPTS} times a query was cancelled right behind its request, and each time all {MANY} matches "
        f"came, then {describe(matches.final)}: who cancels a query that is too wide gets it all the same"
    )


@requirement("PS3.7 9.1.2.1.6", SHALL, "The response that ends a cancelled query has no Identifier.")
def test_no_identifier(scu: Scu, many: SyntheticStudy) -> None:
    for after in range(ATTEMPTS):  # where the cancel falls into the answer is left to chance
        matches, _, _ = cancelled(scu, many, after)
        assert matches.final_data_set is None, f"{describe(matches.final)} comes with an Identifier"


@requirement("PS3.7 9.1.2.2", SHALL, "After C-CANCEL the association serves further requests.")
def test_association_lives_on(scu: Scu, many: SyntheticStudy) -> None:
    _, again, status = cancelled(scu, many)
    came = len(again.identifiers)
    words = f"the same query after a cancelled one: {came} of {MANY} matches, then {describe(again.final)}"
    assert again.status == SUCCESS, words
    assert came == MANY, words
    assert status == SUCCESS, f"C-ECHO after a cancelled query is answered 0x{status:04X}"
