"""The kill score: ``python -m tests.mutants.score [NAME …]`` prints caught / seeded and what escaped."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

from tests.mutants.kill import all_mutants, caught, verdicts

WORKERS = 2


def caught_by(name: str) -> list[str]:
    """The declared catchers that did catch the defect of that name, in a process of its own."""
    mutant = all_mutants()[name]
    return caught(verdicts(mutant, mutant.caught_by))


def main(names: list[str]) -> int:
    """Print a line per mutant and the score; 1 where one escaped its declared catchers."""
    mutants = [mutant for name, mutant in all_mutants().items() if not names or name in names]
    escaped = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for mutant, catchers in zip(
            mutants, pool.map(caught_by, [mutant.name for mutant in mutants]), strict=True
        ):
            whole = set(catchers) >= set(mutant.caught_by)
            word = "caught " if whole else "ESCAPED"
            print(f"{word}  {mutant.name}: {mutant.defect}  ← {', '.join(catchers)}")
            if not whole:
                escaped.append(mutant)
    print(f"\n{len(mutants) - len(escaped)} / {len(mutants)} caught")
    for mutant in escaped:
        print(f"escaped: {mutant.name} ({mutant.clause}); declared catchers: {', '.join(mutant.caught_by)}")
    return 1 if escaped or not mutants else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
