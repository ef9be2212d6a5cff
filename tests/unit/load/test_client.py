"""A client of a load against the bundled archive: every operation, every way to fail, counted once."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from harness.archive import launch
from harness.dimse.transport import Address
from harness.load.client import Asked, Client
from harness.load.measuring import STUDY, Phase, Sample
from harness.load.sink import Sink
from harness.load.supply import POPULATION, Study, Template, study_numbered, template_of
from harness.load.workload import Commit, DatasetRecipe, Echo, Find, Get, Kept, Move, Operation, Store
from harness.scu.session import Peer
from harness.scu.uids import QueryLevel
from harness.synthesis import new_run_root

ROOT = new_run_root()
OBJECTS = 3


@dataclass
class Load:
    """A client, and what it noted."""

    client: Client
    samples: list[Sample] = field(default_factory=list)
    phases: list[tuple[str, Phase]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def do(self, operation: Operation, number: int = POPULATION) -> list[Sample]:
        self.samples.clear()
        self.phases.clear()
        due = self.client.clock()
        self.client.do(Asked(operation, due, study_numbered(ROOT, number)))
        return list(self.samples)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    sink = Sink("LOADDEST", "127.0.0.1")
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def archive(sink: Sink) -> Iterator[launch.RunningArchive]:
    with launch.start(destinations=[(sink.ae_title, sink.host, sink.port)]) as running:
        yield running


@pytest.fixture(scope="module")
def template() -> Template:
    return template_of(DatasetRecipe(rows=32, columns=32), ROOT)


Make = Callable[..., Load]


@pytest.fixture
def make(archive: launch.RunningArchive, sink: Sink, template: Template) -> Iterator[Make]:
    loads: list[Load] = []
    numbers = itertools.count(1)

    def made(
        kept: Kept = Kept.OPERATION, port: int = 0, quickack: bool = True, deadline: float = 5.0
    ) -> Load:
        peer = Peer(Address(archive.host, port or archive.port), archive.ae_title, "LOAD", deadline)
        load: Load

        def acknowledge(store: Store, study: Study, index: int) -> None:
            load.acknowledged.append(study.sop_uid(index))

        client = Client(
            peer,
            (),
            kept,
            quickack,
            {"small": template},
            (template, OBJECTS),
            sink,
            note=lambda sample: load.samples.append(sample),
            note_phase=lambda name, phase, seconds: load.phases.append((name, phase)),
            new_uid=lambda: f"{ROOT}.9{next(numbers)}",
            acknowledge=acknowledge,
        )
        load = Load(client)
        proposals = [client.proposals_of(one) for one in EVERY]
        client.proposals = [proposal for some in proposals for proposal in some]
        loads.append(load)
        return load

    yield made
    for load in loads:
        load.client.end()


EVERY: list[Operation] = [
    Store(dataset="small", objects=OBJECTS),
    Echo(),
    Find(keys={"PatientID": "{patient_id}", "StudyInstanceUID": ""}),
    Find(
        keys={"StudyInstanceUID": "{study_uid}", "SOPInstanceUID": "", "SeriesInstanceUID": "{series_uid}"},
        level=QueryLevel.IMAGE,
    ),
    Move(),
    Get(),
    Get(level=QueryLevel.IMAGE),
    Commit(),
]


@pytest.mark.parametrize("kept", Kept)
def test_every_operation(make: Make, sink: Sink, template: Template, kept: Kept) -> None:
    load = make(kept)
    number = POPULATION + (kept is Kept.CLIENT)
    stored = load.do(EVERY[0], number)
    assert [(one.operation, one.error, one.objects) for one in stored] == [("store", "", 1)] * OBJECTS + [
        (STUDY, "", OBJECTS)
    ]
    assert {one.bytes for one in stored} == {len(template), OBJECTS * len(template)}
    assert load.acknowledged == [study_numbered(ROOT, number).sop_uid(index) for index in range(OBJECTS)]
    before = sink.objects
    found = {}
    for position, operation in enumerate(EVERY[1:], 1):
        (sample,) = load.do(operation, number)
        assert sample.error == ""
        assert 0 < sample.latency < 5
        found[position] = (sample.operation, sample.objects, sample.bytes > 0)
        opened = {Phase.CONNECT, Phase.NEGOTIATE, Phase.RELEASE} & {phase for _, phase in load.phases}
        assert bool(opened) is (kept is Kept.OPERATION or isinstance(operation, Commit))
        assert {Phase.FIRST_BYTE, Phase.RESPONSE} <= {phase for _, phase in load.phases}
    assert found == {
        1: ("echo", 0, False),
        2: ("find", 1, True),
        3: ("find", OBJECTS, True),
        4: ("move", OBJECTS, True),
        5: ("get", OBJECTS, True),
        6: ("get", 1, True),
        7: ("commit", OBJECTS, False),
    }
    assert sink.objects - before == OBJECTS


def test_latency_counts_from_when_it_was_due(make: Make) -> None:
    load = make()
    load.client.do(Asked(Echo(), load.client.clock() - 10, study_numbered(ROOT, 1)))
    assert load.samples[0].latency > 10


def test_nobody_listens(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert [one.error for one in make(port=port).do(EVERY[0])] == ["the connection was refused"] * 2
    assert [one.error for one in make(port=port).do(Echo())] == ["the connection was refused"]


@pytest.mark.parametrize(
    ("options", "operation", "error"),
    [
        (["--reject", "2,3,2"], Echo(), "rejected for now"),
        (["--reject", "1,1,7"], Echo(), "rejected"),
        (["--store-status", "A700"], EVERY[0], "status A700H"),
        (["--find-status", "C001"], EVERY[2], "status C001H"),
        (["--abort-after", "1"], EVERY[0], "aborted"),
    ],
)
def test_ways_to_fail(make: Make, options: list[str], operation: Operation, error: str) -> None:
    with launch.start(options=options) as odd:
        samples = make(port=odd.port).do(operation, number=77)
    assert error in {one.error for one in samples}
    assert samples[-1].error == error


def test_silence_is_counted_and_the_next_is_asked_on_a_new_association(make: Make) -> None:
    with launch.start(options=["--response-delay", "2"]) as slow:
        load = make(Kept.CLIENT, slow.port, deadline=0.5)
        assert [one.error for one in load.do(Echo())] == ["no answer"]
        load.do(Echo())
        assert (("echo", Phase.CONNECT)) in load.phases


def test_a_refused_object_leaves_the_association_as_it_was(make: Make) -> None:
    with launch.start(options=["--store-status", "A700"]) as full:
        load = make(Kept.CLIENT, full.port)
        load.do(EVERY[0])
        assert [one.error for one in load.do(Echo())] == [""]
        assert ("echo", Phase.CONNECT) not in load.phases


def test_the_sink_leaves_nothing_behind() -> None:
    before = threading.active_count()
    sink = Sink("GONE", "127.0.0.1")
    with socket.create_connection((sink.host, sink.port)):
        sink.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((sink.host, sink.port), timeout=2)
    assert threading.active_count() <= before + 1
