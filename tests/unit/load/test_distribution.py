"""How a load is shared: every arrival and client has one worker, and what workers tell adds up."""

from __future__ import annotations

import json

import msgspec
import pytest

from harness.load.distribution import (
    MOST_WORKERS,
    Shares,
    clients_of,
    from_master,
    is_own,
    to_workers,
    transaction_uid,
    worker_of,
)
from harness.load.measuring import Sample, Timeline
from harness.load.plan import ALONE, Crew, Listener, Plan
from harness.load.supply import POPULATION, WORKER
from harness.load.workload import (
    Closed,
    Daily,
    DatasetRecipe,
    Echo,
    Find,
    Kept,
    Poisson,
    Population,
    Stop,
    Store,
    Workload,
)
from harness.target import Control, Destination, Dimse, Target, Tls, UserIdentity

ROOT = "1.2.826.0.1.3680043.8.498.42"


@pytest.mark.parametrize(("clients", "workers"), [(1, 1), (4, 2), (5, 2), (7, 3), (3, 3), (1000, 90)])
def test_clients_and_arrivals_are_shared_out(clients: int, workers: int) -> None:
    shares = [clients_of(clients, workers, worker) for worker in range(workers)]
    assert sum(shares) == clients
    assert min(shares) >= 1
    assert max(shares) - min(shares) <= 1
    owned = [
        sum(is_own(number, clients, workers, worker) for number in range(clients * 10))
        for worker in range(workers)
    ]
    assert owned == [10 * share for share in shares]


def test_each_arrival_has_one_worker() -> None:
    for number in range(50):
        assert sum(is_own(number, 7, 3, worker) for worker in range(3)) == 1


def test_studies_of_the_last_worker_are_none_of_the_population() -> None:
    assert MOST_WORKERS * WORKER <= POPULATION


def test_a_transaction_says_whose_it_is() -> None:
    for worker in (0, 7, MOST_WORKERS - 1):
        uid = transaction_uid(ROOT, worker, 123, 456)
        assert worker_of(uid, ROOT) == worker
        assert len(uid) <= 64
    assert worker_of(transaction_uid(ROOT, 3, 999_999, 1_000_000), ROOT) == 3
    for other in ("", "1.2.3", f"{ROOT}.9", f"{ROOT}.1000000000000001", f"{ROOT}.9000000000000001.1"):
        assert worker_of(other, ROOT) is None


def document(worker: int, at: float, ended: int) -> dict[str, object]:
    timeline = Timeline(0.0)
    for _ in range(ended):
        timeline.note(Sample("echo", at, 0.01))
    counts = {"begun": ended + 1, "ended": ended, "busy": 1, "waiting": 2, "stored": []}
    return {**timeline.take(10**9), "worker": worker, "at": at, **counts}


def test_what_workers_tell_adds_up() -> None:
    shares = Shares()
    assert shares.document() == {
        "at": 0.0,
        "begun": 0,
        "ended": 0,
        "busy": 0,
        "waiting": 0,
        "shares": [],
    }
    for one in (document(0, 1.0, 3), document(1, 1.1, 4), document(0, 2.0, 5)):
        shares.take(one)
    told = shares.document()
    # Counts are of the whole load so far, by worker: the latest is what counts.
    assert (told["at"], told["begun"], told["ended"], told["busy"], told["waiting"]) == (2.0, 11, 9, 2, 4)
    whole = Timeline(0.0)
    for share in json.loads(json.dumps(told))["shares"]:
        whole.put(share)
    assert whole.whole("echo").count == len(whole.whole("echo").latencies) == 3 + 4 + 5
    assert sorted(whole.seconds("echo")) == [1, 2]
    assert shares.document()["shares"] == []


TARGET = Target(
    Dimse(
        "pacs.example",
        104,
        "PACS",
        tls=Tls(ca_file="ca.pem"),
        user_identity=UserIdentity("username-passcode", "me", "secret"),
    ),
    name="A product",
    destinations=(Destination("DEST", 11112),),
    control=Control(restart=("systemctl", "restart", "pacs")),
)


@pytest.mark.parametrize(
    "arrival",
    [Closed(clients=3, think=0.5, association=Kept.CLIENT), Poisson(rate=2.5), Daily(peak=3, curve=(1, 2.5))],
)
def test_a_plan_travels(arrival: Closed | Poisson | Daily) -> None:
    workload = Workload(
        about="A test.",
        operation=(Echo(), Store(dataset="ct"), Find(keys={"PatientID": "{patient_id}"})),
        arrival=arrival,
        stop=Stop(seconds=10, bytes=10**12),
        dataset={"ct": DatasetRecipe()},
        population=Population(studies=3, dataset="ct"),
    )
    crew = Crew(processes=2, expected=1, bind=("192.0.2.1", 5557))
    plan = Plan(TARGET, workload, ROOT, True, Listener("DEST", "0.0.0.0", 11112), first=7, crew=crew)
    # As MessagePack, which Locust sends, and back.
    again = from_master(msgspec.msgpack.decode(msgspec.msgpack.encode(to_workers(plan))))
    assert (again.workload, again.crew, again.listener, again.first) == (workload, crew, plan.listener, 7)
    assert again.target.dimse == TARGET.dimse
    # Commands that steer the product are nothing for workers.
    assert again.target.control == Control()


def test_what_is_no_plan_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        from_master({"target": 1})


def test_who_is_alone() -> None:
    assert ALONE.is_alone
    assert not Crew(processes=2).is_alone
    assert not Crew(processes=0, expected=1).is_alone
    assert Crew(processes=2, expected=3).workers == 5
