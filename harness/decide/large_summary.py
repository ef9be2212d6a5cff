"""What large objects, studies and PDUs come to: the exit code, and the sentence over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.decide.exit_code import ExitCode
from harness.large import FAILURES, SEEN, Large, Outcome


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What everything comes to."""

    code: ExitCode
    label: str


def concluded(outcomes: Iterable[Outcome]) -> Conclusion:
    """Of what was carried to its end.

    FAILED where anything was lost, altered, refused or died of; INCOMPLETE where the product took nothing.
    That it says that it has no room (A7xx) is no failure.
    """
    seen = list(outcomes)
    if failed := [one for one in seen if one in FAILURES]:
        worst = next((one for one in WORST if one in failed), failed[0])
        return Conclusion(ExitCode.FAILED, _LABELS.get(worst, "Not everything was carried"))
    if not any(one in SEEN for one in seen):
        return Conclusion(ExitCode.INCOMPLETE, "Nothing could be carried: the product took none of it")
    if Outcome.FULL in seen or Outcome.NOT_TAKEN in seen:
        return Conclusion(ExitCode.CONFORMANT, "What the product took came through; some of it was not taken")
    if Outcome.STORED in seen:
        return Conclusion(ExitCode.CONFORMANT, "Acknowledged; what became of it could not all be seen")
    return Conclusion(ExitCode.CONFORMANT, "Everything came back as it was sent")


WORST = (Outcome.DIED, Outcome.ALTERED, Outcome.LOST, Outcome.NOT_BROUGHT, Outcome.SILENT)
_LABELS = {
    Outcome.DIED: "The product died",
    Outcome.ALTERED: "An object was altered",
    Outcome.LOST: "An acknowledged object was lost",
    Outcome.NOT_BROUGHT: "An acknowledged object could not be brought back",
    Outcome.SILENT: "The product stopped answering",
}


def memory_words(large: Large) -> Iterator[str]:
    """How much memory the product took for its largest object, where that was seen; and the harness."""
    watched = [one for one in large.objects if one.server_peak is not None and one.out is not None]
    if watched:
        most = max(watched, key=lambda one: (one.server_peak or 0) - (one.server_before or 0))
        grown = (most.server_peak or 0) - (most.server_before or 0)
        of = grown / most.size if most.size else 0.0
        yield (
            f"the product's memory grew by {megabytes(grown)} at most, {of:.0%} of the object of "
            f"{megabytes(most.size)} ({most.kind}) that it was carrying"
        )
    if large.own_peak:
        yield f"the harness itself had {megabytes(large.own_peak)} at most"


def megabytes(size: float) -> str:
    """``1,234 MB``: millions of bytes."""
    return f"{size / 1e6:,.0f} MB"
