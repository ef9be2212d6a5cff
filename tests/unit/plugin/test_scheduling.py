"""Which worker gets what, with workers that only note it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace

from harness.plugin.scheduling import UNIT, Job, Place, SharedOut, units_of


@dataclass(eq=False)
class Node:
    """Stands for xdist's controller of a worker: an item runs when the next is known, or there is none."""

    number: int
    queue: list[int] = field(default_factory=list)
    shutting_down: bool = False

    @property
    def gateway(self) -> SimpleNamespace:
        return SimpleNamespace(id=f"gw{self.number}")

    def send_runtest_some(self, indices: list[int]) -> None:
        self.queue += indices

    def shutdown(self) -> None:
        self.shutting_down = True

    def may_run(self) -> bool:
        return len(self.queue) > 1 or (bool(self.queue) and self.shutting_down)


def jobs(words: str) -> list[Job]:
    """``a1 H:m2 L:w3``: module a, module m at home, module w last; the number keeps requirements apart."""
    places = {"H": Place.HOME, "L": Place.LAST}
    found = []
    for index, word in enumerate(words.split()):
        place, _, name = word.rpartition(":")
        found.append(Job(index, f"{name[0]}.py::{name}", name, places.get(place, Place.ANYWHERE)))
    return found


def started(work: list[Job], *numbers: int) -> tuple[SharedOut, list[Node]]:
    shared = SharedOut(work, len(numbers))
    nodes = [Node(number) for number in numbers]
    for node in nodes:
        shared.add_node(node)
    for node in nodes:
        shared.add_node_collection(node, [job.nodeid for job in work])
    assert shared.collection_is_completed
    shared.schedule()
    return shared, nodes


def run_all(shared: SharedOut, nodes: list[Node]) -> list[tuple[int, int]]:
    """(worker, index) in the order in which they ran, one after the other in turns."""
    ran = []
    waiting = list(nodes)
    while waiting:
        able = [node for node in waiting if node.may_run()]
        for node in able:
            index = node.queue.pop(0)
            ran.append((node.number, index))
            shared.mark_test_complete(node, index)
        for node in [node for node in waiting if node.shutting_down and not node.queue]:
            waiting.remove(node)
            assert shared.remove_node(node) is None
            able.append(node)
        if shared.tests_finished:
            for node in waiting:
                node.shutdown()
            able += waiting
        assert able, f"nobody can go on: {ran}"
    return ran


def test_all_run_once_and_what_needs_a_destination_on_the_first_worker() -> None:
    work = jobs("a1 a2 H:m1 H:m2 b1 H:n1 c1 c2 c3 d1 L:w1 L:w2")
    shared, nodes = started(work, 1, 0)  # they may get ready in any order
    ran = run_all(shared, nodes)
    assert sorted(index for _, index in ran) == list(range(len(work)))
    at_home = {index for node, index in ran if node == 0}
    assert {job.index for job in work if job.place is not Place.ANYWHERE} <= at_home
    assert {node for node, _ in ran} == {0, 1}
    assert [index for _, index in ran[-2:]] == [10, 11]


def test_one_item_and_many_workers() -> None:
    shared, nodes = started(jobs("H:m1"), 0, 1, 2)
    assert run_all(shared, nodes) == [(0, 0)]


def test_everybody_gets_something() -> None:
    shared, nodes = started(jobs("a1 b1 c1"), 0, 1, 2)
    assert {node for node, _ in run_all(shared, nodes)} == {0, 1, 2}


def test_only_what_waits() -> None:
    shared, nodes = started(jobs("L:w1 L:w2"), 0, 1)
    assert run_all(shared, nodes) == [(0, 0), (0, 1)]


def test_a_dead_worker_s_work_is_done_by_others_but_for_what_killed_it() -> None:
    work = jobs("H:m1 H:m2 H:m3 a1 a2 b1 L:w1")
    shared, (home, other) = started(work, 0, 1)
    assert shared.remove_node(home) == work[0].nodeid
    replacement = Node(2)
    shared.add_node(replacement)
    shared.add_node_collection(replacement, [job.nodeid for job in work])
    shared.schedule()
    ran = run_all(shared, [other, replacement])
    assert sorted(index for _, index in ran) == [1, 2, 3, 4, 5, 6]
    assert ran[-1][1] == 6


def test_other_cases_of_what_killed_a_worker_are_not_tried() -> None:
    work = [Job(index, f"a.py::t[{index}]", "t", Place.ANYWHERE) for index in range(3)]
    work.append(Job(3, "a.py::u", "u", Place.ANYWHERE))
    shared, (home, other) = started(work, 0, 1)
    busy = home if home.queue else other
    rest = other if busy is home else home
    assert shared.remove_node(busy) == "a.py::t[0]"
    replacement = Node(2)
    shared.add_node(replacement)
    shared.add_node_collection(replacement, [job.nodeid for job in work])
    shared.schedule()
    assert [index for _, index in run_all(shared, [rest, replacement])] == [3]


def test_a_worker_that_collected_something_else_gets_nothing() -> None:
    work = jobs("a1 a2")
    shared = SharedOut(work, 1)
    node = Node(0)
    shared.add_node(node)
    shared.add_node_collection(node, ["other.py::x"])
    shared.schedule()
    assert node.shutting_down
    assert not node.queue
    assert shared.odd_collections == ["gw0"]


def test_a_long_module_is_handed_out_in_parts_but_no_requirement_is() -> None:
    cases = [(number, f"r{number // 5}") for number in range(4 * UNIT)]
    work = [Job(number, f"a.py::{name}[{number}]", name, Place.ANYWHERE) for number, name in cases]
    units = list(units_of(work))
    assert [job for unit in units for job in unit] == work
    assert len(units) > 2
    for one, next_ in pairwise(units):
        assert one[-1].requirement != next_[0].requirement
