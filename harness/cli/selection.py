"""The options that choose requirements, shared by the commands that have them."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.events import EventStream
from harness.plugin.context import RunContext
from harness.plugin.identity import ScenarioRoot, Selection
from harness.plugin.run import our_scenarios, run_pytest, their_scenarios
from harness.target import Dimse, Target, TargetError
from harness.verdict import Level, Requirement


def add_options(parser: argparse.ArgumentParser) -> None:
    """--select, --level, -k, --scenarios."""
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="ID",
        help="requirements by id, group or pattern with *, several by comma or by repeating it",
    )
    parser.add_argument(
        "--level",
        action="append",
        default=[],
        choices=[str(level) for level in Level],
        help="only this level",
    )
    parser.add_argument(
        "-k", dest="keyword", default="", metavar="EXPR", help="as in pytest: by words of the name"
    )
    parser.add_argument(
        "--scenarios",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a folder of your own, beside ours",
    )


def selection_of(options: argparse.Namespace) -> Selection:
    """The Selection that the options ask for."""
    ids = tuple(part.strip() for given in options.select for part in given.split(",") if part.strip())
    return Selection(ids, tuple(Level(level) for level in options.level))


def roots_of(options: argparse.Namespace) -> tuple[ScenarioRoot, ...]:
    """Our scenarios and those of --scenarios.  Raises TargetError."""
    return (our_scenarios(), *(their_scenarios(folder) for folder in options.scenarios))


def collect(
    options: argparse.Namespace, *, observe: bool = False, intrusive: bool = True
) -> tuple[Requirement, ...]:
    """The selected requirements, nothing sent: those of an observer alone, or without the intrusive ones.

    Raises TargetError where a scenario cannot be collected.
    """
    nowhere = Target(Dimse("127.0.0.1", 104, "NOWHERE"))
    context = RunContext(nowhere, Path("."), EventStream(), roots_of(options), selection_of(options))
    context.observe, context.intrusive = observe, intrusive
    session = run_pytest(context, keyword=options.keyword, collect_only=True)
    if session.problems:
        raise TargetError(f"scenarios could not be collected: {session.problems[0]}")
    return session.plugin.selected()
