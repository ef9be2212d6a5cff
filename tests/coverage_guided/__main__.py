"""All entries for an equal share of the time: executions, coverage features and findings of each.

``python -m tests.coverage_guided [--seconds S] [--output DIR] [ENTRY …]``; exit code 1 with the bytes kept in
files where anything is found.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.coverage_guided.entry import all_entries

LONGEST = 16_384
"""Bytes of an input."""
HANGS = 30
"""Seconds for one input; machines that do other things beside are slow."""
MOST_MEMORY = 2048
"""MiB that a process may hold."""
WORDS = 400
"""Words of the seeds that libFuzzer is given to put anywhere."""
GRACE = 120.0
"""Seconds beyond its share for a process to import, run the seeds and end."""


@dataclass(frozen=True)
class Outcome:
    """What came of an entry."""

    executions: int
    features: int
    code: int
    said: str
    kept: tuple[Path, ...]

    @property
    def has_found(self) -> bool:
        """An input breaks the contract, or the entry could not be run at all."""
        return self.code != 0 or bool(self.kept)


def outcome(code: int, said: str, kept: tuple[Path, ...]) -> Outcome:
    """Read from what libFuzzer says: ``#4096 pulse cov: 210 ft: 640 …``, and its final statistics."""
    features = [int(number) for number in re.findall(r"^#\d+.* ft: (\d+)", said, re.MULTILINE)]
    executed = re.findall(r"stat::number_of_executed_units:\s+(\d+)|^#(\d+)", said, re.MULTILINE)
    numbers = [int(one or other) for one, other in executed]
    return Outcome(max(numbers, default=0), max(features, default=0), code, said, kept)


def dictionary(seeds: Iterable[bytes]) -> str:
    """Keys, UIDs and values of the seeds, in libFuzzer's form."""
    found = dict.fromkeys(word for seed in seeds for word in re.findall(rb"[\w.-]{3,40}", seed[:20_000]))
    return "".join(f'"{word.decode()}"\n' for word in list(found)[:WORDS])


def run(name: str, seconds: float, output: Path) -> Outcome:
    """One entry for so many seconds; what it finds goes below `output`."""
    place = output / name
    place.mkdir(parents=True, exist_ok=True)
    before = set(place.iterdir())
    with tempfile.TemporaryDirectory(prefix="pacs-harness-corpus-") as scratch:
        corpus, words = Path(scratch) / "corpus", Path(scratch) / "words"
        corpus.mkdir()
        seeds = list(all_entries()[name].seeds())
        for number, seed in enumerate(seeds):
            (corpus / f"{number:03}").write_bytes(seed)
        words.write_text(dictionary(seeds))
        options = [
            *(f"-max_total_time={max(1, round(seconds))}", f"-timeout={HANGS}", f"-max_len={LONGEST}"),
            *(f"-rss_limit_mb={MOST_MEMORY}", f"-artifact_prefix={place}/", "-print_final_stats=1"),
            *((f"-dict={words}",) if words.read_text() else ()),  # it takes no empty one
            str(corpus),
        ]
        command = [sys.executable, "-m", f"{__package__}.one", name, *options]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", env=environment,
                timeout=seconds + GRACE, check=False,
            )  # fmt: skip
            code, said = done.returncode, done.stdout + done.stderr
        except subprocess.TimeoutExpired as error:
            code, said = 1, f"{(error.stderr or b'').decode(errors='replace')}\nit did not end"
    return outcome(code, said, tuple(sorted(set(place.iterdir()) - before)))


def main(arguments: list[str]) -> int:
    """Print a line for each entry, and what it found; 1 where anything is."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage_guided")
    parser.add_argument("--seconds", type=float, default=300.0, help="for all entries together (300)")
    parser.add_argument(
        "--output", type=Path, default=Path("coverage-guided"), help="where findings are kept"
    )
    parser.add_argument("entry", nargs="*", help="only these")
    options = parser.parse_args(arguments)
    names = [name for name in all_entries() if not options.entry or name in options.entry]
    if not names:
        parser.error(f"no such entry; there are {', '.join(all_entries())}")
    found = 0
    for name in names:
        came = run(name, options.seconds / len(names), options.output)
        found += came.has_found
        words = "1 finding" if came.has_found else "no finding"
        print(f"{name}: {came.executions:,} executions, {came.features:,} features, {words}", flush=True)
        for path in came.kept:
            print(f"  {path}")
        if came.has_found:
            print("  " + "\n  ".join(_telling(came.said)))
    return 1 if found else 0


def _telling(said: str) -> list[str]:
    """The lines that say what went wrong: the traceback, without libFuzzer's own."""
    lines = said.splitlines()
    starts = [number for number, line in enumerate(lines) if "Uncaught Python exception" in line]
    return lines[starts[0] : starts[0] + 40] if starts else lines[-40:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
