"""`pacs-harness COMMAND`: a file per command; each parses, calls, prints, and decides nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from harness import __version__
from harness.decide.exit_code import ExitCode
from harness.target import TargetError

EPILOG = """exit codes: 0 conformant · 1 requirements failed · 2 wrong command line or target file, or nothing
selected · 3 the harness itself erred · 4 target unreachable or lost · 5 incomplete: a SHALL group could
not be tested · 130 interrupted"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line.  Returns the exit code."""
    from harness.cli import doctor, init, list_, report, run, serve, worklist

    parser = argparse.ArgumentParser(
        prog="pacs-harness",
        description="Does this PACS do what DICOM says?",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pacs-harness {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (run, list_, init, doctor, report, serve, worklist):
        command.add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except TargetError as error:
        print(f"pacs-harness: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except KeyboardInterrupt:
        print("pacs-harness: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # `pacs-harness list | head`: the reader has seen enough.
        sys.stderr.close()
        return ExitCode.CONFORMANT
