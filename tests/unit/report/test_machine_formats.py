"""junit.xml and the CSV tables."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.foreign_text import csv_cell, visible, xml_characters
from harness.report.junit import junit_report
from harness.report.tables import by_group_table, results_table, to_csv
from harness.verdict import Evidence, Outcome, Run

EVERY_CONTROL = "".join(map(chr, range(0x20))) + "\x7f\x85\ud800\ufffe\u202e\x1b[31m"


def test_junit_counts_and_places_each_outcome(made_up_run: Run) -> None:
    root = ElementTree.fromstring(junit_report(made_up_run))
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert len(cases) == len(made_up_run.results)
    children = {
        Outcome.PASS: set(),
        Outcome.FAIL: {"failure"},
        Outcome.ERROR: {"error"},
        Outcome.WARN: {"system-out"},
        Outcome.NOT_TESTED: {"skipped"},
        Outcome.NOT_SUPPORTED: {"skipped"},
    }
    for result in made_up_run.results:
        case = cases[result.requirement.id]
        assert {child.tag for child in case} - {"properties"} == children[result.outcome]
        assert case.get("classname") == result.requirement.group
        properties = {item.get("name"): item.get("value") for item in case.iter("property")}
        assert properties["clause"] == result.requirement.clause
        assert properties["level"] == result.requirement.level
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        for element in (root, *root.iter("testsuite")):
            assert int(element.get(attribute, "")) == len(list(element.iter(tag)))
    assert [suite.get("name") for suite in root] == [
        "association",
        "verification",
        "storage",
        "find",
        "move",
        "get",
    ]


def test_junit_says_what_failed_and_how_to_repeat_it(made_up_run: Run) -> None:
    failure = next(ElementTree.fromstring(junit_report(made_up_run)).iter("failure"))
    failed = next(item for item in made_up_run.results if item.outcome is Outcome.FAIL)
    assert failure.get("message") == failed.reason
    for part in (failed.requirement.clause, failed.evidence.expected, failed.evidence.observed):
        assert part in (failure.text or "")
    assert f"--select {failed.requirement.id}" in (failure.text or "")


def test_junit_is_xml_whatever_the_pacs_sent(nasty_run: Run) -> None:
    results = tuple(
        replace(
            result,
            reason=EVERY_CONTROL,
            evidence=Evidence(EVERY_CONTROL, "]]>", EVERY_CONTROL, (EVERY_CONTROL,)),
        )
        for result in nasty_run.results
    )
    root = ElementTree.fromstring(junit_report(replace(nasty_run, results=results)))
    assert len(list(root.iter("testcase"))) == len(Outcome)


def test_only_what_xml_forbids_is_removed() -> None:
    assert xml_characters("a\x00b\tc\nd\x1f\ud800é漢😀") == "ab\tc\ndé漢😀"


def test_results_csv_reads_back(made_up_run: Run) -> None:
    text = to_csv(results_table(made_up_run)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == [result.requirement.id for result in made_up_run.results]
    assert [row["outcome"] for row in rows] == [str(result.outcome) for result in made_up_run.results]
    assert sum(float(row["duration_seconds"]) for row in rows) == pytest.approx(
        sum(result.duration for result in made_up_run.results)
    )


def test_by_group_counts_every_result_once(made_up_run: Run) -> None:
    text = to_csv(by_group_table(made_up_run)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert sum(int(row["total"]) for row in rows) == len(made_up_run.results)
    assert sum(int(row["FAIL"]) for row in rows) == 6
    assert (rows[0]["group"], rows[0]["level"]) == ("association", "SHALL")


def test_a_run_without_results_gives_headings_alone(made_up_run: Run) -> None:
    empty = replace(made_up_run, results=())
    assert to_csv(results_table(empty)).decode("utf-8-sig").startswith('"id","group"')
    assert to_csv(by_group_table(empty)).decode("utf-8-sig").count("\r\n") == 1
    assert ElementTree.fromstring(junit_report(empty)).get("tests") == "0"


@pytest.mark.parametrize(
    "attack", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\u200b=1", "\x00=1"]
)
def test_no_text_cell_starts_a_formula(nasty_run: Run, attack: str) -> None:
    requirement = replace(
        nasty_run.results[0].requirement, id=attack, group=attack, clause=attack, text=attack
    )
    result = replace(
        nasty_run.results[0],
        requirement=requirement,
        reason=attack,
        evidence=Evidence(attack, attack, "", (attack,)),
        cases=((attack, Outcome.FAIL),),
    )
    run = replace(nasty_run, results=(result,))
    for table in (results_table(run), by_group_table(run)):
        text = to_csv(table).decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝")), cell


def test_ordinary_text_stays_as_it_is() -> None:
    assert csv_cell("a - b = c, 'd'") == "a - b = c, 'd'"
    assert visible("Yamada^Tarou=山田^太郎\n\tx") == "Yamada^Tarou=山田^太郎\n\tx"


def test_what_can_not_be_seen_is_shown() -> None:
    assert visible("a\x00\x1b\x7f\x9b\u202e\ud800") == "a␀␛␡\\x9b\\u202e\\ud800"
