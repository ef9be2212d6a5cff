"""The same object with PDUs of every size: out in fragments of a few bytes and more, back against maxima.

A requestor may cut as it likes below the peer's maximum (PS3.8 D.1, E.1), and declare any maximum.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.bulk.carrying import bring_back, brought_within, judged, send
from harness.bulk.objects import Kind, large_object
from harness.bulk.ways import Ways, outcome_of
from harness.dimse.errors import DimseError
from harness.large import FAILURES, Leg, Outcome, PduCarried
from harness.synthesis import Identity

SIZE = 256 * 1024
"""Bytes of the object: with four bytes in a PDV that makes 65,536 PDUs."""
FRAGMENTS = (4, 32, 256, 2048, 16384, 131072)
"""Bytes of data in a PDV; the peer's maximum bounds them, and comes last as 0."""
MAXIMA = (128, 1024, 4096, 16384, 65536, 1024 * 1024, 0)
"""Maximum lengths that are declared; 0 is unlimited."""
USUAL = 4096
"""The smallest maximum that implementations are known to be written for: that one refuses to send within less
is worth knowing, and against nothing."""


def sweep(ways: Ways, identity: Identity) -> Iterator[PduCarried]:
    """Each size in turn; what was stored last is what is brought back."""
    for length in (*FRAGMENTS, 0):
        yield _out(ways, identity, length)
    if ways.back:
        yield from _back(ways, identity)


def _out(ways: Ways, identity: Identity, length: int) -> PduCarried:
    large = large_object(Kind.ELEMENT, SIZE, identity)
    leg: Leg | None = None
    try:
        sent = send(ways.patient_for(large.length), large, fragment=length or None)
        outcome, words, leg = sent.outcome, sent.words, sent.leg
        if outcome is Outcome.STORED and ways.back:
            _, outcome, found = brought_within(ways, sent.large)
            words = "; ".join(filter(None, (words, found)))
    except DimseError as error:
        outcome, words = outcome_of(error, ways.scu)
    return PduCarried(True, length, large.length, outcome, words, leg)


def _back(ways: Ways, identity: Identity) -> Iterator[PduCarried]:
    try:
        sent = send(ways.scu, large_object(Kind.ELEMENT, SIZE, identity))
        if sent.outcome is not Outcome.STORED:
            return
        brought_within(ways, sent.large)
    except DimseError:
        return  # the fragments before have said what is wrong
    for length in MAXIMA:
        leg: Leg | None = None
        try:
            back = bring_back(ways, sent.large, length)
            leg = back.leg
            outcome, words = judged(back, sent.large)
        except DimseError as error:
            outcome, words = outcome_of(error, ways.scu)
        is_unusual = 0 < length < USUAL
        if is_unusual and outcome in FAILURES - {Outcome.DIED, Outcome.ALTERED, Outcome.AGAINST}:
            outcome, words = Outcome.NOT_TAKEN, f"not within so small a maximum length: {words}"
        yield PduCarried(False, length, sent.large.length, outcome, words, leg)
