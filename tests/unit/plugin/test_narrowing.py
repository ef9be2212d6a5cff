"""Modules that can hold nothing selected are known by their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plugin.identity import ScenarioRoot, Selection, module_prefix

ROOTS = (ScenarioRoot(Path("/ours")), ScenarioRoot(Path("/theirs"), "theirs"))


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/ours/conformance/find/test_matching.py", "find.matching"),
        ("/ours/conformance/ai_results/test_seg.py", "ai-results.seg"),
        ("/theirs/test_wait.py", "theirs.wait"),
        ("/elsewhere/test_wait.py", ""),
    ],
)
def test_what_ids_begin_with(path: str, prefix: str) -> None:
    assert module_prefix(Path(path), ROOTS) == prefix


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        ("find", True),
        ("find.matching", True),
        ("find.matching.star-alone", True),
        ("find.*case", True),
        ("*", True),
        ("fin?.m*", True),
        ("find.match", False),
        ("find.matching-more", False),
        ("move", False),
        ("find.cancel.*", False),
    ],
)
def test_what_a_module_may_hold(pattern: str, may: bool) -> None:
    assert Selection((pattern,)).may_take_from("find.matching") is may
    assert Selection(("mpps", pattern)).may_take_from("find.matching") is may


def test_without_ids_every_module_may_hold_something() -> None:
    assert Selection().may_take_from("find.matching")
