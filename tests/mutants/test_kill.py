"""Every seeded defect is caught by the requirements that are about it, and gives its neighbours no ERROR."""

from __future__ import annotations

import pytest

from harness.verdict import Outcome
from tests.mutants.kill import PATIENT_DEADLINE, all_mutants, caught, neighbours, verdicts

MUTANTS = all_mutants()
LESS_OFTEN = [name for name, one in MUTANTS.items() if one.hardened][1::2]
"""Every other weakness of the hardened archive is left to PACS_HARNESS_EVERYTHING=1: TLS makes them slow."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.slow if one in LESS_OFTEN else ()) for one in MUTANTS]
)
def test_caught(name: str) -> None:
    mutant = MUTANTS[name]
    ids = (*mutant.caught_by, *neighbours(mutant))
    results = verdicts(mutant, ids)
    if any(results[id_].outcome is Outcome.NOT_TESTED for id_ in mutant.caught_by if id_ in results):
        # What a requirement needs came too late: a second is short where six tests share two cores.
        results = verdicts(mutant, ids, PATIENT_DEADLINE)
    caught_by = caught(results)
    missed = {
        id_: f"{results[id_].outcome}: {results[id_].reason}" if id_ in results else "no such requirement"
        for id_ in mutant.caught_by
        if id_ not in caught_by
    }
    assert not missed, f"{mutant.defect} ({mutant.clause})"
    erred = {id_: result.reason for id_, result in results.items() if result.outcome is Outcome.ERROR}
    assert not erred, f"a defect of the product became ours: {mutant.defect} ({mutant.clause})"
