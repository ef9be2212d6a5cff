"""Every seeded defect is caught by the requirements that are about it."""

from __future__ import annotations

import pytest

from harness.verdict import Outcome
from tests.mutants.kill import all_mutants, verdicts

MUTANTS = all_mutants()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", MUTANTS)
def test_caught(name: str) -> None:
    mutant = MUTANTS[name]
    results = verdicts(mutant)
    missed = {
        id_: f"{results[id_].outcome}: {results[id_].reason}" if id_ in results else "no such requirement"
        for id_ in mutant.caught_by
        if id_ not in results or results[id_].outcome not in (Outcome.FAIL, Outcome.WARN)
    }
    assert not missed, f"{mutant.defect} ({mutant.clause})"
