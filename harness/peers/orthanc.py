"""Orthanc as a peer: configured as an administrator would who wants every DIMSE service in use."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
from harness.peers.restarting import RESET, restart_command
from harness.target import Control, Destination, Dimse, Security, Target, Tls, Worklist

AE_TITLE = "ORTHANC"
PROGRAM, PACKAGE = "Orthanc", "orthanc"
WORKLIST_PLUGIN = Path("/usr/share/orthanc/plugins/libModalityWorklists.so")
"""Where Debian puts the plugin that serves a Modality Worklist from files."""


def configuration(
    storage: Path,
    dicom_port: int,
    http_port: int,
    destinations: Sequence[Destination],
    calling_ae_title: str,
    worklist: Path | None = None,
) -> dict[str, Any]:
    """Orthanc's configuration file: what differs from its defaults, and what a check leans on.

    ``worklist`` is the folder that its worklist plugin reads, where that is installed.
    """
    # Orthanc sends the report of a storage commitment to the port that it knows the requestor by.
    modalities = {
        entry.ae_title: [entry.ae_title, reachable(entry.host), entry.port] for entry in destinations
    }
    if destinations and calling_ae_title not in modalities:
        first = destinations[0]
        modalities[calling_ae_title] = [calling_ae_title, reachable(first.host), first.port]
    return {
        "Name": "pacs-harness",
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "Plugins": [] if worklist is None else [str(WORKLIST_PLUGIN)],
        "Worklists": {"Enable": worklist is not None, "Database": str(worklist or storage)},
        "HttpServerEnabled": True,
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "WebDavEnabled": False,
        "OrthancExplorerEnabled": False,
        "DicomAet": AE_TITLE,
        "DicomPort": dicom_port,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowFindWorklist": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": modalities,
        "DicomScpTimeout": 30,
        "StableAge": 1,
    }


@contextmanager
def start(
    folder: Path,
    destinations: Sequence[Destination],
    calling_ae_title: str,
    *,
    settings: Mapping[str, Any] | None = None,
    tls: Tls | None = None,
) -> Iterator[RunningPeer]:
    """Orthanc, answering C-ECHO, over TLS where `tls` says how.  Raises PeerMissing, PeerFailed.

    `settings` are of its configuration file, and stand in for those of `configuration`.
    """
    program = find_program(PROGRAM, PACKAGE)
    version = f"Orthanc {first_line(program, '--version').split()[-1]}"
    dicom_port, http_port = free_ports(2)
    storage, log, file = folder / "storage", folder / "orthanc.log", folder / "orthanc.json"
    storage.mkdir(exist_ok=True)
    worklist = folder / "worklist" if WORKLIST_PLUGIN.exists() else None
    if worklist is not None:
        worklist.mkdir(exist_ok=True)
    document = configuration(storage, dicom_port, http_port, destinations, calling_ae_title, worklist)
    document |= settings or {}
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    address = f"http://127.0.0.1:{http_port}"
    target = Target(
        dimse=Dimse(
            "127.0.0.1",
            dicom_port,
            AE_TITLE,
            calling_ae_title,
            deadline=ANSWER_DEADLINE,
            visible_within=VISIBLE_WITHIN,
            closes_within=33.0,  # its ARTIM timer is 30 s, whatever is configured
            tls=tls,
        ),
        name=version,
        destinations=tuple(destinations),
        control=Control(
            delete_study=(sys.executable, "-m", "harness.peers.orthanc_delete", address, "{study_uid}"),
            restart=restart_command("127.0.0.1", http_port, RESET),
        ),
        worklist=Worklist(folder=str(worklist), finished_steps="unchanged") if worklist else Worklist(),
        security=Security(data=(str(storage),), logs=(str(log),)),
    )
    try:
        with running([program, str(file)], folder, log, lambda: answers_echo(target)):
            yield RunningPeer(target, version, log)
    finally:
        shutil.rmtree(storage, ignore_errors=True)
