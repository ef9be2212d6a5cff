"""`pacs-harness serve`: the reference archive by itself, as a small PACS."""

from __future__ import annotations

import argparse

from harness.archive import options


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "serve",
        help="run the reference archive as a small PACS",
        description="Run the reference archive by itself. It serves C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET, "
        "Storage Commitment, Modality Performed Procedure Step and, with --worklist, Modality Worklist until "
        "interrupted, and misbehaves on request.",
    )
    options.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted. Returns the exit code."""
    return options.run(args)
