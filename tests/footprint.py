"""Measures ``scenarios/footprint.json`` and ``scenarios/ids.txt`` again: ``python -m tests.footprint``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.events import EventStream
from harness.peers import free_ports
from harness.peers.bundled import start_bundled
from harness.plugin.context import RunContext, StoredLog
from harness.plugin.identity import Selection
from harness.plugin.run import our_scenarios, run_pytest
from harness.target import Destination

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def measure() -> dict[str, float]:
    """One full run against the bundled archive: objects acknowledged, bytes kept, seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        destinations = tuple(Destination(f"PHDEST{n}", port) for n, port in enumerate(free_ports(2), 1))
        stored = StoredLog(folder / "stored.csv")
        with start_bundled(folder, destinations, "PACSHARNESS") as target:
            context = RunContext(
                target,
                folder,
                EventStream(),
                (our_scenarios(),),
                Selection(),
                intrusive=True,
                on_stored=stored,
            )
            started = time.monotonic()
            run_pytest(context)
            seconds = time.monotonic() - started
            kept = sum(path.stat().st_size for path in (folder / "objects").rglob("*.dcm"))
        return {"objects": sum(stored.studies.values()), "bytes": kept, "seconds": round(seconds)}


def main() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "harness", "list"], capture_output=True, text=True, check=True
    ).stdout
    ids = re.findall(r"^([a-z0-9-]+(?:\.[a-z0-9-]+)+)$", listed, re.MULTILINE)
    (SCENARIOS / "ids.txt").write_text("\n".join(sorted(ids)) + "\n", encoding="utf-8")
    footprint = measure()
    (SCENARIOS / "footprint.json").write_text(json.dumps(footprint) + "\n", encoding="utf-8")
    print(len(ids), "ids;", footprint)


if __name__ == "__main__":
    main()
