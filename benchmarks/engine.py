"""What the load engine itself drives: objects into a null sink, and how much memory that takes.

    python -m benchmarks.engine [--objects 1000000] [--seconds 10] [--clients 4]

The sink is a process of its own that takes every object and keeps none.  Objects a second for small ones,
bytes a second for large ones; then so many small objects in one load, with the engine's memory beside it,
which must not grow with their number.  Rates are of one machine at one time.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from harness.load.limit import null_sink
from harness.load.measuring import ALL
from harness.load.plan import Plan
from harness.load.running import Measured, Told, run_load
from harness.load.workload import Closed, DatasetRecipe, Kept, Stop, Store, Workload
from harness.synthesis import new_run_root
from harness.target import Dimse, Target

SMALL, LARGE = DatasetRecipe(rows=16, columns=16), DatasetRecipe(rows=4096, columns=4096)
PER_STUDY = 100


def load(plan: Plan, stop: Stop, recipe: DatasetRecipe, on_told: Callable[[Told], None]) -> Measured:
    """One load of C-STORE alone."""
    workload = Workload(
        about="Stores alone.",
        operation=(Store(dataset="objects", objects=PER_STUDY if recipe is SMALL else 2),),
        arrival=plan.workload.arrival,
        stop=stop,
        dataset={"objects": recipe},
    )
    with tempfile.TemporaryDirectory() as folder:
        return run_load(replace(plan, workload=workload), on_told, Path(folder) / "engine.log")


def memory() -> int:
    """Resident bytes of the engine."""
    engines = [one for one in psutil.Process().children() if "harness.load.engine" in one.cmdline()]
    return sum(one.memory_info().rss for one in engines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    with null_sink() as port:
        target = Target(Dimse("127.0.0.1", port, "NULL"))
        empty = Workload(
            about="None.",
            operation=(Store(dataset="objects"),),
            arrival=Closed(clients=options.clients, association=Kept.CLIENT),
            stop=Stop(seconds=options.seconds),
        )
        plan = Plan(target, empty, new_run_root(), quickack=True)
        stop = Stop(seconds=options.seconds, warm_up=2)
        for words, recipe in (("1.5 KiB", SMALL), ("32 MiB", LARGE)):
            measured = load(plan, stop, recipe, lambda told: None)
            whole = measured.timeline.whole(ALL)
            seconds = measured.measured_seconds
            print(
                f"objects of {words}: {whole.count / seconds:,.0f} a second, "
                f"{whole.bytes / seconds / 1e9:.2f} GB a second, {whole.errors.total()} errors",
                flush=True,
            )
        seen: list[tuple[int, int]] = []
        measured = load(
            plan,
            Stop(operations=-(-options.objects // PER_STUDY)),
            SMALL,
            lambda told: seen.append((told.ended * PER_STUDY, memory())),
        )
        sizes = [size for _, size in seen if size]
        early = max(size for number, size in seen[:-1] if number <= options.objects / 10 and size)
        print(
            f"{measured.timeline.whole(ALL).count:,} objects in {measured.seconds:,.0f} s: the engine had "
            f"{early / 1e6:.0f} MB in the first tenth and {max(sizes) / 1e6:.0f} MB at most"
        )


if __name__ == "__main__":
    main()
