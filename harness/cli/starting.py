"""What the commands exercise that can start an archive of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.target import Destination, Target, TargetError

PEERS = ("orthanc", "dcmtk", "qrscp", "wlmscpfs")
DESTINATION_TITLES = ("PHDEST1", "PHDEST2")


class NoTarget(Exception):
    """The archive that the run was to start did not start."""


@contextlib.contextmanager
def started_target(given: Target | None, peer: str | None, scratch: str) -> Iterator[Target]:
    """The target to exercise: the given one, or an archive that is started now and stopped at the end.

    Raises NoTarget where that does not start, TargetError where it isn't installed.
    """
    if given is not None:
        yield given
        return
    from harness.peers import PeerFailed, PeerMissing, free_ports, start_peer

    ports = free_ports(len(DESTINATION_TITLES))
    destinations = tuple(
        Destination(title, port) for title, port in zip(DESTINATION_TITLES, ports, strict=True)
    )
    if peer:
        try:
            with start_peer(peer, Path(scratch), destinations, "PACSHARNESS") as running:
                yield replace(running.target, name=running.version)
        except PeerMissing as missing:
            raise TargetError(str(missing)) from None
        except PeerFailed as failure:
            raise NoTarget(str(failure)) from None
        return
    from harness.peers.bundled import start_bundled

    try:
        with start_bundled(Path(scratch), destinations, "PACSHARNESS") as target:
            yield target
    except PeerFailed as failure:
        raise NoTarget(str(failure)) from None
