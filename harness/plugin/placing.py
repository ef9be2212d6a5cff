"""Where the product's files are on this machine, as ``[security]`` names them."""

from __future__ import annotations

from pathlib import Path

from harness.plugin.outcomes import NotTested
from harness.security.places import UNNAMED
from harness.target import Target


def places(target: Target, *, data: bool = True, logs: bool = True) -> tuple[str, ...]:
    """Those files and folders of ``data`` and ``logs`` that are there.  NotTested where none is."""
    security = target.security
    named = (*(security.data if data else ()), *(security.logs if logs else ()))
    if not named:
        raise NotTested(UNNAMED)
    there = tuple(root for root in named if Path(root).exists())
    if not there:
        raise NotTested(f"nothing is where [security] says: {', '.join(named)}")
    return there
