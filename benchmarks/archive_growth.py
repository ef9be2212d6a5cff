"""How the reference archive's queries slow down as its index grows.

    python benchmarks/archive_growth.py --sizes 1000,10000,100000

The index is filled by the archive's own code, one transaction for each object as a C-STORE has it, then
asked what a C-FIND asks, from the identifier to the encoded responses; there is no network.  Every query has
one match at every size.  Times are of one machine at one time: only the ratios mean something elsewhere.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from harness.archive.attributes import Attribute, AttributeSet, Level, Root
from harness.archive.config import ArchiveConfig
from harness.archive.encoding import EXPLICIT_LITTLE
from harness.archive.identifiers import understand
from harness.archive.index import Index, Instance
from harness.archive.semantics import Semantics

CT = "1.2.840.10008.5.1.4.1.1.2"
FIRST_DAY = date(1700, 1, 1)
"""Every study has a day of its own from here: so far back that a hundred thousand find room."""


def identity(number: int) -> dict[int, Attribute]:
    """What a study is known by."""
    day = FIRST_DAY + timedelta(days=number)
    return {
        0x00080020: Attribute("DA", (f"{day:%Y%m%d}",)),
        0x00100020: Attribute("LO", (f"PHTEST-{number:08d}",)),
        0x0020000D: Attribute("UI", (f"2.25.1.{number}",)),
    }


def add(index: Index, number: int) -> None:
    """A study of one object."""
    uid = f"2.25.3.{number}"
    others = {
        0x00080016: Attribute("UI", (CT,)),
        0x00080018: Attribute("UI", (uid,)),
        0x00080060: Attribute("CS", ("CT",)),
        0x00100010: Attribute("PN", ("PHTEST^Growth",)),
        0x0020000E: Attribute("UI", (f"2.25.2.{number}",)),
    }
    instance = Instance(
        uid, CT, f"2.25.1.{number}", f"2.25.2.{number}", EXPLICIT_LITTLE, f"objects/{number}", 0, 0, ""
    )
    index.add(instance, AttributeSet({**identity(number), **others}))


def find(index: Index, semantics: Semantics, keys: Mapping[int, Attribute]) -> int:
    """The number of matches of a query at STUDY level."""
    query = understand(
        Root.STUDY,
        Level.STUDY,
        AttributeSet(keys),
        frozenset(),
        relational=False,
        combined_date_time=False,
    )
    number = 0
    for entity in index.entities(query.level, semantics.selection(query)):
        if semantics.match_entity(query, entity.attributes):
            semantics.encode_response(
                query, semantics.response_attributes(query, entity.attributes), EXPLICIT_LITTLE
            )
            number += 1
    return number


def medians(index: Index, size: int, repeats: int, folder: Path) -> dict[str, float]:
    """Seconds of each query."""
    semantics = Semantics(ArchiveConfig(folder=folder))
    chance = random.Random(size)
    times: dict[str, list[float]] = {}
    for _ in range(repeats):
        known = identity(chance.randrange(size))
        day = known[0x00080020].values[0]
        asked = {
            "PatientID": {0x00100020: known[0x00100020], 0x0020000D: Attribute("UI")},
            "StudyDate range": {0x00080020: Attribute("DA", (f"{day}-{day}",)), 0x0020000D: Attribute("UI")},
            "StudyInstanceUID": {0x0020000D: known[0x0020000D]},
        }
        for name, keys in asked.items():
            began = time.perf_counter()
            number = find(index, semantics, keys)
            times.setdefault(name, []).append(time.perf_counter() - began)
            assert number == 1, (name, number)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Print a line for each size, and the ratio of the last to the first."""
    parser = argparse.ArgumentParser(description="How the reference archive's queries slow down as it grows.")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--repeats", type=int, default=100)
    options = parser.parse_args()
    sizes = sorted(int(size) for size in options.sizes.split(","))
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="archive-growth-") as scratch:
        index = Index(Path(scratch) / "index.sqlite")
        held = 0
        for size in sizes:
            began = time.perf_counter()
            for number in range(held, size):
                add(index, number)
            rate = (size - held) / (time.perf_counter() - began)
            held = size
            found.append(medians(index, size, options.repeats, Path(scratch)))
            times = "".join(f"  {name} {seconds * 1000:.3f} ms" for name, seconds in found[-1].items())
            print(f"{size:>9,} studies ({rate:,.0f}/s){times}", flush=True)
        index.close()
    print("ratio    " + "".join(f"  {name} {found[-1][name] / found[0][name]:.2f}" for name in found[0]))


if __name__ == "__main__":
    main()
