"""`pacs-harness list`: the requirements, for people or for machines."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from harness.cli import selection
from harness.decide.exit_code import ExitCode


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("list", help="show requirements with their clauses")
    parser.add_argument("--json", action="store_true", help="for machines: id, clause, level, group, text")
    selection.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is selected; exit code 2 where nothing is."""
    requirements = selection.collect(options)
    if options.json:
        print(json.dumps([asdict(requirement) for requirement in requirements], indent=1, ensure_ascii=False))
    else:
        for requirement in requirements:
            print(f"{requirement.id}\n    {requirement.level}  {requirement.clause}  {requirement.text}")
        levels = [str(requirement.level) for requirement in requirements]
        counts = ", ".join(f"{levels.count(level)} {level}" for level in dict.fromkeys(levels))
        print(f"{len(requirements)} requirements: {counts}" if requirements else "nothing is selected")
    return ExitCode.CONFORMANT if requirements else ExitCode.USAGE
