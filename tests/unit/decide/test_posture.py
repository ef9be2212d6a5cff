"""Grades from results: the gravest that is missing, and nothing else."""

from __future__ import annotations

import pytest

from harness.decide.posture import Grade, area_of, posture
from harness.verdict import Level, Outcome, Requirement, Result, Severity


def safeguard(module: str, outcome: Outcome, severity: Severity, name: str = "x") -> Result:
    id_ = f"security.{module}.{name}"
    requirement = Requirement(
        id_, "CWE-284", Level.QUALITY, "Something guards.", "security", "test_x.py:1", severity=severity
    )
    return Result(requirement, outcome, "", 0.0)


def test_a_run_without_safeguards_has_no_posture() -> None:
    other = Requirement("find.status.x", "PS3.4 C", Level.SHALL, "Finds.", "find", "test_x.py:1")
    assert posture([Result(other, Outcome.FAIL, "", 0.0)]) is None


def test_the_gravest_that_is_missing_makes_the_grade() -> None:
    seen = posture(
        [
            *[safeguard("access", Outcome.PASS, Severity.CRITICAL, f"there-{n}") for n in range(20)],
            safeguard("access", Outcome.WARN, Severity.LOW, "small"),
            safeguard("access", Outcome.FAIL, Severity.HIGH, "grave"),
            safeguard("audit", Outcome.PASS, Severity.MEDIUM),
        ]
    )
    assert seen is not None
    assert [(one.area.title, one.grade) for one in seen.areas] == [
        ("Access control", Grade.D),
        ("Audit trail", Grade.A),
    ]
    assert seen.grade is Grade.D
    assert [item.requirement.id for item in seen.missing] == [
        "security.access.grave",
        "security.access.small",
    ]


@pytest.mark.parametrize(
    ("severity", "at_best"), [(Severity.LOW, False), (Severity.MEDIUM, False), (Severity.HIGH, True)]
)
def test_what_is_not_known_counts_where_it_could_make_it_worse(severity: Severity, at_best: bool) -> None:
    seen = posture(
        [
            safeguard("access", Outcome.WARN, Severity.MEDIUM),
            safeguard("access", Outcome.NOT_TESTED, severity, "open"),
        ]
    )
    assert seen is not None
    assert (seen.areas[0].grade, seen.areas[0].at_best, seen.at_best) == (Grade.C, at_best, at_best)


def test_an_area_of_which_nothing_is_known_has_no_grade_and_keeps_the_whole_from_being_sure() -> None:
    seen = posture(
        [
            safeguard("access", Outcome.PASS, Severity.HIGH),
            safeguard("transport", Outcome.NOT_TESTED, Severity.HIGH),
            safeguard("audit", Outcome.NOT_SUPPORTED, Severity.HIGH),
        ]
    )
    assert seen is not None
    assert [one.grade for one in seen.areas] == [None, Grade.A, None]
    assert (seen.grade, seen.at_best) == (Grade.A, True)


@pytest.mark.parametrize(
    ("id_", "title"),
    [
        ("security.client-certificate.expired", "Encryption in transit"),
        ("security.audit-query.sent", "Audit trail"),
        ("security.at-rest.names", "Encryption at rest"),
        ("security.something.else", "Other safeguards"),
    ],
)
def test_areas_are_known_by_the_second_word(id_: str, title: str) -> None:
    assert area_of(id_).title == title
