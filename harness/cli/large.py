"""`pacs-harness large`: objects of gigabytes, studies of thousands, PDUs of every size."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from harness import __version__
from harness.cli.console import RunConsole, say
from harness.cli.starting import (
    NoTarget,
    add_target,
    check_owned,
    given_target,
    now,
    run_folder,
    started_target,
)
from harness.decide.exit_code import ExitCode
from harness.decide.large_summary import concluded, megabytes, memory_words
from harness.large import FAILURES, Large, Leg, Outcome, PduCarried, write_large
from harness.target import Target, TargetError

if TYPE_CHECKING:
    from harness.bulk.running import Told, Wanted

KINDS = ("frames", "tiles", "element", "fragments")
DEFAULT_SIZE = "256MiB"
_UNITS = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("large", help="carry objects of gigabytes, and studies of thousands")
    add_target(parser, "exercise it")
    parser.add_argument("--size", metavar="BYTES", help=f"of each object, as in 4GiB, 300MB ({DEFAULT_SIZE})")
    parser.add_argument(
        "--kind", action="append", choices=KINDS, help="what makes it large; may be given again (all)"
    )
    parser.add_argument(
        "--study", type=int, metavar="N", help="a study of N small objects, counted and brought back"
    )
    parser.add_argument("--pdu", action="store_true", help="one object with PDUs of every size, both ways")
    parser.add_argument("--anyway", action="store_true", help="even where the disk cannot hold it")
    parser.add_argument("--output", type=Path, metavar="DIR", help="the run folder (default: named by time)")
    parser.add_argument("--i-own-this-system", action="store_true", help="needed to fill another machine")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it.  1: lost, altered, refused or died of; 2: no room for it; 5: the product took none of it."""
    given = given_target(options)
    check_owned(given, options, "its disk is filled")
    wanted = _wanted(options)
    # After what may be wrong with the command: these take a second.
    from harness.bulk.running import disk_of, free_on, needed, refuse_beyond
    from harness.synthesis import new_run_root

    root = new_run_root()
    try:
        bytes_ = needed(wanted, root)
    except ValueError as error:
        raise TargetError(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="pacs-harness-") as scratch:
        free = free_on(Path(scratch) if given is None else disk_of(given))
        if not options.anyway:
            refuse_beyond(free, bytes_)
        folder = run_folder(options.output, "large")
        try:
            with started_target(given, options.peer, scratch) as target:
                code = _Call(target, wanted, root, folder).carry(free)
        except NoTarget as failure:
            say(str(failure))
            return ExitCode.UNREACHABLE
    # At the end: with it come the charts of other reports, which are no memory that objects have taken.
    from harness.report.large_page import render_large

    print(f"report: {render_large(folder)}")
    return code


def _wanted(options: argparse.Namespace) -> Wanted:
    from harness.bulk.objects import Kind
    from harness.bulk.running import Wanted
    from harness.bulk.studies import MOST_INSTANCES

    if options.study is not None and not 1 <= options.study <= MOST_INSTANCES:
        raise TargetError(f"--study takes 1 to {MOST_INSTANCES}: more cannot be counted in one retrieval")
    # A study or PDUs alone, unless objects are asked for as well.
    alone = (options.study or options.pdu) and not options.kind and options.size is None
    kinds = () if alone else tuple(Kind(one) for one in dict.fromkeys(options.kind or KINDS))
    return Wanted(kinds, size_of(options.size or DEFAULT_SIZE), options.study or 0, options.pdu)


def size_of(text: str) -> int:
    """Bytes, as in ``4GiB``, ``300 MB`` or ``1000000``.  Raises TargetError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if found is None or found[2] not in _UNITS:
        raise TargetError(f"--size takes bytes, as in 4GiB, 300MB or 1000000; not {text!r}")
    return int(float(found[1]) * _UNITS[found[2]])


class _Call:
    """One call: what it writes, and what it says on the way."""

    def __init__(self, target: Target, wanted: Wanted, root: str, folder: Path) -> None:
        from harness.bulk.running import Told

        self._target, self._wanted, self._root, self._folder = target, wanted, root, folder
        self._console = RunConsole()
        self._told = Told()
        self._said = 0
        self._started = now()
        self._peer = {"name": target.name}

    def carry(self, free: int | None) -> ExitCode:
        """Everything, shown as it comes; `large.json` is written after each part."""
        from harness.bulk.running import carry
        from harness.dimse.errors import DimseError
        from harness.plugin.context import StoredLog
        from harness.preflight import PreflightBlocked, first_echo

        code, because = ExitCode.HARNESS, "running"
        log = StoredLog(self._folder / "stored.csv")
        try:
            greeting = first_echo(self._target)
            self._peer["implementation_version_name"] = greeting.implementation_version_name or ""
            carry(
                self._target,
                self._wanted,
                self._root,
                self._told,
                free=free,
                on_stored=log,
                on_told=self._tell,
            )
            conclusion = concluded(self._told.outcomes)
            code, because = conclusion.code, "completed"
        except PreflightBlocked as blocked:
            code, because = ExitCode.UNREACHABLE, blocked.finding.text
        except DimseError as error:
            code, because = ExitCode.UNREACHABLE, str(error)
        except KeyboardInterrupt:
            code, because = ExitCode.INTERRUPTED, "interrupted"
        finally:
            log.close()
            self._write(code, because)
        if because not in ("completed", "interrupted"):
            say(because)
        self._close()
        return code

    def _write(self, code: ExitCode | None, because: str) -> None:
        from harness.bulk.running import own_peak
        from harness.plugin.run import environment

        told = self._told
        self._large = Large(
            tool_version=__version__,
            target=self._target.public(),
            peer=self._peer,
            started=self._started,
            finished=now(),
            command=("pacs-harness", *sys.argv[1:]),
            environment=environment(),
            exit_code=None if code is None else int(code),
            ended_because=because,
            estimate=told.estimate,
            objects=tuple(told.objects),
            study=told.study,
            pdus=tuple(told.pdus),
            server=told.server,
            own_peak=own_peak(),
        )
        write_large(self._large, self._folder)

    def _tell(self) -> None:
        """One line for what is new, and the file."""
        lines = list(lines_of(self._told))
        for line in lines[self._said :]:
            self._console.print(line, soft_wrap=True, markup=False)
        self._said = len(lines)
        self._write(None, "running")

    def _close(self) -> None:
        if self._large.objects:
            self._console.print(objects_table(self._large))
        for words in memory_words(self._large):
            self._console.print(words[0].upper() + words[1:] + ".", soft_wrap=True)


def lines_of(told: Told) -> Iterator[str]:
    """A line for each thing that has been seen, in a fixed order while they come."""
    estimate = told.estimate
    if estimate is not None:
        free = "" if estimate.free is None else f", of {megabytes(estimate.free)} that are free"
        back = f", {megabytes(estimate.back_rate)}/s back" if estimate.back_rate else ""
        yield (
            f"estimate: {megabytes(estimate.bytes)} to be kept{free}; about {_duration(estimate.seconds)} "
            f"at {megabytes(estimate.out_rate)}/s out{back}"
        )
    for one in told.objects:
        yield f"{_mark(one.outcome)} {one.kind}, {megabytes(one.size)}: {one.outcome}{_more(one.words)}"
    if told.study is not None:
        study = told.study
        counts = f"{study.stored:,} acknowledged, {study.unchanged:,} of {study.brought:,} came unchanged"
        found = "" if study.found is None else f", {study.found:,} found"
        words = _more(study.words)
        yield f"{_mark(study.outcome)} study of {study.instances:,}: {counts}{found}: {study.outcome}{words}"
    for pdu in told.pdus:
        yield f"{_mark(pdu.outcome)} {pdu_words(pdu)}: {pdu.outcome}{_more(pdu.words)}{_timed(pdu.leg)}"


def pdu_words(pdu: PduCarried) -> str:
    """Which way, and of what size."""
    if pdu.is_out:
        return f"out, {pdu.length:,} bytes a PDV" if pdu.length else "out, up to the product's maximum"
    return f"back, maximum length {pdu.length:,}" if pdu.length else "back, unlimited maximum length"


def objects_table(large: Large) -> Table:
    """The large objects."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("object")
    table.add_column("outcome")
    for name in ("MB", "out MB/s", "back MB/s", "by", "product's memory, MB"):
        table.add_column(name, justify="right")
    for one in large.objects:
        memory = (one.server_before, one.server_peak)
        table.add_row(
            one.kind,
            str(one.outcome),
            f"{one.size / 1e6:,.0f}",
            *("" if leg is None else f"{leg.rate / 1e6:,.1f}" for leg in (one.out, one.back)),
            str(one.way),
            " → ".join("?" if each is None else f"{each / 1e6:,.0f}" for each in memory),
        )
    return table


def _mark(outcome: Outcome) -> str:
    return "✗" if outcome in FAILURES else "–" if outcome in (Outcome.FULL, Outcome.NOT_TAKEN) else "✓"


def _more(words: str) -> str:
    return f" ({words})" if words else ""


def _timed(leg: Leg | None) -> str:
    return "" if leg is None else f", {leg.seconds:.2f} s"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
