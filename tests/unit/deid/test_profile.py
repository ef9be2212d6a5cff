"""The tables of PS3.15 annex E, edition 2020c, as the judge reads them."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.deid.profile import Action, Option, content_rules, is_safe_private, rule_of, rules
from tests.deid_tables import grid_tables

D, Z, X, K, C, U = Action


@pytest.mark.parametrize(
    ("tag", "claimed", "actions"),
    [
        (0x00100010, (), {Z}),
        (0x00100010, tuple(Option), {Z}),
        (0x00080018, (), {U}),
        (0x00080018, (Option.UIDS,), {K}),
        (0x00080020, (), {Z}),
        (0x00080020, (Option.FULL_DATES,), {K}),
        (0x00080020, (Option.MODIFIED_DATES,), {C}),
        (0x00080080, (), {X, Z, D}),
        (0x00080080, (Option.INSTITUTION,), {K}),
        (0x00080080, (Option.DEVICE,), {X, Z, D}),
        (0x00181000, (Option.DEVICE,), {K}),
        (0x00081030, (Option.DESCRIPTORS,), {C}),
        (0x00101010, (Option.PATIENT,), {K}),
        (0x00102110, (Option.PATIENT, Option.DESCRIPTORS), {C}),
        (0x00081120, (Option.UIDS,), {X}),
        (0x00081140, (), {X, Z, U}),
        (0x0040A730, (Option.STRUCTURED,), {C}),
        (0x60023000, (), {X}),
        (0x60023000, (Option.GRAPHICS,), {C}),
        (0x501E0005, (), {X}),
        (0x00190010, (), {X}),
        (0x00191001, (Option.SAFE_PRIVATE,), {C}),
    ],
)
def test_a_row(tag: int, claimed: tuple[Option, ...], actions: set[Action]) -> None:
    rule = rule_of(tag)
    assert rule is not None
    assert rule.actions(claimed) == actions


@pytest.mark.parametrize("tag", [0x00080016, 0x00080060, 0x7FE00010, 0x60000010, 0x60203000, 0x00080012])
def test_what_the_profile_leaves_alone(tag: int) -> None:
    """Of 2020c: Instance Creation Date is of later editions."""
    assert rule_of(tag) is None


def test_the_whole_table() -> None:
    assert Counter(rule.basic for rule in rules().values()) == {
        "X": 275, "U": 50, "D": 43, "Z": 34, "X/D": 17, "X/Z": 10, "X/Z/D": 7, "Z/D": 4, "X/Z/U*": 2,
    }  # fmt: skip
    claimed = Counter(option for rule in rules().values() for option, _ in rule.options)
    assert claimed[Option.UIDS] == claimed[Option.FULL_DATES] == claimed[Option.MODIFIED_DATES] == 54
    assert claimed[Option.DESCRIPTORS] == 95
    assert claimed[Option.INSTITUTION] == 9


def test_the_other_tables() -> None:
    assert len(content_rules()) == 206
    assert content_rules()["121008", "DCM", "PNAME"].actions(()) == {D}
    assert content_rules()["121032", "DCM", "CODE"].actions((Option.PATIENT,)) == {K}
    assert is_safe_private(0x00191023, "GEMS_ACQU_01")
    assert is_safe_private(0x7E011301, "HOLOGIC, Inc.")
    assert not is_safe_private(0x00191023, "SIEMENS MR HEADER")
    assert not is_safe_private(0x00191025, "GEMS_ACQU_01")


def test_tables_are_read_from_the_text_of_the_standard() -> None:
    text = """
   +-------+-------+
   | **A   | **B** |
   | b**   |       |
   +=======+=======+
   | (     | X/Z/  |
   | 0008, | U\\*   |
   | 0050) |       |
   +-------+-------+

   no table
"""
    assert list(grid_tables(text)) == [[["**Ab**", "**B**"], ["(0008,0050)", "X/Z/U\\*"]]]
