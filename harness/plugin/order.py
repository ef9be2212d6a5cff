"""The order of a run: as the files stand, or by chance with a seed that can be given again."""

from __future__ import annotations

import enum
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.plugin.identity import order_of
from harness.verdict import Requirement

if TYPE_CHECKING:
    import pytest

_SEEDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Order:
    """``seed`` None: by groups, as the files stand; else requirements in an order made of the seed."""

    seed: int | None = None

    def __str__(self) -> str:
        return "file" if self.seed is None else f"random:{self.seed}"


def order_from(words: str) -> Order:
    """``file``, ``random`` (a new seed) or ``random:SEED``.  ValueError with words for people."""
    kind, colon, seed = words.partition(":")
    if words == "file":
        return Order()
    if kind == "random" and not colon:
        return Order(secrets.randbelow(_SEEDS))
    if kind == "random" and seed.isdecimal():
        return Order(int(seed))
    raise ValueError(f"{words!r} is no order; it takes file, random or random:SEED, where SEED is a number")


def is_waiting(item: pytest.Item) -> bool:
    """Whether the item judges what was begun at the start of the run (`harness.plugin.waiting`)."""
    return item.get_closest_marker("waiting") is not None


class Turn(enum.IntEnum):
    """When in a run an item comes.

    What an ordinary peer asks comes first: a product that dies of broken PDUs is examined by then.  Objects
    whose unique keys are empty match every query where unknown values do (PS3.4 C.2.2.1.2).  Silent
    connections may leave no room for those on which an association was accepted, so these come after them.
    A restart of the product ends all of them, so it is the last.
    """

    ORDINARY = 0
    ODD = 1
    HOSTILE = 2
    SILENT = 3
    SILENT_ASSOCIATED = 4
    RESTARTING = 5


def turn_of(item: pytest.Item) -> Turn:
    """When an item comes, by its markers."""
    marker = item.get_closest_marker("waiting")
    if item.get_closest_marker("restarts"):
        return Turn.RESTARTING
    if marker is not None:
        return Turn.SILENT_ASSOCIATED if marker.kwargs["accepted"] else Turn.SILENT
    if item.get_closest_marker("hostile"):
        return Turn.HOSTILE
    return Turn.ODD if item.get_closest_marker("odd") else Turn.ORDINARY


def sorted_pairs(
    pairs: Sequence[tuple[Requirement, pytest.Item]], order: Order
) -> list[tuple[Requirement, pytest.Item]]:
    """The items in the order of the run; cases of a requirement stay together; see `Turn`."""
    found = list(pairs)
    if order.seed is None:
        found.sort(key=lambda pair: order_of(pair[0]))
    else:
        ids = sorted({requirement.id for requirement, _ in found})
        random.Random(order.seed).shuffle(ids)
        place = {id_: number for number, id_ in enumerate(ids)}
        found.sort(key=lambda pair: place[pair[0].id])
    found.sort(key=lambda pair: turn_of(pair[1]))
    return found
