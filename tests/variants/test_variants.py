"""No legal but unusual archive fails a requirement."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.verdict import Outcome
from tests.mutants.kill import all_variants, archive_with, examine

VARIANTS = all_variants()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_fails(name: str, tmp_path: Path) -> None:
    variant = VARIANTS[name]
    with archive_with(variant.where, tmp_path) as target:
        results = examine(target, (), tmp_path)
    wrong = [
        f"{id_}: {result.outcome} ({result.reason})"
        for id_, result in results.items()
        if result.outcome in (Outcome.FAIL, Outcome.ERROR)
    ]
    assert results
    assert not wrong, f"{variant.peculiarity} ({variant.clause}):\n" + "\n".join(wrong)
