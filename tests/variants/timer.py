"""Legal ways to end a connection on which no request comes (PS3.8 9.1.4, 9.1.5, 9.2.3)."""

from __future__ import annotations

from harness.archive.semantics import Semantics
from tests.mutants.wire import ABORT, pdu_of
from tests.variants.seed import variant


@variant(clause="PS3.8 9.1.5", peculiarity="the ARTIM timer ends sooner than it is said to", alone=True)
class ShortTimer(Semantics):
    def artim(self) -> float:
        return 4.0


@variant(
    clause="PS3.8 9.1.5", peculiarity="the ARTIM timer ends some seconds later than it is said to", alone=True
)
class LateTimer(Semantics):
    def artim(self) -> float:
        return self.config.artim + 2.0


@variant(clause="PS3.8 9.3.8", peculiarity="whoever asks for nothing is told so by an A-ABORT")
class AbortsSilent(Semantics):
    def farewell(self) -> bytes:
        return pdu_of(ABORT, bytes((0, 0, 2, 0)))
