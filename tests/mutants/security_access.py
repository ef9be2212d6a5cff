"""Weaknesses of access control, seeded into the hardened archive."""

from __future__ import annotations

from dataclasses import replace

from harness.archive.config import ArchiveConfig
from harness.archive.semantics import Semantics
from tests.mutants.seed import mutant


@mutant(
    clause="PS3.8 9.3.4",
    defect="admits whoever calls, though callers are configured",
    caught_by=("security.access.unknown-calling-title",),
    hardened=True,
)
class AdmitsStrangers(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(replace(config, callers=()))
