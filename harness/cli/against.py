"""Options that name a second product, which the first one is compared with."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from harness.cli.starting import PEERS, Revivable
from harness.target import Target, TargetError
from harness.target_file import read_target

BUNDLED = "bundled"
_WITHOUT_OBJECTS = "wlmscpfs"
_NAMES = {"dcmqrscp": "dcmtk"} | {name: name for name in PEERS if name != _WITHOUT_OBJECTS}
"""The archives that can be started to be compared with, by the name that is given; DCMTK's has two."""


def add_against(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument(
        "--against",
        type=Path,
        metavar="B.toml",
        help="put the same cases to this product, and list what differs",
    )
    parser.add_argument(
        "--against-peer",
        choices=(BUNDLED, *sorted(_NAMES)),
        help="start this installed archive, or the bundled one, and compare with it",
    )


def given_against(options: argparse.Namespace) -> Target | None:
    """The target file's of B; None where it is to be started, or where there is none.  TargetError."""
    if options.against is not None and options.against_peer:
        raise TargetError("give --against or --against-peer, not both")
    return read_target(options.against) if options.against is not None else None


@contextlib.contextmanager
def compared_with(options: argparse.Namespace, scratch: Path) -> Iterator[Revivable | None]:
    """B, started where that is asked for; None where nothing is compared.  TargetError, NoTarget."""
    given = given_against(options)
    if given is None and not options.against_peer:
        yield None
        return
    peer = _NAMES.get(options.against_peer or "")
    folder = scratch / "against"
    folder.mkdir()
    with Revivable(given, peer, folder) as revivable:
        yield revivable
