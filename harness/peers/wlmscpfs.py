"""DCMTK's worklist server wlmscpfs as a peer: Verification and Modality Worklist out of a folder of files."""

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
from harness.target import Destination, Dimse, Target, Worklist

AE_TITLE = "WLMSCPFS"
PROGRAM, PACKAGE = "wlmscpfs", "dcmtk"


@contextmanager
def start(folder: Path, destinations: Sequence[Destination], calling_ae_title: str) -> Iterator[RunningPeer]:
    """wlmscpfs, answering C-ECHO; it sends nothing anywhere.  Raises PeerMissing, PeerFailed."""
    program = find_program(PROGRAM, PACKAGE)
    version = first_line(program, "--version").strip("$ ").removeprefix("dcmtk: ")
    (port,) = free_ports(1)
    storage, log = folder / "storage", folder / "wlmscpfs.log"
    # A folder for each called AE title, and a file that is locked while the folder is read.
    entries = storage / AE_TITLE
    entries.mkdir(parents=True, exist_ok=True)
    (entries / "lockfile").touch()
    target = Target(
        dimse=Dimse(
            "127.0.0.1",
            port,
            AE_TITLE,
            calling_ae_title,
            deadline=ANSWER_DEADLINE,
            visible_within=VISIBLE_WITHIN,
        ),
        name=version,
        destinations=tuple(destinations),
        worklist=Worklist(folder=str(entries)),
    )
    # Entries keep their character set: without this option it answers in none at all.
    command = [program, "--data-files-path", str(storage), "--keep-char-set", str(port)]
    try:
        with running(command, folder, log, lambda: answers_echo(target)):
            yield RunningPeer(target, version, log)
    finally:
        shutil.rmtree(storage, ignore_errors=True)
