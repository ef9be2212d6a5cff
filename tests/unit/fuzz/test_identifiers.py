"""Odd keys, and which matches for them cannot be."""

from __future__ import annotations

import pytest
from hypothesis import find, given, settings
from pydicom import Dataset

from harness.dimse.command import CommandSet
from harness.dimse.walker import IMPLICIT_LITTLE, walk
from harness.findings import Symptom
from harness.fuzz.identifiers import KEYS, PIECES, IdentifierCase, identifier_cases, leaked
from harness.scu.find import Matches
from harness.scu.identifier import encode_identifier, read_identifier


def answer(**values: str) -> Matches:
    identifier = Dataset()
    for keyword, value in values.items():
        setattr(identifier, keyword, value)
    encoded = encode_identifier(identifier, IMPLICIT_LITTLE)
    return Matches((read_identifier(encoded, IMPLICIT_LITTLE),), (), CommandSet.of(Status=0), None)


@settings(max_examples=200)
@given(identifier_cases())
def test_every_identifier_can_be_walked_and_asks_for_studies(case: IdentifierCase) -> None:
    elements = {element.tag: bytes(element.value) for element in walk(case.identifier, IMPLICIT_LITTLE)}
    assert elements[0x00080052] == b"STUDY "
    assert elements[case.key.tag].rstrip(b"\0 ") == case.value.rstrip(b"\0 ")
    assert 0x0020000D in elements
    assert len(case.identifier) % 2 == 0


@pytest.mark.parametrize("trait", [trait for trait in PIECES if trait != "plain"])
def test_every_kind_of_value_is_drawn(trait: str) -> None:
    case = find(identifier_cases(), lambda case: case.traits[1:] == (trait,))
    assert any(text.encode("latin-1") in case.value for text in PIECES[trait])


def test_long_values_and_lists_are_drawn() -> None:
    assert find(identifier_cases(), lambda case: case.size > 60_000).size >= 60_000
    assert (
        find(identifier_cases(), lambda case: case.value.count(b"\\") > 3_000).keyword == "StudyInstanceUID"
    )


@pytest.mark.parametrize(
    ("keyword", "value", "found"),
    [
        ("AccessionNumber", "' OR '1'='1", "P00001"),
        ("AccessionNumber", "%", "P00001"),
        ("AccessionNumber", "P_0001", "P00001"),
        ("AccessionNumber", "P?0001", "P000012"),
        ("AccessionNumber", "*2", "P00001"),
        ("PatientID", "PHTEST-", "PHTEST-1"),
        ("StudyInstanceUID", "1.2.3", "1.2.34"),
    ],
)
def test_a_match_that_cannot_be_one(keyword: str, value: str, found: str) -> None:
    trouble = leaked(IdentifierCase(keyword, value.encode()), answer(**{keyword: found}))
    assert trouble is not None
    assert trouble.symptom is Symptom.LEAKED


@pytest.mark.parametrize(
    ("keyword", "value", "found"),
    [
        ("AccessionNumber", "P00001", "P00001"),
        ("AccessionNumber", " P00001 ", "P00001"),
        ("AccessionNumber", "P*", "P00001"),
        ("AccessionNumber", "P?0001", "P00001"),
        ("AccessionNumber", "**", "P00001"),
        # An unknown value matches everything (PS3.4 C.2.2.1.2).
        ("AccessionNumber", "P00001", ""),
        # No single value: a backslash separates values; a value that its VR does not hold may be anything.
        ("AccessionNumber", "a\\b", "P00001"),
        ("AccessionNumber", "x" * 17, "P00001"),
        ("AccessionNumber", "\xe9", "P00001"),
        # Names are matched as the product likes, dates may be ranges.
        ("PatientName", "PHTEST^A", "Phtest^A"),
        ("StudyDate", "20240101-", "20240102"),
        ("StudyInstanceUID", "*", "1.2.3"),
        ("StudyInstanceUID", "", "1.2.3"),
    ],
)
def test_a_match_that_may_be_one(keyword: str, value: str, found: str) -> None:
    assert leaked(IdentifierCase(keyword, value.encode("latin-1")), answer(**{keyword: found})) is None


def test_keys_are_named_as_in_the_dictionary() -> None:
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    for key in KEYS:
        assert tag_for_keyword(key.keyword) == key.tag
        assert dictionary_VR(key.tag) == key.vr
