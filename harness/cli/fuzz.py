"""`pacs-harness fuzz`: look for what a PACS loses, alters or dies of."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.cli.against import add_against, compared_with, given_against
from harness.cli.console import RunConsole, say
from harness.cli.fuzz_words import Line, closing_words
from harness.cli.starting import NoTarget, Revivable, add_target, check_owned, given_target, now, run_folder
from harness.decide.exit_code import ExitCode
from harness.findings import INTRUSIVE, Area, Campaign, Weight, write_campaign
from harness.interrupts import kept_interrupts
from harness.target import Target, TargetError

if TYPE_CHECKING:
    from harness.fuzz.campaign import Plan, Progress
    from harness.fuzz.product import Product

ODD_OBJECTS = "odd objects are stored there"
SECONDS = 60.0
LONGEST = 7 * 24 * 3600.0
SHRINK_SECONDS = 20.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("fuzz", help="look for what a PACS loses, alters or dies of")
    add_target(parser, "examine it")
    add_against(parser)
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
    check_owned(given_against(options), options, ODD_OBJECTS)
    plan = _plan(options)
    from harness.report.fuzz_page import render_campaign

    folder = run_folder(options.output, "fuzz")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="pacs-harness-") as scratch,
            Revivable(given, options.peer, Path(scratch)) as revivable,
            compared_with(options, Path(scratch)) as against,
        ):
            code = examine(revivable, plan, folder, against)
    except NoTarget as failure:
        say(str(failure))
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


def examine(revivable: Revivable, plan: Plan, folder: Path, against: Revivable | None = None) -> ExitCode:
    """Carry the plan out, say what is found, and leave ``campaign.json`` and the findings in the folder.

    `against` gets the same cases, and what it does otherwise is told.  Raises TargetError where a target's
    destination cannot be listened on.
    """
    with contextlib.ExitStack() as stack:
        product = stack.enter_context(_product(revivable, folder / "stored.csv"))
        other = None
        if against is not None:
            shared = product if _same_destination(revivable, against) else None
            other = stack.enter_context(_product(against, folder / "stored-against.csv", shared))
        return _examine(product, other, plan, folder)


@contextlib.contextmanager
def _product(revivable: Revivable, stored_at: Path, listens: Product | None = None) -> Iterator[Product]:
    """The product, its destination listening; that of `listens` where it is the same.  TargetError."""
    from harness.destinations import listening
    from harness.fuzz.product import Product
    from harness.plugin.context import StoredLog

    target = revivable.target
    with contextlib.ExitStack() as stack:
        stored = StoredLog(stored_at)
        stack.callback(stored.close)
        destination = listens.destination if listens else stack.enter_context(listening(target))
        yield Product(target, revivable.revive, revivable.log, destination, stored)


def _same_destination(one: Revivable, other: Revivable) -> bool:
    """Whether two products move to the same place."""
    return one.target.destinations[:1] == other.target.destinations[:1] != ()


def _examine(product: Product, against: Product | None, plan: Plan, folder: Path) -> ExitCode:
    from harness.dimse.errors import DimseError
    from harness.fuzz.campaign import Campaign as Running
    from harness.fuzz.keeping import Outcome
    from harness.fuzz.product import ProductLost
    from harness.plugin.run import environment
    from harness.preflight import PreflightBlocked, first_echo

    target = product.target
    console = RunConsole()
    outcome = Outcome()
    started = now()
    code, because, peer = ExitCode.HARNESS, "running", {"name": target.name}
    line = Line(console, time.monotonic())

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
            against=against.target.public() if against is not None else None,
            against_restarts=against.restarts if against is not None else 0,
            differences=tuple(outcome.differences),
        )
        write_campaign(campaign, folder)

    try:
        greeting = first_echo(target)
        peer |= {"implementation_version_name": greeting.implementation_version_name or ""}
        names = _name(target)
        if against is not None:
            first_echo(against.target)
            names = f"A: {names}, B: {_name(against.target)}"
        console.print(f"{names}: {', '.join(plan.areas)}, seed {plan.seed}", soft_wrap=True)
        with kept_interrupts() as look:

            def told(progress: Progress) -> None:
                look()
                line.told(progress)

            Running(
                *(product, plan, folder, outcome, told, line.found),
                against=against,
                on_difference=line.differed,
            ).run()
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
        write()
    closing_words(console, outcome, plan, against is not None)
    if because not in ("completed", "interrupted"):
        say(because)
    return code


def _name(target: Target) -> str:
    return target.name or target.dimse.called_ae_title
