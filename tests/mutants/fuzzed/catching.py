"""A campaign against an archive with a weakness, and what it finds.

``python -m tests.mutants.fuzzed.catching [NAME …]`` prints caught / seeded, with how long it took, and what
escaped.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness.findings import Finding, Symptom, Weight
from harness.fuzz.campaign import Campaign, Plan
from harness.fuzz.keeping import Outcome
from harness.fuzz.product import Product, ProductLost
from harness.target import Target
from tests.mutants.fuzzed.seed import Weakness, all_weaknesses
from tests.mutants.kill import DEADLINE, VISIBLE_WITHIN, archive_with

BUDGET = 60.0
"""Seconds for each."""
GROWING = 35.0
"""Of which so many are for cases, where memory is looked at afterwards."""
SEQUENCES = 20.0
"""Of which so many are for what shows after many cases alone."""
WORKERS = 2


@dataclass
class Archive:
    """An archive with a weakness, started again in a new folder each time that it has died."""

    where: str
    scratch: Path
    starts: int = 0

    def __post_init__(self) -> None:
        self.stack = contextlib.ExitStack()

    def start(self) -> Target:
        """Where it is now."""
        self.stack.close()
        self.starts += 1
        folder = self.scratch / str(self.starts)
        folder.mkdir()
        return self.stack.enter_context(archive_with(self.where, folder, DEADLINE, VISIBLE_WITHIN))


def examined(weakness: Weakness, plan: Plan) -> list[Finding]:
    """What a campaign by this plan finds."""
    with tempfile.TemporaryDirectory(prefix="pacs-harness-fuzzed-") as scratch:
        archive = Archive(weakness.where, Path(scratch))
        with archive.stack:
            product = Product(archive.start(), archive.start)
            outcome = Outcome()
            folder = Path(scratch) / "run"
            folder.mkdir()
            Campaign(product, plan, folder, outcome).run()
            archive.stack.close()
    return outcome.findings


def plan_for(weakness: Weakness, seed: int = 1, seconds: float = BUDGET, shrink_seconds: float = 1.0) -> Plan:
    """Its area alone, up to the first finding."""
    return Plan(
        (weakness.area,),
        seed,
        min(seconds, GROWING) if Symptom.GREW in weakness.symptoms else seconds,
        shrink_seconds=shrink_seconds,
        is_intrusive=True,
        most_findings=None if Symptom.GREW in weakness.symptoms else 1,
        sequence_seconds=SEQUENCES,
    )


def is_caught(weakness: Weakness, findings: list[Finding]) -> bool:
    """Whether one of them is of the kind that it has to be; memory that grows has to be confirmed."""
    return any(
        one.symptom in weakness.symptoms and (one.symptom is not Symptom.GREW or one.weight is Weight.FAILURE)
        for one in findings
    )


def _score(name: str) -> tuple[str, bool, float, list[str]]:
    weakness = all_weaknesses()[name]
    began = time.monotonic()
    try:
        findings = examined(weakness, plan_for(weakness))
    except ProductLost as lost:
        return name, False, time.monotonic() - began, [str(lost)]
    words = [f"{one.weight}: {one.signature}: {one.observed} ({one.size} bytes)" for one in findings]
    return name, is_caught(weakness, findings), time.monotonic() - began, words


def main(names: list[str]) -> int:
    """Print a line for each and the score; 1 where one escaped."""
    weaknesses = all_weaknesses()
    chosen = [name for name in weaknesses if not names or name in names]
    escaped = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for name, caught, seconds, words in pool.map(_score, chosen):
            print(
                f"{'caught ' if caught else 'ESCAPED'} {name} in {seconds:.0f} s: {weaknesses[name].defect}"
            )
            for line in words:
                print(f"          {line}"[:400], flush=True)
            if not caught:
                escaped.append(name)
    print(f"\n{len(chosen) - len(escaped)} / {len(chosen)} caught")
    return 1 if escaped or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
