"""The order of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.plugin.order import Order, order_from, sorted_pairs
from harness.verdict import Level, Requirement


def pair(id_: str, *markers: str) -> tuple[Requirement, Any]:
    requirement = Requirement(id_, "PS3.8 9", Level.SHALL, "", id_.split(".")[0], "")
    marker = SimpleNamespace(kwargs={"accepted": False})
    return requirement, SimpleNamespace(get_closest_marker=lambda name: marker if name in markers else None)


PAIRS = [
    pair("association.timer.b", "waiting"),
    pair("consistency.restart.c", "restarts"),
    pair("association.invalid.d", "hostile"),
    pair("storage.type1.e", "odd"),
    *(pair(f"find.a.x{number}") for number in range(20)),
    pair("find.a.x3"),
    *(pair(f"verification.a.x{number}") for number in range(5)),
]


LAST = ["storage.type1.e", "association.invalid.d", "association.timer.b", "consistency.restart.c"]


def ids(order: Order) -> list[str]:
    return [requirement.id for requirement, _ in sorted_pairs(PAIRS, order)]


def test_by_groups_and_what_waits_last() -> None:
    found = ids(Order())
    assert found[0] == "verification.a.x0"
    assert found[-4:] == LAST


def test_a_seed_gives_the_same_order_again_and_another_seed_another() -> None:
    assert ids(Order(7)) == ids(Order(7)) != ids(Order(8))
    assert sorted(ids(Order(7))) == sorted(ids(Order()))


def test_by_chance_cases_stay_together_and_what_waits_last() -> None:
    found = ids(Order(7))
    at = found.index("find.a.x3")
    assert found[at + 1] == "find.a.x3"
    assert found[-4:] == LAST


def test_from_words() -> None:
    assert order_from("file") == Order()
    assert order_from("random:12") == Order(12)
    assert str(order_from("random:12")) == "random:12"
    seed = order_from("random").seed
    assert seed is not None
    assert order_from(f"random:{seed}").seed == seed
    for wrong in ("", "radnom", "random:", "random:x", "random:-1", "file:3"):
        with pytest.raises(ValueError, match="takes file, random or random:SEED"):
            order_from(wrong)
