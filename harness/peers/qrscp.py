"""pynetdicom's application qrscp as a peer: storage and Query/Retrieve over SQLite, in one process."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.peers.model import RunningPeer, reachable
from harness.peers.process import ANSWER_DEADLINE, PeerMissing, free_ports, running
from harness.peers.readiness import answers_echo
from harness.target import Destination, Dimse, Security, Target

AE_TITLE = "QRSCP"
ACSE_TIMEOUT = 5
"""Seconds that a connection without an association is kept.  It takes ten at a time and no option for more:
with its default of 30 s those that a run leaves half open would keep everybody else out."""
NETWORK_TIMEOUT = 30
"""Seconds: its default."""


def configuration(storage: Path, port: int, destinations: Sequence[Destination]) -> str:
    """qrscp's configuration file: its defaults, on loopback alone."""
    lines = [
        "[DEFAULT]",
        f"ae_title: {AE_TITLE}",
        f"port: {port}",
        "max_pdu: 16382",
        f"acse_timeout: {ACSE_TIMEOUT}",
        f"dimse_timeout: {NETWORK_TIMEOUT}",
        f"network_timeout: {NETWORK_TIMEOUT}",
        "bind_address: 127.0.0.1",
        f"instance_location: {storage / 'instances'}",
        f"database_location: {storage / 'instances.sqlite'}",
        "log_identifier: False",
    ]
    for entry in destinations:
        lines += [f"[{entry.ae_title}]", f"address: {reachable(entry.host)}", f"port: {entry.port}"]
    return "\n".join([*lines, ""])


@contextmanager
def start(folder: Path, destinations: Sequence[Destination], calling_ae_title: str) -> Iterator[RunningPeer]:
    """qrscp, answering C-ECHO.  It has no way to delete a study.  Raises PeerMissing, PeerFailed."""
    missing = [name for name in ("pynetdicom", "sqlalchemy") if importlib.util.find_spec(name) is None]
    if missing:
        raise PeerMissing(f"qrscp needs {missing[0]}: `pip install {missing[0]}` into this Python brings it")
    version = f"pynetdicom {importlib.metadata.version('pynetdicom')} qrscp"
    (port,) = free_ports(1)
    storage, log, file = folder / "storage", folder / "qrscp.log", folder / "qrscp.ini"
    (storage / "instances").mkdir(parents=True, exist_ok=True)
    file.write_text(configuration(storage, port, destinations), encoding="utf-8")
    target = Target(
        dimse=Dimse(
            "127.0.0.1",
            port,
            AE_TITLE,
            calling_ae_title,
            deadline=ANSWER_DEADLINE,
            visible_within=ANSWER_DEADLINE,  # it indexes before it acknowledges
        ),
        name=version,
        destinations=tuple(destinations),
        security=Security(data=(str(storage),), logs=(str(log),)),
    )
    command = [sys.executable, "-m", "pynetdicom", "qrscp", "--config", str(file)]
    try:
        with running(command, folder, log, lambda: answers_echo(target)):
            yield RunningPeer(target, version, log)
    finally:
        shutil.rmtree(storage, ignore_errors=True)
