"""`pacs-harness statement`: what the product was seen to do, in the form of a conformance statement."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from harness.claims import read_claims
from harness.cli.console import say
from harness.cli.run import clean_up, in_a_line
from harness.cli.starting import PEERS, NoTarget, run_folder, started_target
from harness.decide.claims import compare
from harness.decide.exit_code import ExitCode
from harness.dimse.errors import DimseError
from harness.documents import OWNER_ONLY, write_whole
from harness.plugin.context import StoredLog, peer_of
from harness.plugin.run import RunFile
from harness.plugin.waiting import patience
from harness.scu import offer
from harness.scu.session import Scu
from harness.statement import Difference
from harness.synthesis import new_run_root
from harness.target import Target, TargetError
from harness.target_file import read_target


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``statement``."""
    parser = commands.add_parser(
        "statement",
        help="write what the product was seen to do as a conformance statement, and compare claims with it",
        description="Write statement.html and statement.json, in the order of a conformance statement "
        "(PS3.2): from a past run, or by looking at a product now.",
        epilog="exit codes: 0 nothing that is promised is missing · 1 something is · 2 wrong command line, "
        "target file or claims · 4 target unreachable · 5 something promised could not be looked at",
    )
    parser.add_argument(
        "source",
        nargs="?",
        type=Path,
        metavar="RUN|TARGET.toml",
        help="the folder of a past run, or a target file (none: the bundled reference archive)",
    )
    parser.add_argument("--peer", choices=PEERS, help="start this installed archive and look at it")
    parser.add_argument("--claims", type=Path, metavar="FILE", help="JSON of the same form to compare with")
    parser.add_argument("--observe", action="store_true", help="negotiate, echo and find only: write nothing")
    parser.add_argument("--i-own-this-system", action="store_true", help="needed to write to another machine")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where to write (default: the run, or named by the time)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the statement and compare.  Raises TargetError."""
    if options.source is not None and options.peer:
        raise TargetError("give a source or --peer, not both")
    if options.source is not None and options.source.is_dir():
        if options.observe or options.i_own_this_system:
            raise TargetError("a past run is only read: --observe and --i-own-this-system are for a target")
        return _from_run(options)
    return _from_target(options)


def _from_run(options: argparse.Namespace) -> int:
    from harness.report.folder import NotARun, load_run

    try:
        found = load_run(options.source)
    except NotARun as error:
        raise TargetError(str(error)) from None
    claims = found.target.get("claims")
    named = claims.get("statement") if isinstance(claims, dict) else None
    path: Path | None = options.claims or (Path(named) if named else None)
    gone = options.claims is None and path is not None and not path.is_file()
    if gone:
        print(
            f"pacs-harness: the claims that the run's target file names are not at {path}: nothing is "
            "compared; --claims says where they are",
            file=sys.stderr,
        )
    code = _write(options.source, options.output or options.source, None if gone else path)
    return ExitCode.INCOMPLETE if gone else code


def _write(source: Path, folder: Path, claims: Path | None) -> int:
    """Render the run in ``source`` into ``folder``, compare, and say so."""
    from harness.report.folder import load_run
    from harness.report.statement import NothingSeen, statement
    from harness.report.statement_page import statement_json, statement_page

    promised = read_claims(claims) if claims is not None else None
    try:
        observed = statement(load_run(source))
    except NothingSeen as nothing:
        raise TargetError(f"{source}: {nothing}") from None
    difference = None if promised is None else compare(promised, observed)
    folder.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
    for name, content in (
        ("statement.json", statement_json(observed)),
        ("statement.html", statement_page(observed, difference)),
    ):
        write_whole(folder / name, content.encode(errors="replace"))
    code = ExitCode.CONFORMANT if difference is None else _say(difference)
    print(f"statement: {(folder / 'statement.html').resolve()}")
    return code


def _say(difference: Difference) -> ExitCode:
    for line in difference.missing:
        print(f"promised, not observed: {line}")
    for line in difference.unseen:
        print(f"promised, not looked at: {line}")
    for line in difference.beyond:
        print(f"observed, not promised: {line}")
    counts = (
        (len(difference.missing), "promised and not observed"),
        (len(difference.unseen), "promised and not looked at"),
        (len(difference.beyond), "observed and not promised"),
    )
    print("claims: " + (", ".join(f"{count} {words}" for count, words in counts if count) or "all observed"))
    if difference.missing:
        return ExitCode.FAILED
    return ExitCode.INCOMPLETE if difference.unseen else ExitCode.CONFORMANT


# ---------------------------------------------------------------- looking at a product now


def _from_target(options: argparse.Namespace) -> int:
    given = read_target(options.source) if options.source is not None else None
    if given is not None and not given.is_loopback() and not (options.observe or options.i_own_this_system):
        raise TargetError(
            f"{given.dimse.host} is not this machine: synthetic patients are stored there; "
            "say --i-own-this-system, or --observe to write nothing"
        )
    if options.claims is not None:
        read_claims(options.claims)  # a mistake in it is said before anything is sent
    with contextlib.ExitStack() as stack:
        try:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="pacs-harness-"))
            target = stack.enter_context(started_target(given, options.peer, scratch))
        except NoTarget as failure:
            say(str(failure))
            return ExitCode.UNREACHABLE
        claims: Path | None = options.claims or (
            Path(target.claims.statement) if target.claims.statement else None
        )
        if claims is not None:
            read_claims(claims)
        folder = run_folder(options.output, "statement")
        blocked = _look(target, folder, observe=options.observe, temporary=given is None)
        return _write(folder, folder, claims) if blocked is None else blocked


def _look(target: Target, folder: Path, *, observe: bool, temporary: bool) -> ExitCode | None:
    """Look at the product and write a run of nothing else; the exit code where that is not possible."""
    from harness.observing import look
    from harness.preflight import PreflightBlocked, first_echo

    command = ("pacs-harness", *sys.argv[1:])
    run_file = RunFile.start(folder, target, command, {})
    stored = StoredLog(folder / "stored.csv")
    scu = Scu(peer_of(target), None, stored)
    try:
        greeting = first_echo(target)
        peer = {
            "name": target.name,
            "implementation_class_uid": greeting.implementation_class_uid or "",
            "implementation_version_name": greeting.implementation_version_name or "",
        }
        run_file = RunFile.start(folder, target, command, peer)
        name, most = target.name or target.dimse.called_ae_title, patience(target, accepted=False)
        print(f"looking at {name}; its ARTIM timer is waited for, {most:.0f} s at most", flush=True)
        seen = offer.observe(scu)
        run_file.saw(look(scu, target, seen, new_run_root(), observe=observe, watch_silence=True))
    except PreflightBlocked as blocked:
        say(in_a_line(blocked.finding))
        run_file.finish(None, ExitCode.UNREACHABLE, f"preflight: {blocked.finding.text}")
        return ExitCode.UNREACHABLE
    except DimseError as error:
        say(f"what the product offers could not be seen: {error}")
        run_file.finish(None, ExitCode.UNREACHABLE, f"the product was lost: {error}")
        return ExitCode.UNREACHABLE
    except KeyboardInterrupt:
        run_file.finish(None, ExitCode.INTERRUPTED, "interrupted")
        raise
    finally:
        stored.close()
    run_file.finish(None, ExitCode.CONFORMANT, "completed")
    if not temporary and (left := len(stored.studies) - clean_up(target, tuple(stored.studies))):
        print(f"{left} synthetic studies were stored and are left there ({folder / 'stored.csv'})")
    return None
