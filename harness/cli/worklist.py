"""`pacs-harness worklist`: the worklist entries that the requirements need, as files."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from harness.decide.exit_code import ExitCode
from harness.synthesis import Identity, new_run_root
from harness.synthesis.worklist import LABELS, worklist_entries
from harness.target import TargetError
from harness.worklist import WorklistEntry, entries_text, write_entry

_HEAD = """\
# Worklist entries for pacs-harness: make each of these in the product (or its RIS), then name this file in
# the target file: [worklist] entries = "FILE". All patients are synthetic. Where the product assigns a value
# by itself (a Study Instance UID, an ID), put its value here; leave a line out that it does not keep.
# The comment above an entry says what it is there for; entries of one patient share the patient.

"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``worklist``."""
    parser = subparsers.add_parser(
        "worklist",
        help="write the worklist entries that the requirements need, for people or as files",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--output", type=Path, metavar="FILE", help="write a TOML file (default: screen)")
    where.add_argument(
        "--folder", type=Path, metavar="DIR", help="write DICOM files (.wl), as worklist servers read them"
    )
    parser.add_argument("--force", action="store_true", help="overwrite FILE where it exists")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 written.  Raises TargetError."""
    entries = worklist_entries(Identity(new_run_root(), "worklist"), date.today())
    try:
        if args.folder is not None:
            args.folder.mkdir(parents=True, exist_ok=True)
            for entry in entries:
                print(write_entry(args.folder, entry))
            return ExitCode.CONFORMANT
        text = _HEAD + "\n".join(_with_purpose(entry) for entry in entries)
        if args.output is None:
            sys.stdout.write(text)
            return ExitCode.CONFORMANT
        with args.output.open("w" if args.force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise TargetError(f"{args.output} exists; --force overwrites it") from None
    except OSError as error:
        raise TargetError(f"{args.folder or args.output} cannot be written: {error.strerror}") from None
    print(f"{args.output} is written: make its entries in the product, then name it in the target file.")
    return ExitCode.CONFORMANT


def _with_purpose(entry: WorklistEntry) -> str:
    return f"# {LABELS[entry.label]}\n{entries_text([entry])}"
