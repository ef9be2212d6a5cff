"""How a legal but unusual archive is declared: a subclass of its Semantics on which nothing may FAIL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One legal peculiarity."""

    name: str
    clause: str
    """The clause that allows it."""
    peculiarity: str
    where: str
    alone: bool = False
    """Whether it leaves out what others would be seen by, so that it has an archive to itself."""


VARIANTS: dict[str, Variant] = {}


def variant(*, clause: str, peculiarity: str, alone: bool = False) -> Callable[[type], type]:
    """Register the decorated class as a variant; its module and name are how it is loaded."""

    def register(kind: type) -> type:
        module = kind.__module__.rpartition(".")[2]
        VARIANTS[f"{module}.{kind.__name__}"] = Variant(
            f"{module}.{kind.__name__}",
            clause,
            peculiarity,
            f"tests.variants.{module}:{kind.__name__}",
            alone,
        )
        return kind

    return register
