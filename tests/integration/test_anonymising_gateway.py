"""Gateways that anonymise as they should, by themselves and when asked: nothing is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.target import Security
from harness.verdict import Outcome
from tests.gateway import gateway
from tests.mutants.kill import examine, stable_ids
from tests.unit.deid.leaking import WithCleanThings, WithModifiedDates, WithRetainedThings
from tests.unit.deid.reference import Deidentifier

IDS = [id_ for id_ in stable_ids() if id_.startswith("security.deidentification.")]


@pytest.mark.parametrize(
    ("deidentifier", "on_move"),
    [
        (Deidentifier, False),
        (Deidentifier, True),
        (WithModifiedDates, False),
        (WithRetainedThings, False),
        (WithCleanThings, False),
    ],
)
def test_nothing_is_said_of_one_that_does_it_right(
    tmp_path: Path, deidentifier: type[Deidentifier], on_move: bool
) -> None:
    with gateway(deidentifier(), on_move=on_move) as target:
        results = examine(target, IDS, tmp_path)
    assert sorted(results) == IDS
    wrong = {id_: one.reason for id_, one in results.items() if one.outcome is not Outcome.PASS}
    assert wrong == {}


def test_without_a_destination_nothing_can_be_asked(tmp_path: Path) -> None:
    with gateway(Deidentifier()) as target:
        results = examine(replace(target, security=Security()), IDS, tmp_path)
    assert {(one.outcome, one.reason) for one in results.values()} == {
        (
            Outcome.NOT_TESTED,
            "the target file names no destination of anonymised copies ([security] anonymises_to)",
        )
    }
