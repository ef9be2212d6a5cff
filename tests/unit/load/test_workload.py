"""Workloads: those that ship can be read, mistakes are one line that says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load.workload import (
    Closed,
    Find,
    Kept,
    Poisson,
    Store,
    WorkloadError,
    load_workload,
    shipped,
)
from harness.scu.uids import QueryLevel, Root

GOOD = """
about = "A test."
[arrival]
kind = "poisson"
rate = 3
[stop]
seconds = 10
[population]
studies = 3
dataset = "a"
[dataset.a]
kind = "CT"
[[operation]]
kind = "store"
dataset = "a"
[[operation]]
kind = "find"
level = "SERIES"
model = "PATIENT"
keys = { PatientID = "{patient_id}" }
[[objective]]
operation = "find"
p95 = 100
"""


def read(folder: Path, text: str):  # type: ignore[no-untyped-def]
    path = folder / "mine.toml"
    path.write_text(text)
    return load_workload(path)


def test_what_the_issue_names_ships() -> None:
    assert set(shipped()) == {
        "smoke",
        "single-modality",
        "emergency-ct",
        "hospital-day",
        "radiologist-morning",
        "query-storm",
        "large-objects",
        "ci-gate",
        "soak",
    }


@pytest.mark.parametrize("name", shipped())
def test_those_that_ship_can_be_read(name: str) -> None:
    workload = load_workload(name)
    assert workload.name == name
    assert workload.about.endswith(".")
    assert workload.objective


def test_read(tmp_path: Path) -> None:
    workload = read(tmp_path, GOOD)
    assert workload.name == "mine"
    assert workload.arrival == Poisson(rate=3)
    assert workload.arrival.association is Kept.OPERATION
    store, find = workload.operation
    assert isinstance(store, Store)
    assert store.objects == 1
    assert isinstance(find, Find)
    assert (find.root, find.level) == (Root.PATIENT, QueryLevel.SERIES)
    assert Closed() == Closed(clients=1, think=0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rate = 3", "rate = 0", "arrival.rate: Expected `float` > 0.0"),
        ("rate = 3", "rate = 3\nrat = 1", "arrival: unknown key `rat`"),
        ("rate = 3", "", "arrival: missing key `rate`"),
        ('"poisson"', '"bursts"', "arrival.kind: Invalid value 'bursts'"),
        ("seconds = 10", "", "stop: give at least one of seconds, operations, bytes"),
        ("seconds = 10", "seconds = 10\nwarm_up = 10", "stop: warm_up leaves nothing to measure"),
        ('"poisson"\nrate = 3', '"ramp"\nfirst = 0\nlast = 0', "a ramp from 0 to 0 does nothing"),
        ('"poisson"\nrate = 3', '"daily"\npeak = 1\ncurve = [0, 0]', "a curve of zeros does nothing"),
        ('"poisson"\nrate = 3', '"closed"\nclients = 1001', "arrival.clients: Expected `int` <= 1000"),
        ('"CT"', '"SR"', "dataset.a: SR is no image; take CT, MR, CR or US"),
        (
            'store"\ndataset = "a"',
            'store"\ndataset = "b"',
            "operation[0]: there is no [dataset.b]; there is a",
        ),
        ('studies = 3\ndataset = "a"', 'studies = 3\ndataset = "b"', "population: there is no [dataset.b]"),
        ("{patient_id}", "{patient}", "operation[1]: keys: {patient} is none of patient_id, study_uid"),
        (
            '[population]\nstudies = 3\ndataset = "a"',
            "",
            "operation[1]: it asks about studies that are there",
        ),
        (
            'operation = "find"',
            'operation = "move"',
            "objective[0]: 'move' is none of all, find, store, study",
        ),
        ("p95 = 100", "", "objective[0]: give at least one of p50"),
        ("about", 'name = "other"\nabout', "a workload is called after its file"),
        ("[stop]", "[stop", "Expected ']'"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(WorkloadError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}: ")
    assert "\n" not in str(caught.value)


def test_a_ramp_without_a_time_has_no_end(tmp_path: Path) -> None:
    text = GOOD.replace('"poisson"\nrate = 3', '"ramp"\nfirst = 0\nlast = 2')
    with pytest.raises(WorkloadError, match="need seconds"):
        read(tmp_path, text.replace("seconds = 10", "operations = 10"))


def test_there_is_none_of_that_name() -> None:
    with pytest.raises(WorkloadError, match=r"there is no workload 'smok': take one of ci-gate, "):
        load_workload("smok")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="No such file"):
        load_workload(tmp_path / "none.toml")


def test_no_text(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(WorkloadError):
        load_workload(tmp_path / "mine.toml")
