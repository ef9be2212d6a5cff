"""For every test."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings

from tests.everything import EVERYTHING

FIRST_TO_LAST = ("integration", "variants", "mutants", "coverage_guided", "unit")
"""Folders by how long their longest test takes: a worker that begins a long one last is waited for by all."""


# How long an example takes is the machine's affair.
settings.register_profile(
    "untimed",
    deadline=None,
    max_examples=100 if EVERYTHING else 40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other workers, the folders with long tests first; else as they stand, quick ones in order.

    What is marked slow is left to PACS_HARNESS_EVERYTHING=1: each has a sibling that sees most of it.
    """
    if not EVERYTHING:
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    if not hasattr(config, "workerinput"):
        return

    def rank(item: pytest.Item) -> int:
        (folder, *_) = item.path.relative_to(config.rootpath / "tests").parts
        return FIRST_TO_LAST.index(folder)

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """What all tests share is in memory for good: no collection of garbage needs to look at it again."""
    gc.freeze()
