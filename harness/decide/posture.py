"""How well a product guards patients' data, area by area: grades from the results of the group ``security``.

A grade is that of the gravest safeguard that was found missing, and of nothing else: no weights, no mean, so
that many small safeguards never make up for a grave one.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.verdict import Outcome, Result, Severity

GROUP = "security"
MISSING = (Outcome.FAIL, Outcome.WARN)
"""Outcomes of a safeguard that was looked for and not found, as a profile demands it or not."""
OPEN = (Outcome.NOT_TESTED, Outcome.ERROR)
_GRAVEST_FIRST = tuple(Severity)


class Grade(enum.StrEnum):
    """From best to worst."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


GRADE_OF = {
    None: Grade.A,
    Severity.LOW: Grade.B,
    Severity.MEDIUM: Grade.C,
    Severity.HIGH: Grade.D,
    Severity.CRITICAL: Grade.E,
}
"""The grade by the gravest safeguard that is missing; None where none is."""


@dataclass(frozen=True, slots=True)
class Area:
    """What a hospital asks about as one."""

    title: str
    question: str
    """As a procurement's questionnaire puts it."""
    sections: str
    """The sections of the MDS2 form (ANSI/NEMA HN 1-2019) in which a vendor answers that."""
    modules: tuple[str, ...]
    """What the second word of a requirement's id begins with."""


AREAS = (
    Area(
        "Encryption in transit",
        "Is patients' data encrypted on its way, and does each side know who the other is?",
        "TXCF, TXIG, NAUT",
        ("transport", "certificate", "client-certificate"),
    ),
    Area(
        "Access control",
        "Does the product let in only whom it should, and let them do only what they may?",
        "AUTH, PAUT, NAUT",
        ("access", "destination", "identity", "overwriting", "permission"),
    ),
    Area("Audit trail", "Does it record who did what to whose data?", "AUDT", ("audit",)),
    Area("Encryption at rest", "Is patients' data unreadable to who gets at the disk?", "STCF", ("at-rest",)),
    Area(
        "Exposure",
        "Does it tell strangers no more than they need, and stand up to hostile input?",
        "SAHD, MLDP, CONN",
        ("exposure", "limits"),
    ),
    Area(
        "Anonymisation",
        "Can data be exported without telling whose it is?",
        "DIDT",
        ("deidentification",),
    ),
)
OTHER = Area("Other safeguards", "What else was looked at?", "", ("",))


@dataclass(frozen=True, slots=True)
class AreaPosture:
    """One area in one run."""

    area: Area
    counts: Counter[Outcome]
    missing: tuple[Result, ...]
    """Gravest first."""
    open: tuple[Result, ...]
    """What could not be looked at, gravest first."""

    @property
    def grade(self) -> Grade | None:
        """None where nothing was judged: silence is no praise."""
        if not (self.missing or self.counts[Outcome.PASS]):
            return None
        return GRADE_OF[self.missing[0].requirement.severity if self.missing else None]

    @property
    def at_best(self) -> bool:
        """Whether something that could not be looked at would make the grade worse if it were missing."""
        if not self.open or self.grade is None:
            return False
        return GRADE_OF[self.open[0].requirement.severity] > self.grade


@dataclass(frozen=True, slots=True)
class Posture:
    """All areas of a run that had safeguards to judge."""

    areas: tuple[AreaPosture, ...]

    @property
    def grade(self) -> Grade | None:
        """The worst of the areas'."""
        return max((one.grade for one in self.areas if one.grade is not None), default=None)

    @property
    def at_best(self) -> bool:
        """Whether what could not be looked at could make it worse; an area without a grade could always."""
        if self.grade is None:
            return False
        unknown = [item for one in self.areas if one.at_best or one.grade is None for item in one.open]
        return any(GRADE_OF[item.requirement.severity] > self.grade for item in unknown)

    @property
    def missing(self) -> tuple[Result, ...]:
        """Of all areas, gravest first."""
        return _by_severity([item for one in self.areas for item in one.missing])


def posture(results: Sequence[Result]) -> Posture | None:
    """The posture that a run's results show; None where it judged no safeguard."""
    ours = [item for item in results if item.requirement.group == GROUP]
    if not ours:
        return None
    placed: dict[Area, list[Result]] = {}
    for item in ours:
        placed.setdefault(area_of(item.requirement.id), []).append(item)
    return Posture(tuple(_area(area, placed[area]) for area in (*AREAS, OTHER) if area in placed))


def area_of(requirement_id: str) -> Area:
    """The area that a requirement of the group belongs to."""
    words = requirement_id.split(".")
    module = words[1] if len(words) > 2 else ""
    return next((area for area in AREAS if module.startswith(area.modules)), OTHER)


def _area(area: Area, results: Sequence[Result]) -> AreaPosture:
    return AreaPosture(
        area,
        Counter(item.outcome for item in results),
        _by_severity([item for item in results if item.outcome in MISSING]),
        _by_severity([item for item in results if item.outcome in OPEN]),
    )


def _by_severity(results: Sequence[Result]) -> tuple[Result, ...]:
    def gravity(item: Result) -> int:
        severity = item.requirement.severity
        return len(_GRAVEST_FIRST) if severity is None else _GRAVEST_FIRST.index(severity)

    return tuple(sorted(results, key=gravity))
