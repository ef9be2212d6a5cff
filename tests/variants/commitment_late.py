"""Storage commitment whose results come long after anybody waits for them."""

from __future__ import annotations

from harness.archive import commitment
from harness.archive.config import ArchiveConfig
from harness.archive.semantics import Semantics
from tests.variants.seed import variant


@variant(clause="PS3.4 J.3.3", peculiarity="results come an hour after their requests", alone=True)
class ReportsLate(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        commitment.TRIES = (3600.0,)
        commitment._stays_open = lambda association: False
