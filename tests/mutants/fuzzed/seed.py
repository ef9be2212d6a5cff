"""How a weakness is declared, and the list of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import tests.mutants.fuzzed
from harness.findings import Area, Symptom


@dataclass(frozen=True)
class Weakness:
    """One of them: a subclass of the archive's Semantics."""

    name: str
    area: Area
    """Where it shows."""
    symptoms: frozenset[Symptom]
    """A finding of one of these kinds has to be made."""
    clause: str
    defect: str
    where: str
    """What the archive loads: ``tests.mutants.fuzzed.objects:DropsPrivate``."""


WEAKNESSES: dict[str, Weakness] = {}


def weakness(area: Area, *symptoms: Symptom, clause: str, defect: str) -> Callable[[type], type]:
    """Register the decorated class."""

    def register(kind: type) -> type:
        name = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
        where = f"{kind.__module__}:{kind.__name__}"
        WEAKNESSES[name] = Weakness(name, area, frozenset(symptoms), clause, defect, where)
        return kind

    return register


def all_weaknesses() -> dict[str, Weakness]:
    """Every declared one by name."""
    for module in pkgutil.iter_modules(tests.mutants.fuzzed.__path__):
        if not module.name.startswith("test_"):
            importlib.import_module(f"{tests.mutants.fuzzed.__name__}.{module.name}")
    return dict(sorted(WEAKNESSES.items()))
