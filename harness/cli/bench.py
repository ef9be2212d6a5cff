"""`pacs-harness bench`: how much a PACS carries."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from harness import __version__
from harness.cli.console import RunConsole, say
from harness.cli.sharing import add_options, announced, crew_of, web_of
from harness.cli.starting import add_target, check_owned, given_target, now, run_folder, started_target
from harness.decide.baseline import compared, is_comparable
from harness.decide.exit_code import ExitCode
from harness.decide.intervals import Change
from harness.measurement import Baseline, Bench, read_bench, write_bench
from harness.target import Target, TargetError

if TYPE_CHECKING:
    from harness.load.benching import Outcome, Step, Wanted
    from harness.load.running import Told

REPEATS, MOST_REPEATS = 3, 100
TRIAL_SECONDS = 20.0
"""Of each load of a search for the limit, where --seconds says nothing."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("bench", help="measure how much a PACS carries")
    add_target(parser, "measure it")
    parser.add_argument("--workload", metavar="NAME|FILE", help="one that ships, or a TOML file (ci-gate)")
    parser.add_argument(
        "--client",
        choices=("typical", "unthrottled", "both"),
        help="as a modality's system acknowledges, or at once (both, in turns; --grow: unthrottled)",
    )
    parser.add_argument(
        "--repeats", type=int, metavar="N", help="so many times each (3; --grow: 100 of each operation)"
    )
    parser.add_argument(
        "--find-limit",
        action="store_true",
        help="search for the largest rate that the workload's objectives hold at",
    )
    parser.add_argument(
        "--grow",
        metavar="STUDIES,...",
        help="fill the archive with small studies and measure at each size, as in 1e3,1e4,1e5",
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="instead of the workload's")
    parser.add_argument(
        "--verify", choices=("sample", "full"), default="sample", help="what is brought back and compared"
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="RUN",
        help="an earlier run folder: exit code 1 where anything is worse",
    )
    add_options(parser)
    parser.add_argument("--output", type=Path, metavar="DIR", help="the run folder (default: named by time)")
    parser.add_argument("--i-own-this-system", action="store_true", help="needed to load another machine")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure.  Exit code 1 where an objective breaks, anything is lost, or worse than the baseline."""
    given = given_target(options)
    wanted = _wanted(options)
    before = _baseline(options.baseline, wanted)
    check_owned(given, options, "a load is stored there")
    wanted = replace(wanted, crew=crew_of(options, wanted.workload, given), web=web_of(options))
    # After what may be wrong with the command: these take a second, most of it for the charts.
    from harness.report.bench_page import render_bench

    folder = run_folder(options.output, "bench")
    with (
        tempfile.TemporaryDirectory(prefix="pacs-harness-") as scratch,
        started_target(given, options.peer, scratch) as target,
    ):
        code = _measure(target, wanted, folder)
    if before is not None and code in (ExitCode.CONFORMANT, ExitCode.FAILED):
        code = _beside(before, options.baseline, folder, code)
    print(f"report: {render_bench(folder)}")
    return code


def _baseline(folder: Path | None, wanted: Wanted) -> Bench | None:
    """Before anything is measured, so that no hour is spent on what can't be compared."""
    if folder is None:
        return None
    try:
        before = read_bench(folder)
        datetime.fromisoformat(before.started)
        tuple(compared(before, before))  # whatever somebody has written there, it can be
    except (OSError, ValueError, ArithmeticError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise TargetError(f"--baseline {folder}: {words}") from None
    if not is_comparable(before.workload, msgspec.json.decode(msgspec.json.encode(wanted.workload))):
        raise TargetError(
            f"--baseline {folder} had another workload than this one would have: give the same --workload, "
            "--seconds, or --grow with the same --repeats"
        )
    return before


def _beside(before: Bench, its_folder: Path, folder: Path, code: ExitCode) -> ExitCode:
    """Keep and say what has changed since the baseline; FAILED where anything is worse."""
    after = read_bench(folder)
    found = tuple(compared(before, after))
    for one in found:
        if one.change is not Change.SAME:
            print(one.words())
    counts = Counter(one.change for one in found)
    print("baseline: " + ", ".join(f"{counts[change]} {change}" for change in Change))
    if counts[Change.WORSE]:
        code = ExitCode.FAILED
    baseline = Baseline(str(its_folder), before.started, before.tool_version, found)
    write_bench(msgspec.structs.replace(after, baseline=baseline, exit_code=int(code)), folder)
    return code


def _wanted(options: argparse.Namespace) -> Wanted:
    from harness.load.benching import ClientKind, Wanted
    from harness.load.workload import WorkloadError, load_workload

    if options.repeats is not None and not 1 <= options.repeats <= MOST_REPEATS:
        raise TargetError(f"--repeats takes a number from 1 to {MOST_REPEATS}")
    if options.grow is not None:
        return _grown(options)
    try:
        workload = load_workload(options.workload or "ci-gate")
    except WorkloadError as error:
        raise TargetError(str(error)) from None
    if options.seconds is not None:
        if options.seconds <= workload.stop.warm_up:
            raise TargetError(f"--seconds takes more than the warm-up of {workload.stop.warm_up:g} s")
        stop = msgspec.structs.replace(workload.stop, seconds=options.seconds)
        workload = msgspec.structs.replace(workload, stop=stop)
    kinds = (ClientKind(options.client),) if options.client not in (None, "both") else tuple(ClientKind)
    trial = (options.seconds or TRIAL_SECONDS) if options.find_limit else None
    return Wanted(workload, kinds, options.repeats or REPEATS, options.verify == "full", trial)


def _grown(options: argparse.Namespace) -> Wanted:
    from harness.load.benching import ClientKind, Wanted
    from harness.load.growth import REPEATS as EACH
    from harness.load.growth import growth_workload, read_sizes

    others = ("workload", "find_limit", "seconds")
    given = [name for name in others if getattr(options, name)] + ["verify"] * (options.verify == "full")
    if given:
        raise TargetError(f"--grow measures in its own way: leave --{given[0].replace('_', '-')} out")
    if options.client == "both":
        raise TargetError("--grow takes one kind of client: --client typical or unthrottled")
    try:
        sizes = read_sizes(options.grow)
    except ValueError as error:
        raise TargetError(f"--grow: {error}") from None
    repeats = options.repeats or EACH
    kinds = (ClientKind(options.client or "unthrottled"),)
    return Wanted(growth_workload(repeats), kinds, repeats, sizes=sizes)


def _measure(target: Target, wanted: Wanted, folder: Path) -> ExitCode:
    from harness.load.benching import Outcome, TargetGone, bench
    from harness.load.growth import grow
    from harness.load.running import LoadFailed, ProductLost, ProductRefused
    from harness.plugin.run import environment
    from harness.preflight import PreflightBlocked, first_echo
    from harness.synthesis import new_run_root

    console = RunConsole()
    started = now()
    outcome = Outcome([], [], [])
    code, because, peer = ExitCode.HARNESS, "running", {"name": target.name}

    def write() -> None:
        write_bench(
            Bench(
                tool_version=__version__,
                target=target.public(),
                peer=peer,
                workload=msgspec.to_builtins(wanted.workload),
                started=started,
                finished=now(),
                command=("pacs-harness", *sys.argv[1:]),
                environment=environment(),
                exit_code=int(code),
                ended_because=because,
                loads=tuple(outcome.loads),
                objectives=tuple(outcome.objectives),
                kept=tuple(outcome.kept),
                limit=outcome.limit,
                exams=outcome.exams,
                growth=tuple(outcome.growth),
            ),
            folder,
        )

    try:
        greeting = first_echo(target)
        peer |= {"implementation_version_name": greeting.implementation_version_name or ""}
        console.print(
            f"{target.name or target.dimse.called_ae_title}: {wanted.workload.about}", soft_wrap=True
        )
        for words in announced(wanted.crew, wanted.web):
            console.print(words, soft_wrap=True)
        seconds = wanted.trial_seconds or wanted.workload.stop.seconds
        progress = _Progress(console, None if wanted.sizes else seconds)
        measure = grow if wanted.sizes else bench
        measure(target, wanted, new_run_root(), folder, outcome, progress.step, progress.told)
        code, because = _conclusion(outcome)
        _closing_words(console, outcome)
    except PreflightBlocked as blocked:
        code, because = ExitCode.UNREACHABLE, blocked.finding.text
    except TargetGone as gone:
        code, because = ExitCode.UNREACHABLE, str(gone)
        _closing_words(console, outcome)
    except ProductRefused as refused:
        code, because = ExitCode.INCOMPLETE, str(refused)
    except ProductLost as lost:
        code, because = ExitCode.FAILED, str(lost)
    except LoadFailed as failed:
        code, because = ExitCode.HARNESS, str(failed)
    except KeyboardInterrupt:
        code, because = ExitCode.INTERRUPTED, "interrupted"
    finally:
        write()
    if because not in ("completed", "interrupted"):
        say(because)
    return code


class _Progress:
    """A line that says how far it is, renewed on a terminal and left out elsewhere."""

    def __init__(self, console: Console, seconds: float | None) -> None:
        self._console = console
        self._seconds = seconds
        self._before: Told | None = None
        self._errors = 0

    def step(self, step: Step) -> None:
        self._before, self._errors = None, 0
        # What the last line had is longer than this one may be.
        self._console.print(f"{step.words:<79}" if self._console.is_terminal else step.words, soft_wrap=True)

    def told(self, told: Told) -> None:
        self._errors += told.errors
        before, self._before = self._before, told
        if not self._console.is_terminal:
            return
        span = told.at - before.at if before else told.at
        rate = (told.ended - (before.ended if before else 0)) / span if span else 0.0
        parts = [
            f"{told.at:.0f}{f' of {self._seconds:g}' if self._seconds else ''} s",
            f"{rate:,.1f} operations/s",
            f"p99 {told.p99 * 1000:,.0f} ms" if told.p99 is not None else "",
            f"{self._errors:,} error{'s' if self._errors > 1 else ''}" if self._errors else "",
            f"{told.busy} under way",
            f"{told.waiting} waiting" if told.waiting else "",
        ]
        self._console.print(f"  {', '.join(part for part in parts if part):<77}", end="\r", soft_wrap=True)


def _conclusion(outcome: Outcome) -> tuple[ExitCode, str]:
    if outcome.interrupted:
        return ExitCode.INTERRUPTED, "interrupted"
    return (ExitCode.CONFORMANT if outcome.is_good else ExitCode.FAILED), "completed"


def _closing_words(console: Console, outcome: Outcome) -> None:
    from harness.decide.bench_summary import findings, rows
    from harness.decide.growth import growth_words

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "client", "a second", "MB/s", "p50 ms", "p95 ms", "p99 ms", "errors"):
        table.add_column(name, justify="left" if name in ("", "client") else "right")
    for row in rows(outcome.loads):
        figures = (f"{one.median:,.1f}" if one else "–" for one in row.figures)
        table.add_row(row.operation, row.client, *figures, f"{row.errors:,}")
    if outcome.loads:
        console.print()
        console.print(table)
    if outcome.limit is not None:
        console.print(f"limit: {outcome.limit.words}", soft_wrap=True)
    if outcome.exams is not None:
        for words in (outcome.exams.sentence, *outcome.exams.details):
            console.print(words, soft_wrap=True)
    for words in growth_words(outcome.growth):
        console.print(words, soft_wrap=True)
    for words in findings(outcome.loads, outcome.kept, outcome.objectives):
        console.print(words, soft_wrap=True)
