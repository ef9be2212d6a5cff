"""What a judgement of a de-identification comes to: the exit code, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.decide.exit_code import ExitCode
from harness.deid.findings import Judgement, Severity


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The whole of it in an exit code and a line."""

    code: ExitCode
    label: str
    sentence: str


def concluded(judgement: Judgement) -> Conclusion:
    """Findings come first; a file that could not be compared is never a pass."""
    seen = f"{len(judgement.pairs)} of {_files(len(judgement.pairs) + len(judgement.after_alone))} compared"
    if judgement.findings:
        counts = [(judgement.count(one), one) for one in Severity]
        words = ", ".join(f"{count} {one}" for count, one in counts if count)
        number = len(judgement.findings)
        return Conclusion(
            ExitCode.FAILED,
            "Not de-identified as claimed",
            f"{number} finding{'s' if number != 1 else ''}: {words}; {seen}",
        )
    if judgement.after_alone or not judgement.pairs:
        return Conclusion(
            ExitCode.INCOMPLETE,
            "Incomplete: no verdict yet",
            f"Nothing was found, but {len(judgement.after_alone)} of AFTER could not be compared; {seen}",
        )
    return Conclusion(
        ExitCode.CONFORMANT,
        "Nothing found that the profile does not allow",
        f"Every action that could be judged was right; {seen}",
    )


def percent(right: int, actions: int) -> str:
    """``99.93 %``; never 100 where one was wrong."""
    if not actions:
        return "–"
    hundredths = right * 10_000 // actions
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def _files(number: int) -> str:
    return f"{number} file{'s' if number != 1 else ''}"
