"""The sample report is what the renderer makes today."""

from __future__ import annotations

import re

from tests.sample_report import SAMPLE, sample


def without_chart(page: str) -> str:
    """The page without the chart, whose coordinates are matplotlib's."""
    return re.sub(r"<figure>.*?</figure>", "<figure></figure>", page, flags=re.DOTALL)


def test_the_sample_is_up_to_date() -> None:
    committed = SAMPLE.read_text(encoding="utf-8")
    assert "<figure>" in committed
    assert without_chart(committed) == without_chart(sample()), (
        "python -m tests.sample_report renders it anew"
    )


def test_the_sample_is_small_enough_to_be_looked_at() -> None:
    assert SAMPLE.stat().st_size < 300_000
