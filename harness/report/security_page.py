"""security.html: how well the product guards patients' data, for security officers and buyers."""

from __future__ import annotations

from markupsafe import Markup

from harness.content import content_folder
from harness.decide.posture import AREAS, GRADE_OF, AreaPosture, Grade, Posture, area_of
from harness.foreign_text import shortened, visible
from harness.report.html import FIELD_LIMIT, anchor, facts
from harness.report.pages import environment
from harness.report.wording import product_name, repeat_command, whole_command
from harness.verdict import Outcome, Result, Run, Severity

SEVERITY_WORDS = {
    Severity.CRITICAL: "Anyone on the network can read, change or destroy patients' data.",
    Severity.HIGH: "One more step, or a place in the network that many have, and the same is true.",
    Severity.MEDIUM: "Helps an attack along, or keeps it from being noticed.",
    Severity.LOW: "Should be mended, and hurts nobody by itself.",
}
GRADE_WORDS = {
    Grade.A: "No safeguard that was looked for is missing",
    Grade.B: "Small things are to be mended",
    Grade.C: "Safeguards are missing that an attack would miss too",
    Grade.D: "One step lies between patients' data and an attacker",
    Grade.E: "Patients' data lies open to anyone on the network",
}
ANONYMISATION = (
    "Anonymisation",
    "Can data be exported without telling whose it is?",
    "DIDT",
    "Not selected for this run; pacs-harness deid BEFORE AFTER judges exported files.",
)


def security_page(run: Run, seen: Posture) -> str:
    """The page.  All that `run` says is escaped; a policy in it allows no script and no other source."""
    templates = environment(lambda text: visible(shortened(text, FIELD_LIMIT)))
    return templates.get_template("security.html.j2").render(
        run=run,
        name=product_name(run),
        facts=facts(run),
        posture=seen,
        label=_label(seen),
        tone=_tone(seen),
        tone_of=_tone,
        answer=_answer,
        sentence=_sentence(seen),
        anonymisation=None if ANONYMISATION[0] in {one.area.title for one in seen.areas} else ANONYMISATION,
        findings=_findings(seen),
        unseen=[
            area
            for area in AREAS
            if area not in {one.area for one in seen.areas} and area.title != ANONYMISATION[0]
        ],
        area=lambda result: area_of(result.requirement.id).title,
        anchor=anchor,
        repeat=lambda result: repeat_command(run.command, result.requirement.id),
        whole_command=whole_command(run.command),
        severity_words=SEVERITY_WORDS.items(),
        grades=[(grade, severity) for severity, grade in GRADE_OF.items()],
        claims=_claims(run),
        style=Markup((content_folder("reports") / "report.css").read_text(encoding="utf-8")),
    )


def _tone(seen: Posture | AreaPosture) -> str:
    """How it is shown: what could be worse than it looks is never shown as good."""
    if seen.grade is None:
        return "incomplete"
    if seen.grade > Grade.C:
        return "deviates"
    return "conforms" if seen.grade < Grade.C and not seen.at_best else "incomplete"


def _label(seen: Posture) -> str:
    if seen.grade is None:
        return "No grade: nothing could be judged"
    if not seen.at_best:
        return GRADE_WORDS[seen.grade]
    dark = [one.area.title for one in seen.areas if one.grade is None]
    more = f"; nothing is known of {', '.join(dark)}" if dark else ""
    return f"{GRADE_WORDS[seen.grade]}, in what could be looked at{more}"


def _sentence(seen: Posture) -> str:
    found = [
        f"{sum(1 for item in seen.missing if item.requirement.severity is severity)} {severity}"
        for severity in Severity
        if any(item.requirement.severity is severity for item in seen.missing)
    ]
    passed = sum(one.counts[Outcome.PASS] for one in seen.areas)
    unknown = sum(len(one.open) for one in seen.areas)
    number = len(seen.missing)
    words = [
        f"{number} safeguard{' is' if number == 1 else 's are'} missing ({', '.join(found)})"
        if number
        else "No safeguard is missing",
        f"{passed} {'is' if passed == 1 else 'are'} there",
        *([f"{unknown} could not be looked at"] if unknown else []),
    ]
    return "; ".join(words) + "."


def _answer(one: AreaPosture) -> str:
    """An area's question in a word or two, as far as this run can answer it."""
    if one.grade is None:
        return "Not shown"
    if one.missing:
        return "No" if one.grade >= Grade.D or not one.counts[Outcome.PASS] else "In part"
    return "Yes, as far as could be looked at" if one.open else "Yes, in what was tested"


def _findings(seen: Posture) -> list[tuple[Severity | None, list[Result]]]:
    order: tuple[Severity | None, ...] = (*Severity, None)
    grouped = [
        (severity, [item for item in seen.missing if item.requirement.severity is severity])
        for severity in order
    ]
    return [(severity, items) for severity, items in grouped if items]


def _claims(run: Run) -> list[str]:
    claims = run.target.get("claims")
    profiles = claims.get("security_profiles") if isinstance(claims, dict) else None
    return [str(item) for item in profiles or ()]
