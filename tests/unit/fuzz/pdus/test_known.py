"""Known cases: each says what it is about, and is bounded."""

from __future__ import annotations

import re

from harness.fuzz.pdus.known import known_cases
from harness.fuzz.pdus.script import Await, Script
from harness.fuzz.pdus.weakness import ITEM_BOUNDS

CASES = tuple(known_cases("CALLED", "CALLING"))
LONGEST = 1 << 20
"""Bytes that one known case sends at most."""


def test_each_names_a_weakness_and_what_must_hold() -> None:
    for known in CASES:
        weakness = known.weakness
        assert weakness.cwe > 0
        assert weakness.must_hold
        assert all(re.fullmatch(r"CVE-20[0-9]{2}-[0-9]{4,6}", cve) for cve in weakness.cves)
        assert known.case.traits[0]


def test_no_case_comes_twice() -> None:
    scripts = [known.case.script for known in CASES]
    assert len(set(scripts)) == len(scripts)
    assert len({(known.weakness.name, known.case.traits) for known in CASES}) == len(CASES)


def test_every_case_is_bounded_and_waits_for_no_timer() -> None:
    scripts: list[Script] = [known.case.script for known in CASES]
    assert max(script.size for script in scripts) < LONGEST
    assert not any(script.must_wait for script in scripts)


def test_patience_is_for_what_is_ordinary_alone() -> None:
    damaged = [known.case.script for known in CASES if known.weakness is ITEM_BOUNDS]
    assert damaged
    assert not any(step.is_owed for script in damaged for step in script.steps if isinstance(step, Await))
