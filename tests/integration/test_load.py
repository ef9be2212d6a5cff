"""A load against the bundled archive: run, ended early, and what it stored looked for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import psutil
import pytest

from harness.archive import launch
from harness.bulk.studies import carried_study
from harness.bulk.ways import Way, Ways
from harness.load.fitting import fitted_workload
from harness.load.measuring import ALL, STUDY, Phase
from harness.load.plan import Listener, Plan
from harness.load.running import LoadFailed, Told, run_load, store_population
from harness.load.verifying import verify
from harness.load.workload import (
    Closed,
    Commit,
    Constant,
    DatasetRecipe,
    Echo,
    Find,
    Get,
    Kept,
    Move,
    Operation,
    Population,
    Stop,
    Store,
    Workload,
)
from harness.peers import free_ports
from harness.plugin.context import peer_of
from harness.scu.session import Scu
from harness.scu.uids import Root
from harness.synthesis import new_run_root
from harness.target import Dimse, Target

TWO, TWENTY = Closed(clients=2), Stop(operations=20)
SMALL = {"small": DatasetRecipe(rows=32, columns=32)}
STORE = Store(dataset="small", objects=3, series=2)


def plan_for(
    archive: launch.RunningArchive,
    *operations: Operation,
    arrival: Closed | Constant = TWO,
    stop: Stop = TWENTY,
    listener: Listener | None = None,
    port: int = 0,
) -> Plan:
    dimse = Dimse(archive.host, port or archive.port, archive.ae_title, deadline=3.0, visible_within=1.0)
    workload = Workload(
        about="A test.",
        operation=operations,
        arrival=arrival,
        stop=stop,
        dataset=SMALL,
        population=Population(studies=4, dataset="small", objects=2),
    )
    return Plan(Target(dimse), workload, new_run_root(), quickack=True, listener=listener)


@dataclass(frozen=True)
class Archive:
    running: launch.RunningArchive
    listener: Listener


@pytest.fixture(scope="module")
def archive() -> Iterator[Archive]:
    (port,) = free_ports(1)
    listener = Listener("LOADDEST", "127.0.0.1", port)
    with launch.start(destinations=[(listener.ae_title, listener.host, listener.port)]) as running:
        yield Archive(running, listener)


@pytest.mark.parametrize("kept", Kept)
def test_every_operation(archive: Archive, tmp_path: Path, kept: Kept) -> None:
    operations = (Echo(), STORE, Find(keys={"PatientID": "{patient_id}"}), Move(), Get(), Commit())
    plan = plan_for(
        archive.running,
        *operations,
        arrival=Closed(clients=3, association=kept),
        stop=Stop(operations=60),
        listener=archive.listener,
    )
    assert store_population(plan) == 8
    told: list[Told] = []
    measured = run_load(plan, told.append, tmp_path / "log")
    assert measured.timeline.operations() == ("commit", "echo", "find", "get", "move", "store", STUDY, ALL)
    assert {name: dict(measured.timeline.whole(name).errors) for name in measured.timeline.operations()} == {
        name: {} for name in measured.timeline.operations()
    }
    # Those that were under way when the sixtieth began are answered too.
    assert 60 <= measured.begun == measured.ended <= 62
    studies = measured.timeline.whole(STUDY)
    assert measured.timeline.whole("store").count == 3 * studies.count == studies.objects
    assert measured.timeline.whole(ALL).count == measured.ended + 2 * studies.count
    assert ("find", Phase.FIRST_BYTE) in measured.timeline.phases()
    assert told[-1].ended == measured.ended
    assert any(one.p99 for one in told)
    assert not any(one.errors for one in told)
    assert not (tmp_path / "log").read_text()
    verified = verify(plan, measured)
    assert verified.acknowledged == verified.found == verified.compared == 3 * studies.count
    assert verified.is_well


def test_a_product_of_implicit_vr_alone_carries_it_so(tmp_path: Path) -> None:
    """PS3.5 10.1: it has to take no other transfer syntax."""
    with launch.start(semantics="tests.variants.storage:ImplicitOnly") as narrow:
        plan = plan_for(narrow, STORE, Get())
        scu = Scu(peer_of(plan.target))
        workload = fitted_workload(scu, plan.workload, plan.root)
        assert {name: one.implicit for name, one in workload.dataset.items()} == {"small": True}
        plan = replace(plan, workload=workload)
        assert store_population(plan) == 8
        measured = run_load(plan, lambda told: None, tmp_path / "log")
        assert not measured.timeline.whole(ALL).errors
        assert verify(plan, measured).is_well
        carried = carried_study(Ways(scu, ((Way.GET, Root.STUDY),), None, 5.0), plan.root, 5, number=900)
    assert (carried.stored, carried.unchanged) == (5, 5)


def test_a_product_that_demands_the_default_syntax_loses_nothing(tmp_path: Path) -> None:
    """PS3.5 10.1 a: it may refuse to send what is offered without it, which was told as altered objects."""
    with launch.start(semantics="tests.variants.contexts:DemandsTheDefault") as strict:
        plan = plan_for(strict, STORE, Get())
        assert store_population(plan) == 8
        measured = run_load(plan, lambda told: None, tmp_path / "log")
        assert not measured.timeline.whole(ALL).errors
        verified = verify(plan, measured)
    assert verified.is_well
    assert verified.compared == verified.acknowledged


def test_a_product_of_several_gets_what_it_got_before(archive: Archive) -> None:
    plan = plan_for(archive.running, STORE)
    scu = Scu(peer_of(plan.target))
    assert fitted_workload(scu, plan.workload, plan.root) == plan.workload


def test_an_open_load_keeps_its_schedule(archive: Archive, tmp_path: Path) -> None:
    plan = plan_for(archive.running, Echo(), arrival=Constant(rate=20, clients=4), stop=Stop(seconds=2))
    measured = run_load(plan, lambda told: None, tmp_path / "log")
    assert measured.begun + measured.never_begun == 40
    assert measured.ended == measured.begun


def test_who_falls_behind_is_waited_for(tmp_path: Path) -> None:
    """Latency counts from the intended start: no coordinated omission."""
    with launch.start(options=["--response-delay", "0.2"]) as slow:
        plan = plan_for(slow, Echo(), arrival=Constant(rate=10, clients=1), stop=Stop(seconds=2))
        measured = run_load(plan, lambda told: None, tmp_path / "log")
    echo = measured.timeline.whole("echo")
    assert measured.never_begun > 5
    # Each takes a fifth of a second; the last ones were due long before they were begun.
    assert echo.latencies.longest > 3 * measured.timeline.phases()["echo", Phase.RESPONSE].percentile(50)


def test_errors_are_counted_by_kind(tmp_path: Path) -> None:
    with launch.start(options=["--store-status", "A700"]) as full:
        plan = plan_for(full, Echo(), STORE, stop=Stop(operations=30))
        told: list[Told] = []
        measured = run_load(plan, told.append, tmp_path / "log")
    assert sum(one.errors for one in told) == measured.timeline.whole(ALL).errors.total()
    store = measured.timeline.whole("store")
    assert store.count == 0
    assert dict(store.errors) == {"status A700H": store.errors.total()}
    assert measured.timeline.whole("echo").count > 0
    assert not measured.stored


def test_a_population_that_is_refused_is_said_in_one_line() -> None:
    with (
        launch.start(options=["--store-status", "A700"]) as full,
        pytest.raises(LoadFailed, match="object 1 ended as 'status A700H'"),
    ):
        store_population(plan_for(full, Echo()))


def test_an_archive_that_dies_midway_is_an_error_and_no_end(tmp_path: Path) -> None:
    with launch.start() as mortal:
        plan = plan_for(mortal, Echo(), stop=Stop(seconds=3))

        def kill(told: Told) -> None:
            if told.at < 2:
                mortal.process.kill()

        measured = run_load(plan, kill, tmp_path / "log")
    assert measured.timeline.whole("echo").errors["the connection was refused"] > 0


@pytest.mark.parametrize(
    ("defect", "lost", "altered"),
    [
        ("tests.mutants.storage:KeepsNothing", True, False),
        ("tests.mutants.storage:FlipsBit", False, True),
    ],
)
def test_what_is_lost_or_altered_is_noticed(tmp_path: Path, defect: str, lost: bool, altered: bool) -> None:
    with launch.start(semantics=defect) as bad:
        plan = plan_for(bad, STORE, stop=Stop(operations=5))
        measured = run_load(plan, lambda told: None, tmp_path / "log")
        verified = verify(plan, measured)
    assert verified.acknowledged >= 15
    assert (verified.lost_count > 0) is lost
    assert (verified.altered_count > 0) is altered or lost
    assert not verified.is_well


RUN = """
import pickle, sys
from pathlib import Path
from harness.load.running import run_load
plan = pickle.loads(sys.stdin.buffer.read())
print(run_load(plan, lambda told: print("told", flush=True), Path(sys.argv[1])).interrupted, flush=True)
"""


def test_interrupted_it_says_what_it_measured_and_leaves_nothing(archive: Archive, tmp_path: Path) -> None:
    import pickle

    plan = plan_for(archive.running, Echo(), stop=Stop(seconds=600))
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path / "log")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert run.stdin is not None
    assert run.stdout is not None
    run.stdin.write(pickle.dumps(plan))
    run.stdin.close()
    assert run.stdout.readline() == b"told\n"
    (engine,) = psutil.Process(run.pid).children()
    run.send_signal(signal.SIGINT)
    assert run.stdout.read().split()[-1] == b"True"
    assert run.wait(60) == 0
    assert not psutil.pid_exists(engine.pid)


def test_an_engine_that_dies_is_said_in_one_line(archive: Archive, tmp_path: Path) -> None:
    plan = plan_for(archive.running, Echo(), stop=Stop(seconds=600))

    def kill(told: Told) -> None:
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                if "harness.load.engine" in child.cmdline():
                    os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(LoadFailed, match="the load engine ended with code -9"):
        run_load(plan, kill, tmp_path / "log")


def test_a_workload_travels(archive: Archive) -> None:
    plan = plan_for(archive.running, Echo(), STORE)
    again = msgspec.json.decode(msgspec.json.encode(plan.workload), type=Workload)
    assert again == plan.workload


def test_a_taken_port_is_said_in_one_line(archive: Archive, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listener = Listener("LOADDEST", *taken.getsockname()[:2])
        plan = plan_for(archive.running, Echo(), listener=listener)
        with pytest.raises(LoadFailed, match=r"LOADDEST cannot be listened for at .* in use"):
            run_load(plan, lambda told: None, tmp_path / "log")
