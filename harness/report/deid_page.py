"""The page of a judgement of a de-identification: it opens offline and holds no patient's values."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from harness.content import content_folder
from harness.decide.deid_summary import concluded, percent
from harness.decide.exit_code import ExitCode
from harness.deid.findings import Category, Judgement, Severity, read_judgement
from harness.documents import write_whole
from harness.foreign_text import visible
from harness.report.pages import environment, span

PAIRS_SHOWN = 200
"""Pairs that the page lists; ``deid.json`` has all."""
SEVERITY_WORDS = {
    Severity.CRITICAL: "It says who the patient is.",
    Severity.HIGH: "It says who else is meant, or a number by which the patient is found.",
    Severity.MEDIUM: "It leads back to the originals: a date, a UID, a device.",
    Severity.LOW: "Against the profile, and nobody is known by it.",
}
CATEGORY_WORDS = {
    Category.TEXT_REMOVED: "identifying text is gone or replaced",
    Category.TEXT_NOT_NULL: "a value that has to be there is there, and legal",
    Category.TEXT_RETAINED: "what an option retains is unchanged",
    Category.TAG_RETAINED: "what every object needs, and the marks of a de-identified one, are there",
    Category.DATE_SHIFTED: "dates and times are gone, replaced, or moved by one offset",
    Category.UID_CHANGED: "UIDs are replaced",
    Category.UID_CONSISTENT: "one UID became one UID everywhere",
    Category.PATIENT_CONSISTENT: "a patient and a study stay one",
    Category.PIXELS_HIDDEN: "no identifying text is in the pixels",
    Category.PIXELS_RETAINED: "pixels are unchanged",
}


def render_judgement(folder: Path) -> Path:
    """``FOLDER/report.html`` from ``deid.json``.  ValueError, OSError."""
    return write_whole(folder / "report.html", deid_page(read_judgement(folder)).encode())


def deid_page(judgement: Judgement) -> str:
    """The page.  All that it says is escaped; a policy in it allows no script and no other source."""
    conclusion = concluded(judgement)
    words = " ".join(f"--option {option}" for option in judgement.options)
    return (
        environment(visible)
        .get_template("deid.html.j2")
        .render(
            judgement=judgement,
            conclusion=conclusion,
            tone={ExitCode.CONFORMANT: "conforms", ExitCode.FAILED: "deviates"}.get(
                conclusion.code, "incomplete"
            ),
            groups=[
                (severity, SEVERITY_WORDS[severity], found)
                for severity in Severity
                if (found := [one for one in judgement.findings if one.severity is severity])
            ],
            category_words=CATEGORY_WORDS,
            percent=percent,
            command=f"pacs-harness deid BEFORE AFTER {words}".strip(),
            span=span(judgement.started, judgement.finished) if judgement.started else "",
            pairs=judgement.pairs[:PAIRS_SHOWN],
            style=Markup((content_folder("reports") / "report.css").read_text(encoding="utf-8")),
        )
    )
