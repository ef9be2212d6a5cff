"""The presentation context of the Modality Worklist, and its extended negotiation (PS3.4 K.6.1.4, K.5.1)."""

from __future__ import annotations

from harness.dimse.negotiation import ExtendedNegotiation
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu, open_for
from harness.scu.uids import MODALITY_WORKLIST, VERIFICATION


@requirement("PS3.4 K.6.1.4", SHALL, "The Modality Worklist SOP Class is accepted where it is claimed.")
def test_accepted(scu: Scu) -> None:
    with open_for(scu, MODALITY_WORKLIST) as association:
        association.context_for(MODALITY_WORKLIST)


@requirement(
    "PS3.4 K.5.1",
    SHALL,
    "Extended negotiation of three bytes is answered with three or not at all, and grants nothing unasked.",
)
def test_extended_negotiation(scu: Scu) -> None:
    fuzzy_not_asked = ExtendedNegotiation(MODALITY_WORKLIST, b"\1\1\0")
    with scu.open(MODALITY_WORKLIST, VERIFICATION, extended=(fuzzy_not_asked,)) as association:
        association.context_for(MODALITY_WORKLIST)
        items = association.accepted.user.extended
    for item in items:
        if item.sop_class == MODALITY_WORKLIST:
            assert len(item.data) == 3, f"three bytes were offered, {len(item.data)} are answered"
            assert item.data[2] == 0, f"01 01 00 was offered, {item.data.hex(' ')} is answered"
