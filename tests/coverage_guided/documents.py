"""Files that others write: targets, claims, worklists, workloads, recipes, and documents of run folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.claims import read_claims
from harness.content import content_folder
from harness.findings import FILE as CAMPAIGN
from harness.findings import (
    Area,
    AreaCounted,
    Campaign,
    Finding,
    Symptom,
    Weight,
    read_campaign,
    write_campaign,
)
from harness.large import FILE as LARGE
from harness.large import read_large
from harness.load.workload import WorkloadError, load_workload
from harness.measurement import FILE as BENCH
from harness.measurement import read_bench
from harness.report.folder import NotARun, load_run
from harness.synthesis.recipe import RecipeError, load_recipe
from harness.target import TargetError
from harness.target_file import read_target
from harness.worklist import EntryError, read_entries
from tests.coverage_guided.entry import entry, one_line, scratch, written

TARGET = b"""name = "PACS"
[dimse]
host = "127.0.0.1"
port = 104
called_ae_title = "PACS"
deadline = 2.5
[dimse.tls]
verify = false
[dimse.user_identity]
type = "username"
primary = "user"
[claims]
services = ["find", "get"]
storage_level = 2
artim = 30
[[destination]]
ae_title = "OURS"
port = 11113
[control]
restart = ["systemctl", "restart", "pacs"]
[worklist]
entries = "worklist.toml"
"""
NESTED = b"x = " + b"[" * 1500 + b"]" * 1500
DIGITS = b"[dimse]\nport = " + b"9" * 5000
BITS = b"[dimse]\ndeadline = 0x" + b"F" * 400
LINES = b'"a\\nb" = 1\n[[entry]]\n"c\\nd" = "e\\nf"\n'
ODD = (NESTED, DIGITS, BITS, LINES)


@entry(lambda: [TARGET, *ODD], TargetError)
def targets(data: bytes) -> None:
    target = read_target(written("target.toml", data))
    assert json.dumps(target.public())


def claimed() -> Iterator[bytes]:
    yield (Path(__file__).parents[2] / "harness" / "peers" / "bundled_claims.json").read_bytes()[:6000]
    yield json.dumps(
        {
            "format": "pacs-harness statement 1",
            "about": {"product": "PACS", "not_seen": ["x"]},
            "sop_classes": [
                {"uid": "1.2.840.10008.1.1", "role": "SCP", "options": [{"name": "x", "value": 1}]}
            ],
            "associations": [{"name": "artim", "value": 30.5}],
            "queries": [
                {"sop_class": "1.2.3", "level": "STUDY", "keys": [{"keyword": "PatientID", "matching": []}]}
            ],
            "statuses": [{"command": "C-STORE", "status": "0xA700"}],
            "character_sets": [{"term": "ISO_IR 100", "stored": None}],
        }
    ).encode()
    yield b"[" * 2000


@entry(claimed, TargetError)
def claims(data: bytes) -> None:
    assert read_claims(written("claims.json", data))


@entry(
    lambda: [b'[[entry]]\nlabel = "one"\nPatientName = "PHTEST^A"\nModality = "CT"\n', *ODD],
    EntryError,
)
def worklists(data: bytes) -> None:
    for one in read_entries(written("worklist.toml", data)):
        assert one.label is not None


def shipped(folder: Path) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([*(path.read_bytes() for path in sorted(folder.glob("*.toml"))[:4]), *ODD])


@entry(shipped(content_folder("scenarios") / "load"), WorkloadError)
def workloads(data: bytes) -> None:
    assert load_workload(written("workload.toml", data))


@entry(shipped(content_folder("datasets")), RecipeError)
def recipes(data: bytes) -> None:
    assert load_recipe(written("recipe.toml", data))


def campaigns() -> Iterator[bytes]:
    finding = Finding(
        "findings/01", Area.PDUS, Symptom.DIED, Weight.FAILURE, "died", "PS3.8", "a", "b", "c", 3, 4, 0.5
    )
    counted = AreaCounted(Area.PDUS, 3, 1, 2.5, 1.0, 0.0, {"aborted": 3})
    campaign = Campaign(
        *("0.1.0", {"name": "PACS", "dimse": {"called_ae_title": "A", "host": "h", "port": 1}}, {}, 7),
        *("2026-11-29T10:00:00+00:00", "2026-11-29T10:01:00+00:00", (), {}, 1, "completed"),
        areas=(counted,),
        findings=(finding,),
    )
    write_campaign(campaign, scratch())
    yield (scratch() / CAMPAIGN).read_bytes()
    yield b'{"x": ' + b"[" * 1500


@entry(campaigns, ValueError)
def campaign(data: bytes) -> None:
    written(CAMPAIGN, data)
    read = read_campaign(scratch())
    write_campaign(read, scratch())
    assert read_campaign(scratch()) == read


@entry(lambda: [b'{"x": ' + b"[" * 1500, b'{"tool_version": "0.1.0", "large": [1e999]}'], ValueError)
def measurements(data: bytes) -> None:
    """Benchmarks and calls of `large`."""
    for name, read in ((BENCH, read_bench), (LARGE, read_large)):
        try:
            written(name, data)
            read(scratch())
        except ValueError as error:
            one_line(error)


def runs() -> Iterator[bytes]:
    run = {
        "target": {}, "tool_version": "0.1.0", "edition": "2020c", "started": "", "finished": "",
        "command": [], "exit_code": 0, "ended_because": "completed", "peer": {}, "environment": {},
    }  # fmt: skip
    yield json.dumps(run).encode() + b"\n\n"
    result = {
        **{"id": "a.b.c", "text": "t", "clause": "PS3.4", "level": "SHALL", "group": "a", "outcome": "PASS"},
        **{"location": "x.py:1", "edition": "2020c", "reason": "", "duration": 1.5, "cases": []},
        "evidence": {"expected": "", "observed": "", "dump": "", "captures": []},
    }
    yield json.dumps(run).encode() + b"\n\n" + json.dumps(result).encode() + b"\n"


@entry(runs, NotARun)
def run_folders(data: bytes) -> None:
    """``run.json`` and ``results.jsonl``, as `pacs-harness report` reads them."""
    folder = scratch() / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    run, _, results = data.partition(b"\n\n")
    (folder / "run.json").write_bytes(run)
    (folder / "results.jsonl").write_bytes(results)
    assert load_run(folder)
