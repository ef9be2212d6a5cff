"""The archive's command line: the same options for `pacs-harness serve` and `python -m harness.archive`."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import ipaddress
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.foreign_text import in_one_line

from .config import ArchiveConfig, AuditTarget, Destination, KnownCaller, Misbehaviour, TlsFiles
from .interrupts import Interrupts
from .receivers import receivers

if TYPE_CHECKING:
    from .semantics import Semantics


MOST_PROCESSES = 64


class Printable(logging.Formatter):
    """What peers say of themselves is shown in a line of the log, and makes none of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The message with control characters as their escapes."""
        return in_one_line(super().formatMessage(record))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the archive's options."""
    parser.add_argument("--folder", type=Path, help="where objects are kept (default: a temporary folder)")
    parser.add_argument("--aet", default="REFERENCE", type=ae_title, help="AE title (default: REFERENCE)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", default=11112, type=_port, help="port, 0 for a free one (default: 11112)")
    parser.add_argument(
        "--destination",
        action="append",
        default=[],
        type=destination,
        metavar="AET=HOST:PORT[:tls]",
        help="a move destination, which also gets results of storage commitment; with :tls over "
        "TLS, its certificate checked by --tls-client-ca where that is given; may be repeated",
    )
    parser.add_argument(
        "--caller",
        action="append",
        default=[],
        type=known_caller,
        metavar="AET[@ADDRESS]",
        help="admit this AE title only, and from this address alone where one is given; may be repeated",
    )
    parser.add_argument(
        "--check-called", action="store_true", help="reject associations that call another AE title"
    )
    parser.add_argument(
        "--user",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=PASSCODE",
        help="demand a user identity; wrong ones of a name are refused the later, the more there were",
    )
    parser.add_argument(
        "--worklist",
        type=Path,
        metavar="PATH",
        help="serve a Modality Worklist from a folder of .wl files (DICOM, as for DCMTK's wlmscpfs), looked "
        "at for every query, or from one file, DICOM or TOML",
    )
    parser.add_argument("--reindex", action="store_true", help="rebuild the index from the files first")
    parser.add_argument(
        "--limit", type=_size, metavar="BYTES", help="share of the disk: beyond it stores get A700"
    )
    parser.add_argument("--maximum-length", type=int, default=131_072, help="largest PDU taken, in bytes")
    parser.add_argument("--associations", type=int, default=64, help="most associations at a time")
    parser.add_argument(
        "--processes", type=_processes, default=1, help="so many processes receive, behind one port (1)"
    )
    parser.add_argument("--artim", type=float, default=10.0, help="ARTIM timer, in seconds")
    parser.add_argument(
        "--idle", type=float, default=120.0, help="abort idle associations after so many seconds"
    )
    parser.add_argument(
        "--known-classes-only", action="store_true", help="refuse storage classes unknown to the standard"
    )
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="log what happens to standard error"
    )
    secure = parser.add_argument_group("security")
    secure.add_argument("--tls-cert", type=Path, metavar="PEM", help="serve over TLS with this certificate")
    secure.add_argument("--tls-key", type=Path, metavar="PEM", help="its private key")
    secure.add_argument(
        "--tls-client-ca", type=Path, metavar="PEM", help="demand client certificates of this authority"
    )
    secure.add_argument("--audit-file", type=Path, help="append audit messages to a file")
    secure.add_argument(
        "--audit-udp", type=_address, metavar="HOST:PORT", help="send audit messages by UDP syslog"
    )
    secure.add_argument(
        "--audit-tls", type=_address, metavar="HOST:PORT", help="send audit messages by TLS syslog"
    )
    secure.add_argument("--audit-tls-ca", type=Path, metavar="PEM", help="authority of the audit server")
    bad = parser.add_argument_group("misbehaviour, for those who test their own clients")
    for service in ("echo", "store", "find", "move", "get", "commit", "mpps"):
        bad.add_argument(
            f"--{service}-status", type=_status, metavar="HEX", help=f"answer every {service} so"
        )
    bad.add_argument(
        "--response-delay", type=float, default=0.0, metavar="S", help="wait before each response"
    )
    bad.add_argument("--receive-delay", type=float, default=0.0, metavar="S", help="wait before each read")
    bad.add_argument(
        "--index-delay",
        type=float,
        default=0.0,
        metavar="S",
        help="make objects visible only after this time",
    )
    bad.add_argument("--abort-after", type=int, metavar="N", help="abort each association at request N + 1")
    bad.add_argument(
        "--fail-every", type=int, metavar="N", help="fail every Nth store, and every Nth sub-operation"
    )
    bad.add_argument(
        "--reject", type=_rejection, metavar="R,S,D", help="reject associations: result,source,reason"
    )
    parser.add_argument("--semantics", default="", help=argparse.SUPPRESS)
    parser.add_argument("--listener", type=int, help=argparse.SUPPRESS)


def config_of(args: argparse.Namespace, folder: Path) -> ArchiveConfig:
    """The configuration that the options give. Raises argparse.ArgumentTypeError."""
    if bool(args.tls_cert) != bool(args.tls_key):
        raise argparse.ArgumentTypeError("--tls-cert and --tls-key go together")
    if args.processes > 1 and (args.limit is not None or args.fail_every is not None):
        raise argparse.ArgumentTypeError("--limit and --fail-every count in one process, not in several")
    tls = TlsFiles(args.tls_cert, args.tls_key, args.tls_client_ca) if args.tls_cert else None
    audit = None
    if args.audit_file or args.audit_udp or args.audit_tls:
        audit = AuditTarget(args.audit_file, args.audit_udp, args.audit_tls, args.audit_tls_ca)
    return ArchiveConfig(
        folder=folder,
        ae_title=args.aet,
        host=args.host,
        port=args.port,
        destinations=tuple(args.destination),
        callers=tuple(args.caller),
        check_called_title=args.check_called,
        passcodes=tuple(args.user),
        tls=tls,
        audit=audit,
        misbehaviour=Misbehaviour(
            echo_status=args.echo_status,
            store_status=args.store_status,
            find_status=args.find_status,
            move_status=args.move_status,
            get_status=args.get_status,
            commit_status=args.commit_status,
            mpps_status=args.mpps_status,
            response_delay=args.response_delay,
            receive_delay=args.receive_delay,
            index_delay=args.index_delay,
            abort_after=args.abort_after,
            fail_every=args.fail_every,
            reject=args.reject,
        ),
        maximum_length=args.maximum_length,
        maximum_associations=args.associations,
        artim=args.artim,
        idle_timeout=args.idle,
        storage_limit=args.limit,
        unknown_classes=not args.known_classes_only,
        reindex=args.reindex,
        worklist=_worklist(args.worklist),
        processes=args.processes,
        listener=args.listener,
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted. Returns an exit code: 0, or 2 for a wrong command line."""
    from .server import CannotStart, serve

    log = logging.StreamHandler(sys.stderr)
    log.setFormatter(Printable("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(args.verbose, 2)]
    logging.basicConfig(level=level, handlers=[log])
    # A restart that follows another one closely finds its signal expected.
    with (
        _owner_only(),
        tempfile.TemporaryDirectory(prefix="pacs-harness-") as temporary,
        Interrupts() as interrupts,
    ):
        try:
            config = config_of(args, (args.folder or Path(temporary)).expanduser().resolve())
            archive = serve(config, _semantics(args.semantics, config))
        except (CannotStart, argparse.ArgumentTypeError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        interrupts.expect()
        gc.freeze()  # all that is imported stays: no collection needs to look at it again
        if config.listener is not None:
            sys.stdin.buffer.read()  # until the first process closes it, or is gone
            archive.stop()
            return 0
        with receivers(config.processes - 1, config.folder, archive.listener):
            print(f"listening on {config.host}:{archive.port} as {config.ae_title}", flush=True)
            is_told_to_start_again = interrupts.wait()
        if is_told_to_start_again:
            _start_again(config, archive.port)
        archive.stop()
    return 0


@contextlib.contextmanager
def _owner_only() -> Iterator[None]:
    """What is written within is for its owner alone, in a folder that is open to others too."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _processes(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST_PROCESSES:
        raise argparse.ArgumentTypeError(f"{text} is none of 1 to {MOST_PROCESSES}")
    return number


def _start_again(config: ArchiveConfig, port: int) -> NoReturn:
    """Become a new archive in the same folder and on the same port, as after a crash: nothing is written or
    closed before, and all connections are cut.
    """
    kept = ["--folder", str(config.folder), "--port", str(port)]
    command = [sys.executable, *sys.orig_argv[1:], *kept]
    os.execv(sys.executable, command)  # nosec B606 # itself, with its own arguments


def _semantics(name: str, config: ArchiveConfig) -> Semantics | None:
    """A variant by `package.module:Class`. Raises ValueError."""
    if not name:
        return None
    module, _, attribute = name.partition(":")
    try:
        made: Semantics = getattr(importlib.import_module(module), attribute)(config)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"no semantics {name!r}: {error}") from error
    return made


def _worklist(path: Path | None) -> Path | None:
    """The worklist's path. Raises argparse.ArgumentTypeError where nothing is there."""
    if path is None:
        return None
    path = path.expanduser().resolve()
    if not path.exists():
        raise argparse.ArgumentTypeError(
            f"--worklist {path}: no such folder or file; `pacs-harness worklist --folder {path}` makes one"
        )
    return path


def ae_title(text: str) -> str:
    """An AE title (PS3.5 6.2): 1 to 16 characters, no backslash, not spaces alone."""
    title = text.strip()
    if not 1 <= len(title) <= 16 or "\\" in title or not title.isascii() or not title.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is no AE title: 1 to 16 ASCII characters, no backslash")
    return title


def known_caller(text: str) -> KnownCaller:
    """AET, or AET@ADDRESS.  Raises argparse.ArgumentTypeError."""
    title, found, address = text.rpartition("@")
    try:
        host = str(ipaddress.ip_address(address)) if found else ""
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} isn't of the form AET or AET@ADDRESS") from None
    return KnownCaller(ae_title(title if found else text), host)


def destination(text: str) -> Destination:
    """AET=HOST:PORT, or AET=HOST:PORT:tls.  Raises argparse.ArgumentTypeError."""
    title, found, address = text.rpartition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} isn't of the form AET=HOST:PORT or AET=HOST:PORT:tls")
    plain = address.removesuffix(":tls")
    host, port = _address(plain)
    return Destination(ae_title(title), host, port, tls=plain != address)


def _address(text: str) -> tuple[str, int]:
    host, found, port = text.rpartition(":")
    if not found or not host:
        raise argparse.ArgumentTypeError(f"{text!r} isn't of the form HOST:PORT")
    return host, _port(port)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    name, found, secret = text.partition("=")
    if not found or not name:
        # Not what was written: half of it may be the passcode.
        raise argparse.ArgumentTypeError("it isn't of the form NAME=PASSCODE")
    return name, secret


def _size(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes")
    return int(text)


def _status(text: str) -> int:
    try:
        value = int(text, 16)
    except ValueError:
        value = -1
    if not 0 <= value <= 0xFFFF:
        raise argparse.ArgumentTypeError(f"{text!r} is no status: four hexadecimal digits")
    return value


def _rejection(text: str) -> tuple[int, int, int]:
    parts = text.split(",")
    if len(parts) != 3 or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} isn't of the form result,source,reason")
    return int(parts[0]), int(parts[1]), int(parts[2])
