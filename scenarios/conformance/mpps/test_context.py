"""The presentation context of Modality Performed Procedure Step (PS3.4 F.7.3)."""

from __future__ import annotations

from harness.scenario import SHALL, requirement
from harness.scu.session import Scu, open_for
from harness.scu.uids import PERFORMED_STEP


@requirement(
    "PS3.4 F.7.3", SHALL, "The Modality Performed Procedure Step SOP Class is accepted where claimed."
)
def test_accepted(scu: Scu) -> None:
    with open_for(scu, PERFORMED_STEP) as association:
        association.context_for(PERFORMED_STEP)
