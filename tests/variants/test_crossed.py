"""A defect is caught on an unusual archive too: what a peculiarity hid would pass for well made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.verdict import Outcome
from tests.mutants.kill import all_mutants, examine, target_with

CROSSED = (
    ("storage.ImplicitOnly", "storage_private.SwapsCreators"),
    ("storage.ImplicitOnly", "storage_private.KnowsBlock10Only"),
    ("storage.ImplicitOnly", "storage_encoding.LastItemLost"),
    ("storage.ImplicitOnly", "storage_values.CutsStrings"),
    ("storage.RewritesNumbers", "storage_private.RenumbersWithinBlock"),
    ("contexts.ExplicitContextOnly", "storage_values.CutsImplicitItems"),
    ("contexts.FirstContextOnly", "get.SendsAhead"),
    ("query.KeysOfTheLevelAlone", "find.IgnoresAccession"),
)
"""A legal peculiarity, and the defect beside it."""


@pytest.mark.parametrize(("variant", "mutant"), CROSSED, ids=map("+".join, CROSSED))
def test_caught(variant: str, mutant: str, tmp_path: Path) -> None:
    plain = all_mutants()[mutant]
    both = replace(plain, where=f"tests.variants.together:{variant}+mutants.{mutant}")
    with target_with(both, tmp_path) as target:
        results = examine(target, plain.caught_by, tmp_path)
    caught = {id_: result.outcome in (Outcome.FAIL, Outcome.WARN) for id_, result in results.items()}
    # What the peculiarity leaves no room for may be NOT_SUPPORTED; the rest has to see it.
    asked = {id_ for id_, result in results.items() if result.outcome is not Outcome.NOT_SUPPORTED}
    assert asked
    assert all(caught[id_] for id_ in asked), {id_: results[id_].reason for id_ in asked}
