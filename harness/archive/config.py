"""What an archive is told: its name, where it listens, keeps its objects and sends them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Destination:
    """A move destination: an AE title, and where it listens."""

    ae_title: str
    host: str
    port: int
    tls: bool = False


@dataclass(frozen=True)
class KnownCaller:
    """An AE title that is admitted; from `host` alone, where that is given."""

    ae_title: str
    host: str = ""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of the archive; with `client_authority` a client has to show a certificate of that
    authority.
    """

    certificate: Path
    key: Path
    client_authority: Path | None = None


@dataclass(frozen=True)
class AuditTarget:
    """Where audit messages go (PS3.15 A.5): a file, or a syslog server over UDP or TLS."""

    file: Path | None = None
    udp: tuple[str, int] | None = None
    tls: tuple[str, int] | None = None
    tls_authority: Path | None = None


@dataclass(frozen=True)
class Misbehaviour:
    """Faults on request. Times in seconds; statuses replace the answer that would have been given.

    `abort_after` and `fail_every` count the C-STORE requests, or the sub-operations, of an association.
    """

    echo_status: int | None = None
    store_status: int | None = None
    find_status: int | None = None
    move_status: int | None = None
    get_status: int | None = None
    commit_status: int | None = None
    mpps_status: int | None = None
    response_delay: float = 0.0
    receive_delay: float = 0.0
    index_delay: float = 0.0
    abort_after: int | None = None
    fail_every: int | None = None
    reject: tuple[int, int, int] | None = None

    @property
    def any(self) -> bool:
        """True if anything is asked for."""
        return self != Misbehaviour()


@dataclass(frozen=True)
class ArchiveConfig:
    """An archive. Times in seconds, sizes in bytes; port 0 takes a free one.

    `callers`, where not empty, are the only ones admitted. `passcodes` maps user names to passcodes; where
    not empty, an association has to identify a user (PS3.7 D.3.3.7). `worklist` is a folder or file of
    worklist entries; without it the Modality Worklist isn't served.
    """

    folder: Path
    ae_title: str = "REFERENCE"
    host: str = "127.0.0.1"
    port: int = 0
    destinations: tuple[Destination, ...] = ()
    callers: tuple[KnownCaller, ...] = ()
    check_called_title: bool = False
    passcodes: tuple[tuple[str, str], ...] = ()
    tls: TlsFiles | None = None
    audit: AuditTarget | None = None
    misbehaviour: Misbehaviour = Misbehaviour()
    maximum_length: int = 131_072
    maximum_associations: int = 64
    artim: float = 10.0
    idle_timeout: float = 120.0
    operation_timeout: float = 60.0
    storage_limit: int | None = None
    storage_reserve: int = 16 * 1024 * 1024
    unknown_classes: bool = True
    reindex: bool = False
    worklist: Path | None = None
    processes: int = 1
    """How many receive."""
    listener: int | None = None
    """The descriptor of the socket that the first of several processes listens on; None is that one."""
