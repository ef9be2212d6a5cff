"""How a seeded defect is declared: a subclass of the archive's Semantics (or a transformation of its bytes
in ``wire.py``) that names the clause it breaks and the requirements that must catch it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, ModuleType

from harness.archive.semantics import Semantics
from harness.target import Target


def import_modules(package: ModuleType) -> None:
    """Every module of a package but its tests, so that what they declare is known."""
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("test_"):
            importlib.import_module(f"{package.__name__}.{module.name}")


def unchanged(target: Target) -> Target:
    """The target as it was started."""
    return target


@dataclass(frozen=True)
class Mutant:
    """One seeded defect."""

    name: str
    clause: str
    """The clause that it breaks: what the standard allows is a variant, and no mutant."""
    defect: str
    caught_by: tuple[str, ...]
    """Ids of requirements; each of them has to end as FAIL or WARN."""
    where: str
    """``tests.mutants.find:StarIsLiteral``: what the archive loads, or the proxy for those of the wire."""
    wire: bool = False
    user: tuple[str, str] | None = None
    """Name and passcode of the user as whom the harness comes."""
    hardened: bool = False
    """A weakness of the hardened archive (`harness.peers.hardened`)."""
    options: tuple[str, ...] = ()
    """Options that this archive has instead, or besides."""
    told: Callable[[Target], Target] = unchanged
    """What its target file says otherwise than that of the hardened archive."""
    gateway: bool = False
    """A de-identifier (`tests.unit.deid.reference`) within a gateway, and no archive."""


MUTANTS: dict[str, Mutant] = {}


def mutant(
    *,
    clause: str,
    defect: str,
    caught_by: tuple[str, ...],
    wire: bool = False,
    user: tuple[str, str] | None = None,
    hardened: bool = False,
    options: tuple[str, ...] = (),
    told: Callable[[Target], Target] = unchanged,
    gateway: bool = False,
) -> Callable[[type], type]:
    """Register the decorated class as a mutant; its module and name are how it is loaded."""

    def register(kind: type) -> type:
        name = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
        where = f"tests.mutants.{kind.__module__.rpartition('.')[2]}:{kind.__name__}"
        MUTANTS[name] = Mutant(
            name, clause, defect, caught_by, where, wire, user, hardened, options, told, gateway
        )
        return kind

    return register


def overridden(kind: type) -> dict[str, FunctionType]:
    """What a subclass of `Semantics` has beside, or instead of, what that has."""
    every = {name: getattr(kind, name) for name in dir(kind)}
    return {
        name: value
        for name, value in every.items()
        if isinstance(value, FunctionType) and value is not getattr(Semantics, name, None)
    }
