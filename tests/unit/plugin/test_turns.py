"""Scenarios of several processes take turns; threads with locks of their own stand for the processes."""

from __future__ import annotations

import threading
from pathlib import Path

from harness.plugin.turns import SharedTurns

WAIT = 10.0


def test_two_run_side_by_side(tmp_path: Path) -> None:
    first, second = SharedTurns(tmp_path), SharedTurns(tmp_path)
    first.begin()
    second.begin()  # would block for ever otherwise
    first.end()
    second.end()


def test_one_that_is_alone_waits_for_others_and_holds_them_up(tmp_path: Path) -> None:
    talking, lonely, late = (SharedTurns(tmp_path) for _ in range(3))
    talking.begin()
    events: list[str] = []
    is_alone, may_end = threading.Event(), threading.Event()

    def be_alone() -> None:
        lonely.begin(alone=True)
        events.append("alone")
        is_alone.set()
        may_end.wait(WAIT)
        events.append("no longer")
        lonely.end()

    def come_late() -> None:
        is_alone.wait(WAIT)
        late.begin()
        events.append("late")
        late.end()

    threads = [threading.Thread(target=be_alone), threading.Thread(target=come_late)]
    for thread in threads:
        thread.start()
    assert not is_alone.is_set()
    events.append("talking ends")
    talking.end()
    assert is_alone.wait(WAIT)
    may_end.set()
    for thread in threads:
        thread.join(WAIT)
    assert events == ["talking ends", "alone", "no longer", "late"]


def test_two_that_both_want_to_be_alone_in_the_middle(tmp_path: Path) -> None:
    all_began = threading.Barrier(2)
    inside: list[int] = []
    most: list[int] = []

    def scenario(number: int) -> None:
        turns = SharedTurns(tmp_path)
        turns.begin()
        all_began.wait(WAIT)
        with turns.alone(), turns.alone():
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)
        turns.end()

    threads = [threading.Thread(target=scenario, args=(number,), daemon=True) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert most == [1, 1]
