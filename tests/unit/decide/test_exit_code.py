from __future__ import annotations

import pytest

from harness.decide.exit_code import ExitCode, exit_code
from harness.verdict import Level, Outcome, Requirement, Result


def result(outcome: Outcome, level: Level = Level.SHALL, group: str = "find") -> Result:
    return Result(Requirement(f"{group}.x", "PS3.4 C", level, "text", group, "x.py:1"), outcome, "", 0.0)


PASS = result(Outcome.PASS)


@pytest.mark.parametrize(
    ("results", "lost", "code"),
    [
        ([PASS], False, ExitCode.CONFORMANT),
        ([PASS, result(Outcome.WARN, Level.QUALITY)], False, ExitCode.CONFORMANT),
        ([PASS, result(Outcome.NOT_SUPPORTED)], False, ExitCode.CONFORMANT),
        ([PASS, result(Outcome.FAIL)], False, ExitCode.FAILED),
        ([PASS, result(Outcome.FAIL), result(Outcome.ERROR)], False, ExitCode.HARNESS),
        ([PASS, result(Outcome.FAIL)], True, ExitCode.UNREACHABLE),
        ([PASS, result(Outcome.NOT_TESTED)], False, ExitCode.INCOMPLETE),
        ([PASS, result(Outcome.NOT_TESTED, Level.QUALITY)], False, ExitCode.CONFORMANT),
        ([result(Outcome.NOT_SUPPORTED)], False, ExitCode.INCOMPLETE),
        ([], False, ExitCode.USAGE),
    ],
)
def test_exit_code(results: list[Result], lost: bool, code: ExitCode) -> None:
    assert exit_code(results, lost=lost) is code


def test_a_group_may_be_allowed_to_stay_untested() -> None:
    results = [PASS, result(Outcome.NOT_TESTED, group="move")]
    assert exit_code(results, allow_untested=["move"]) is ExitCode.CONFORMANT
    assert exit_code(results, allow_untested=["get"]) is ExitCode.INCOMPLETE
