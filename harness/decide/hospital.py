"""A rate in a hospital's words: how many exams a year an archive carries in its busiest hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.measurement import ExamsMeasured

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Share:
    """One kind of exam of a workload."""

    modality: str
    share: float
    """Of all exams, between 0 and 1."""
    objects: int
    """Of one exam."""


def exams_of(
    exams_a_second: float,
    held: float,
    mix: Sequence[Share],
    peak_hour: float,
    days: float,
    *,
    at_least: bool,
) -> ExamsMeasured:
    """What a rate of stored exams comes to that was kept up for so many seconds.

    ``peak_hour`` is the share of a day's exams in its busiest hour, ``days`` the working days of a year;
    ``at_least`` says that the archive was not asked for more.  Raises ValueError where a figure is not
    positive or shares don't add up to 1.
    """
    if abs(sum(one.share for one in mix) - 1) > 0.01:
        raise ValueError("the shares of exams don't add up to 1")
    if min(peak_hour, days) <= 0:
        raise ValueError("peak_hour and days are positive")
    an_hour = exams_a_second * SECONDS_AN_HOUR
    a_year = an_hour / peak_hour * days
    kinds = ", ".join(f"{one.share:.0%} {one.modality} of {_objects(one.objects)}" for one in mix)
    carried = f"{'at least ' if at_least else ''}what {_rounded(a_year):,} exams a year bring"
    made_of = (
        f"that is {_rounded(an_hour):,} exams in that hour, which has {peak_hour:.1%} of a day's, on "
        f"{days:g} days a year, with {kinds} (a rate that was kept up for {held:.0f} s)"
    )
    return ExamsMeasured(an_hour, a_year, at_least, f"its busiest hour carries {carried}", (made_of,))


def retrieval_words(objects: int, p50: float, p95: float) -> str:
    """What fetching a prior study costs; latencies in seconds."""
    return (
        f"meanwhile a radiologist who fetches a prior study of {_objects(objects)} "
        f"has it in {_time(p50)}, and in one case of twenty later than {_time(p95)}"
    )


def _objects(number: int) -> str:
    return f"{number:,} object{'' if number == 1 else 's'}"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _rounded(number: float) -> int:
    """To two digits: more would pretend."""
    if number < 10:
        return round(number)
    magnitude = 10 ** (len(str(int(number))) - 2)
    return int(round(number / magnitude) * magnitude)
