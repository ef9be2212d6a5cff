"""`pacs-harness COMMAND`: a file per command; each parses, calls, prints, and decides nothing."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module

EPILOG = """exit codes: 0 conformant · 1 requirements failed · 2 wrong command line or target file, or nothing
selected · 3 the harness itself erred · 4 target unreachable or lost · 5 incomplete: a SHALL group could
not be tested · 130 interrupted"""
COMMANDS = {
    "run": "run",
    "bench": "bench",
    "bench-worker": "bench_worker",
    "fuzz": "fuzz",
    "replay": "replay",
    "large": "large",
    "security": "security",
    "deid": "deid",
    "list": "list_",
    "init": "init",
    "doctor": "doctor",
    "report": "report",
    "statement": "statement",
    "serve": "serve",
    "worklist": "worklist",
}
"""The modules in this package that the commands are in."""
INTERRUPTED = 130
"""`harness.decide.exit_code.ExitCode.INTERRUPTED`, known before anything is imported."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM is an interrupt: what was measured is kept, and what was started is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line.  Returns the exit code; SIGTERM ends it as Ctrl-C does."""
    try:
        with _terminable():
            return _main(arguments)
    except KeyboardInterrupt:
        print("pacs-harness: interrupted", file=sys.stderr)
        return INTERRUPTED


def _main(arguments: Sequence[str] | None) -> int:
    # Imports take a second, in which people press Ctrl-C too: all of them are in here.
    from harness import __version__
    from harness.decide.exit_code import ExitCode
    from harness.target import TargetError

    parser = argparse.ArgumentParser(
        prog="pacs-harness",
        description="Does this PACS do what DICOM says?",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pacs-harness {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    arguments = sys.argv[1:] if arguments is None else arguments
    # Only what is asked for is imported: a word that is wrong is answered at once.
    named = [COMMANDS[word] for word in arguments[:1] if word in COMMANDS]
    for module in named or COMMANDS.values():
        import_module(f"harness.cli.{module}").add_parser(commands)
    options = parser.parse_args(arguments)
    # What pydicom thinks of a value that a product sent, or that was made odd on purpose, is no news.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\b")
    try:
        return int(options.run(options))
    except TargetError as error:
        print(f"pacs-harness: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except BrokenPipeError:
        # `pacs-harness list | head`: the reader has seen enough.
        sys.stderr.close()
        return ExitCode.CONFORMANT
    except OSError as error:
        # A full disk, mostly.  Python's own exit code would read as "requirements failed".
        where = f"{error.filename}: " if error.filename else ""
        print(f"pacs-harness: {where}{error.strerror or error}", file=sys.stderr)
        return ExitCode.HARNESS
    except Exception:  # noqa: BLE001 - shown whole, and its exit code is the documented one
        traceback.print_exc()
        print(
            "pacs-harness: a fault of its own, not of the product; the lines above say where", file=sys.stderr
        )
        return ExitCode.HARNESS
