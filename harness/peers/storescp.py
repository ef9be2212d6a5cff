"""DCMTK's storescp as a peer: it keeps files and answers no query, one association at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.peers.model import RunningPeer
from harness.peers.process import (
    ANSWER_DEADLINE,
    VISIBLE_WITHIN,
    find_program,
    first_line,
    free_ports,
    running,
)
from harness.peers.readiness import answers_echo
from harness.target import Destination, Dimse, Security, Target, Tls

AE_TITLE = "STORESCP"
PROGRAM, PACKAGE = "storescp", "dcmtk"


@contextmanager
def start(
    folder: Path,
    destinations: Sequence[Destination],
    calling_ae_title: str,
    *,
    options: Sequence[str] = (),
    tls: Tls | None = None,
) -> Iterator[RunningPeer]:
    """storescp, answering C-ECHO, over TLS where `tls` says how; it sends nothing anywhere.

    `options` are of its command line, beside the others.  Raises PeerMissing, PeerFailed.
    """
    program = find_program(PROGRAM, PACKAGE)
    version = first_line(program, "--version").strip("$ ").removeprefix("dcmtk: ")
    (port,) = free_ports(1)
    storage, log = folder / "storage", folder / "storescp.log"
    storage.mkdir(exist_ok=True)
    target = Target(
        dimse=Dimse(
            "127.0.0.1",
            port,
            AE_TITLE,
            calling_ae_title,
            deadline=ANSWER_DEADLINE,
            visible_within=VISIBLE_WITHIN,
            tls=tls,
        ),
        name=version,
        destinations=tuple(destinations),
        security=Security(data=(str(storage),), logs=(str(log),)),
    )
    # Every transfer syntax.  Data sets are parsed and written anew, as is its default: more to go wrong.
    command = [program, "--aetitle", AE_TITLE, "--output-directory", str(storage), "+xa", *options, str(port)]
    try:
        with running(command, folder, log, lambda: answers_echo(target)):
            yield RunningPeer(target, version, log)
    finally:
        shutil.rmtree(storage, ignore_errors=True)
