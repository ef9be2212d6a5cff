"""Attribute matching, PS3.4 C.2.2.2, as pure functions."""

from __future__ import annotations

import pytest

from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.matching import InvalidKey, match_combined, matches, matching_items


def key(vr: str, text: str) -> Attribute:
    return Attribute(vr, tuple(text.split("\\")) if text else ())


@pytest.mark.parametrize(
    ("vr", "wanted", "stored", "expected"),
    [
        ("LO", "HX100", "HX100", True),
        ("LO", "HX100", "HX1000", False),
        ("LO", "hx-abc", "HX-ABC", False),
        ("LO", "HX5 ", "HX5", True),
        ("LO", " HX5", "HX5 ", True),
        ("LO", "", "anything", True),
        ("LO", "*", "", True),
        ("LO", "HX100", "", True),
        ("LO", "HXW*", "HXW1", True),
        ("LO", "HXW1*", "HXW1", True),
        ("LO", "HXW?", "HXW", False),
        ("LO", "HXW?", "HXW12", False),
        ("LO", "H?W*2", "HXW12", True),
        ("LO", "H?W*2", "HW12", False),
        ("SH", "*7*-B", "A7X-B", True),
        ("SH", "*7*-B", "7-B", True),
        ("SH", "*7*-B", "A7X-C", False),
        ("LO", "A_B%*", "A_B%1", True),
        ("LO", "A_B%*", "AXBY1", False),
        ("LO", "[a].+$(", "[a].+$(", True),
        ("LO", "[a]", "a", False),
        ("LO", "100-200", "150", False),
        ("LO", "aXbXc*aXbXc", "aXbXc", False),
        ("CS", "M?", "MR", True),
        ("CS", "*T", "CT", True),
        ("CS", "mr", "MR", False),
        ("UI", "1.2.3", "1.2.3", True),
        ("UI", "1.2.3", "1.2.34", False),
        ("UI", "1.2.3\\1.2.4", "1.2.4", True),
        ("UI", "1.2.*", "1.2.3", False),
        ("IS", "7", "007", True),
        ("IS", "7", "+7", True),
        ("IS", "1", "10", False),
        ("PN", "harness^alpha", "Harness^Alpha", True),
        ("PN", "HARNESS^BETA", "Harness^Alpha", False),
        ("PN", "Muller", "Müller", True),
        ("PN", "HARN*", "Harness^Alpha", True),
        ("PN", "Yamada^Tarou", "Yamada^Tarou=山田^太郎=やまだ^たろう", True),
        ("PN", "山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう", True),
        ("PN", "Harness^Alpha^^^", "Harness^Alpha", True),
        ("DA", "20200115", "20200115", True),
        ("DA", "20200115", "20200116", False),
        ("DA", "20200110-20200120", "20200110", True),
        ("DA", "20200110-20200120", "20200120", True),
        ("DA", "20200110-20200120", "20200121", False),
        ("DA", "20200115-", "20200115", True),
        ("DA", "20200115-", "20200114", False),
        ("DA", "-20200110", "20200110", True),
        ("DA", "-20200110", "20200111", False),
        ("DA", "20191231-20200101", "20200101", True),
        ("DA", "20200110-20200120", "", True),
        ("TM", "101530", "101530.000000", True),
        ("TM", "101530", "101531", False),
        ("TM", "2230", "223000", True),
        ("TM", "100000-120000", "110000.5", True),
        ("TM", "100000-120000", "095959", False),
        ("TM", "100000-120000", "120001", False),
        ("TM", "-100000", "0959", True),
        ("TM", "120000-", "235959.999999", True),
        ("TM", "10-12", "1100", True),
        ("DT", "19980128103000.0000", "19980128103000", True),
        ("DT", "19980128103000+0000", "19980128073000-0300", True),
        ("DT", "19980128-19980129", "19980129235959", True),
        ("DT", "19980128-19980129", "19980130", False),
        ("DT", "20200101-0500-20200102-0500", "20200101120000-0500", True),
        ("DT", "2020", "20200615", True),
    ],
)  # fmt: skip
def test_single_values(vr: str, wanted: str, stored: str, expected: bool) -> None:
    assert matches(key(vr, wanted), key(vr, stored)) is expected


def test_an_entity_without_the_attribute_matches() -> None:
    assert matches(key("LO", "HX100"), None)


def test_one_of_several_values_is_enough() -> None:
    assert matches(key("CS", "CT"), key("CS", "PT\\CT"))
    assert not matches(key("CS", "MR"), key("CS", "PT\\CT"))


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "2020*"), ("DA", "20201332"), ("DA", "20200120-20200110"), ("DA", "-"),
        ("DA", "20200101-20200102-20200103"), ("TM", "2561"), ("DT", "20200101-x"), ("DA", "00000101"),
    ],
)  # fmt: skip
def test_keys_that_mean_nothing_are_refused(vr: str, text: str) -> None:
    with pytest.raises(InvalidKey):
        matches(key(vr, text), None)


def test_a_lone_star_is_universal_in_any_vr() -> None:
    assert matches(key("DA", "*"), key("DA", "20200101"))


def test_a_stored_value_that_is_no_date_matches_its_own_text_only() -> None:
    assert not matches(key("DA", "20200101"), key("DA", "2020?"))


def code(value: str, scheme: str) -> AttributeSet:
    return AttributeSet({0x00080100: key("SH", value), 0x00080102: key("SH", scheme)})


def test_all_item_keys_match_in_one_item() -> None:
    stored = Attribute("SQ", items=(code("A", "X"), code("B", "Y")))
    assert matches(Attribute("SQ", items=(code("A", "X"),)), stored)
    assert not matches(Attribute("SQ", items=(code("A", "Y"),)), stored)
    assert matching_items(Attribute("SQ", items=(code("B", ""),)), stored) == (code("B", "Y"),)


def test_an_empty_item_is_universal() -> None:
    stored = Attribute("SQ", items=(code("A", "X"),))
    assert matches(Attribute("SQ", items=(AttributeSet(),)), stored)
    assert matching_items(Attribute("SQ"), stored) == stored.items


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20200111", "0800", True),
        ("20200110", "0900", False),
        ("20200112", "1300", False),
        ("20200112", "1200", True),
    ],
)
def test_combined_ranges_are_one_interval(date: str, time: str, expected: bool) -> None:
    assert match_combined("20200110-20200112", "1000-1200", date, time) is expected


def test_hostile_patterns_end_soon() -> None:
    assert not matches(key("LO", "*a" * 60 + "b"), key("LO", "a" * 5000))
