"""How the templates in ``reports/`` are read: everything escaped, nothing undefined let through."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.content import content_folder


def environment(shown: Callable[[str], str]) -> Environment:
    """The templates' environment; ``shown`` makes of every text that is no markup what a page shows."""
    return Environment(
        loader=FileSystemLoader(content_folder("reports")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        ),
    )
