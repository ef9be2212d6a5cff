"""The bundled reference archive, started as a process of its own for one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness import __version__
from harness.archive import launch
from harness.peers.guard import guarded
from harness.peers.process import PeerFailed
from harness.peers.restarting import restart_command
from harness.target import SERVICES, Claims, Control, Destination, Dimse, Target, Worklist

ARTIM = 10.0
"""Seconds of the archive's ARTIM timer (PS3.8 9.1.5)."""
CLAIMS = Claims(
    services=SERVICES,
    storage_level=2,
    artim=ARTIM,
    statement=str(Path(__file__).with_name("bundled_claims.json")),
)
"""The reference archive promises all that it is there to show."""


@contextmanager
def start_bundled(
    folder: Path,
    destinations: Sequence[Destination],
    calling_ae_title: str,
    *,
    semantics: str = "",
    deadline: float = 30.0,
) -> Iterator[Target]:
    """A ready Target.  ``semantics`` (``module:Class``) loads a mutant or variant.  Raises PeerFailed."""
    worklist = folder / "worklist"
    worklist.mkdir(exist_ok=True)
    try:
        archive = launch.launch(
            destinations=[(entry.ae_title, entry.host, entry.port) for entry in destinations],
            folder=folder / "objects",
            log=folder / "archive.log",
            semantics=semantics,
            # Titles are checked, so that the requirements on rejections have something to judge.
            # A destination calls too: it asks for storage commitment under the title that gets the result.
            options=[
                *("--check-called", "--artim", f"{ARTIM:g}", "--worklist", str(worklist)),
                *callers(calling_ae_title, destinations),
            ],
        )
    except launch.ArchiveDidNotStart as failure:
        raise PeerFailed(str(failure)) from failure
    with guarded(archive.process), archive:
        yield Target(
            dimse=Dimse(archive.host, archive.port, archive.ae_title, calling_ae_title, deadline=deadline),
            name=f"Bundled reference archive {__version__}",
            claims=CLAIMS,
            destinations=tuple(destinations),
            worklist=Worklist(folder=str(worklist), finished_steps="absent"),
            control=Control(restart=restart_command(archive.host, archive.port, archive.process.pid)),
        )


def callers(calling_ae_title: str, destinations: Sequence[Destination], address: str = "") -> list[str]:
    """The options that admit the harness under its own title and those of its destinations.

    From that address alone, where one is given.
    """
    titles = dict.fromkeys((calling_ae_title, *(entry.ae_title for entry in destinations)))
    suffix = f"@{address}" if address else ""
    return [part for title in titles for part in ("--caller", f"{title}{suffix}")]
