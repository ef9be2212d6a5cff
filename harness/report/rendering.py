"""Writing every report of a run folder."""

from __future__ import annotations

from pathlib import Path

from harness.decide.posture import posture
from harness.documents import write_whole
from harness.report.folder import load_run
from harness.report.html import html_report
from harness.report.junit import junit_report
from harness.report.security_page import security_page
from harness.report.tables import by_group_table, capabilities_table, results_table, to_csv


def render(folder: Path) -> list[Path]:
    """Write report.html, junit.xml, results.csv and by_group.csv into `folder`; run.json stays as it is.

    Where the run judged safeguards, security.html too; where it saw what is offered, capabilities.csv.

    Returns the files written.  Raises NotARun (not a run folder) and OSError (not writable).
    """
    run = load_run(folder)
    contents = {
        "report.html": html_report(run, lambda path: _is_in(folder, path)).encode(),
        "junit.xml": junit_report(run),
        "results.csv": to_csv(results_table(run)),
        "by_group.csv": to_csv(by_group_table(run)),
    }
    if (seen := posture(run.results)) is not None:
        contents["security.html"] = security_page(run, seen).encode()
    if run.capabilities is not None:
        contents["capabilities.csv"] = to_csv(capabilities_table(run.capabilities))
    return [write_whole(folder / name, content) for name, content in contents.items()]


def _is_in(folder: Path, path: str) -> bool:
    """Whether a recorded file is in the folder, and no link that leads out of it."""
    try:
        found = (folder / path).resolve()
        return found.is_file() and found.is_relative_to(folder.resolve())
    except (OSError, ValueError):  # a name that no file can have
        return False
