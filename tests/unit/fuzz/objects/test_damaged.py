"""Damaged data sets: each damage is done, and nothing else than what it says."""

from __future__ import annotations

import pytest

from harness.dimse.errors import DecodeError
from harness.dimse.walker import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Element,
    inflate,
    walk,
)
from harness.fuzz.cases import DataSetCase, Sendable
from harness.fuzz.objects.damage_bytes import bomb, deeply_nested
from harness.fuzz.objects.damaged import BOMB, DAMAGES, DEFLATE, FLIPPED, OTHER_INSTANCE, damaged, inflicted
from harness.fuzz.objects.datasets import Draft, drafts, sealed
from harness.fuzz.objects.images import RLE
from harness.fuzz.objects.modules import CT, SECONDARY_CAPTURE
from harness.synthesis import NAME_MARK
from tests.unit.fuzz.objects.examples import EVERYTHING, sample

UNREADABLE = (
    "a sequence or item without its delimitation",
    "a delimitation or item outside of a sequence",
    "an item or fragment of undefined length that is not delimited",
)


def drafts_in(*syntaxes: str) -> list[Draft]:
    return sample(drafts(Sendable(tuple((SECONDARY_CAPTURE, syntax) for syntax in syntaxes))), 6)


@pytest.fixture(scope="module")
def explicit() -> list[Draft]:
    return drafts_in(EXPLICIT_LITTLE, RLE)


def elements(case: DataSetCase) -> list[Element]:
    return list(walk(case.dataset, case.transfer_syntax))


@pytest.mark.parametrize("damage", [entry for entry in DAMAGES if entry not in (BOMB, DEFLATE)])
def test_damage_changes_the_object_and_is_named(explicit: list[Draft], damage: str) -> None:
    for number, draft in enumerate(explicit, 1):
        case = inflicted(draft, damage, number, "root")
        valid = sealed(draft, "root").case
        assert case.damage in (damage, "cut off")
        assert not case.is_valid
        assert (case.dataset, case.sop_instance_uid) != (valid.dataset, valid.sop_instance_uid)
        assert case.patient_id.startswith(NAME_MARK)
        assert inflicted(draft, damage, number, "root") == case


@pytest.mark.parametrize("damage", UNREADABLE)
def test_the_walker_does_not_read_broken_structure(explicit: list[Draft], damage: str) -> None:
    done = [inflicted(draft, damage, number, "root") for number, draft in enumerate(explicit)]
    done = [case for case in done if case.damage == damage]
    assert done
    for case in done:
        with pytest.raises(DecodeError):
            elements(case)


def test_other_damages_have_other_uids(explicit: list[Draft]) -> None:
    cases = [inflicted(explicit[0], damage, 1, "root") for damage in DAMAGES[:20]]
    assert len({case.sop_instance_uid for case in cases}) == len({case.damage for case in cases}) > 10
    assert inflicted(explicit[0], FLIPPED, 1, "root") != inflicted(explicit[0], FLIPPED, 2, "root")


def test_identities_are_spared_when_bits_are_turned(explicit: list[Draft]) -> None:
    for number in range(200):
        case = inflicted(explicit[0], FLIPPED, number, "root")
        for text in (case.sop_instance_uid, case.study_uid, case.series_uid, case.patient_id):
            assert text.encode() in case.dataset


def test_the_command_names_another_instance(explicit: list[Draft]) -> None:
    case = inflicted(explicit[0], OTHER_INSTANCE, 1, "root")
    assert case.sop_instance_uid.encode() not in case.dataset


def test_tags_come_twice_and_in_disorder(explicit: list[Draft]) -> None:
    twice = [e.tag for e in elements(inflicted(explicit[0], "an element twice", 2, "root")) if not e.depth]
    assert len(twice) == len(set(twice)) + 1
    tags = [
        e.tag
        for e in elements(inflicted(explicit[0], "elements in the wrong order", 2, "root"))
        if not e.depth
    ]
    assert tags != sorted(tags)


def test_lengths_are_odd(explicit: list[Draft]) -> None:
    case = inflicted(explicit[0], "odd length", 5, "root")
    assert any(element.length % 2 for element in elements(case) if element.length != 0xFFFFFFFF)


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG])
def test_nesting_of_thousands_is_walked(syntax: str) -> None:
    assert max(element.depth for element in walk(deeply_nested(b"", syntax, 1), syntax)) == 5_999
    with pytest.raises(DecodeError):
        list(walk(deeply_nested(b"", syntax, 0), syntax))


def test_a_bomb_is_short_and_inflates_to_less_than_64_mib() -> None:
    plain = sealed(drafts_in(DEFLATED)[0], "root").plain
    for number, size in enumerate((1, 16, 63)):
        deflated = bomb(plain, number)
        assert len(deflated) * 50 < len(inflate(deflated))
        assert len(inflate(deflated)) >> 20 == size


def test_a_deflate_stream_breaks() -> None:
    draft = drafts_in(DEFLATED)[0]
    broken = 0
    for number in range(12):
        case = inflicted(draft, DEFLATE, number, "root")
        try:
            assert inflate(case.dataset) != inflate(sealed(draft, "root").case.dataset)
        except DecodeError:
            broken += 1
    assert broken >= 4


def test_a_sample_has_many_damages() -> None:
    names = {case.damage for case in sample(damaged(EVERYTHING, "root"), 60)}
    assert len(names) > 10


def test_a_product_of_one_syntax_gets_damages_of_that_syntax() -> None:
    cases = sample(damaged(Sendable(((CT, IMPLICIT_LITTLE),)), "root"), 25)
    assert {case.transfer_syntax for case in cases} == {IMPLICIT_LITTLE}
    assert not {case.damage for case in cases} & {"wrong VR", BOMB, DEFLATE}
