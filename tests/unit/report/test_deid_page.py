"""The page of a judgement of a de-identification."""

from __future__ import annotations

import pytest

from harness.decide.deid_summary import concluded, percent
from harness.decide.exit_code import ExitCode
from harness.deid.findings import Category, Finding, Judgement, Paired, Remark, Score, Severity
from harness.report.deid_page import CATEGORY_WORDS, SEVERITY_WORDS, deid_page
from tests.unit.report.conftest import NASTY

FINDING = Finding(
    rule="kept",
    severity=Severity.CRITICAL,
    category=Category.TEXT_REMOVED,
    clause="PS3.15 table E.1-1",
    path="(0010,0010)",
    name="PatientName",
    seen="still says S***",
    why="It tells.",
    todo="Empty it.",
    files=("1.dcm",),
    times=3,
)
JUDGEMENT = Judgement(
    options=("retain-uids",),
    findings=(FINDING,),
    remarks=(Remark("something to know", 2),),
    scores=(Score(Category.TEXT_REMOVED, 2999, 3000),),
    pairs=(Paired("a", "b", "pixel data"),),
    before_alone=("left.dcm",),
    after_alone=("alone.dcm",),
    started="2026-11-29T10:00:00+00:00",
    finished="2026-11-29T10:00:01+00:00",
)


def with_(**changes: object) -> Judgement:
    fields = {name: getattr(JUDGEMENT, name) for name in JUDGEMENT.__struct_fields__}
    return Judgement(**(fields | changes))


def test_what_is_said_is_on_the_page() -> None:
    page = deid_page(JUDGEMENT)
    for words in (
        "1 finding: 1 critical",
        "Still says S***.",
        "99.96 %",
        "Something to know (2×).",
        "left.dcm",
        "alone.dcm",
        "--option retain-uids",
    ):
        assert words in page


def test_whatever_a_file_says_is_text() -> None:
    nasty = Finding(*(NASTY if name in ("path", "name", "seen") else getattr(FINDING, name)
                      for name in FINDING.__struct_fields__))  # fmt: skip
    page = deid_page(with_(findings=(nasty,), remarks=(Remark(NASTY),), after_alone=(NASTY,)))
    assert "<script>" not in page
    assert "<img" not in page


def test_every_severity_and_category_has_words() -> None:
    assert set(SEVERITY_WORDS) == set(Severity)
    assert set(CATEGORY_WORDS) == set(Category)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ExitCode.FAILED),
        ({"findings": ()}, ExitCode.INCOMPLETE),
        ({"findings": (), "after_alone": ()}, ExitCode.CONFORMANT),
        ({"findings": (), "after_alone": (), "pairs": ()}, ExitCode.INCOMPLETE),
    ],
)
def test_what_it_comes_to(changes: dict[str, object], code: ExitCode) -> None:
    assert concluded(with_(**changes)).code is code


def test_a_share_is_rounded_down() -> None:
    assert percent(99_999, 100_000) == "99.99 %"
    assert percent(3, 3) == "100.00 %"
    assert percent(0, 0) == "–"
