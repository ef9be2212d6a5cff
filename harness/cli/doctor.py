"""`pacs-harness doctor`: what stands between the harness and a full run, in plain words."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path

from harness.decide.exit_code import ExitCode
from harness.explain import Finding, Severity
from harness.foreign_text import visible
from harness.target_file import read_target

_WORDS = {Severity.BLOCKING: "BLOCKED", Severity.LIMITS: "LIMITED", Severity.NOTE: "ok"}
_INDENT = " " * 9


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``doctor``."""
    parser = subparsers.add_parser(
        "doctor", help="say in plain words what stands between the harness and a full run; writes nothing"
    )
    parser.add_argument("target", type=Path, metavar="TARGET.toml")
    parser.add_argument(
        "--no-destinations",
        action="store_true",
        help="open no port here and send no C-MOVE (of a study that does not exist)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 nothing blocks a run, 4 the product is unreachable or rejects us.  Raises TargetError."""
    from harness.preflight import preflight

    findings = preflight(read_target(args.target), destinations=not args.no_destinations)
    for finding in findings:
        print(visible(as_text(finding)))
    print()
    print(conclusion(findings))
    blocked = any(finding.severity is Severity.BLOCKING for finding in findings)
    return ExitCode.UNREACHABLE if blocked else ExitCode.CONFORMANT


def as_text(finding: Finding) -> str:
    """A finding as lines for a terminal: a word, the text, the remedy indented below."""
    lines = [f"{_WORDS[finding.severity]:<{len(_INDENT)}}{finding.text}"]
    if finding.remedy:
        lines.append(textwrap.indent(finding.remedy, _INDENT))
    return "\n".join(lines)


def conclusion(findings: Sequence[Finding]) -> str:
    """The last line."""
    severities = [finding.severity for finding in findings]
    if Severity.BLOCKING in severities:
        return "No run is possible yet."
    limits = severities.count(Severity.LIMITS)
    if limits:
        return f"A run is possible; {limits} {'thing limits' if limits == 1 else 'things limit'} it."
    return "Nothing stands in the way of a full run."
