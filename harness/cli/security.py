"""`pacs-harness security`: is it safe to put patients into?  A run of the group ``security`` alone."""

from __future__ import annotations

import argparse

from harness.cli import run as running

GROUP = "security"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("security", help="examine what guards the patients' data in a PACS")
    running.add_options(parser)
    # Without a target the bundled archive shows what it has.
    parser.set_defaults(run=run, hardened=True)


def run(options: argparse.Namespace) -> int:
    """Run the group, or what `--select` names of it.  Exit codes: see `harness.decide.exit_code`."""
    options.select = options.select or [GROUP]
    return running.run(options)
