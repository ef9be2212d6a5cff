"""What the commands exercise that can start an archive of their own."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self

from harness.target import Destination, Target, TargetError
from harness.target_file import read_target

PEERS = ("orthanc", "dcmtk", "qrscp", "wlmscpfs", "storescp")
PROTECTED = ("orthanc-hardened", "orthanc-anonymising", "dcmtk-tls")
"""Archives with the safeguards that they have: what `run` and `security` look at."""
DESTINATION_TITLES = ("PHDEST1", "PHDEST2")


def add_target(parser: argparse.ArgumentParser, purpose: str, peers: Sequence[str] = PEERS) -> None:
    """The options that say what is exercised; ``purpose`` ends the words for ``--peer``."""
    parser.add_argument(
        "target", nargs="?", type=Path, metavar="TARGET.toml", help="none: the bundled reference archive"
    )
    parser.add_argument("--peer", choices=peers, help=f"start this installed archive and {purpose}")


def one_target(options: argparse.Namespace) -> None:
    """Raises TargetError where two are named."""
    if options.target is not None and options.peer:
        raise TargetError("give a target file or --peer, not both")


def given_target(options: argparse.Namespace) -> Target | None:
    """The target file's; None where the command is to start an archive.  TargetError."""
    one_target(options)
    return read_target(options.target) if options.target is not None else None


def check_owned(target: Target | None, options: argparse.Namespace, what: str) -> None:
    """Raises TargetError where ``what`` would happen to another machine without a word that this is right."""
    if target is not None and not target.is_loopback() and not options.i_own_this_system:
        raise TargetError(f"{target.dimse.host} is not this machine: {what}; say --i-own-this-system")


def run_folder(given: Path | None, what: str) -> Path:
    """The folder of a run, made or taken as `make_run_folder` does, or named by ``what`` and the time.

    Raises TargetError.
    """
    from harness.plugin.run import make_run_folder

    folder = make_run_folder(given or Path(f"pacs-{what}-{datetime.now():%Y%m%d-%H%M%S}"))
    if folder.stat().st_mode & 0o077:
        print(
            f"pacs-harness: {folder} was there before and is open to other users of this machine; what the "
            "product answers is recorded in it",
            file=sys.stderr,
        )
    return folder


def now() -> str:
    """This moment, for a report."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


class NoTarget(Exception):
    """The archive that the run was to start did not start."""


@contextlib.contextmanager
def started_target(
    given: Target | None, peer: str | None, scratch: str, *, hardened: bool = False
) -> Iterator[Target]:
    """The target to exercise: the given one, or an archive that is started now and stopped at the end.

    `hardened`: where it is the bundled one, with every safeguard that it has.
    Raises NoTarget where that does not start, TargetError where it isn't installed.
    """
    if given is not None:
        yield given
        return
    from harness.peers import PeerFailed, PeerMissing, free_ports, start_peer

    ports = free_ports(len(DESTINATION_TITLES))
    destinations = tuple(
        Destination(title, port) for title, port in zip(DESTINATION_TITLES, ports, strict=True)
    )
    if peer:
        try:
            with start_peer(peer, Path(scratch), destinations, "PACSHARNESS") as running:
                yield replace(running.target, name=running.version)
        except PeerMissing as missing:
            raise TargetError(str(missing)) from None
        except PeerFailed as failure:
            raise NoTarget(str(failure)) from None
        return
    from harness.peers.bundled import start_bundled
    from harness.peers.hardened import start_hardened

    start = start_hardened if hardened else start_bundled
    try:
        with start(Path(scratch), destinations, "PACSHARNESS") as target:
            yield target
    except PeerFailed as failure:
        raise NoTarget(str(failure)) from None


class Revivable:
    """The target to exercise, and who starts it again after it has died.  A context manager.

    A given target is started again by its ``[control] restart``, one that was started here from nothing: what
    it had stored is gone.  Raises NoTarget and TargetError as `started_target`.
    """

    def __init__(self, given: Target | None, peer: str | None, scratch: Path) -> None:
        self._given = given
        self._peer = peer
        self._scratch = scratch
        self._stack = contextlib.ExitStack()
        self._starts = 0
        self.target = given or self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def revive(self) -> Callable[[], Target] | None:
        """Starts it again, and says where it is then; None where nobody can.  Raises ProductLost."""
        if self._given is None:
            return self._begin_anew
        return self._restarted if self._given.control.restart else None

    def log(self) -> str:
        """The end of its log, without the secrets; empty where nobody knows where that is."""
        from harness.peers.process import tail

        if self._given is not None:
            log = self._given.control.log
            return self._given.masked(tail(Path(log))) if log else ""
        logs = sorted((self._scratch / str(self._starts)).glob("*.log"))
        return tail(logs[0]) if logs else ""

    def _started(self) -> Target:
        self._starts += 1
        folder = self._scratch / str(self._starts)
        folder.mkdir()
        return self._stack.enter_context(started_target(None, self._peer, str(folder)))

    def _begin_anew(self) -> Target:
        from harness.fuzz.product import ProductLost

        try:
            self._stack.close()
            self.target = self._started()
        except (NoTarget, TargetError) as failure:
            raise ProductLost(f"the product cannot be started again: {failure}") from None
        return self.target

    def _restarted(self) -> Target:
        from harness.fuzz.product import ProductLost
        from harness.plugin.context import peer_of
        from harness.plugin.outcomes import NotTested
        from harness.plugin.restarting import restart
        from harness.scu.session import Scu

        try:
            restart(Scu(peer_of(self.target)), self.target)
        except NotTested as failure:
            raise ProductLost(str(failure)) from None
        return self.target
