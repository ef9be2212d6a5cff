"""What a test starts ends with it, also where it fails: a load left behind slows down every other test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psutil
import pytest


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Kill the processes that a failed test has left; what wider fixtures have started is there before."""
    test_process = psutil.Process()
    before = set(test_process.children())
    yield
    for left in set(test_process.children()) - before:
        for process in (*left.children(recursive=True), left):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        left.wait()
