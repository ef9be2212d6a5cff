"""The time zone in queries (PS3.4 C.2.2.2, C.5.1.1)."""

from __future__ import annotations

from harness.dimse.negotiation import ExtendedNegotiation
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy

ADJUSTED = 3
"""The byte of the extended negotiation that offers time zone adjustment."""


@requirement(
    "PS3.4 C.2.2.2", SHALL, "Once adjustment was negotiated, Timezone Offset From UTC is no matching key."
)
def test_key_not_matched(scu: Scu, stored_study: SyntheticStudy) -> None:
    offer = ExtendedNegotiation(Root.STUDY.find, b"\0\0\0\1")
    keys = {"StudyInstanceUID": stored_study.study_uid, "TimezoneOffsetFromUTC": "+0100"}
    with scu.open(Root.STUDY.find, extended=(offer,)) as association:
        answers = [item.data for item in association.accepted.user.extended]
        if not any(answer[ADJUSTED : ADJUSTED + 1] == b"\1" for answer in answers):
            raise not_supported("time zone adjustment of queries is not agreed to")
        matches = find_with(association, Root.STUDY.find, keys_of(QueryLevel.STUDY, keys)).require_success()
    assert len(matches.identifiers) == 1, (
        f"a study without a time zone, asked for in that of +0100: {len(matches.identifiers)} matches"
    )
