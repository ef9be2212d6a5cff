"""A fixed sample of what a strategy makes."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from harness.fuzz.cases import Sendable
from harness.fuzz.drawing import draw_alone
from harness.fuzz.objects.bare import is_known
from harness.fuzz.objects.images import SYNTAXES
from harness.fuzz.objects.modules import CLASSES

T = TypeVar("T")
EVERYTHING = Sendable(
    tuple((sop_class, syntax) for sop_class in CLASSES for syntax in SYNTAXES if is_known(sop_class, syntax))
)
"""All that can be generated."""
GENERATING = settings(database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def sample(strategy: SearchStrategy[T], count: int) -> list[T]:
    """So many examples, the same at every call."""
    draw_alone()
    found: list[T] = []

    @seed(11)
    @settings(GENERATING, max_examples=count)
    @given(strategy)
    def gather(example: T) -> None:
        found.append(example)

    gather()
    return found
