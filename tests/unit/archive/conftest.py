"""Fixtures of the archive's tests; the tools are in `archive_kit`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no folder of tests on the path

from archive_kit import Client

from harness.archive.config import ArchiveConfig
from harness.archive.semantics import Semantics
from harness.archive.server import Archive, serve


@pytest.fixture
def make_archive(tmp_path: Path) -> Iterator[Callable[..., Archive]]:
    """Start archives; keywords go to ArchiveConfig."""
    running: list[Archive] = []

    def make(semantics: type[Semantics] | None = None, **config: object) -> Archive:
        settings = ArchiveConfig(**{"folder": tmp_path / "archive", "artim": 2.0, **config})  # type: ignore[arg-type]
        archive = serve(settings, semantics(settings) if semantics else None)
        running.append(archive)
        return archive

    yield make
    for archive in running:
        archive.stop()


@pytest.fixture
def archive(make_archive: Callable[..., Archive]) -> Archive:
    """An archive as it comes."""
    return make_archive()


@pytest.fixture
def client(archive: Archive) -> Client:
    """A client of `archive`."""
    return Client(archive.port)
