"""What a started archive offers to those who exercise it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.target import EVERY_ADDRESS, Destination, Target


@dataclass(frozen=True, slots=True)
class RunningPeer:
    """A third-party archive that answers."""

    target: Target
    version: str
    """The program's name and version, for the report: ``Orthanc 1.10.1``."""
    log: Path


class StartPeer(Protocol):
    """How each archive is started; see `harness.peers.start_peer`."""

    def __call__(
        self, folder: Path, destinations: Sequence[Destination], calling_ae_title: str
    ) -> AbstractContextManager[RunningPeer]: ...


def reachable(host: str) -> str:
    """The address at which an archive on this machine finds a destination that listens on ``host``."""
    return "127.0.0.1" if host in EVERY_ADDRESS else host
