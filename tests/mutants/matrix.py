"""The whole kill matrix: every seeded defect against every requirement.

``python -m tests.mutants.matrix [--missing] [--minutes N] [--workers N] [NAME …]`` measures all, those named,
or those no line is kept of yet (it may take hours), and writes ``matrix.jsonl`` as it goes, a line per defect
with commit and date; then it says what it amounts to. ``--report`` only says that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from harness.verdict import Outcome
from tests.mutants.kill import all_mutants, caught, stable_ids, verdicts
from tests.mutants.seed import Mutant

KEPT = Path(__file__).with_name("matrix.jsonl")
WORKERS = 2
"""As many at a time as always; beyond them, up to ``--workers``, only where the processors are idle."""
LOOK, IDLE_BELOW = 5.0, 60.0
"""Seconds that are looked at, and per cent of all processors below which there is room for one more."""


@dataclass(frozen=True)
class Row:
    """What every requirement said of one defect."""

    mutant: str
    commit: str
    date: str
    requirements: int
    caught: tuple[str, ...]
    """Those that ended as FAIL or WARN, in the order in which they ran."""
    erred: tuple[str, ...]


def measure(name: str) -> Row:
    """Every requirement on the archive with the defect of that name, in a process of its own."""
    results = verdicts(all_mutants()[name], ())
    return Row(
        name,
        _commit(),
        datetime.now(UTC).date().isoformat(),
        len(results),
        tuple(caught(results)),
        tuple(id_ for id_, result in results.items() if result.outcome is Outcome.ERROR),
    )


def kept() -> dict[str, Row]:
    """The rows of earlier measurements by the defect's name."""
    if not KEPT.exists():
        return {}
    rows = [json.loads(line) for line in KEPT.read_text("utf-8").splitlines()]
    return {
        row["mutant"]: Row(**{**row, "caught": tuple(row["caught"]), "erred": tuple(row["erred"])})
        for row in rows
    }


def keep(rows: Mapping[str, Row]) -> None:
    """Write the rows, sorted by name."""
    lines = [json.dumps(asdict(rows[name]), ensure_ascii=False) + "\n" for name in sorted(rows)]
    KEPT.write_text("".join(lines), "utf-8")


def report(mutants: Mapping[str, Mutant], rows: Mapping[str, Row]) -> Iterable[str]:
    """What the matrix amounts to, line by line."""
    measured = {name: row for name, row in rows.items() if name in mutants}
    escaped = [name for name, row in measured.items() if not set(mutants[name].caught_by) <= set(row.caught)]
    first = Counter(row.caught[0] for row in measured.values() if row.caught)
    alone = Counter(row.caught[0] for row in measured.values() if len(row.caught) == 1)
    ever = {id_ for row in measured.values() for id_ in row.caught}
    yield f"{len(measured)} of {len(mutants)} defects measured against every requirement"
    yield f"caught by every declared catcher: {len(measured) - len(escaped)} / {len(measured)}"
    yield from (f"  escaped: {name} ({mutants[name].clause})" for name in escaped)
    yield f"caught by one requirement alone: {sum(alone.values())}"
    yield f"requirements that alone or first catch one: {len(first)} of {len(stable_ids())}"
    for id_ in stable_ids():
        if id_ not in first:
            note = "never first" if id_ in ever else "catches nothing"
            yield f"  {note}: {id_}"
    for name, row in measured.items():
        if row.erred:
            yield f"  ERROR, which is ours, on {name}: {', '.join(row.erred)}"


def fill(names: Sequence[str], minutes: float, workers: int) -> None:
    """Measure, keeping each row as it comes; nothing new is begun after that many minutes."""
    rows, ends = kept(), time.monotonic() + minutes * 60
    waiting = list(names)
    with ProcessPoolExecutor(workers, max_tasks_per_child=10) as pool:
        running: dict[Future[Row], str] = {}
        while running or (waiting and time.monotonic() < ends):
            while waiting and time.monotonic() < ends and _has_room(len(running), workers):
                name = waiting.pop(0)
                running[pool.submit(measure, name)] = name
            for future in wait(running, LOOK, return_when=FIRST_COMPLETED).done:
                name, row = running.pop(future), future.result()
                rows[name] = row
                keep(rows)
                print(f"{name}: caught by {len(row.caught)}, first {row.caught[:1]}", flush=True)


def _has_room(running: int, workers: int) -> bool:
    """Whether another defect may be measured beside these; many of them mostly wait for silence to end."""
    return running < WORKERS or (running < workers and psutil.cpu_percent(LOOK) < IDLE_BELOW)


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: Sequence[str]) -> int:
    """Measure and report; 1 where a defect escaped."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.matrix", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--missing", action="store_true", help="only what no row is kept of")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin nothing new after that")
    parser.add_argument("--workers", type=int, default=WORKERS, help="at most so many at the same time")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    options = parser.parse_args(arguments)
    mutants = all_mutants()
    if not options.report:
        done = kept() if options.missing else {}
        chosen = options.names or list(mutants)
        fill([name for name in chosen if name not in done], options.minutes, options.workers)
    lines = list(report(mutants, kept()))
    print("\n".join(lines))
    return int(any(line.startswith("  escaped") for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
