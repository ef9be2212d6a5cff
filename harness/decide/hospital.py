"""A rate in a hospital's words: how many exams a year an archive carries in its busiest hour."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Exams:
    """What a rate of objects is in exams."""

    an_hour: float
    """In the busiest hour."""
    a_day: float
    a_year: float
    objects_per_exam: float
    """Of the whole mix."""
    words: str
    """The figure, and what it was made of."""


def exams_of(
    objects_a_second: float,
    exams: dict[str, float],
    objects_per_exam: dict[str, float],
    peak_hour: float,
    days: float,
) -> Exams:
    """Exams that a sustained rate of stored objects stands for.

    ``exams`` is the share of each modality, ``objects_per_exam`` how many objects it has, ``peak_hour`` the
    share of a day's exams in its busiest hour, ``days`` the working days of a year.  Raises ValueError where
    shares don't add up, a modality is missing, or a figure isn't positive.
    """
    if abs(sum(exams.values()) - 1) > 0.01:
        raise ValueError(f"the shares of exams add up to {sum(exams.values()):g}, not to 1")
    missing = sorted(set(exams) - set(objects_per_exam))
    if missing:
        raise ValueError(f"objects_per_exam says nothing of {missing[0]}")
    if min(peak_hour, days, *objects_per_exam.values()) <= 0:
        raise ValueError("peak_hour, days and objects_per_exam are positive")
    mean = sum(share * objects_per_exam[modality] for modality, share in exams.items())
    an_hour = objects_a_second * SECONDS_AN_HOUR / mean
    a_day = an_hour / peak_hour
    a_year = a_day * days
    mix = ", ".join(
        f"{share:.0%} {modality} of {objects_per_exam[modality]:g} objects"
        for modality, share in exams.items()
    )
    words = (
        f"in its busiest hour the archive carries what {_rounded(a_year):,} exams a year bring, if "
        f"{peak_hour:.0%} of a day's exams fall into that hour, {days:g} days a year, with {mix}"
    )
    return Exams(an_hour, a_day, a_year, mean, words)


def _rounded(number: float) -> int:
    """To two digits: more would pretend."""
    if number < 10:
        return round(number)
    magnitude = 10 ** (len(str(int(number))) - 2)
    return int(round(number / magnitude) * magnitude)
