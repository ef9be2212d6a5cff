"""Exams a year."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.decide.hospital import Share, exams_of, retrieval_words

CT, CR = Share("CT", 0.25, 500), Share("CR", 0.75, 1)


def test_of_a_mix() -> None:
    found = exams_of(0.1, 20, (CT, CR), peak_hour=0.1, days=250, at_least=False)
    assert (found.an_hour, found.a_year, found.at_least) == (360, 900_000, False)
    assert found.sentence == "its busiest hour carries what 900,000 exams a year bring"
    (made_of,) = found.details
    assert made_of == (
        "that is 360 exams in that hour, which has 10.0% of a day's, on 250 days a year, with 25% CT of 500 "
        "objects, 75% CR of 1 object (a rate that was kept up for 20 s)"
    )


def test_where_no_more_was_asked_it_is_at_least_that() -> None:
    found = exams_of(0.1, 20, (CT, CR), peak_hour=0.1, days=250, at_least=True)
    assert found.at_least
    assert "carries at least what 900,000" in found.sentence


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.0, "0 exams"), (2e-7, "2 exams"), (2.46e-5, "220 exams"), (0.2468, "2,200,000 exams")],
)
def test_no_more_digits_than_are_known(rate: float, words: str) -> None:
    assert f"what {words} a year" in exams_of(rate, 20, (CT, CR), 0.1, 250, at_least=False).sentence


@pytest.mark.parametrize(
    ("mix", "peak_hour", "days", "words"),
    [
        ((CT,), 0.1, 300, "don't add up"),
        ((), 0.1, 300, "don't add up"),
        ((replace(CT, share=1),), 0.0, 300, "are positive"),
        ((replace(CT, share=1),), 0.1, 0, "are positive"),
    ],
)
def test_nonsense_is_refused(mix: tuple[Share, ...], peak_hour: float, days: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        exams_of(1, 20, mix, peak_hour, days, at_least=False)


def test_what_a_retrieval_costs() -> None:
    assert retrieval_words(200, 0.0456, 12.34) == (
        "meanwhile a radiologist who fetches a prior study of 200 objects has it in 45.6 ms, and in one case "
        "of twenty later than 12.3 s"
    )
