"""Explanations of peers' outcomes: an entry, or a pattern for what has none."""

from __future__ import annotations

from harness.verdict import Outcome
from tests.explained import Explained, Explanations

LACKING = Explained("worklist.*", (Outcome.NOT_SUPPORTED,), "no worklist")
OWN = Explained("worklist.context.accepted", (Outcome.FAIL,), "refused at random")
LONGER = Explained("worklist.match.*", (Outcome.PASS,), "matched all the same")
KNOWN = Explanations({entry.id: entry for entry in (LACKING, OWN, LONGER)})


def test_an_entry_of_its_own_comes_before_any_pattern() -> None:
    assert KNOWN.of("worklist.context.accepted") is OWN
    assert KNOWN.of("worklist.match.start-date") is LONGER
    assert KNOWN.of("worklist.cancel.status") is LACKING
    assert KNOWN.of("find.status.no-match") is None


def test_what_explains_nothing_is_stale() -> None:
    assert KNOWN.stale(["worklist.cancel.status", "find.status.no-match"]) == [OWN.id, LONGER.id]
    assert KNOWN.stale(["worklist.context.accepted", "worklist.match.x", "worklist.x.y"]) == []
