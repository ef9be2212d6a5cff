"""What an association costs the reference archive, against pynetdicom's own echoscp.

    python benchmarks/archive_latency.py

Both serve in turn, an association and an echo each time; the medians are compared.  Times are of one machine
at one time: only the ratios mean something elsewhere.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from harness.archive import launch
from harness.dimse.errors import Unreachable
from harness.dimse.transport import Address
from harness.peers import free_ports
from harness.peers.process import START_DEADLINE
from harness.scu.echo import echo
from harness.scu.session import Peer, Scu
from harness.scu.uids import VERIFICATION

STEPS = ("association", "echo", "release")


@contextlib.contextmanager
def echoscp() -> Iterator[Scu]:
    """pynetdicom's own program."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "pynetdicom", "echoscp", str(port), "-q"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    scu = Scu(Peer(Address("127.0.0.1", port), "ECHOSCP", "BENCHMARK"))
    try:
        ends = time.monotonic() + START_DEADLINE
        while time.monotonic() < ends:
            with contextlib.suppress(Unreachable):
                scu.open(VERIFICATION).release()
                break
            time.sleep(0.05)
        yield scu
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def archive() -> Iterator[Scu]:
    """The reference archive."""
    with launch.start() as running:
        yield Scu(Peer(Address(running.host, running.port), running.ae_title, "BENCHMARK"))


def once(scu: Scu) -> tuple[float, float, float]:
    """Milliseconds of each step."""
    began = time.perf_counter()
    association = scu.open(VERIFICATION)
    opened = time.perf_counter()
    echo(association)
    echoed = time.perf_counter()
    association.release()
    released = time.perf_counter()
    return (opened - began) * 1000, (echoed - opened) * 1000, (released - echoed) * 1000


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description="What an association costs the reference archive.")
    parser.add_argument("--repeats", type=int, default=200)
    repeats = parser.parse_args().repeats
    with archive() as ours, echoscp() as theirs:
        pairs = [(once(ours), once(theirs)) for _ in range(repeats)]
    print(f"{'median of ' + str(repeats):<16}{'archive':>10}{'echoscp':>10}{'ratio':>8}")
    for number, step in enumerate(STEPS):
        mine = statistics.median(pair[0][number] for pair in pairs)
        other = statistics.median(pair[1][number] for pair in pairs)
        print(f"{step:<16}{mine:>7.2f} ms{other:>7.2f} ms{mine / other:>8.2f}")


if __name__ == "__main__":
    main()
