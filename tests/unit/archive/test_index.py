"""The index: its queries find their rows without looking at all of them, and leave out no match."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.archive import matching
from harness.archive.attributes import Attribute, AttributeSet, Level, Root
from harness.archive.identifiers import selection_of, understand
from harness.archive.index import Days, Index, Instance, Selection
from harness.archive.matching import InvalidKey

STUDY_DATE, PATIENT_ID, STUDY_UID, STUDY_TIME = 0x00080020, 0x00100020, 0x0020000D, 0x00080030


def added(index: Index, number: int, *dates: str) -> None:
    """A study of one object."""
    uid = f"1.2.3.{number}"
    values = {
        0x00080018: Attribute("UI", (uid,)),
        STUDY_DATE: Attribute("DA", dates),
        PATIENT_ID: Attribute("LO", (f"PHTEST-{number}",)),
        STUDY_UID: Attribute("UI", (f"1.2.1.{number}",)),
        0x0020000E: Attribute("UI", (f"1.2.2.{number}",)),
    }
    instance = Instance(uid, "1.2", f"1.2.1.{number}", f"1.2.2.{number}", "1.2.840.10008.1.2", "-", 0, 0, "")
    index.add(instance, AttributeSet(values))


def selected(key: str, level: Level = Level.STUDY, *, time: str = "", combined: bool = False) -> Selection:
    """What the index is asked for a Study Date."""
    keys = {STUDY_DATE: Attribute("DA", (key,)), STUDY_TIME: Attribute("TM", (time,) if time else ())}
    query = understand(
        Root.STUDY, level, AttributeSet(keys), frozenset(), relational=True, combined_date_time=combined
    )
    return selection_of(query)


def scans(steps: tuple[str, ...]) -> list[str]:
    """Those that read a table from end to end; a list of wanted values is read so, and is none."""
    assert any(step.startswith("SEARCH") for step in steps)
    return [step for step in steps if step.startswith("SCAN") and "json_each" not in step]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index.sqlite")


@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES])
@pytest.mark.parametrize(
    "selection",
    [
        Selection(patients=("PHTEST-1", "")),
        Selection(studies=("1.2.1.1",)),
        Selection(days=Days("20200101", "20200107")),
        Selection(days=Days("20200101", "")),
        Selection(days=Days("", "20200107")),
        Selection(patients=("PHTEST-1", ""), days=Days("20200101", "20200107")),
    ],
)
def test_a_query_searches_and_does_not_scan(index: Index, level: Level, selection: Selection) -> None:
    """What a find costs does not grow with the archive: no table is read from end to end."""
    assert scans(index.plan(level, selection)) == []


def test_a_patient_and_the_images_of_a_study_are_searched_for(index: Index) -> None:
    assert scans(index.plan(Level.PATIENT, Selection(patients=("PHTEST-1",)))) == []
    assert scans(index.plan(Level.IMAGE, Selection(studies=("1.2.1.1",)))) == []
    assert scans(index.plan(Level.IMAGE, Selection(studies=("1.2.1.1",), series=("1.2.2.1",)))) == []


def test_what_nothing_restricts_is_read_from_end_to_end(index: Index) -> None:
    """So that the test above can fail."""
    assert [step for step in index.plan(Level.STUDY, Selection()) if step.startswith("SCAN")]


@pytest.mark.parametrize("level", list(Level))
def test_what_a_retrieval_names_is_searched_for(index: Index, level: Level) -> None:
    named = Selection(*(("1",) if upper.depth <= level.depth else () for upper in Level))
    assert scans(index.plan(Level.IMAGE, named)) == []


DAYS = st.dates().map(lambda day: day.isoformat().replace("-", ""))
OLD_DAYS = st.dates().map(lambda day: day.isoformat().replace("-", "."))
VALUES = st.one_of(DAYS, OLD_DAYS, st.text("0123456789.- x", max_size=18).map(str.strip))
KEYS = st.one_of(
    DAYS,
    OLD_DAYS,
    DAYS.map(lambda day: f"{day}-"),
    DAYS.map(lambda day: f"-{day}"),
    st.tuples(DAYS, DAYS).map(lambda ends: "-".join(sorted(ends))),
)
ONE = 1


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return Index(tmp_path_factory.mktemp("index") / "index.sqlite")


@given(stored=st.lists(VALUES.filter(bool), max_size=2), key=KEYS, whole=st.booleans())
@example(stored=["20200101-20200101"], key="20200101-20200101", whole=False)
@example(stored=["2020.01.07"], key="20200101-20200107", whole=False)
@example(stored=["00010101"], key="-00010101", whole=False)
def test_no_match_is_left_out(shared: Index, stored: list[str], key: str, whole: bool) -> None:
    """Whatever matches is selected; and a date outside of the range is not."""
    if whole and stored:
        key = stored[0]  # so that values that are no dates meet keys like them
    shared.clear()
    added(shared, ONE, *stored)
    candidate = Attribute("DA", tuple(stored))
    try:
        matches = matching.matches(Attribute("DA", (key,)), candidate)
    except InvalidKey:
        return
    found = bool(list(shared.entities(Level.STUDY, selected(key))))
    assert found or not matches
    if len(stored) == 1 and stored[0].isdigit() and len(stored[0]) == 8 and not matches:
        try:
            matching.precise(stored[0], "DA")
        except InvalidKey:
            return
        assert not found


def test_days_are_of_studies_and_series(index: Index) -> None:
    assert selected("20200101").days == Days("20200101", "20200101")
    assert selected("20200101-").days == Days("20200101", "")
    assert selected("*").days is None
    assert selected("20200101-", time="10-", combined=True).days is None
    assert selected("20200101-", time="10-").days == Days("20200101", "")
    added(index, 1, "20190101")
    assert not list(index.entities(Level.STUDY, selected("20200101")))
    assert not list(index.entities(Level.SERIES, selected("20200101", Level.SERIES)))
    assert list(index.entities(Level.IMAGE, selected("20200101", Level.IMAGE)))


def test_an_index_of_an_earlier_version_is_searched_too(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    added(index, 1, "20200101")
    index.close()
    with sqlite3.connect(tmp_path / "index.sqlite") as connection:
        connection.execute("DROP INDEX study_made_on")
        connection.execute("DROP INDEX patient_known_as")
    again = Index(tmp_path / "index.sqlite")
    assert len(list(again.entities(Level.STUDY, selected("20200101")))) == 1
    assert any("study_made_on" in step for step in again.plan(Level.STUDY, selected("20200101")))
