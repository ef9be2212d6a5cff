"""The presentation context of the Modality Worklist (PS3.4 K.6.1.4)."""

from __future__ import annotations

from harness.scenario import SHALL, requirement
from harness.scu.session import Scu, open_for
from harness.scu.uids import MODALITY_WORKLIST


@requirement("PS3.4 K.6.1.4", SHALL, "The Modality Worklist SOP Class is accepted where it is claimed.")
def test_accepted(scu: Scu) -> None:
    with open_for(scu, MODALITY_WORKLIST) as association:
        association.context_for(MODALITY_WORKLIST)
