"""The archive with all its safeguards lacks the one that docs/SECURITY.md explains."""

from __future__ import annotations

from pathlib import Path

from harness.verdict import Outcome
from tests.mutants.kill import examine, hardened_with

KNOWN = {"security.at-rest.encrypted": {Outcome.WARN, Outcome.NOT_TESTED, Outcome.PASS}}
"""By the disk that it lies on: in clear, in memory, encrypted."""


def test_it_has_its_safeguards(tmp_path: Path) -> None:
    with hardened_with(tmp_path, deadline=10.0) as target:
        results = examine(target, ("security.at-rest*", "security.exposure*", "security.limits"), tmp_path)
    wrong = {
        id_: f"{result.outcome}: {result.reason}"
        for id_, result in results.items()
        if result.outcome not in KNOWN.get(id_, {Outcome.PASS})
    }
    assert not wrong
    assert set(KNOWN) <= set(results)
