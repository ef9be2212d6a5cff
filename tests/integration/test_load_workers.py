"""A load that several processes share: measured as one, and ended in order whatever becomes of them."""

from __future__ import annotations

import json
import pickle
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from harness.archive import launch
from harness.load.benching import ClientKind, Outcome, Wanted, bench
from harness.load.measuring import ALL, STUDY
from harness.load.plan import ALONE, Crew, Listener, Plan
from harness.load.running import LoadFailed, Told, run_load, store_population
from harness.load.supply import WORKER
from harness.load.verifying import verify
from harness.load.workload import (
    Arrival,
    Closed,
    Commit,
    Constant,
    DatasetRecipe,
    Echo,
    Find,
    Get,
    Move,
    Operation,
    Population,
    Stop,
    Store,
    Workload,
)
from harness.peers import free_ports
from harness.synthesis import new_run_root
from harness.target import Dimse, Target
from tests.processes import is_alive

STORE = Store(dataset="small", objects=3, series=2)
TWO = Crew(processes=2)
ENDLESS = Stop(seconds=600)
"""The test ends it, and never the clock."""


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


def plan_for(
    archive: Archive, *operations: Operation, crew: Crew, stop: Stop, arrival: Arrival | None = None
) -> Plan:
    running = archive.running
    workload = Workload(
        about="A test.",
        operation=operations,
        arrival=arrival or Closed(clients=3, think=0.02),
        stop=stop,
        dataset={"small": DatasetRecipe(rows=32, columns=32)},
        population=Population(studies=4, dataset="small", objects=2),
    )
    dimse = Dimse(running.host, running.port, running.ae_title, deadline=3.0, visible_within=1.0)
    return Plan(Target(dimse), workload, new_run_root(), quickack=True, listener=archive.listener, crew=crew)


def workers() -> list[psutil.Process]:
    """Processes of workers below this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "harness.load.worker" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue  # it has just ended
    return found


def nothing(told: Told) -> None:
    pass


# ------------------------------------------------------------ measured as one


def test_two_processes_measure_as_one(archive: Archive, tmp_path: Path) -> None:
    operations = (Echo(), STORE, Find(keys={"PatientID": "{patient_id}"}), Move(), Get(), Commit())
    plan = plan_for(archive, *operations, crew=TWO, stop=Stop(operations=60))
    store_population(plan)
    told: list[Told] = []
    measured = run_load(plan, told.append, tmp_path / "log")
    timeline = measured.timeline
    assert timeline.operations() == ("commit", "echo", "find", "get", "move", "store", STUDY, ALL)
    for name in timeline.operations():
        whole = timeline.whole(name)
        assert not whole.errors
        assert len(whole.latencies) == whole.count == sum(s.count for s in timeline.seconds(name).values())
    studies = timeline.whole(STUDY)
    assert timeline.whole(ALL).count == measured.ended + 2 * studies.count
    # Each worker ends with its share, and answers what its other clients have under way.
    assert 60 <= measured.begun == measured.ended <= 61
    assert told[-1].ended == measured.ended
    # Both have stored, each in its range of numbers, and the archive has all of it.
    assert {number // WORKER for number in measured.stored} == {0, 1}
    verified = verify(plan, measured, full=True)
    assert verified.acknowledged == verified.found == verified.compared == timeline.whole("store").count
    assert verified.is_well
    assert not measured.broken
    assert not (tmp_path / "log").read_text()
    assert not workers()


@pytest.mark.slow
def test_the_schedule_is_that_of_one_process(archive: Archive, tmp_path: Path) -> None:
    arrival = Constant(rate=20, clients=3)
    plan = plan_for(archive, Echo(), crew=TWO, stop=Stop(seconds=2), arrival=arrival)
    measured = run_load(plan, nothing, tmp_path / "log")
    assert measured.begun + measured.never_begun == 40
    assert measured.ended == measured.begun == measured.timeline.whole("echo").count
    # The clocks were started together: nothing ended before or long after the two seconds.
    assert set(measured.timeline.seconds("echo")) <= set(range(int(measured.seconds) + 1))


# ------------------------------------------------------------ workers that come by themselves


@contextmanager
def worker_by_hand(port: int, wait: float = 60) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "harness", "bench-worker", f"127.0.0.1:{port}", "--wait", str(wait)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def test_a_worker_started_by_hand_shares_load_after_load(archive: Archive, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    crew = Crew(processes=1, expected=1, bind=("127.0.0.1", port))
    plan = plan_for(archive, STORE, Commit(), crew=crew, stop=Stop(operations=20))
    store_population(plan)
    with worker_by_hand(port) as process:
        for first in (0, 100):
            now = replace(plan, first=first)
            measured = run_load(now, nothing, tmp_path / "log")
            assert {number // WORKER for number in measured.stored} == {0, 1}
            assert not measured.timeline.whole(ALL).errors
            assert verify(now, measured, full=True).is_well
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.count(f"of 2 for 127.0.0.1:{port}: A test.\n") == 2
    assert not workers()


@pytest.mark.slow
def test_a_worker_too_many_is_sent_away(archive: Archive, tmp_path: Path) -> None:
    port, web = free_ports(2)
    crew = Crew(processes=1, expected=1, bind=("127.0.0.1", port))
    plan = replace(plan_for(archive, Echo(), crew=crew, stop=ENDLESS), web=("127.0.0.1", web))
    with ExitStack() as stack:
        stack.enter_context(worker_by_hand(port))
        late: list[subprocess.Popen[str]] = []
        answers: list[int] = []
        busy: list[int] = []

        def one_more(told: Told) -> None:
            busy.append(told.busy)
            if not late:
                late.append(stack.enter_context(worker_by_hand(port)))
            elif late[0].poll() is not None and not answers:
                answers.append(post(web, "/stop"))

        measured = run_load(plan, one_more, tmp_path / "log")
        assert late[0].returncode == 2
        assert late[0].communicate()[1] == ("pacs-harness: the load expects 1 other workers, and has them\n")
    assert answers == [200]
    # Locust shares out anew when somebody comes; here the clients stay where they are.
    assert max(busy) <= 3
    assert measured.begun == measured.ended == measured.timeline.whole("echo").count
    assert not measured.timeline.whole("echo").errors
    assert not measured.broken


def test_a_worker_that_never_comes_is_waited_for_until_the_deadline(archive: Archive, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    crew = Crew(processes=0, expected=2, bind=("127.0.0.1", port), join_within=0.5)
    plan = plan_for(archive, Echo(), crew=crew, stop=ENDLESS)
    with pytest.raises(LoadFailed, match=rf"0 of 2 workers came within 0.5 s: .*127.0.0.1:{port}` for each"):
        run_load(plan, nothing, tmp_path / "log")


def test_a_master_that_never_comes_is_said_in_one_line() -> None:
    (port,) = free_ports(1)
    with worker_by_hand(port, wait=0.5) as process:
        _, wrong = process.communicate(timeout=60)
    assert process.returncode == 4
    assert wrong == f"pacs-harness: no master at 127.0.0.1:{port} within 0.5 s\n"


def test_a_taken_port_for_workers_is_said_in_one_line(archive: Archive, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        crew = Crew(processes=0, expected=1, bind=taken.getsockname()[:2])
        with pytest.raises(LoadFailed, match=r"workers cannot be listened for at .*in use"):
            run_load(plan_for(archive, Echo(), crew=crew, stop=ENDLESS), nothing, tmp_path / "log")


# ------------------------------------------------------------ what ends badly


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_load_and_what_was_measured_is_kept(
    archive: Archive, tmp_path: Path
) -> None:
    plan = plan_for(archive, STORE, crew=TWO, stop=ENDLESS)

    def kill(told: Told) -> None:
        if told.ended:
            for victim in workers()[:1]:
                victim.kill()

    outcome = Outcome([], [], [])
    wanted = Wanted(plan.workload, (ClientKind.UNTHROTTLED,), repeats=2, crew=TWO)
    with pytest.raises(LoadFailed, match=r"worker \d of 2 \(.*\) was lost (after|before) .* \(.*code -9\)"):
        bench(plan.target, wanted, plan.root, tmp_path, outcome, on_told=kill)
    (load,) = outcome.loads
    assert load.ended > 0
    assert (tmp_path / "stored.csv").read_text().count("\n") > 1 + 4
    assert not outcome.kept
    assert not workers()


@pytest.mark.slow
def test_a_worker_that_leaves_is_said_too(archive: Archive, tmp_path: Path) -> None:
    plan = plan_for(archive, Echo(), crew=TWO, stop=ENDLESS)

    def stop(told: Told) -> None:
        for leaving in workers()[:1]:
            leaving.terminate()

    measured = run_load(plan, stop, tmp_path / "log")
    assert "(it was stopped), so this load is no result" in measured.broken
    # In good order: whatever it began is counted.
    assert measured.begun == measured.ended == measured.timeline.whole("echo").count


RUN = """
import pickle, sys
from pathlib import Path
from harness.load.running import run_load
plan = pickle.loads(sys.stdin.buffer.read())
print(run_load(plan, lambda told: print("told", flush=True), Path(sys.argv[1])).interrupted, flush=True)
"""


def run_elsewhere(plan: Plan, log: Path) -> subprocess.Popen[bytes]:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert run.stdin is not None
    run.stdin.write(pickle.dumps(plan))
    run.stdin.close()
    return run


@pytest.mark.slow
def test_interrupted_it_leaves_no_process(archive: Archive, tmp_path: Path) -> None:
    run = run_elsewhere(plan_for(archive, Echo(), crew=TWO, stop=ENDLESS), tmp_path / "log")
    assert run.stdout is not None
    assert run.stdout.readline() == b"told\n"
    below = psutil.Process(run.pid).children(recursive=True)
    assert len(below) == 3
    run.send_signal(signal.SIGINT)
    assert run.stdout.read().split()[-1] == b"True"
    assert run.wait(60) == 0
    assert not [process for process in below if is_alive(process)]
    assert not (tmp_path / "log").read_text()


@pytest.mark.slow
def test_interrupted_while_workers_are_waited_for(archive: Archive, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    crew = Crew(processes=0, expected=1, bind=("127.0.0.1", port))
    run = run_elsewhere(plan_for(archive, Echo(), crew=crew, stop=ENDLESS), tmp_path / "log")
    while not is_open(port):
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    assert run.stdout is not None
    assert run.stdout.read().split()[-1] == b"True"
    assert run.wait(60) == 0


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_workers_end_when_their_engine_is_killed(archive: Archive, tmp_path: Path) -> None:
    plan = plan_for(archive, Echo(), crew=TWO, stop=ENDLESS)
    seen: list[psutil.Process] = []

    def kill(told: Told) -> None:
        if not seen:
            seen.extend(workers())
            seen[0].parent().kill()

    with pytest.raises(LoadFailed, match="the load engine ended with code -9"):
        run_load(plan, kill, tmp_path / "log")
    assert len(seen) == 2
    _, alive = psutil.wait_procs(seen, timeout=60)
    assert not alive


# ------------------------------------------------------------ Locust's page


def get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return bytes(response.read())


def post(port: int, path: str, origin: str = "") -> int:
    headers = {"Origin": origin} if origin else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", b"user_count=9&spawn_rate=9", headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("crew", [ALONE, pytest.param(TWO, marks=pytest.mark.slow)], ids=["alone", "shared"])
def test_the_page_shows_the_load_and_stops_it(archive: Archive, tmp_path: Path, crew: Crew) -> None:
    (port,) = free_ports(1)
    plan = replace(plan_for(archive, Echo(), crew=crew, stop=ENDLESS), web=("127.0.0.1", port))
    answers: list[object] = []

    def look(told: Told) -> None:
        if answers:
            return
        answers.append(b"<title>Locust" in get(port, "/"))
        stats = json.loads(get(port, "/stats/requests"))
        answers.append("workers" in stats and len(stats["workers"]) == 2)
        answers.append(post(port, "/swarm"))
        answers.append(post(port, "/stop", "http://elsewhere.example"))
        answers.append(post(port, "/stop", f"http://127.0.0.1:{port}"))

    measured = run_load(plan, look, tmp_path / "log")
    assert answers == [True, crew is TWO, 403, 403, 200]
    assert measured.interrupted
    assert measured.begun == measured.ended > 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert not (tmp_path / "log").read_text()


@pytest.mark.parametrize("crew", [ALONE, TWO], ids=["alone", "shared"])
def test_a_taken_port_for_the_page_is_said_in_one_line(archive: Archive, tmp_path: Path, crew: Crew) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        plan = replace(plan_for(archive, Echo(), crew=crew, stop=ENDLESS), web=taken.getsockname()[:2])
        with pytest.raises(LoadFailed, match=r"Locust's page cannot be served at .* in use; give --web"):
            run_load(plan, nothing, tmp_path / "log")
    assert not workers()
