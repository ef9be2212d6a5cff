"""A campaign finds what the archive loses, alters or dies of; `tox -e fuzzed` asks it of all of them."""

from __future__ import annotations

import pytest

from tests.mutants.fuzzed.catching import examined, is_caught, plan_for
from tests.mutants.fuzzed.seed import all_weaknesses

WEAKNESSES = all_weaknesses()
SAMPLE = (
    *("damage.OddStatus", "keys.AbortsOverLists", "objects.DropsPrivate", "objects.OverwritesTheLast"),
    *("modules.MergesFrames", "upper_layer.AnswersAnother", "values.KeepsFirstValue"),
)
"""One of each kind, which are found within seconds."""


def test_there_are_enough() -> None:
    assert len(WEAKNESSES) >= 40


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", SAMPLE)
def test_caught(name: str) -> None:
    weakness = WEAKNESSES[name]
    findings = examined(weakness, plan_for(weakness, shrink_seconds=0.0))
    assert is_caught(weakness, findings), f"{weakness.defect}: {[one.signature for one in findings]}"
