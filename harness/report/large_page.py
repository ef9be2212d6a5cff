"""The report of large objects, studies and PDUs: one page that opens offline."""

from __future__ import annotations

from pathlib import Path

from harness.decide.exit_code import ExitCode
from harness.decide.large_summary import Conclusion, concluded, megabytes, memory_words
from harness.documents import write_whole
from harness.foreign_text import visible
from harness.large import FAILURES, SEEN, Large, Leg, Outcome, read_large
from harness.report.pages import environment, shipped, span


def render_large(folder: Path) -> Path:
    """``FOLDER/report.html`` from ``large.json``.  ValueError, OSError."""
    return write_whole(folder / "report.html", large_page(read_large(folder)).encode())


def large_page(large: Large) -> str:
    """The page.  All that `large` says is escaped; a policy in it allows no script and no other source."""
    conclusion = _conclusion(large)
    return (
        environment(visible)
        .get_template("large.html.j2")
        .render(
            large=large,
            name=str(large.target.get("name") or large.peer.get("name") or "The PACS"),
            tone={ExitCode.CONFORMANT: "conforms", ExitCode.FAILED: "deviates"}.get(
                conclusion.code, "incomplete"
            ),
            label=conclusion.label,
            words=list(memory_words(large)),
            span=span(large.started, large.finished),
            megabytes=megabytes,
            rate=rate,
            tone_of=tone_of,
            style=shipped("report.css"),
        )
    )


def _conclusion(large: Large) -> Conclusion:
    """A call that did not come to its end has failed where anything did, and is incomplete otherwise."""
    seen = concluded(large.outcomes)
    if large.ended_because == "completed" or seen.code is ExitCode.FAILED:
        return seen
    return Conclusion(ExitCode.INCOMPLETE, f"Not complete: {large.ended_because}")


def rate(leg: Leg | None) -> str:
    """Megabytes a second of the whole; a dash where there was nothing."""
    return f"{leg.rate / 1e6:,.1f}" if leg is not None and leg.seconds else "–"


def tone_of(outcome: Outcome) -> str:
    """The class of a table's cell."""
    return "failed" if outcome in FAILURES else "" if outcome in SEEN else "open"
