"""`pacs-harness replay`: send what `fuzz` has found again, to the same product or to another one."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from harness.cli.against import add_against, compared_with, given_against
from harness.cli.console import say
from harness.cli.fuzz import ODD_OBJECTS, examine
from harness.cli.starting import NoTarget, Revivable, add_target, check_owned, given_target
from harness.decide.exit_code import ExitCode
from harness.findings import INTRUSIVE
from harness.foreign_text import visible
from harness.target import TargetError


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("replay", help="send a finding or a difference of `fuzz` again")
    parser.add_argument(
        "finding", type=Path, metavar="DIR", help="of a finding or a difference, or of several"
    )
    add_target(parser, "send it there")
    add_against(parser)
    parser.add_argument("--intrusive", action="store_true", help="also what the product may die of")
    parser.add_argument("--i-own-this-system", action="store_true", help="needed for another machine")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Send.  Exit code 1 where it shows again what counts as a failure."""
    from harness.fuzz.campaign import Plan
    from harness.fuzz.reproducer import ReproducerError, load, reproducers

    given = given_target(options)
    check_owned(given, options, ODD_OBJECTS)
    check_owned(given_against(options), options, ODD_OBJECTS)
    try:
        folders = tuple(reproducers(options.finding))
        saved = [load(folder)[0] for folder in folders]
    except ReproducerError as error:
        raise TargetError(str(error)) from None
    if not options.intrusive and any(one.area in INTRUSIVE for one in saved):
        raise TargetError(f"the product may die of what {options.finding} holds: say --intrusive")
    for folder, one in zip(folders, saved, strict=True):
        print(visible(f"{folder}: {one.words}"))
    plan = Plan((), 0, 0.0, corpus=folders, is_intrusive=options.intrusive)
    with tempfile.TemporaryDirectory(prefix="pacs-harness-") as scratch:
        run_folder = Path(scratch) / "run"
        run_folder.mkdir()
        try:
            with (
                Revivable(given, options.peer, Path(scratch)) as revivable,
                compared_with(options, Path(scratch)) as against,
            ):
                return examine(revivable, plan, run_folder, against)
        except NoTarget as failure:
            say(str(failure))
            return ExitCode.UNREACHABLE
