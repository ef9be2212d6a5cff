"""`pacs-harness fuzz`: look for what a PACS loses, alters or dies of."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness import __version__
from harness.cli.console import RunConsole
from harness.cli.starting import NoTarget, Revivable, add_target, check_owned, given_target, now
from harness.decide.exit_code import ExitCode
from harness.findings import INTRUSIVE, Area, Campaign, Finding, Weight, write_campaign
from harness.target import TargetError

if TYPE_CHECKING:
    from harness.fuzz.campaign import Outcome, Plan, Progress
    from harness.scu.destination import Destination

ODD_OBJECTS = "odd objects are stored there"
SECONDS = 60.0
LONGEST = 7 * 24 * 3600.0
SHRINK_SECONDS = 20.0
_PROGRESS = 0.5
"""Seconds between two looks at a line of progress."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("fuzz", help="look for what a PACS loses, alters or dies of")
    add_target(parser, "examine it")
    parser.add_argument(
        "--area",
        action="append",
        choices=[str(area) for area in Area],
        help="only this one; can be given again (all that may be looked at)",
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help=f"for all areas together ({SECONDS:g})"
    )
    parser.add_argument("--examples", type=int, metavar="N", help="so many cases of each area at most")
    parser.add_argument("--findings", type=int, metavar="N", help="so many of each area at most")
    parser.add_argument("--seed", type=int, metavar="N", help="of an earlier campaign: the same cases again")
    parser.add_argument(
        "--shrink-seconds",
        type=float,
        default=SHRINK_SECONDS,
        metavar="S",
        help=f"to make a finding smaller ({SHRINK_SECONDS:g})",
    )
    parser.add_argument(
        "--corpus", type=Path, metavar="DIR", help="reproducers of earlier findings, which come first"
    )
    parser.add_argument("--intrusive", action="store_true", help="also what the product may die of")
    parser.add_argument("--output", type=Path, metavar="DIR", help="the run folder (default: named by time)")
    parser.add_argument("--i-own-this-system", action="store_true", help="needed for another machine")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Look.  Exit code 1 where anything is found that counts as a failure."""
    given = given_target(options)
    check_owned(given, options, ODD_OBJECTS)
    plan = _plan(options)
    from harness.plugin.run import make_run_folder
    from harness.report.fuzz_page import render_campaign

    folder = make_run_folder(options.output or Path(f"pacs-fuzz-{datetime.now():%Y%m%d-%H%M%S}"))
    try:
        with (
            tempfile.TemporaryDirectory(prefix="pacs-harness-") as scratch,
            Revivable(given, options.peer, Path(scratch)) as revivable,
        ):
            code = examine(revivable, plan, folder)
    except NoTarget as failure:
        print(f"pacs-harness: {failure}", file=sys.stderr)
        return ExitCode.UNREACHABLE
    print(f"report: {render_campaign(folder)}")
    return code


def _plan(options: argparse.Namespace) -> Plan:
    from harness.fuzz.campaign import Plan
    from harness.fuzz.reproducer import ReproducerError, load, reproducers

    if not 0 < options.seconds <= LONGEST:
        raise TargetError(f"--seconds takes a number, more than 0 and at most {LONGEST:g}")
    if options.examples is not None and options.examples < 1:
        raise TargetError("--examples takes a number from 1")
    if options.findings is not None and options.findings < 1:
        raise TargetError("--findings takes a number from 1")
    if not 0 <= options.shrink_seconds <= 3600:
        raise TargetError("--shrink-seconds takes a number from 0 to 3600")
    wanted = tuple(Area(name) for name in dict.fromkeys(options.area or map(str, Area)))
    areas = tuple(area for area in wanted if options.intrusive or area not in INTRUSIVE)
    if options.area and areas != wanted:
        out = ", ".join(str(area) for area in wanted if area not in areas)
        raise TargetError(f"the product may die of what --area {out} sends: say --intrusive")
    corpus: tuple[Path, ...] = ()
    if options.corpus is not None:
        try:
            corpus = tuple(reproducers(options.corpus))
            for path in corpus:
                load(path)
        except ReproducerError as error:
            raise TargetError(f"--corpus: {error}") from None
    return Plan(
        areas,
        secrets.randbelow(10**9) if options.seed is None else options.seed,
        options.seconds,
        options.examples,
        options.shrink_seconds,
        corpus,
        options.intrusive,
        options.findings,
    )


def examine(revivable: Revivable, plan: Plan, folder: Path) -> ExitCode:
    """Carry the plan out, say what is found, and leave ``campaign.json`` and the findings in the folder.

    Raises TargetError where the target's destination cannot be listened on.
    """
    from harness.destinations import listening

    with listening(revivable.target) as destination:
        return _examine(revivable, destination, plan, folder)


def _examine(revivable: Revivable, destination: Destination | None, plan: Plan, folder: Path) -> ExitCode:
    from harness.dimse.errors import DimseError
    from harness.fuzz.campaign import Campaign as Running
    from harness.fuzz.campaign import Outcome
    from harness.fuzz.product import Product, ProductLost
    from harness.plugin.context import StoredLog
    from harness.plugin.run import environment
    from harness.preflight import PreflightBlocked, first_echo

    target = revivable.target
    console = RunConsole(highlight=False)
    outcome = Outcome()
    started = now()
    code, because, peer = ExitCode.HARNESS, "running", {"name": target.name}
    stored = StoredLog(folder / "stored.csv")
    product = Product(target, revivable.revive, revivable.log, destination, stored)
    line = _Line(console, time.monotonic())

    def write() -> None:
        campaign = Campaign(
            tool_version=__version__,
            target=target.public(),
            peer=peer,
            seed=plan.seed,
            started=started,
            finished=now(),
            command=("pacs-harness", *sys.argv[1:]),
            environment=environment(),
            exit_code=int(code),
            ended_because=because,
            areas=tuple(outcome.areas),
            findings=tuple(outcome.findings),
            restarts=product.restarts,
            replayed=outcome.replayed,
            left_out=tuple(outcome.left_out),
        )
        write_campaign(campaign, folder)

    try:
        greeting = first_echo(target)
        peer |= {"implementation_version_name": greeting.implementation_version_name or ""}
        console.print(
            f"{target.name or target.dimse.called_ae_title}: {', '.join(plan.areas)}, seed {plan.seed}",
            soft_wrap=True,
        )
        Running(product, plan, folder, outcome, line.told, line.found).run()
        failed = any(one.weight is Weight.FAILURE for one in outcome.findings)
        code, because = (ExitCode.FAILED if failed else ExitCode.CONFORMANT), "completed"
    except PreflightBlocked as blocked:
        code, because = ExitCode.UNREACHABLE, blocked.finding.text
    except ProductLost as lost:
        code, because = ExitCode.UNREACHABLE, str(lost)
    except DimseError as error:
        code, because = ExitCode.UNREACHABLE, f"the product does not serve what a campaign needs: {error}"
    except KeyboardInterrupt:
        code, because = ExitCode.INTERRUPTED, "interrupted"
    finally:
        line.end()
        stored.close()
        write()
    _closing_words(console, outcome, plan)
    if because not in ("completed", "interrupted"):
        print(f"pacs-harness: {because}", file=sys.stderr)
    return code


@dataclass
class _Line:
    """How far it is, on a terminal renewed in place; a line for each finding everywhere."""

    console: Console
    began: float
    shown: float = 0.0

    def told(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self.console.is_terminal or now - self.shown < _PROGRESS:
            return
        self.shown = now
        tally = progress.tally
        words = f"{progress.area}: {tally.cases:,} cases"
        if tally.with_product:
            words += f", {(tally.cases + tally.shrinking) / tally.with_product * 60:,.0f} a minute"
        words += f", {progress.findings} found, {now - self.began:.0f} s"
        self.console.print(f"  {words:<77}", end="\r", soft_wrap=True)

    def found(self, finding: Finding) -> None:
        self.end()
        cases = f", after {finding.cases - 1:,} other cases" if finding.cases > 1 else ""
        self.console.print(
            f"{finding.weight}: {finding.area}: {finding.signature}: {finding.observed} "
            f"({finding.size:,} bytes{cases}, found with {finding.size_found:,}): {finding.folder}",
            soft_wrap=True,
            markup=False,
        )

    def end(self) -> None:
        if self.console.is_terminal and self.shown:
            self.console.print(" " * 79, end="\r")


def _closing_words(console: Console, outcome: Outcome, plan: Plan) -> None:
    for one in outcome.areas:
        rate = one.cases / one.seconds * 60 if one.seconds else 0.0
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(one.outcomes.items()))
        own = (one.generating + one.judging) / one.seconds if one.seconds else 0.0
        how = f"{rate:,.0f} a minute, {own:.0%} of the time in the harness"
        console.print(f"{one.area}: {one.cases:,} cases, {how}: {counts}", soft_wrap=True)
    for words in outcome.left_out:
        console.print(words, soft_wrap=True)
    counted = {weight: sum(one.weight is weight for one in outcome.findings) for weight in Weight}
    console.print(
        ", ".join(f"{count} {weight}s" for weight, count in counted.items()) + f"; seed {plan.seed}"
    )
