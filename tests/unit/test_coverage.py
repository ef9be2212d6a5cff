"""Each planned check has become something, and docs/COVERAGE.md says what stands."""

from __future__ import annotations

import pytest

from harness.verdict import Level
from tests.coverage import (
    Fate,
    by_hand,
    catalogue,
    clauses_of,
    dispositions,
    elsewhere_of,
    reasons,
    requirements,
    sections,
)
from tests.coverage_page import PAGE, caught, page, unexplained
from tests.mutants.kill import all_mutants


@pytest.fixture(scope="module")
def ids() -> set[str]:
    return {requirement.id for requirement in requirements()}


def test_every_planned_check_has_become_something(ids: set[str]) -> None:
    fates = dispositions(ids)
    assert len(fates) == 484
    assert [id_ for id_, fate in fates.items() if fate.became is Fate.OPEN] == []


def test_what_a_disposition_names_is_there(ids: set[str]) -> None:
    planned = {row.id for row in catalogue()}
    assert [id_ for id_ in by_hand() if id_ not in planned] == [], "no check of that id was planned"
    gone = {id_: name for id_, fate in by_hand().items() for name in fate.into if name not in ids}
    assert gone == {}, "no requirement of that id"
    both = [id_ for id_, fate in by_hand().items() if id_ in ids and fate.became is not Fate.CORRECTED]
    assert both == [], "merged or refused, but a requirement of that id exists"
    nowhere = [
        id_
        for id_, fate in by_hand().items()
        if fate.became is Fate.CORRECTED and not fate.into and id_ not in ids
    ]
    assert nowhere == [], "corrected, but into which requirement?"


def test_mutants_name_requirements(ids: set[str]) -> None:
    gone = {mutant.name: set(mutant.caught_by) - ids for mutant in all_mutants().values()}
    assert {name: missing for name, missing in gone.items() if missing} == {}


def test_every_requirement_has_a_seeded_defect() -> None:
    mutants = caught()
    bare = [one.id for one in requirements() if one.level is not Level.MAY and one.id not in mutants]
    assert bare == []


def test_clauses_are_sections_of_the_standard() -> None:
    known = {(section.part, section.number) for section in sections()}
    strange = {
        requirement.id: requirement.clause
        for requirement in requirements()
        if not (clauses_of(requirement.clause) or elsewhere_of(requirement.clause))
        or not known.issuperset(clauses_of(requirement.clause))
    }
    assert strange == {}


def test_sections_without_a_requirement_have_a_reason() -> None:
    numbers = {f"{section.part} {section.number}" for section in sections()} | {"PS3.4", "PS3.5"}
    assert [key for key in reasons() if key not in numbers] == [], "no such section"
    assert [f"{one.part} {one.number}" for one in unexplained(requirements())] == []


def test_a_clause_may_name_several_sections() -> None:
    assert clauses_of("PS3.8 9.3.3.2") == [("PS3.8", "9.3.3.2")]
    assert clauses_of("PS3.8 9.2.3, 9.3.1, PS3.4 C") == [
        ("PS3.8", "9.2.3"),
        ("PS3.8", "9.3.1"),
        ("PS3.4", "C"),
    ]


def test_a_clause_may_name_what_is_no_part_of_dicom() -> None:
    assert clauses_of("PS3.15 B.9, RFC 9325 3.1.1") == [("PS3.15", "B.9")]
    assert elsewhere_of("RFC 9325 3.1.1") == "RFC 9325"
    assert clauses_of("CWE-22") == []
    assert elsewhere_of("PS3.8 9.3.4") == ""


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "`python -m tests.coverage_page` writes it"
