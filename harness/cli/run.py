"""`pacs-harness run`: exercise a PACS and leave a conformance report."""

from __future__ import annotations

import argparse
import contextlib
import gc
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from harness.capabilities import Capabilities
from harness.cli import selection
from harness.cli.console import Progress, RunConsole, say
from harness.cli.starting import (
    PEERS,
    PROTECTED,
    NoTarget,
    add_target,
    given_target,
    one_target,
    run_folder,
    started_target,
)
from harness.decide.exit_code import ExitCode
from harness.dimse.errors import DimseError
from harness.events import EventStream, JsonLines, RunFinished
from harness.explain import Finding
from harness.plugin.context import RunContext, StoredLog, peer_of
from harness.plugin.order import Order, order_from
from harness.plugin.run import RunFile, Session, conclude, run_pytest
from harness.scu.offer import observe
from harness.scu.session import Scu
from harness.target import Target, TargetError
from harness.verdict import Level, Outcome

MAX_WORKERS = 16


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("run", help="exercise a PACS and leave a conformance report")
    add_options(parser)
    parser.set_defaults(run=run, hardened=False)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The target and the options of a run."""
    add_target(parser, "exercise it", (*PEERS, *PROTECTED))
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="the run folder (default: named by the time)"
    )
    selection.add_options(parser)
    parser.add_argument("--plan", action="store_true", help="say what would be sent; send nothing")
    parser.add_argument("--observe", action="store_true", help="negotiate, echo and find only: write nothing")
    parser.add_argument("--intrusive", action="store_true", help="also what may disturb the product")
    parser.add_argument(
        "--i-own-this-system",
        action="store_true",
        help="needed to write to another machine",
    )
    parser.add_argument(
        "--allow-untested", action="append", default=[], metavar="GROUP", help="no exit code 5 for this group"
    )
    parser.add_argument(
        "--deadline", type=float, metavar="SECONDS", help="for each answer, instead of the file's"
    )
    parser.add_argument(
        "-n", "--workers", type=int, default=1, metavar="N", help="so many scenarios at the same time"
    )
    parser.add_argument(
        "--order",
        default="file",
        metavar="ORDER",
        help="random or random:SEED instead of the files' order: no scenario may need another",
    )


def run(options: argparse.Namespace) -> int:
    """Run the selected scenarios.  Exit codes: see `harness.decide.exit_code`."""
    one_target(options)
    if options.deadline is not None and not 0 < options.deadline <= 3600:
        raise TargetError("--deadline takes seconds, more than 0 and at most 3600")
    if not 1 <= options.workers <= MAX_WORKERS:
        raise TargetError(f"--workers takes a number from 1 to {MAX_WORKERS}")
    try:
        options.order = order_from(options.order)
    except ValueError as error:
        raise TargetError(f"--order: {error}") from None
    if options.plan:
        from harness.cli.plan import print_plan

        return print_plan(options)
    given = given_target(options)
    if given is not None and not given.is_loopback() and not (options.observe or options.i_own_this_system):
        raise TargetError(
            f"{given.dimse.host} is not this machine: a run stores synthetic patients there; "
            "say --i-own-this-system, or --observe to write nothing"
        )
    if given is not None:
        peer_of(given)  # Files for TLS are looked at before anything is made.
    if options.allow_untested:
        groups = {requirement.group for requirement in selection.collect(options)}
        for group in sorted(set(options.allow_untested) - groups):
            raise TargetError(f"--allow-untested {group}: no such group is selected")
    folder = run_folder(options.output, "run")
    try:
        return _run_on_target(given, folder, options)
    except NoTarget as failure:
        say(str(failure))
        return ExitCode.UNREACHABLE
    except OSError as error:
        print(f"pacs-harness: the run in {folder} ended early: {error.strerror or error}", file=sys.stderr)
        return ExitCode.HARNESS


def _run_on_target(given: Target | None, folder: Path, options: argparse.Namespace) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="pacs-harness-") as scratch,
        started_target(given, options.peer, scratch, hardened=options.hardened) as target,
    ):
        if options.deadline is not None:
            target = replace(target, dimse=replace(target.dimse, deadline=options.deadline))
        return _run(target, folder, options, RunConsole())


def _run(target: Target, folder: Path, options: argparse.Namespace, console: Console) -> int:
    from harness.preflight import PreflightBlocked, first_echo
    from harness.report import render

    command = ("pacs-harness", *sys.argv[1:])
    # Written before anything is sent: a run that ends here has a folder that can be read.
    first_file = RunFile.start(folder, target, command, {})
    try:
        greeting = first_echo(target)
        seen = _meet(target, options, console)
    except PreflightBlocked as blocked:
        say(in_a_line(blocked.finding))
        first_file.finish(None, ExitCode.UNREACHABLE, f"preflight: {blocked.finding.text}")
        render(folder)
        return ExitCode.UNREACHABLE
    except KeyboardInterrupt:
        first_file.finish(None, ExitCode.INTERRUPTED, "interrupted")
        render(folder)
        raise
    peer = {
        "name": target.name,
        "implementation_class_uid": greeting.implementation_class_uid or "",
        "implementation_version_name": greeting.implementation_version_name or "",
    }
    order: Order = options.order
    how = {"workers": str(options.workers), "order": str(order)}
    if order.seed is not None:
        console.print(f"order {order}: give this again to repeat it")
    run_file = RunFile.start(folder, target, command, peer, seen, how)
    progress = Progress(console)
    stored = StoredLog(folder / "stored.csv")
    context = RunContext(
        target,
        folder,
        EventStream(JsonLines(folder), progress),
        selection.roots_of(options),
        selection.selection_of(options),
        observe=options.observe,
        intrusive=options.intrusive,
        on_stored=stored,
        order=order,
    )
    gc.freeze()  # all that is imported stays: no collection needs to look at it again
    try:
        session = run_pytest(context, keyword=options.keyword, workers=options.workers)
        if not session.problems and not session.plugin.broken:
            session.plugin.flush_unfinished()
        code, because = conclude(context, session, options.allow_untested)
        progress.stop()
        context.events.emit(RunFinished(int(code), because))
        run_file.finish(session.plugin, code, because)
        if seen is not None and code in (ExitCode.CONFORMANT, ExitCode.FAILED, ExitCode.INCOMPLETE):
            with contextlib.suppress(KeyboardInterrupt):  # the run itself is over, and written
                run_file.saw(_look_closer(context, seen, options))
    finally:
        progress.stop()
        stored.close()
    written = render(folder)
    # An archive that was started for the run takes everything with it.
    temporary = options.target is None
    cleaned = 0 if temporary else clean_up(target, tuple(stored.studies))
    _closing_words(console, session, stored, cleaned, code, because, written, temporary=temporary)
    return code


def _meet(target: Target, options: argparse.Namespace, console: Console) -> Capabilities | None:
    """Say what stands in the way of a full run, and see what the product offers."""
    from harness.preflight import Severity, preflight
    from harness.report.offered import summary

    console.print(f"{target.name or target.dimse.called_ae_title} at {target.dimse.host}:{target.dimse.port}")
    for finding in preflight(target, destinations=not options.observe):
        # `doctor` shows the notes of a full run too; an observer came for them.
        if options.observe or finding.severity is not Severity.NOTE:
            console.print(f"  {in_a_line(finding)}", soft_wrap=True)
    seen = _look(target, options)
    if seen is not None and options.observe:
        for line in summary(seen):
            console.print(f"  {line}", soft_wrap=True)
    return seen


def _look(target: Target, options: argparse.Namespace) -> Capabilities | None:
    """What the product offers; None where single requirements were chosen: that is one question, no look."""
    if (options.select or options.level or options.keyword) and not options.observe:
        return None
    try:
        return observe(Scu(peer_of(target)))
    except DimseError as error:
        # It has just answered C-ECHO: whether it is lost is for the run itself to say.
        say(f"what the product offers could not be seen: {error}")
        return None


def _look_closer(context: RunContext, seen: Capabilities, options: argparse.Namespace) -> Capabilities:
    """How the product behaves, for a conformance statement; after the scenarios, so as not to touch them."""
    from harness.observing import look

    scu = Scu(context.peer(), None, context.on_stored)
    return look(scu, context.target, seen, context.run_root, observe=options.observe)


def in_a_line(finding: Finding) -> str:
    """The finding and the beginning of its remedy; `doctor` prints the whole."""
    first, *more = finding.remedy.splitlines() or [""]
    words = f"{finding.text}; {first.rstrip(':')}" if first else finding.text
    return f"{words} (`pacs-harness doctor` prints what to add)" if more else words


def clean_up(target: Target, studies: Sequence[str]) -> int:
    """Ask the product to delete what was stored, where the target file says how; how many studies went."""
    if not target.control.delete_study:
        return 0
    gone = 0
    for study in studies:
        command = [part.replace("{study_uid}", study) for part in target.control.delete_study]
        try:
            done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            words = error.strerror if isinstance(error, OSError) else f"it took {error.timeout:g} s"
            words = f"{command[0]}: {words}"
            print(f"pacs-harness: clean-up stopped: {words}", file=sys.stderr)
            return gone
        gone += done.returncode == 0
    return gone


def _why(code: ExitCode, because: str, session: Session) -> str:
    """Why a run that may have gone to its end is neither conformant nor failed."""
    if because != "completed":
        return because
    if code is ExitCode.HARNESS:
        return "the harness itself erred where it says ERROR: that is no fault of the product"
    open_ = dict.fromkeys(
        result.requirement.group
        for result in session.plugin.results
        if result.outcome is Outcome.NOT_TESTED and result.requirement.level is Level.SHALL
    )
    if open_:
        return f"incomplete: mandatory requirements could not be tested in {', '.join(open_)}"
    return "incomplete: the product offers nothing of what was selected"


def _closing_words(
    console: Console,
    session: Session,
    stored: StoredLog,
    cleaned: int,
    code: ExitCode,
    because: str,
    written: Sequence[Path],
    *,
    temporary: bool,
) -> None:
    outcomes = [result.outcome for result in session.plugin.results]
    counts = "  ".join(f"{outcome} {outcomes.count(outcome)}" for outcome in Outcome if outcome in outcomes)
    console.print(f"\n{len(outcomes)} requirements: {counts}")
    if code not in (ExitCode.CONFORMANT, ExitCode.FAILED):
        console.print(f"{_why(code, because, session)} (exit code {int(code)})", soft_wrap=True)
    if stored.studies:
        left = len(stored.studies) - cleaned
        console.print(
            f"{sum(stored.studies.values())} synthetic objects in {len(stored.studies)} studies were stored; "
            + (
                "they are gone with the archive that was started for the run"
                if temporary
                else f"{left} studies are left there (stored.csv)"
            ),
            soft_wrap=True,
        )
    report = next((path for path in written if path.suffix == ".html"), None)
    if report is not None:
        console.print(f"report: {report.resolve()}", soft_wrap=True)
