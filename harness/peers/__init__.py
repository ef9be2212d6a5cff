"""Start and stop real third-party archives on this machine, for calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.peers import dcmtk, orthanc, protected, qrscp, storescp, wlmscpfs
from harness.peers.model import RunningPeer, StartPeer
from harness.peers.process import PeerFailed, PeerMissing, free_ports
from harness.target import Destination

__all__ = ["PEERS", "PROTECTED", "PeerFailed", "PeerMissing", "RunningPeer", "free_ports", "start_peer"]

PEERS: dict[str, StartPeer] = {
    "orthanc": orthanc.start,
    "dcmtk": dcmtk.start,
    "qrscp": qrscp.start,
    "wlmscpfs": wlmscpfs.start,
    "storescp": storescp.start,
}
"""The archives by the name that ``--peer`` takes."""
PROTECTED: dict[str, StartPeer] = {
    "orthanc-hardened": protected.start_orthanc,
    "orthanc-anonymising": protected.start_anonymising,
    "dcmtk-tls": protected.start_storescp,
}
"""Those of them with the safeguards that they have, by the name that ``run`` and ``security --peer`` take."""

_ATTEMPTS = 3


@contextmanager
def start_peer(
    name: str, folder: Path, destinations: Sequence[Destination], calling_ae_title: str = "PACSHARNESS"
) -> Iterator[RunningPeer]:
    """A real archive, answering C-ECHO; configuration, storage and log are below ``folder``.

    ``destinations`` are registered in it as move destinations and ``calling_ae_title`` as a known client;
    both are in the ready Target.  At the end the program and its children are gone and so is its storage;
    configuration and log stay.  The archives cannot be told to listen on loopback alone.

    Raises PeerMissing where the program isn't installed, PeerFailed where it does not start.
    """
    start = (PEERS | PROTECTED)[name]
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                peer = stack.enter_context(start(folder.resolve(), destinations, calling_ae_title))
                break
            except PeerFailed:
                # Somebody else may have taken the port between its choice and its use.
                if attempt == _ATTEMPTS:
                    raise
        yield peer
