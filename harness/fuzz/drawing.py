"""Hypothesis as a campaign needs it: a seed draws the same cases, whatever else this process has imported."""

from __future__ import annotations

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


def draw_alone() -> None:
    """Have Hypothesis draw without the numbers and texts that it finds in the sources of imported modules.

    It mixes them in since 6.131, and they differ from one command, installation and test run to the next:
    the same seed would not give the same bytes.  There is no setting for it.
    """
    if hasattr(providers, "_get_local_constants"):
        nothing = Constants()
        providers._get_local_constants = lambda: nothing
