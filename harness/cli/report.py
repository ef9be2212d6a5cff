"""``pacs-harness report RUN``: render the reports of a run folder again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    """Add the command to the program's."""
    parser = subparsers.add_parser(
        "report",
        help="render the reports of a past run again",
        description="Write report.html, junit.xml, results.csv and by_group.csv anew from a run folder; "
        "run.json and results.jsonl stay as they are.",
    )
    parser.add_argument("folder", metavar="RUN", type=Path, help="the folder that pacs-harness run wrote")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Render and say where the reports are.  Returns 0, or 2 where the folder is no run or isn't writable."""
    from harness.report import NotARun, render  # matplotlib and pandas take a second: only where needed

    try:
        written = render(args.folder)
    except NotARun as error:
        print(f"pacs-harness report: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        where = error.filename or args.folder
        print(f"pacs-harness report: {where}: can't be written: {error.strerror}", file=sys.stderr)
        return 2
    for path in written:
        print(path)
    return 0
