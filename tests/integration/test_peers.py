"""The real archives start, do what they are configured for, and leave nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.peers import (
    PEERS,
    PROTECTED,
    PeerFailed,
    PeerMissing,
    RunningPeer,
    free_ports,
    process,
    start_peer,
)
from harness.plugin.context import peer_of
from harness.preflight import Severity, first_echo, preflight
from harness.scu.destination import Destination as Listener
from harness.scu.find import find
from harness.scu.move import move
from harness.scu.session import Scu
from harness.scu.store import store_all
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import new_study
from harness.synthesis.identity import Identity, new_run_root
from harness.target import Destination
from tests.programs import require_peer

ARCHIVES = [name for name in PEERS if name not in ("wlmscpfs", "storescp")]
"""Those that keep objects, and give them back."""
LACKING = {"orthanc": [], "dcmtk": ["commitment"], "qrscp": ["commitment", "Worklist"]}
"""What `preflight` finds missing for a full run."""


def alive_below(folder: Path) -> list[str]:
    """Command lines of living processes that were started with a file below the folder."""
    found = []
    for one in psutil.process_iter(["cmdline", "status"]):
        words = one.info["cmdline"] or []
        if one.info["status"] != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words[1:]):
            found.append(" ".join(words))
    return found


@pytest.mark.peer
@pytest.mark.parametrize("name", [*PEERS, *PROTECTED])
def test_start_echo_stop(name: str, tmp_path: Path) -> None:
    require_peer(name)
    (port,) = free_ports(1)
    with start_peer(name, tmp_path / "peer", [Destination("HARNESSDEST", port)]) as peer:
        assert first_echo(peer.target).implementation_class_uid
        assert alive_below(tmp_path)
        assert any(character.isdigit() for character in peer.version)
        address = (peer.target.dimse.host, peer.target.dimse.port)
    assert alive_below(tmp_path) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)
    assert peer.log.exists()
    assert not (tmp_path / "peer" / "storage").exists()


@pytest.mark.peer
@pytest.mark.parametrize("name", PEERS)
def test_an_open_association_does_not_keep_it_alive(name: str, tmp_path: Path) -> None:
    require_peer(name)
    with start_peer(name, tmp_path, []) as peer:
        association = Scu(peer_of(peer.target)).open(VERIFICATION)
    association.close()
    assert alive_below(tmp_path) == []


@pytest.mark.peer
@pytest.mark.parametrize("name", PEERS)
def test_an_exception_stops_it_too(name: str, tmp_path: Path) -> None:
    require_peer(name)
    with pytest.raises(KeyboardInterrupt), start_peer(name, tmp_path, []):
        raise KeyboardInterrupt
    assert alive_below(tmp_path) == []


@pytest.mark.peer
@pytest.mark.parametrize("name", ARCHIVES)
def test_the_destination_is_registered_and_a_study_can_be_deleted(name: str, tmp_path: Path) -> None:
    require_peer(name)
    listener = Listener("HARNESSDEST", "127.0.0.1", 0)
    try:
        with start_peer(name, tmp_path, [Destination("HARNESSDEST", listener.port)]) as peer:
            moved_and_deleted(peer, listener)
    finally:
        listener.stop()


def moved_and_deleted(peer: RunningPeer, listener: Listener) -> None:
    scu = Scu(peer_of(peer.target))
    study = new_study(Identity(new_run_root(), "peers"), instances=2)
    assert [response["Status"] for response in store_all(scu, study.instances)] == [0, 0]
    key = {"StudyInstanceUID": study.study_uid}
    with listener.inbox() as inbox:
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, "HARNESSDEST", key)
        assert answer.status == 0
        assert inbox.wait_for(lambda box: len(box.received) == 2, 10)
    command = peer.target.control.delete_study
    if command:
        subprocess.run(
            [part.replace("{study_uid}", study.study_uid) for part in command], check=True, timeout=60
        )
        left = find(scu, Root.STUDY, QueryLevel.STUDY, key)
        assert left.identifiers == ()


@pytest.mark.peer
@pytest.mark.parametrize("name", ARCHIVES)
def test_nothing_blocks_a_run(name: str, tmp_path: Path) -> None:
    require_peer(name)
    (port,) = free_ports(1)
    with start_peer(name, tmp_path, [Destination("HARNESSDEST", port)]) as peer:
        findings = preflight(peer.target)
    limits = [finding.text for finding in findings if finding.severity is not Severity.NOTE]
    assert len(limits) == len(LACKING[name]), limits
    assert all(word in text for word, text in zip(LACKING[name], limits, strict=True))


# ---------------------------------------------------------------- without any archive


def test_a_missing_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(process, "_SYSTEM_FOLDERS", ())
    with pytest.raises(PeerMissing, match="apt-get install orthanc"), start_peer("orthanc", tmp_path, []):
        pass


def test_a_program_that_ends_at_once_gives_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no licence found'); raise SystemExit(3)"]
    with (
        pytest.raises(PeerFailed, match=r"code 3(.|\n)*no licence found"),
        process.running(command, tmp_path, tmp_path / "log", lambda: False),
    ):
        pass


def test_a_program_that_never_answers_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "START_DEADLINE", 0.3)
    command = [sys.executable, "-c", "import threading; threading.Event().wait(60)", str(tmp_path)]
    with (
        pytest.raises(PeerFailed, match=r"did not answer"),
        process.running(command, tmp_path, tmp_path / "log", lambda: False),
    ):
        pass
    assert alive_below(tmp_path) == []


def test_children_that_ignore_the_signal_end_as_well(tmp_path: Path) -> None:
    child = (
        "import signal, sys, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "open(sys.argv[1], 'w').close(); threading.Event().wait(60)"
    )
    parent = (
        "import subprocess, sys, threading;"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, sys.argv[1]]); threading.Event().wait(60)"
    )
    ready = tmp_path / "ready"
    command = [sys.executable, "-c", parent, str(ready)]
    with process.running(command, tmp_path, tmp_path / "log", ready.exists):
        assert len(alive_below(tmp_path)) == 2
    assert alive_below(tmp_path) == []


def test_free_ports_are_distinct() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()
