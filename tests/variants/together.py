"""Several legal peculiarities in one archive: what each of them allows, all of them together allow.

``tests.variants.together:get.NoMr+move.NoPending`` is an archive with both, made when it is asked for;
``tests.variants.together:get.NoMr+mutants.get.SendsAhead`` has a defect beside its peculiarity.
"""

from __future__ import annotations

from collections.abc import Iterable
from pkgutil import resolve_name
from types import FunctionType
from typing import cast

from harness.archive.semantics import Semantics
from tests.mutants.seed import overridden
from tests.variants.seed import Variant


def __getattr__(name: str) -> type[Semantics]:
    if "." not in name:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return type(name, tuple(map(_kind, name.split("+"))), {})


def _kind(part: str) -> type[Semantics]:
    module, _, kind = part.rpartition(".")
    package = "tests" if module.startswith("mutants.") else "tests.variants"
    return cast("type[Semantics]", resolve_name(f"{package}.{module}:{kind}"))


def where(variants: Iterable[Variant]) -> str:
    """How an archive with all these peculiarities is loaded."""
    return f"{__name__}:{'+'.join(variant.name for variant in variants)}"


def apart(variants: Iterable[Variant]) -> tuple[tuple[Variant, ...], ...]:
    """The variants in as few archives as their order gives, none of which hides another's peculiarity."""
    groups: list[list[Variant]] = []
    for variant in variants:
        fitting = (group for group in groups if all(_go_together(variant, other) for other in group))
        if (group := next(fitting, None)) is None:
            groups.append([variant])
        else:
            group.append(variant)
    return tuple(map(tuple, groups))


def _go_together(one: Variant, other: Variant) -> bool:
    """Whether each method that both override hands on to the next in line, and neither has to be alone."""
    if one.alone or other.alone:
        return False
    first, second = overridden(resolve_name(one.where)), overridden(resolve_name(other.where))
    return all(
        first[name] is second[name] or (_hands_on(first[name]) and _hands_on(second[name]))
        for name in first.keys() & second.keys()
    )


def _hands_on(method: FunctionType) -> bool:
    """Whether it says ``super()``."""
    return "__class__" in method.__code__.co_freevars
