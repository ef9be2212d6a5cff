"""How fast the bundled archive takes CT slices, beside Orthanc and beside what the disk allows.

    python -m benchmarks.archives [--associations 1,4,8] [--repeats 5] [--processes 1]

Unthrottled senders of the harness, a process for each association; both archives sync before they
acknowledge.  The ceiling is what as many writers reach who do nothing but what a promise costs: write, fsync,
rename, fsync of the folder.  Repeats are interleaved, medians compared.  Only the ratios mean something on
another machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.senders import AE_TITLE, SENDERS, Files, Receiver, folder_to_send_from, rate
from harness.archive import launch
from harness.load.supply import template_of
from harness.load.workload import DatasetRecipe
from harness.peers import start_peer
from harness.synthesis import new_run_root

OBJECTS = 100
"""Of each association."""


def write(folder: Path, size: int, number: int) -> None:
    """What one association's objects cost the disk."""
    content = os.urandom(size)
    for count in range(OBJECTS):
        partial_, whole = folder / f"{number}-{count}.partial", folder / f"{number}-{count}"
        with partial_.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial_.rename(whole)
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def ceiling(folder: Path, size: int, writers: int) -> float:
    """Objects a second of the disk.

    What was written stays until all is measured: some file systems are slow to give out again what has just
    been deleted, and whoever comes next would pay for it.
    """
    folder.mkdir()
    with multiprocessing.get_context("fork").Pool(writers) as pool:
        start = time.perf_counter()
        pool.map(partial(write, folder, size), range(writers), chunksize=1)
        elapsed = time.perf_counter() - start
    return writers * OBJECTS / elapsed


@contextmanager
def receivers(folder: Path, processes: int) -> Iterator[dict[str, Receiver]]:
    """Both archives, side by side."""
    with ExitStack() as stack:
        # Where the other one keeps its objects: on the same disk.
        options = ["--processes", str(processes)]
        bundled = stack.enter_context(launch.start(folder=folder / "bundled", options=options))
        peer = stack.enter_context(start_peer("orthanc", folder / "orthanc", (), AE_TITLE))
        orthanc = peer.target.dimse
        yield {
            "bundled": Receiver(bundled.ae_title, bundled.port),
            "orthanc": Receiver(orthanc.called_ae_title, orthanc.port),
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--associations", default="1,4,8")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1, help="of the bundled archive")
    options = parser.parse_args()
    send = SENDERS["harness, unthrottled"]
    root = new_run_root()
    template = template_of(DatasetRecipe(), root)
    print("| associations | bundled, objects/s | Orthanc | disk ceiling | bundled is |")
    print("|---:|---:|---:|---:|---|")
    counts = [int(one) for one in options.associations.split(",")]
    room = len(template) * (OBJECTS + 1) * max(counts)
    with tempfile.TemporaryDirectory() as scratch, folder_to_send_from(room) as sent:
        folder = Path(scratch)
        files = Files(sent, template, root)
        with receivers(folder, options.processes) as servers:
            for associations in counts:
                rates: dict[str, list[float]] = {"bundled": [], "orthanc": [], "disk": []}
                for repeat in range(options.repeats):
                    for name, receiver in servers.items():
                        rates[name].append(rate(send, receiver, files, associations, OBJECTS))
                    rates["disk"].append(
                        ceiling(folder / f"disk-{associations}-{repeat}", len(template), associations)
                    )
                bundled, orthanc, disk = (statistics.median(values) for values in rates.values())
                print(
                    f"| {associations} | {bundled:,.1f} | {orthanc:,.1f} | {disk:,.1f} | "
                    f"{bundled / orthanc:.2f} × Orthanc, {bundled / disk:.0%} of the ceiling |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
