"""Scripts put to a product: what came of the last one, and what is wrong with that."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.dimse.errors import DimseError
from harness.dimse.pdu import Abort, AssociateReject
from harness.fuzz.cases import Pace
from harness.fuzz.pdus.judging import judged
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.played import Ending, Played
from harness.fuzz.pdus.playing import GRACE, play
from harness.fuzz.pdus.recorded import recorded
from harness.fuzz.pdus.waiting import AT_ONCE, play_waiting, serves_beside_silence, waiting_cases
from harness.fuzz.product import Product
from harness.fuzz.trouble import Trouble


class LeftOut(Exception):
    """Why cases that wait for a timer are not played; for people."""


PATIENT_GRACE = 2.0
"""Seconds for an answer that nobody has to give, where a finding is to be confirmed: it may be late."""
ABORTED, REJECTED, CLOSED, ANSWERED = "aborted", "rejected", "closed", "answered"


@dataclass(frozen=True, slots=True)
class ScriptSeen:
    """What a product did with a script."""

    case: PduCase
    played: Played
    outcome: str
    trouble: Trouble | None = None


class Scripts:
    """Plays one script after the other."""

    def __init__(self, product: Product, grace: float = GRACE) -> None:
        self._product = product
        self._grace = grace

    def put(self, case: PduCase, pace: Pace) -> ScriptSeen:
        """Play.  Raises Unreachable where the product is not there."""
        product = self._product
        played = play(
            case.script,
            product.peer,
            patience=product.target.dimse.deadline * pace.value,
            grace=PATIENT_GRACE if pace is Pace.PATIENT else self._grace,
            recorder=product.recorder,
        )
        return ScriptSeen(case, played, _outcome(played), judged(case, played))


def waited(product: Product, within: float) -> list[tuple[PduCase, Trouble | None]]:
    """The cases whose answer comes by a timer, all played side by side, each with what is wrong.

    A case that found no connection is left out of them: the product is asked afterwards whether it lives.
    Raises LeftOut where they would take more than `within` seconds, or where the product serves nobody beside
    a silent connection: there they would wait for one another.
    """
    dimse, peer = product.target.dimse, product.peer
    titles = dimse.called_ae_title, dimse.calling_ae_title
    cases = waiting_cases(*titles)
    artim = product.target.claims.artim
    patience = dimse.closes_within if artim is None else artim + dimse.deadline
    seconds = patience * math.ceil(len(cases) / AT_ONCE)
    if seconds > within:
        raise LeftOut(f"connections that wait for a timer: they take {seconds:.0f} s, give more --seconds")
    if not serves_beside_silence(peer, recorded(*titles)[0].script):
        raise LeftOut("connections that wait for a timer: the product serves nobody beside a silent one")
    played = play_waiting([case.script for case in cases], peer, patience=patience)
    return [
        (case, judged(case, one))
        for case, one in zip(cases, played, strict=True)
        if not isinstance(one, DimseError)
    ]


def _outcome(played: Played) -> str:
    if any(isinstance(one.pdu, Abort) for one in played.heard):
        return ABORTED
    if any(isinstance(one.pdu, AssociateReject) for one in played.heard):
        return REJECTED
    ends = {ending for _, ending in played.endings}
    return CLOSED if not played.heard and ends & {Ending.CLOSED, Ending.RESET} else ANSWERED
