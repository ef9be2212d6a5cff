"""Scripts put to a product: what came of the last one, and what is wrong with that."""

from __future__ import annotations

from harness.dimse.pdu import Abort, AssociateReject
from harness.fuzz.cases import Pace
from harness.fuzz.pdus.judging import judged
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.played import Ending, Played
from harness.fuzz.pdus.playing import GRACE, play
from harness.fuzz.product import Product
from harness.fuzz.trouble import Trouble
from harness.plugin.context import peer_of

PATIENT_GRACE = 2.0
"""Seconds for an answer that nobody has to give, where a finding is to be confirmed: it may be late."""
ABORTED, REJECTED, CLOSED, ANSWERED = "aborted", "rejected", "closed", "answered"


class Heard:
    """Plays scripts."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self.outcome = ""
        """Of the last one, in a word."""

    def put(self, case: PduCase, pace: Pace) -> Trouble | None:
        """Play.  Raises Unreachable where the product is not there."""
        product = self._product
        played = play(
            case.script,
            peer_of(product.target),
            patience=product.target.dimse.deadline * pace.value,
            grace=PATIENT_GRACE if pace is Pace.PATIENT else GRACE,
            recorder=product.recorder,
        )
        self.outcome = _outcome(played)
        return judged(case, played)


def _outcome(played: Played) -> str:
    if any(isinstance(one.pdu, Abort) for one in played.heard):
        return ABORTED
    if any(isinstance(one.pdu, AssociateReject) for one in played.heard):
        return REJECTED
    ends = {ending for _, ending in played.endings}
    return CLOSED if not played.heard and ends & {Ending.CLOSED, Ending.RESET} else ANSWERED
