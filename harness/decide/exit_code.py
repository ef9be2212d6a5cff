"""The exit code of a run, from its results alone."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence

from harness.verdict import Level, Outcome, Result


class ExitCode(enum.IntEnum):
    """What the command line ends with."""

    CONFORMANT = 0
    """Every selected SHALL group tested and conformant."""
    FAILED = 1
    """Failed requirements or objectives."""
    USAGE = 2
    """The command line or the target file is wrong, or nothing is selected."""
    HARNESS = 3
    """The harness itself erred."""
    UNREACHABLE = 4
    """The target cannot be reached, or was lost on the way."""
    INCOMPLETE = 5
    """A SHALL group could not be tested."""
    INTERRUPTED = 130
    """Ctrl-C: what was measured is kept, nothing is concluded."""


def exit_code(
    results: Sequence[Result], *, lost: bool = False, allow_untested: Collection[str] = ()
) -> ExitCode:
    """The exit code for these results.  The gravest cause wins: harness, target, failures, gaps.

    A group is incomplete where one of its SHALL requirements is NOT_TESTED: "could not tell" never counts
    as a pass.  ``allow_untested`` names groups for which that is accepted.  NOT_SUPPORTED is an answer.
    """
    outcomes = {result.outcome for result in results}
    if Outcome.ERROR in outcomes:
        return ExitCode.HARNESS
    if lost:
        return ExitCode.UNREACHABLE
    if Outcome.FAIL in outcomes:
        return ExitCode.FAILED
    if not results:
        return ExitCode.USAGE
    untested = {
        result.requirement.group
        for result in results
        if result.outcome is Outcome.NOT_TESTED and result.requirement.level is Level.SHALL
    }
    if untested - set(allow_untested):
        return ExitCode.INCOMPLETE
    if not outcomes & {Outcome.PASS, Outcome.WARN}:
        return ExitCode.INCOMPLETE
    return ExitCode.CONFORMANT
