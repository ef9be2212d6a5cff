"""For every test."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """What all tests share is in memory for good: no collection of garbage needs to look at it again."""
    gc.freeze()
