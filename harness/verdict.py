"""What the harness says of a product: Requirement, Outcome, Evidence, Result, Run.

Every type here is frozen and goes to JSON and back (`to_json`, `result_from_json`, `run_from_json`);
the schema of both forms is published in ``reports/schema``.
"""

from __future__ import annotations

import enum
import math
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.capabilities import Capabilities, capabilities_from_json

EDITION = "2020c"
"""The edition of DICOM that every clause refers to."""
RESTARTED_AFTER = "restarted after"
"""Where a Run's environment names the requirements after which the product had to be restarted."""


class Level(enum.StrEnum):
    """How strongly the standard asks for something."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    MAY = "MAY"
    QUALITY = "QUALITY"
    """Not demanded by the standard; what a user may expect of a good product."""


class Severity(enum.StrEnum):
    """How much depends on a safeguard: what a patient or a hospital may lose where it is missing."""

    CRITICAL = "critical"
    """Anyone on the network reads, changes or destroys patients' data."""
    HIGH = "high"
    """One more step, or a place in the network that many have, and the same is true."""
    MEDIUM = "medium"
    """Helps an attack along, or keeps it from being noticed."""
    LOW = "low"
    """Should be mended, and hurts nobody by itself."""


class Outcome(enum.StrEnum):
    """The six words of a verdict."""

    PASS = "PASS"  # nosec B105 # no word to pass with
    FAIL = "FAIL"
    WARN = "WARN"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    NOT_TESTED = "NOT_TESTED"
    ERROR = "ERROR"


WORST_FIRST = (
    Outcome.ERROR,
    Outcome.FAIL,
    Outcome.WARN,
    Outcome.NOT_TESTED,
    Outcome.NOT_SUPPORTED,
    Outcome.PASS,
)
"""The order in which the cases of one requirement are condensed to its outcome."""


def worst(outcomes: list[Outcome]) -> Outcome:
    """The outcome of a requirement from those of its cases (at least one)."""
    return min(outcomes, key=WORST_FIRST.index)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that the standard, or good sense, asks of a PACS."""

    id: str
    """Stable over releases: ``find.matching.star-matches-any-run``."""
    clause: str
    """``PS3.4 C.2.2.2.4``"""
    level: Level
    text: str
    """The requirement in our words, one sentence."""
    group: str
    """The first part of the id: ``find``."""
    location: str
    """Where its scenario stands: ``conformance/find/test_matching.py:42``."""
    edition: str = EDITION
    severity: Severity | None = None
    """Of a safeguard: how much depends on it; None elsewhere."""
    remedy: str = ""
    """What whoever runs the product can do where it is missing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proof of a result: what was expected, what was seen, and the exchange."""

    expected: str = ""
    observed: str = ""
    dump: str = ""
    """The recorded exchange in readable form, PDU by PDU, shortened in the middle when long."""
    captures: tuple[str, ...] = ()
    """pcapng files, relative to the run folder."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one Requirement in one Run."""

    requirement: Requirement
    outcome: Outcome
    reason: str
    """One line for people; empty at PASS."""
    duration: float
    """Seconds, all cases together."""
    evidence: Evidence = field(default_factory=Evidence)
    cases: tuple[tuple[str, Outcome], ...] = ()
    """(name, outcome) of each case where a requirement has several."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number seen on the way, judged by nothing: ``store.visible-after``."""

    name: str
    value: float
    """Finite: JSON has no other numbers (RFC 8259, 6)."""
    unit: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"the measurement {self.name} is {self.value}, which is no number for a report")


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that one run found out."""

    target: dict[str, Any]
    """The Target as it was read, passcodes left out."""
    tool_version: str
    edition: str
    started: str
    """ISO 8601 with offset."""
    finished: str
    """Empty while it runs or where it was killed."""
    command: tuple[str, ...]
    """The command line, to repeat the run."""
    exit_code: int | None
    ended_because: str
    """``completed``, ``interrupted``, ``target lost after ID``, ``preflight: …``."""
    peer: dict[str, str]
    """What the product said of itself: implementation class UID, version name, name."""
    environment: dict[str, str]
    """Python, platform, versions of pydicom and pynetdicom."""
    results: tuple[Result, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    unselected: tuple[Requirement, ...] = ()
    """Requirements that exist but were not selected in this run: a reader must see what was not checked."""
    capabilities: Capabilities | None = None
    """What the product was seen to offer; None where nobody looked."""

    @property
    def restarted_after(self) -> tuple[str, ...]:
        """The ids after which the product no longer answered, and was restarted."""
        named = self.environment.get(RESTARTED_AFTER, "")
        return tuple(named.split(", ")) if named else ()


def to_json(value: Result | Run) -> dict[str, Any]:
    """A dict that `json.dumps` takes.  A Result is flat: its requirement's fields stand beside its own."""
    if isinstance(value, Result):
        return _result_to_json(value)
    document = {
        key: item
        for key, item in asdict(value).items()
        if key not in ("results", "unselected", "measurements")
    }
    document["results"] = [_result_to_json(result) for result in value.results]
    document["measurements"] = [asdict(measurement) for measurement in value.measurements]
    document["unselected"] = [asdict(requirement) for requirement in value.unselected]
    return document


def _result_to_json(result: Result) -> dict[str, Any]:
    return {
        **asdict(result.requirement),
        "outcome": str(result.outcome),
        "reason": result.reason,
        "duration": round(result.duration, 6),
        "evidence": asdict(result.evidence),
        "cases": [{"name": name, "outcome": str(outcome)} for name, outcome in result.cases],
    }


def requirement_from_json(document: dict[str, Any]) -> Requirement:
    """The Requirement inside a document of `to_json`.  Raises KeyError or ValueError on a damaged one."""
    return Requirement(
        id=document["id"],
        clause=document["clause"],
        level=Level(document["level"]),
        text=document["text"],
        group=document["group"],
        location=document["location"],
        edition=document["edition"],
        severity=Severity(document["severity"]) if document.get("severity") else None,
        remedy=document.get("remedy") or "",
    )


def result_from_json(document: dict[str, Any]) -> Result:
    """The inverse of `to_json`.  Raises KeyError or ValueError on a damaged document."""
    evidence = document["evidence"]
    return Result(
        requirement=requirement_from_json(document),
        outcome=Outcome(document["outcome"]),
        reason=document["reason"],
        duration=float(document["duration"]),
        evidence=Evidence(
            expected=evidence["expected"],
            observed=evidence["observed"],
            dump=evidence["dump"],
            captures=tuple(evidence["captures"]),
        ),
        cases=tuple((case["name"], Outcome(case["outcome"])) for case in document["cases"]),
    )


def run_from_json(document: dict[str, Any]) -> Run:
    """The inverse of `to_json`, also of earlier versions that had no capabilities.

    Raises KeyError, TypeError or ValueError on a damaged document.
    """
    seen = document.get("capabilities")
    return Run(
        target=dict(document["target"]),
        tool_version=document["tool_version"],
        edition=document["edition"],
        started=document["started"],
        finished=document["finished"],
        command=tuple(document["command"]),
        exit_code=document["exit_code"],
        ended_because=document["ended_because"],
        peer=dict(document["peer"]),
        environment=dict(document["environment"]),
        results=tuple(result_from_json(item) for item in document["results"]),
        measurements=tuple(Measurement(**item) for item in document["measurements"]),
        unselected=tuple(requirement_from_json(item) for item in document["unselected"]),
        capabilities=None if seen is None else capabilities_from_json(seen),
    )
