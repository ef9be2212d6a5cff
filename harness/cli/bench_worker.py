"""`pacs-harness bench-worker`: share the loads of a `pacs-harness bench --expect-workers`."""

from __future__ import annotations

import argparse
import sys

from harness.cli.sharing import address
from harness.decide.exit_code import ExitCode
from harness.target import TargetError

WAIT = 300.0
MOST_WAIT = 86_400.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "bench-worker",
        help="share the loads of a `bench --expect-workers`, here or on another machine",
        description="Share the loads of a `pacs-harness bench --expect-workers`: it may be started before "
        "that, takes part in load after load, and ends when no more come. It does what the master says, and "
        "is told how to reach the product, passwords included: in a trusted network only.",
    )
    parser.add_argument(
        "master", type=address, metavar="HOST:PORT", help="what the master was given as --bind"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT,
        metavar="S",
        help=f"so long for a master, or its next load ({WAIT:g})",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Take part.  Exit code 4 where no master came, 2 where it had no use for this worker."""
    from harness.load.distribution import Ended
    from harness.load.joining import take_part

    if not 0 < options.wait <= MOST_WAIT:
        raise TargetError(f"--wait takes seconds, more than 0 and at most {MOST_WAIT:g}")
    ended = take_part(options.master, options.wait)
    if ended is None:
        print("pacs-harness: the worker's process died; the lines above may say why", file=sys.stderr)
    return {
        Ended.DONE: ExitCode.CONFORMANT,
        Ended.REFUSED: ExitCode.USAGE,
        Ended.NO_MASTER: ExitCode.UNREACHABLE,
        Ended.LEFT: ExitCode.INTERRUPTED,
        None: ExitCode.HARNESS,
    }[ended]
