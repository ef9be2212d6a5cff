"""A trail that is legal though it is unlike the bundled archive's: nobody has anything to say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.verdict import Outcome
from tests.mutants.kill import examine, hardened_with

UNTESTED = {
    "security.audit.deletion",  # the bundled archive deletes nothing
    "security.audit-messages.byte-order-mark",  # all of it is ASCII
}


def test_an_unusual_trail(tmp_path: Path) -> None:
    with hardened_with(tmp_path, semantics="tests.audit_variants:Unusual") as target:
        patient = replace(target.security, audit_within=10)
        results = examine(replace(target, security=patient), ["security.audit*"], tmp_path)
    other = {id_: result.reason for id_, result in results.items() if result.outcome is not Outcome.PASS}
    assert set(other) == UNTESTED, other
