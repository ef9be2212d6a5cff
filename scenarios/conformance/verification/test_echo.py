"""Verification (PS3.4 A, PS3.7 9.1.5)."""

from __future__ import annotations

from harness.scenario import SHALL, requirement
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.status import describe
from harness.scu.uids import VERIFICATION


@requirement("PS3.4 A.4", SHALL, "C-ECHO is answered with status Success.")
def test_success(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        response = echo(association)
    assert response.integer("Status") == 0, f"C-ECHO was answered {describe(response)}"
