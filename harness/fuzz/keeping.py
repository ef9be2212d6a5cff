"""What a campaign has found, written as it is found: a folder each, and its line in the outcome."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness.dimse.capture import Recorder
from harness.documents import OWNER_ONLY
from harness.findings import Area, AreaCounted, Difference, Finding
from harness.fuzz.arena import Found, Known
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.reproducer import DUMP, dump, save, side_by_side
from harness.fuzz.trouble import Trouble

SHOWN_DUMP = 6_000
"""Characters of a dump that a report shows."""
FINDINGS, DIFFERENCES = "findings", "differences"
_PLACE = re.compile(r"[^a-z0-9]+")


@dataclass
class Outcome:
    """What has come of a campaign so far."""

    areas: list[AreaCounted] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    fleeting: int = 0
    """Differences that did not show again, and are not told."""
    left_out: list[str] = field(default_factory=list)
    replayed: int = 0
    replies: list[str] = field(default_factory=list)
    """What came of each of the corpus, in a line."""


@dataclass
class Keeper:
    """Keeps what is found in the run folder and in the outcome."""

    folder: Path
    outcome: Outcome
    began: float
    """By `time.monotonic`."""
    on_finding: Callable[[Finding], None]
    on_difference: Callable[[Difference], None]
    _known: list[tuple[int, Known]] = field(default_factory=list, init=False)
    """The differences by their place in the outcome."""

    def keep(self, area: Area, found: Found[Any], other: str = "") -> None:
        """Write what was found; `other` says what the product did that is compared with.  OSError."""
        if isinstance(found.shown, Contrast):
            self._difference(area, found, found.shown)
        else:
            self._finding(area, found, found.shown, other)

    @property
    def told_once(self) -> list[Known]:
        """The differences that are the same in every area, and are not told in the next ones again."""
        return [known for _, known in self._known if known.shown.is_told_once]

    def recount(self) -> None:
        """Say of each difference how many cases have shown it by now."""
        for place, known in self._known:
            known_one = self.outcome.differences[place]
            self.outcome.differences[place] = msgspec.structs.replace(known_one, times=known.times)

    def _finding(self, area: Area, found: Found[Any], trouble: Trouble, other: str) -> None:
        case = found.case
        number = len(self.outcome.findings) + 1
        name, place = self._saved(area, found, FINDINGS, f"{number:02} {trouble.symptom} {trouble.detail}")
        for recorder in found.recorders[:1]:
            _record(place, "exchange", recorder)
        finding = Finding(
            folder=name,
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
            found_after=round(found.at - self.began, 3),
            dump=dump(case)[:SHOWN_DUMP],
            log=found.log,
            other=other,
            cases=1 + len(found.before),
        )
        self.outcome.findings.append(finding)
        self.on_finding(finding)

    def _difference(self, area: Area, found: Found[Any], contrast: Contrast) -> None:
        if found.is_fleeting:
            self.outcome.fleeting += 1
            return
        case = found.case
        number = len(self.outcome.differences) + 1
        name, place = self._saved(area, found, DIFFERENCES, f"{number:02} {contrast.detail}")
        text = side_by_side(contrast) + "\n" + dump(case)
        (place / DUMP).write_text(text, encoding="utf-8")
        for side, recorder in zip("ab", found.recorders, strict=False):
            _record(place, f"exchange-{side}", recorder)
        difference = Difference(
            folder=name,
            area=area,
            aspect=contrast.aspect,
            signature=contrast.signature,
            what=contrast.what,
            a=contrast.a,
            b=contrast.b,
            clause=contrast.clause,
            breaks=contrast.breaks,
            times=found.known.times,
            about=", ".join(sorted(case.marks)),
            size=case.size,
            dump=text[:SHOWN_DUMP],
        )
        self._known.append((len(self.outcome.differences), found.known))
        self.outcome.differences.append(difference)
        self.on_difference(difference)

    def _saved(self, area: Area, found: Found[Any], below: str, words: str) -> tuple[str, Path]:
        """The case, and the log where there is one, in a new folder: its name in the run folder, and it."""
        name = f"{below}/{_PLACE.sub('-', words.lower()).strip('-')[:60].strip('-')}"
        place = self.folder / name
        place.parent.mkdir(exist_ok=True, mode=OWNER_ONLY)
        place.mkdir(mode=OWNER_ONLY)
        save(place, area, found.case, found.shown, found.before)
        if found.log:
            (place / "log.txt").write_text(found.log, encoding="utf-8")
        return name, place


def _record(place: Path, name: str, recorder: Recorder) -> None:
    recorder.write_pcapng(place / f"{name}.pcapng")
    (place / f"{name}.txt").write_text(recorder.dump(), encoding="utf-8")
