"""What a campaign says: of a finding, with its folder, and of how far it came in an area."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from harness.findings import Area, AreaCounted, Finding, MemorySeen
from harness.fuzz.confirming import Found
from harness.fuzz.putting import Tally
from harness.fuzz.reproducer import dump, save

SHOWN_DUMP = 6_000
"""Characters of a dump that a report shows."""
FINDINGS = "findings"
_PLACE = re.compile(r"[^a-z0-9]+")


def kept(folder: Path, number: int, area: Area, found: Found[Any], began: float) -> Finding:
    """Make ``FOLDER/findings/NN-…`` of finding `number` of a campaign that began at that moment.  OSError."""
    trouble, case = found.trouble, found.case
    name = _PLACE.sub("-", f"{number:02} {trouble.symptom} {trouble.detail}".lower()).strip("-")[:60]
    place = folder / FINDINGS / name
    place.mkdir(parents=True)
    save(place, area, case, trouble, found.before)
    if found.recorder is not None:
        found.recorder.write_pcapng(place / "exchange.pcapng")
        (place / "exchange.txt").write_text(found.recorder.dump(), encoding="utf-8")
    if found.log:
        (place / "log.txt").write_text(found.log, encoding="utf-8")
    return Finding(
        folder=f"{FINDINGS}/{name}",
        area=area,
        symptom=trouble.symptom,
        weight=trouble.weight,
        signature=trouble.signature,
        clause=trouble.clause,
        expected=trouble.expected,
        observed=trouble.observed,
        about=", ".join(sorted(case.marks)),
        size=case.size,
        size_found=found.size_found,
        found_after=round(found.at - began, 3),
        dump=dump(case)[:SHOWN_DUMP],
        log=found.log,
        cases=1 + len(found.before),
    )


def counted(area: Area, tally: Tally, judging: float, memory: MemorySeen | None = None) -> AreaCounted:
    """How far it came; `judging` is in seconds."""
    return AreaCounted(
        area=area,
        cases=tally.cases,
        shrinking=tally.shrinking,
        seconds=round(tally.seconds, 3),
        generating=round(max(tally.seconds - tally.with_product, 0.0), 3),
        judging=round(judging, 3),
        outcomes=dict(tally.outcomes),
        memory=memory,
    )
