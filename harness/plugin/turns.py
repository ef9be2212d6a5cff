"""Whose turn it is to speak to the product, where several workers exercise it.

Scenarios run side by side, but what is judged by silence is judged alone: a connection on which another
worker's scenario says nothing on purpose can block every association of a product that accepts one at a time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


class Turns:
    """One worker, or none: it is always its turn."""

    def begin(self, *, alone: bool = False) -> None:
        """Wait until a scenario may run; no other one begins meanwhile where it has to be ``alone``."""

    def end(self) -> None:
        """The scenario is over."""

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """In the middle of a scenario: wait until no other one runs, and hold them up for a while."""
        yield


class SharedTurns(Turns):
    """The turns of several processes, by locks on two files that the kernel frees when a process dies.

    A scenario holds ``talking`` shared, one that is alone exclusively.  ``gate`` is held while waiting, so
    that the others' next scenarios cannot overtake one that waits to be alone.  No wait is longer than a
    scenario.
    """

    def __init__(self, folder: Path) -> None:
        import fcntl  # not on every platform: only where workers are asked for

        self._flock = fcntl.flock
        self._shared, self._exclusive, self._free = fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_UN
        self._gate = os.open(folder / "gate", os.O_RDWR | os.O_CREAT, 0o600)
        self._talking = os.open(folder / "talking", os.O_RDWR | os.O_CREAT, 0o600)
        self._is_alone = False

    def begin(self, *, alone: bool = False) -> None:
        self._flock(self._gate, self._exclusive)
        try:
            self._flock(self._talking, self._exclusive if alone else self._shared)
        finally:
            self._flock(self._gate, self._free)
        self._is_alone = alone

    def end(self) -> None:
        self._flock(self._talking, self._free)
        self._is_alone = False

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        if self._is_alone:
            yield
            return
        # Given up before it is asked for again: two that both waited with a share of it would wait for ever.
        self.end()
        self.begin(alone=True)
        try:
            yield
        finally:
            self.end()
            self.begin()
