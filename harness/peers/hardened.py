"""The bundled archive with every safeguard that it has: what `pacs-harness security` examines by itself.

It speaks TLS alone, wants a client's certificate, knows its callers and a user, and sends audit messages.
Keys and certificates are made for the one start, and are gone with its folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness import __version__
from harness.archive import launch
from harness.peers.bundled import ARTIM, CLAIMS, callers
from harness.peers.guard import guarded
from harness.peers.process import PeerFailed, free_ports
from harness.peers.restarting import restart_command
from harness.target import Control, Destination, Dimse, Security, Target, Tls, UserIdentity, Worklist

USER = "PHTEST-USER"
HOME, ELSEWHERE = "127.0.0.1", "127.0.0.2"
"""The address that its callers are known by, and another one of this machine."""
IDLE = 10.0
"""Seconds after which it ends an association on which nothing happens."""
PROFILES = ("bcp-195-tls", "user-identity-passcode", "audit-trail", "audit-syslog-udp")
"""What it promises (PS3.15)."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of an authority made for the occasion; each certificate beside its key."""

    authority: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]
    expired_client: tuple[Path, Path]


def make_certificates(folder: Path) -> Certificates:
    """An authority, and certificates of it for an archive on this machine and for the harness.

    The archive's key is RSA: the cipher suites that PS3.15 B.10 and B.11 demand need one.
    """
    # Whoever starts another archive need not wait for this.
    from harness.security.issuing import authority, issue, pem, rsa_key

    above = authority()
    file = folder / "authority.pem"
    file.write_bytes(pem(above.certificate))
    archive = issue(above, "archive", "127.0.0.1", "localhost", key=rsa_key())
    client = issue(above, "client", "pacs-harness.invalid")
    expired = issue(above, "expired", "pacs-harness.invalid", ends=datetime.now(UTC) - timedelta(days=1))
    return Certificates(
        file,
        archive.write(folder, "archive"),
        client.write(folder, "client"),
        expired.write(folder, "expired"),
    )


@contextmanager
def start_hardened(
    folder: Path,
    destinations: Sequence[Destination],
    calling_ae_title: str,
    *,
    semantics: str = "",
    options: Sequence[str] = (),
    deadline: float = 30.0,
) -> Iterator[Target]:
    """A ready Target.  ``semantics`` loads a weakness; ``options`` come last.  Raises PeerFailed."""
    made = make_certificates(folder)
    worklist = folder / "worklist"
    worklist.mkdir(exist_ok=True)
    (audit_port,) = free_ports(1)
    passcode = secrets.token_urlsafe(12)
    try:
        archive = launch.launch(
            destinations=[(entry.ae_title, entry.host, entry.port) for entry in destinations],
            folder=folder / "objects",
            log=folder / "archive.log",
            semantics=semantics,
            options=[
                *("--check-called", "--artim", f"{ARTIM:g}", "--worklist", str(worklist)),
                *("--idle", f"{IDLE:g}"),
                *("--tls-cert", str(made.server[0]), "--tls-key", str(made.server[1])),
                *("--tls-client-ca", str(made.authority), "--user", f"{USER}={passcode}"),
                *("--audit-udp", f"127.0.0.1:{audit_port}"),
                *callers(calling_ae_title, destinations, HOME),
                *options,
            ],
        )
    except launch.ArchiveDidNotStart as failure:
        raise PeerFailed(str(failure)) from failure
    tls = Tls(str(made.authority), str(made.client[0]), str(made.client[1]))
    with guarded(archive.process), archive:
        yield Target(
            dimse=Dimse(
                archive.host,
                archive.port,
                archive.ae_title,
                calling_ae_title,
                deadline=deadline,
                tls=tls,
                user_identity=UserIdentity("username-passcode", USER, passcode),
            ),
            name=f"Bundled reference archive {__version__}, hardened",
            claims=replace(CLAIMS, idle=IDLE, statement="", security_profiles=PROFILES),
            destinations=tuple(destinations),
            worklist=Worklist(folder=str(worklist), finished_steps="absent"),
            control=Control(restart=restart_command(archive.host, archive.port, archive.process.pid)),
            security=Security(
                foreign_host=ELSEWHERE,
                expired_certificate=str(made.expired_client[0]),
                expired_key=str(made.expired_client[1]),
                audit=f"udp:127.0.0.1:{audit_port}",
                data=(str(folder / "objects"),),
                logs=(str(folder / "archive.log"),),
            ),
        )
