"""The kill score: ``python -m tests.mutants.score [NAME …]`` prints caught / seeded and what escaped."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

from harness.verdict import Outcome
from tests.mutants.kill import all_mutants, verdicts
from tests.mutants.seed import Mutant

WORKERS = 2


def caught_by(mutant: Mutant) -> list[str]:
    """The declared catchers that did catch it."""
    results = verdicts(mutant)
    return [id_ for id_, result in results.items() if result.outcome in (Outcome.FAIL, Outcome.WARN)]


def main(names: list[str]) -> int:
    """Print a line per mutant and the score; 1 where one escaped its declared catchers."""
    mutants = [mutant for name, mutant in all_mutants().items() if not names or name in names]
    escaped = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for mutant, caught in zip(mutants, pool.map(caught_by, mutants), strict=True):
            whole = set(caught) >= set(mutant.caught_by)
            print(
                f"{'caught ' if whole else 'ESCAPED'}  {mutant.name}: {mutant.defect}  ← {', '.join(caught)}"
            )
            if not whole:
                escaped.append(mutant)
    print(f"\n{len(mutants) - len(escaped)} / {len(mutants)} caught")
    for mutant in escaped:
        print(f"escaped: {mutant.name} ({mutant.clause}); declared catchers: {', '.join(mutant.caught_by)}")
    return 1 if escaped or not mutants else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
