"""How fast the bundled archive gives studies back, by C-GET and C-MOVE, beside Orthanc.

    python -m benchmarks.retrieval [--repeats 3] [--operations 30]

A study of one object of 1.5 KiB, one of 40 CT slices of 512 KiB, and one object of 128 MiB; one client, one
association that is kept, unthrottled.  Median times from request to final response, repeats interleaved; and
what each server's processes had in memory at most.  Only the ratios mean something on another machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harness.load.benching import listener_of
from harness.load.measuring import ALL
from harness.load.plan import Plan
from harness.load.running import run_load, store_population
from harness.load.workload import Closed, DatasetRecipe, Get, Kept, Move, Population, Stop, Workload
from harness.peers import free_ports, start_peer
from harness.peers.bundled import start_bundled
from harness.synthesis import new_run_root
from harness.target import Destination, Target
from harness.watching import watching

ARCHIVES = ("bundled", "orthanc")
OPERATIONS: dict[str, Get | Move] = {"C-GET": Get(), "C-MOVE": Move()}


@dataclass(frozen=True, slots=True)
class Study:
    """What is asked for, and by how many times more seldom since it is large."""

    words: str
    recipe: DatasetRecipe
    objects: int
    seldom: int = 1


STUDIES = (
    Study("1 × 1.5 KiB", DatasetRecipe(rows=16, columns=16), 1),
    Study("40 × 512 KiB", DatasetRecipe(), 40),
    Study("1 × 128 MiB", DatasetRecipe(rows=8192, columns=8192), 1, seldom=3),
)


@contextmanager
def archives(folder: Path) -> Iterator[dict[str, Target]]:
    """Both, each with the harness as a destination."""
    with ExitStack() as stack:
        targets = {}
        for name in ARCHIVES:
            (port,) = free_ports(1)
            destinations = (Destination("BENCHMARK", port),)
            (folder / name).mkdir()
            targets[name] = (
                stack.enter_context(start_bundled(folder / name, destinations, "BENCHMARK"))
                if name == "bundled"
                else stack.enter_context(start_peer(name, folder / name, destinations, "BENCHMARK")).target
            )
        yield targets


def plan_of(target: Target, study: Study, operations: int, root: str) -> Plan:
    """Three studies of the kind, of which one is asked for at a time."""
    workload = Workload(
        about="Retrieves alone.",
        operation=(Get(),),
        arrival=Closed(clients=1, association=Kept.CLIENT),
        stop=Stop(operations=max(operations // study.seldom, 3)),
        population=Population(studies=3, dataset="objects", objects=study.objects),
        dataset={"objects": study.recipe},
    )
    listener = listener_of(target, replaced(workload, Move()))
    return Plan(target, workload, root, quickack=True, listener=listener)


def replaced(workload: Workload, operation: Get | Move) -> Workload:
    """The same with another operation."""
    return msgspec.structs.replace(workload, operation=(operation,))


def measure(plan: Plan, operation: Get | Move, log: Path) -> tuple[float, int]:
    """Median seconds of an operation, and the most bytes that the server had in memory."""
    with watching(plan.target) as watched:
        measured = run_load(
            replace(plan, workload=replaced(plan.workload, operation)), lambda told: None, log
        )
    whole = measured.timeline.whole(ALL)
    if whole.errors:
        raise SystemExit(f"{plan.target.dimse.port}: {dict(whole.errors)}")
    return whole.latencies.percentile(50), max((look.memory for _, look in watched.looks), default=0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--operations", type=int, default=30)
    options = parser.parse_args()
    print("| study | operation | bundled, ms | Orthanc, ms | bundled is | memory, bundled | Orthanc |")
    print("|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as scratch, archives(Path(scratch)) as targets:
        log = Path(scratch) / "engine.log"
        for study in STUDIES:
            root = new_run_root()
            plans = {
                name: plan_of(target, study, options.operations, root) for name, target in targets.items()
            }
            for plan in plans.values():
                store_population(plan)
            for words, operation in OPERATIONS.items():
                found: dict[str, list[tuple[float, int]]] = {name: [] for name in ARCHIVES}
                for _ in range(options.repeats):
                    for name, plan in plans.items():
                        found[name].append(measure(plan, operation, log))
                bundled, orthanc = (statistics.median(time for time, _ in found[name]) for name in ARCHIVES)
                memory = (max(size for _, size in found[name]) / 1e6 for name in ARCHIVES)
                print(
                    f"| {study.words} | {words} | {bundled * 1e3:,.2f} | {orthanc * 1e3:,.2f} | "
                    f"{orthanc / bundled:.2f} × as fast | "
                    + " | ".join(f"{one:,.0f} MB" for one in memory)
                    + " |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
