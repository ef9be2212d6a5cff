"""`pacs-harness deid`: is AFTER a de-identified BEFORE, as PS3.15 annex E has it?"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.starting import now, run_folder
from harness.target import TargetError

if TYPE_CHECKING:
    from harness.deid.findings import Judgement
    from harness.deid.profile import Option

SHOWN = 20
"""Findings that are printed; all of them are in the report."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``deid``."""
    from harness.deid.profile import Option

    parser = commands.add_parser(
        "deid",
        help="judge a de-identification: originals and what was made of them",
        description="Is AFTER a de-identified BEFORE?  Judged by the Basic Application Level "
        "Confidentiality Profile of PS3.15 annex E (2020c) and the options that are claimed.",
        epilog="exit codes: 0 nothing wrong found · 1 findings · 2 wrong command line, or a file that cannot "
        "be read · 5 no findings, but files of AFTER that could not be compared",
    )
    parser.add_argument("before", type=Path, metavar="BEFORE", help="the originals: a DICOM file or a folder")
    parser.add_argument("after", type=Path, metavar="AFTER", help="what was made of them")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        choices=[str(one) for one in Option],
        metavar="NAME",
        help=f"an option of the profile that is claimed; may be given again: {', '.join(Option)}",
    )
    parser.add_argument("--no-ocr", action="store_true", help="do not look for text in pixels")
    parser.add_argument("--output", type=Path, metavar="DIR", help="of the report (default: named by time)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Judge, write, say.  Raises TargetError."""
    from harness.decide.deid_summary import concluded
    from harness.deid.findings import write_judgement
    from harness.deid.profile import Option
    from harness.documents import Mistake
    from harness.report.deid_page import render_judgement

    claimed = frozenset(map(Option, options.option))
    if {Option.FULL_DATES, Option.MODIFIED_DATES} <= claimed:
        raise TargetError(f"claim {Option.FULL_DATES} or {Option.MODIFIED_DATES}: dates are kept or moved")
    try:
        judgement = _judged(options, claimed)
    except Mistake as mistake:
        raise TargetError(str(mistake)) from None
    folder = run_folder(options.output, "deid")
    write_judgement(judgement, folder)
    conclusion = concluded(judgement)
    _say(judgement)
    print(f"{conclusion.label}. {conclusion.sentence}.")
    print(f"report: {render_judgement(folder)}")
    return conclusion.code


def _judged(options: argparse.Namespace, claimed: frozenset[Option]) -> Judgement:
    from msgspec.structs import replace

    from harness import __version__
    from harness.deid import judge, read_objects
    from harness.deid.findings import Remark
    from harness.deid.ocr import tesseract

    started = now()
    reader = None if options.no_ocr else tesseract()
    with warnings.catch_warnings():
        # What pydicom warns of in a value may be the value: that is for the report, masked.
        warnings.simplefilter("ignore")
        before, after = read_objects(options.before), read_objects(options.after)
        judgement = judge(before.instances, after.instances, claimed, reader=reader)
    remarks = list(judgement.remarks)
    for name, others in (("BEFORE", before.others), ("AFTER", after.others)):
        if others:
            remarks.append(Remark(f"{name} has files that are no DICOM files, and were left out", others))
    if reader is None:
        why = "--no-ocr" if options.no_ocr else "tesseract is not installed"
        remarks.append(Remark(f"pixels were not looked at for text: {why}"))
    return replace(
        judgement, remarks=tuple(remarks), tool_version=__version__, started=started, finished=now()
    )


def _say(judgement: Judgement) -> None:
    from harness.decide.deid_summary import percent
    from harness.foreign_text import visible

    for one in judgement.findings[:SHOWN]:
        where = f"{one.path} {one.name}".strip()
        print(visible(f"{one.severity}: {where}: {one.seen} ({one.clause}); seen {one.times}×"))
    if len(judgement.findings) > SHOWN:
        print(f"… and {len(judgement.findings) - SHOWN} more in the report")
    for remark in judgement.remarks:
        print(visible(f"remark: {remark.text}"))
    for score in judgement.scores:
        print(f"{score.category}: {score.right:,} of {score.actions:,} actions right")
    if judgement.actions:
        print(f"score: {percent(judgement.right, judgement.actions)} of {judgement.actions:,} actions")
