"""DCMTK's image archive dcmqrscp as a peer, with its default of one forked process an association."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.peers.model import RunningPeer, reachable
from harness.peers.process import (
    ANSWER_DEADLINE,
    VISIBLE_WITHIN,
    find_program,
    first_line,
    free_ports,
    running,
)
from harness.peers.readiness import answers_echo
from harness.target import Destination, Dimse, Security, Target

AE_TITLE = "DCMQRSCP"
PROGRAM, PACKAGE = "dcmqrscp", "dcmtk"
MAX_ASSOCIATIONS = 64
ACSE_TIMEOUT = 5
"""Seconds of its ARTIM timer, 30 by default: a connection that keeps silent blocks all others for so long."""
QUOTA = "(500, 1024mb)"
"""Studies, and bytes a study: the most that dcmqrscp allows.  Beyond it the oldest study is deleted."""


def configuration(
    storage: Path, port: int, destinations: Sequence[Destination], calling_ae_title: str
) -> str:
    """dcmqrscp's configuration file."""
    titles = {entry.ae_title: entry for entry in destinations}
    if destinations:
        titles.setdefault(calling_ae_title, destinations[0])
    hosts = [
        f"harness{number} = ({title}, {reachable(entry.host)}, {entry.port})"
        for number, (title, entry) in enumerate(titles.items(), start=1)
    ]
    names = ", ".join(f"harness{number}" for number in range(1, len(hosts) + 1))
    vendors = [f"harness = {names}", "VendorTable BEGIN", '"pacs-harness" = harness', "VendorTable END"]
    return "\n".join(
        [
            f"NetworkTCPPort  = {port}",
            "MaxPDUSize      = 16384",
            f"MaxAssociations = {MAX_ASSOCIATIONS}",
            "HostTable BEGIN",
            *hosts,
            *(vendors[:1] if hosts else []),
            "HostTable END",
            *(vendors[1:] if hosts else ["VendorTable BEGIN", "VendorTable END"]),
            "AETable BEGIN",
            f"{AE_TITLE} {storage} RW {QUOTA} ANY",
            "AETable END",
            "",
        ]
    )


@contextmanager
def start(folder: Path, destinations: Sequence[Destination], calling_ae_title: str) -> Iterator[RunningPeer]:
    """dcmqrscp, answering C-ECHO.  It has no way to delete a study.  Raises PeerMissing, PeerFailed."""
    program = find_program(PROGRAM, PACKAGE)
    version = first_line(program, "--version").strip("$ ").removeprefix("dcmtk: ")
    (port,) = free_ports(1)
    storage, log, file = folder / "storage", folder / "dcmqrscp.log", folder / "dcmqrscp.cfg"
    storage.mkdir(exist_ok=True)
    file.write_text(configuration(storage, port, destinations, calling_ae_title), encoding="utf-8")
    target = Target(
        dimse=Dimse(
            "127.0.0.1",
            port,
            AE_TITLE,
            calling_ae_title,
            deadline=ANSWER_DEADLINE,
            visible_within=VISIBLE_WITHIN,
            closes_within=3.0 * ACSE_TIMEOUT,
        ),
        name=version,
        destinations=tuple(destinations),
        security=Security(data=(str(storage),), logs=(str(log),)),
    )
    command = [program, "--acse-timeout", str(ACSE_TIMEOUT), "--config", str(file)]
    try:
        with running(command, folder, log, lambda: answers_echo(target)):
            yield RunningPeer(target, version, log)
    finally:
        shutil.rmtree(storage, ignore_errors=True)
