"""Whether memory grows: on figures that are made up, and on a process that keeps what it is sent."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st

from harness.findings import Area, Symptom, Weight
from harness.fuzz.arena import Arena, Care, Shown, Tally
from harness.fuzz.cases import Pace
from harness.fuzz.leaks import Leaks
from harness.fuzz.memory import MOST_LOOKS, SHOWN, Look, Memory, growth
from harness.fuzz.objects.watching import STORED
from harness.fuzz.putting import Putter
from harness.target import Dimse, Target

MIB = 2**20


def looks(resident: Callable[[int], float], *, sent: int = 1000, cases: int = 1000) -> list[Look]:
    """A look every tenth case."""
    return [Look(n, n * sent, {7: round(resident(n))}) for n in range(0, cases, 10)]


def noise(n: int) -> float:
    return random.Random(n).gauss(0.0, MIB)


def test_a_leak_is_seen_through_noise() -> None:
    grown = growth(looks(lambda n: 100 * MIB + n * 0.1 * MIB + noise(n)))
    assert grown is not None
    assert grown.per_case == pytest.approx(0.1 * MIB, rel=0.1)
    assert grown.total == pytest.approx(49 * MIB, rel=0.1)
    assert grown.cases == 490


@pytest.mark.parametrize(
    "resident",
    [
        lambda n: 100 * MIB + noise(n),
        lambda n: 100 * MIB + min(n, 600) * 0.2 * MIB,  # a cache that is full at last
        lambda n: 100 * MIB + (n // 600) * 200 * MIB,  # one step
        lambda n: 100 * MIB + n % 200 * MIB,  # garbage that is collected now and then
        lambda n: 100 * MIB + n * 0.01 * MIB,  # too little to matter
        lambda n: 400 * MIB - n * 0.2 * MIB,
        lambda n: 100 * MIB + 60 * MIB * math.log(1 + n),  # slower and slower
    ],
    ids=["noise", "cache", "step", "collected", "little", "falls", "settles"],
)
def test_what_is_no_leak(resident: Callable[[int], float]) -> None:
    assert growth(looks(resident)) is None


def test_what_is_stored_may_be_kept_in_memory() -> None:
    assert growth(looks(lambda n: n * 0.1 * MIB, sent=40_000)) is None
    assert growth(looks(lambda n: n * 0.1 * MIB, sent=10_000)) is not None


def test_few_looks_say_nothing() -> None:
    assert growth(looks(lambda n: n * MIB, cases=200)) is None
    assert growth([]) is None


def test_processes_that_come_and_go_are_not_counted() -> None:
    """What is forked for an association holds much, and ends with it."""
    some = looks(lambda n: 100 * MIB)
    for number, one in enumerate(some):
        one.resident[1000 + number // 20] = number * MIB
    assert growth(some) is None


class Clock:
    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
kept = []
for line in sys.stdin:
    if line.strip() == "leak":
        kept.append(b"\\1" * 2**20 + line.encode())
    print("done", flush=True)
"""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these processes leave behind does not come back, and nobody need wait for it."""
    monkeypatch.setattr("harness.fuzz.leaks.SETTLES", 0.2)


def memory_of(server: subprocess.Popen[str]) -> Memory:
    assert server.stdout is not None
    return Memory(Target(Dimse("127.0.0.1", int(server.stdout.readline()), "PACS")), clock=Clock())


def test_looks_are_thinned_out_and_shown(server: subprocess.Popen[str]) -> None:
    memory = memory_of(server)
    for number in range(3 * MOST_LOOKS):
        memory.look(number, 0)
    assert len(memory.looks) <= MOST_LOOKS
    seen = memory.seen()
    assert seen is not None
    assert seen.peak >= seen.before > MIB
    assert len(seen.looks) <= SHOWN + 1
    memory.forget()
    assert memory.seen() is None


def test_a_product_elsewhere_is_not_looked_at() -> None:
    memory = Memory(Target(Dimse("192.0.2.1", 104, "PACS")))
    memory.look(1, 1)
    assert not memory.is_seen
    assert memory.looks == []
    assert memory.seen() is None


@dataclass(frozen=True)
class Line:
    """A case."""

    words: str
    size: int = 10
    marks: frozenset[str] = frozenset()


@dataclass
class Product:
    """The server above, where ordinary work after each case may leave memory behind as well."""

    server: subprocess.Popen[str]
    after: str = "nothing"
    outcome: str = "aborted"

    def say(self, words: str) -> None:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        print(words, file=self.server.stdin, flush=True)
        self.server.stdout.readline()

    def put(self, case: Line, pace: Pace) -> tuple[tuple[Shown, ...], str]:
        self.say(case.words)
        return (), self.outcome if case.words == "leak" else "taken"

    def looked_at(self) -> tuple[Shown, ...]:
        self.say(self.after)
        return ()


def judged(product: Product, memory: Memory) -> Leaks[Line]:
    arena = Arena(Area.PDUS, st.just(Line("fine")), product.put, lambda case, number: case)
    putter = Putter(arena, Care(product.looked_at, lambda: None), Tally())
    for number in range(200):
        putter.put(Line("leak" if number % 2 else "fine"))
        memory.look(putter.tally.put, putter.tally.sent)
    return Leaks(putter, memory, Area.PDUS, lambda: None, 60.0)


def test_a_leak_is_confirmed_by_one_case_alone(server: subprocess.Popen[str]) -> None:
    product, memory = Product(server), memory_of(server)
    (found,) = judged(product, memory).judged()
    assert (found.shown.symptom, found.shown.weight) == (Symptom.GREW, Weight.FAILURE)
    assert found.case.words == "leak"
    assert set(found.before) == {found.case}
    assert "cases of pdus" in found.shown.observed
    assert "did not come back" in found.shown.observed


def test_where_ordinary_work_grows_too_it_is_an_observation(server: subprocess.Popen[str]) -> None:
    product, memory = Product(server, after="leak"), memory_of(server)
    (found,) = judged(product, memory).judged()
    assert (found.shown.symptom, found.shown.weight) == (Symptom.GREW, Weight.OBSERVATION)
    assert found.before == ()


def test_what_is_stored_is_never_called_a_leak(server: subprocess.Popen[str]) -> None:
    """Whatever form it is held in."""
    (found,) = judged(Product(server, outcome=STORED), memory_of(server)).judged()
    assert found.shown.weight is Weight.OBSERVATION


def test_an_earlier_finding_is_shown_again_or_not(server: subprocess.Popen[str]) -> None:
    product, memory = Product(server), memory_of(server)
    leaks = judged(product, memory)
    assert list(leaks.shown_again([Line("fine")] * 64)) == []
    assert len(list(leaks.shown_again([Line("leak")] * 64))) == 1


def test_a_large_case_is_no_example_where_there_is_a_small_one(server: subprocess.Popen[str]) -> None:
    """Its own bytes would explain what it leaves behind."""
    arena = Arena(Area.PDUS, st.just(Line("fine")), Product(server).put, lambda case, number: case)
    putter = Putter(arena, Care(lambda: (), lambda: None), Tally())
    for size in (2**20, 10, 2**20):
        putter.put(Line("leak", size))
    assert putter.examples == {"aborted": Line("leak", 10)}
