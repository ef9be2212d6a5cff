"""security.html: grades, findings with what to do, answers for procurement, everything escaped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.decide.posture import posture
from harness.report.security_page import security_page
from harness.verdict import Level, Outcome, Requirement, Result, Run, Severity
from tests.unit.report.conftest import NASTY


def result(module: str, severity: Severity, outcome: Outcome, words: str = "", **more: str) -> Result:
    requirement = Requirement(
        f"security.{module}.{more.get('name', 'x')}",
        "PS3.15 B.9",
        Level.QUALITY,
        more.get("text", f"What {module} guards."),
        "security",
        "test_x.py:1",
        severity=severity,
        remedy=more.get("remedy", "Switch it on."),
    )
    return Result(requirement, outcome, words, 1.0)


def page(run: Run, *results: Result) -> str:
    whole = replace(run, results=results)
    seen = posture(results)
    assert seen is not None
    return security_page(whole, seen)


def test_findings_stand_gravest_first_with_what_to_do(made_up_run: Run) -> None:
    shown = page(
        made_up_run,
        result("audit", Severity.LOW, Outcome.WARN, "no time zone"),
        result(
            "transport", Severity.CRITICAL, Outcome.FAIL, "TLS 1.0 is taken", remedy="Switch TLS 1.0 off."
        ),
        result("access", Severity.HIGH, Outcome.PASS),
    )
    assert shown.index("TLS 1.0 is taken") < shown.index("no time zone")
    assert "Switch TLS 1.0 off." in shown
    assert "2 safeguards are missing (1 critical, 1 low); 1 is there." in shown
    assert 'href="report.html#r-security.transport.x"' in shown


@pytest.mark.parametrize(
    ("outcome", "severity", "answer"),
    [
        (Outcome.PASS, Severity.HIGH, "Yes, in what was tested"),
        (Outcome.WARN, Severity.LOW, "No"),
        (Outcome.WARN, Severity.HIGH, "No"),
        (Outcome.NOT_TESTED, Severity.HIGH, "Not shown"),
    ],
)
def test_answers_for_procurement(made_up_run: Run, outcome: Outcome, severity: Severity, answer: str) -> None:
    shown = page(made_up_run, result("audit", severity, outcome, "so it is"))
    row = shown[shown.index("Does it record who did what") :]
    assert f'<td class="answer">{answer}</td>' in row[: row.index("</tr>")]


def test_what_could_be_worse_than_it_looks_is_not_shown_as_good(made_up_run: Run) -> None:
    good = result("access", Severity.LOW, Outcome.PASS)
    dark = result("transport", Severity.CRITICAL, Outcome.NOT_TESTED, "the target file names no port")
    assert '<section class="verdict conforms"' in page(made_up_run, good)
    shown = page(made_up_run, good, dark)
    assert '<section class="verdict incomplete"' in shown
    assert "in what could be looked at; nothing is known of Encryption in transit" in shown


def test_what_was_not_selected_is_said(made_up_run: Run) -> None:
    shown = page(made_up_run, result("audit", Severity.HIGH, Outcome.PASS))
    assert shown.count("not selected for this run") == 4
    assert "pacs-harness deid BEFORE AFTER" in shown


def test_nothing_that_a_product_says_is_markup(nasty_run: Run) -> None:
    attacks = [
        result(f"audit{NASTY}", severity, Outcome.WARN, NASTY, text=NASTY, remedy=NASTY)
        for severity in Severity
    ]
    unknown = result("access", Severity.HIGH, Outcome.NOT_TESTED, NASTY)
    target = {**nasty_run.target, "claims": {"security_profiles": [NASTY]}}
    shown = page(replace(nasty_run, target=target), *attacks, unknown)
    assert "<script" not in shown
    assert "<img" not in shown
