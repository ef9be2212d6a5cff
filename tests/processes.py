"""Processes that a test started, or that what it started did."""

from __future__ import annotations

import contextlib

import psutil


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended, and whose exit code nobody has asked for, does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
