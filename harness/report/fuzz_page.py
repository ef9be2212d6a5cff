"""The report of a fuzzing campaign: one page that opens offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markupsafe import Markup

from harness.documents import write_whole
from harness.findings import (
    INTRUSIVE,
    Area,
    Aspect,
    Campaign,
    Difference,
    Finding,
    MemorySeen,
    Symptom,
    Weight,
    read_campaign,
)
from harness.foreign_text import visible
from harness.report.pages import environment, shipped, span

AREA_WORDS = {
    Area.KNOWN: "What others have died of",
    Area.DATA_SETS: "Valid objects",
    Area.DAMAGED: "Damaged objects",
    Area.IDENTIFIERS: "Keys of queries",
    Area.PDUS: "PDUs and command sets",
}
AREA_ABOUT = {
    Area.KNOWN: "Fixed cases of what servers and parsers of DICOM had to be mended for.",
    Area.DATA_SETS: "Stored, found, brought back, and compared element by element.",
    Area.DAMAGED: "Objects that break the encoding: to be stored or refused, and nothing else harmed.",
    Area.IDENTIFIERS: "Wild cards, quotes and control characters, long values and long lists.",
    Area.PDUS: "Lengths, types, order and fragments of the upper layer, and command sets, made wrong.",
}
SYMPTOM_WORDS = {
    Symptom.DIED: "The product died",
    Symptom.HUNG: "The product hangs",
    Symptom.HARMED: "Another object was harmed",
    Symptom.LOST: "An acknowledged object was lost",
    Symptom.ALTERED: "A value was altered",
    Symptom.DROPPED: "Elements were dropped",
    Symptom.REFUSED: "A valid object was refused",
    Symptom.ABORTED: "The association was aborted over a valid object",
    Symptom.SILENT: "No answer",
    Symptom.ILLEGAL_STATUS: "An illegal status",
    Symptom.ILLEGAL_ANSWER: "An illegal answer",
    Symptom.TOOK_IT: "What is illegal was taken",
    Symptom.LEAKED: "A query was answered with what was not asked for",
    Symptom.GREW: "Its memory grows",
    Symptom.FLAKY: "Not the same twice",
}
_ORDER = {symptom: number for number, symptom in enumerate(SYMPTOM_WORDS)}


def render_campaign(folder: Path) -> Path:
    """``FOLDER/report.html`` from ``campaign.json``.  ValueError, OSError."""
    return write_whole(folder / "report.html", campaign_page(read_campaign(folder)).encode())


def campaign_page(campaign: Campaign) -> str:
    """The page.  All that `campaign` says is escaped; a policy in it allows no script and no other source."""
    failures = [one for one in campaign.findings if one.weight is Weight.FAILURE]
    return (
        environment(visible)
        .get_template("fuzz.html.j2")
        .render(
            campaign=campaign,
            name=_name_of(campaign.target, campaign.peer.get("name", "")),
            tone=_tone(campaign, len(failures)),
            label=_label(campaign, len(failures)),
            sentences=list(_sentences(campaign, len(failures))),
            groups=list(_groups(campaign)),
            other=_name_of(campaign.against) if campaign.against is not None else "",
            apart=list(_apart(campaign)),
            areas=campaign.areas,
            has_memory=any(one.memory for one in campaign.areas),
            curve=_curve,
            memory_words=_memory_words,
            area_words=AREA_WORDS,
            area_about=AREA_ABOUT,
            symptom_words=SYMPTOM_WORDS,
            span=span(campaign.started, campaign.finished),
            replay=_replay,
            style=shipped("report.css"),
        )
    )


def _name_of(target: dict[str, Any], greeted: str = "") -> str:
    return str(target.get("name") or greeted or target.get("dimse", {}).get("called_ae_title") or "The PACS")


def _tone(campaign: Campaign, failures: int) -> str:
    if failures:
        return "deviates"
    return "conforms" if campaign.ended_because == "completed" else "incomplete"


def _label(campaign: Campaign, failures: int) -> str:
    if failures:
        return f"{failures} ways to go wrong were found" if failures > 1 else "One way to go wrong was found"
    if campaign.ended_because != "completed":
        return f"Not complete: {campaign.ended_because}"
    return "Nothing was found that counts as a failure"


def _sentences(campaign: Campaign, failures: int) -> Iterator[str]:
    cases = sum(one.cases for one in campaign.areas) + campaign.replayed
    yield f"{cases:,} cases were put to it, and after each of them it was asked whether all was well."
    seen = dict.fromkeys(one.symptom for one in sorted(campaign.findings, key=_rank) if _is_failure(one))
    for symptom in seen:
        count = sum(one.symptom is symptom and _is_failure(one) for one in campaign.findings)
        yield f"{SYMPTOM_WORDS[symptom]}{f' ({count} times)' if count > 1 else ''}."
    observed = len(campaign.findings) - failures
    if observed:
        what = "observations" if observed > 1 else "observation"
        yield f"{observed} {what}: allowed, and worth knowing before a purchase."
    if campaign.against is not None:
        count = len(campaign.differences)
        ways = f"in {count} ways" if count > 1 else "in one way" if count else "in nothing that was seen"
        yield f"It differs from {_name_of(campaign.against)} {ways}, which is no failure by itself."
    if campaign.restarts:
        times = "once" if campaign.restarts == 1 else f"{campaign.restarts} times"
        yield f"It had to be started again {times}."
    if failures and campaign.ended_because != "completed":
        yield f"The campaign is not complete: {campaign.ended_because}."
    looked_at = {one.area for one in campaign.areas}
    if not looked_at & INTRUSIVE:
        yield "Only valid objects were sent: what a product may die of is sent with --intrusive alone."


def _is_failure(finding: Finding) -> bool:
    return finding.weight is Weight.FAILURE


def _rank(finding: Finding) -> tuple[bool, int]:
    return not _is_failure(finding), _ORDER[finding.symptom]


def _groups(campaign: Campaign) -> Iterator[tuple[str, str, list[Finding]]]:
    """Title, lead and findings: failures first, the worst of them at the top."""
    found = sorted(campaign.findings, key=_rank)
    for weight, title, lead in (
        (Weight.FAILURE, "Failures", "Against the standard, or against what anybody needs of an archive."),
        (Weight.OBSERVATION, "Observations", "Allowed by the standard, and worth knowing."),
    ):
        group = [one for one in found if one.weight is weight]
        if group:
            yield title, lead, group


def _apart(campaign: Campaign) -> Iterator[tuple[Area, list[Difference]]]:
    """The differences of each area, the most telling aspect first, and the most frequent of an aspect."""
    order = list(Aspect)
    for area in Area:
        some = [one for one in campaign.differences if one.area is area]
        if some:
            yield area, sorted(some, key=lambda one: (order.index(one.aspect), not one.breaks, -one.times))


def _memory_words(memory: MemorySeen) -> str:
    """``52 → 61, at most 70``."""
    before, after, peak = (f"{size / 1e6:,.0f}" for size in (memory.before, memory.after, memory.peak))
    return f"{before} → {after}" + (f", at most {peak}" if memory.peak > memory.after else "")


def _curve(memory: MemorySeen) -> Markup:
    """Memory by cases, from nothing to its peak: a picture of 100 by 20."""
    first, last = memory.looks[0][0], memory.looks[-1][0]
    points = " ".join(
        f"{100 * (cases - first) / max(last - first, 1):.1f},{19 - 18 * size / max(memory.peak, 1):.1f}"
        for cases, size in memory.looks
    )
    return Markup(
        '<svg class="curve" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" '
        'aria-label="memory by cases"><polyline points="{}"/></svg>'
    ).format(points)


def _replay(finding: Finding | Difference) -> str:
    """The command that sends it again."""
    consent = " --intrusive" if finding.area in INTRUSIVE else ""
    return f"pacs-harness replay {finding.folder}{consent} TARGET.toml"
