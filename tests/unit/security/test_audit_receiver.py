"""The collector: over UDP, over TLS, out of a file; and against the bundled archive that sends there."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from harness.peers import free_ports
from harness.plugin.arranging import eventually
from harness.security.audit import receiver, trail
from harness.security.audit.receiver import cut_out, receiving
from harness.security.audit.trail import Trail, Way
from harness.target import Security
from harness.verdict import Outcome
from tests.audit_messages import LEGAL, syslog
from tests.mutants.kill import examine, hardened_with

START = LEGAL["start"]
FIRST, SECOND = syslog(START), syslog(LEGAL["begin, in full"])


def number(wanted: int, audit: Trail) -> tuple[trail.Arrival, ...]:
    """The messages, once so many are there."""
    assert audit.find(lambda one: one.number >= wanted, within=10) is not None
    return audit.seen()


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


def test_over_udp(port: int) -> None:
    threads = threading.active_count()
    with receiving(Security(audit=f"udp:127.0.0.1:{port}")) as audit:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for message in (FIRST, b"<13>1 - - - - - - of another program", SECOND):
                sender.sendto(message, ("127.0.0.1", port))
        found = number(3, audit)
    assert [one.octets for one in found] == [FIRST, SECOND]
    assert (found[0].way, found[0].sender) == (Way.UDP, "127.0.0.1")
    assert threading.active_count() == threads


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    made = trustme.CA()
    issued = made.issue_cert("127.0.0.1")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return made, certificate, key


@pytest.fixture
def over_tls(port: int, authority: tuple[trustme.CA, Path, Path]) -> Security:
    _, certificate, key = authority
    return Security(
        audit=f"tls:127.0.0.1:{port}", audit_certificate=str(certificate), audit_key=str(key), audit_within=10
    )


def connected(port: int, authority: trustme.CA | None) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    if authority is not None:
        authority.configure_trust(context)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="127.0.0.1")


def test_over_tls(port: int, authority: tuple[trustme.CA, Path, Path], over_tls: Security) -> None:
    threads = threading.active_count()
    with receiving(over_tls) as audit:
        stream = b"".join(b"%d %b" % (len(one), one) for one in (FIRST, SECOND))
        with connected(port, authority[0]) as sender, connected(port, authority[0]) as other:
            for begin in range(0, len(stream), 1000):
                sender.sendall(stream[begin : begin + 1000])
            assert [one.octets for one in number(2, audit)] == [FIRST, SECOND]
            other.sendall(b"%d %b" % (len(FIRST), FIRST))
            number(3, audit)
        with pytest.raises(ssl.SSLError):
            connected(port, None)
    assert audit.faults == ()
    assert "TLS with 127.0.0.1" in audit.nothing
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("stream", "told"),
    [(FIRST + b"\n", "no length"), (b"9999 " + FIRST, "ended after")],
    ids=["lines", "cut"],
)
def test_a_stream_that_is_not_counted(
    port: int, authority: tuple[trustme.CA, Path, Path], over_tls: Security, stream: bytes, told: str
) -> None:
    with receiving(over_tls) as audit:
        with connected(port, authority[0]) as sender:
            sender.sendall(stream)
        with connected(port, authority[0]) as sender:  # served still
            sender.sendall(b"%d %b" % (len(FIRST), FIRST))
            number(1, audit)
        assert eventually(lambda: bool(audit.faults), 10)
    assert told in audit.faults[0]


def test_a_file_that_grows_and_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(FIRST + b"\n")
    with receiving(Security(audit=f"file:{path}")) as audit:
        with path.open("ab") as file:
            file.write(SECOND + b"\n")
        assert [one.octets for one in number(1, audit)] == [SECOND], "what stood there is of the time before"
        path.rename(tmp_path / "audit.log.1")
        path.write_bytes(START)
        assert [one.octets for one in number(2, audit)] == [SECOND, START]


def test_messages_of_a_file() -> None:
    waiting = bytearray(b"line\n" + FIRST + b"\n" + START.replace(b"><", b">\n<") + b"\n")
    waiting += FIRST[:-20] + b"\n" + SECOND + b"\n<AuditMess"
    found = list(cut_out(waiting))
    assert [one.count(b"<AuditMessage") for one in found] == [1, 1, 1, 1]
    assert found[2] == FIRST[:-20]
    assert found[3] == SECOND
    assert bytes(waiting).strip() == b"<AuditMess"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "MOST_MESSAGES", 3)
    audit = Trail(1)
    for _ in range(10):
        audit.add(FIRST, Way.UDP)
    assert [one.number for one in audit.seen()] == [8, 9, 10]
    monkeypatch.setattr(trail, "MOST_OCTETS", 2 * len(FIRST))
    audit.add(FIRST, Way.UDP)
    assert [one.number for one in audit.seen()] == [10, 11]


def test_no_message_is_waited_for_for_ever() -> None:
    audit = Trail(0.01)
    assert audit.find(lambda arrival: True) is None
    assert audit.mark() == 1


def test_a_port_that_is_taken(port: int) -> None:
    security = Security(audit=f"udp:127.0.0.1:{port}")
    with receiving(security), pytest.raises(OSError, match="in use"), receiving(security):
        pass


@pytest.mark.parametrize("way", ["tls", "file"])
def test_the_bundled_archive(way: str, port: int, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    options = {
        "tls": ("--audit-tls", f"127.0.0.1:{port}", "--audit-tls-ca", str(tmp_path / "authority.pem")),
        "file": ("--audit-file", str(log)),
    }[way]
    with hardened_with(tmp_path, options=options) as target:
        security = replace(
            target.security,
            audit=f"tls:127.0.0.1:{port}" if way == "tls" else f"file:{log}",
            audit_certificate=str(tmp_path / "archive.pem"),
            audit_key=str(tmp_path / "archive.key"),
            audit_within=receiver.HANDSHAKE,
        )
        ids = ("security.audit.long-query", "security.audit.refused-caller", "security.audit-messages.*")
        results = examine(replace(target, security=security), ids, tmp_path)
    outcomes = {result.outcome for result in results.values()}
    assert outcomes == {Outcome.PASS} | ({Outcome.NOT_TESTED} if way == "file" else set())
    assert results["security.audit-messages.schema"].outcome is Outcome.PASS
