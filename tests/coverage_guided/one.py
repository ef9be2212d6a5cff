"""One entry under libFuzzer, in a process of its own: ``… one ENTRY [libFuzzer's options]``."""

from __future__ import annotations

import faulthandler
import logging
import resource
import sys

import atheris

INSTRUMENTED = ("harness", "tests.coverage_guided")
PEAK = 64 * 1024
"""KiB by which the resident memory may grow in one execution: inputs are a few KiB."""
VIRTUAL = 4 * 1024**3
"""Bytes of address space beyond what there is at the start: what is asked for and never touched."""


def peak() -> int:
    """The most resident KiB so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(name: str, options: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    logging.disable(logging.CRITICAL)
    with atheris.instrument_imports(include=list(INSTRUMENTED), enable_loader_override=False):
        from tests.coverage_guided.entry import named

        entry = named(name)

    def execute(data: bytes) -> None:
        before = peak()
        entry.run(data)
        grown = peak() - before
        assert grown <= PEAK, f"{grown:,} KiB of memory for {len(data):,} bytes"

    for seed in entry.seeds():
        execute(seed)
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + VIRTUAL, taken + VIRTUAL))
    faulthandler.enable()
    atheris.Setup([sys.argv[0], *options], execute)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
