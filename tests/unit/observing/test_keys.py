"""A kind of matching is at work where it tells the study from others; a key that is ignored does nothing."""

from __future__ import annotations

import fnmatch
from typing import Any

from harness.behaviour import Matching
from harness.observing.keys import key_answer

NAME, DATE, UID = "PHTEST^Statement", "20240229", "1.2.3.4"


def all_kinds(value: str) -> Any:
    """What a thorough product does."""

    def finds(given: Any) -> bool:
        if isinstance(given, list):
            return value in given
        text = str(given)
        if "-" in text and value.isdigit():
            low, _, high = text.partition("-")
            return (low or "0") <= value <= (high or "9" * 8)
        return fnmatch.fnmatchcase(value.lower(), text.lower())

    return finds


def kinds(keyword: str, value: str, finds: Any, returned: bool = True) -> set[Matching]:
    answer = key_answer(keyword, value, returned, finds)
    assert not set(answer.matching) & set(answer.not_matching)
    return set(answer.matching)


def test_each_vr_is_asked_for_what_it_can_have() -> None:
    assert kinds("PatientName", NAME, all_kinds(NAME)) == {
        Matching.SINGLE,
        Matching.WILD_CARD,
        Matching.CASE_INSENSITIVE,
        Matching.UNIVERSAL,
    }
    assert kinds("StudyDate", DATE, all_kinds(DATE)) == {Matching.SINGLE, Matching.RANGE, Matching.UNIVERSAL}
    assert kinds("StudyInstanceUID", UID, all_kinds(UID)) == {
        Matching.SINGLE,
        Matching.UID_LIST,
        Matching.UNIVERSAL,
    }
    assert Matching.SEQUENCE in kinds(
        "RequestAttributesSequence.ScheduledProcedureStepID", "X1", all_kinds("X1")
    )
    assert key_answer("StudyInstanceUID", UID, True, all_kinds(UID)).not_matching == ()


def test_a_key_that_is_ignored_matches_nothing() -> None:
    for keyword, value in (("PatientName", NAME), ("StudyDate", DATE), ("StudyInstanceUID", UID)):
        assert kinds(keyword, value, lambda given: True, returned=False) == set()
        assert kinds(keyword, value, lambda given: False, returned=False) == set()


def test_wild_cards_taken_for_letters() -> None:
    assert kinds("PatientName", NAME, lambda given: given == NAME) == {Matching.SINGLE, Matching.UNIVERSAL}


def test_a_star_that_works_and_a_question_mark_that_does_not() -> None:
    def finds(given: str) -> bool:
        return given == NAME or (given.endswith("*") and NAME.startswith(given[:-1]))

    assert Matching.WILD_CARD not in kinds("PatientName", NAME, finds)


def test_an_open_range_that_is_ignored() -> None:
    def finds(given: str) -> bool:
        return given.startswith("-") or given.endswith("-") or all_kinds(DATE)(given)

    assert kinds("StudyDate", DATE, finds) == {Matching.SINGLE, Matching.UNIVERSAL}


def test_a_list_of_which_only_the_first_counts() -> None:
    def finds(given: Any) -> bool:
        return (given[0] if isinstance(given, list) else given) == UID

    assert kinds("StudyInstanceUID", UID, finds) == {Matching.SINGLE, Matching.UNIVERSAL}
