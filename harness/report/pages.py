"""What the pages have in common: templates, everything escaped and nothing undefined let through; times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

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


def shipped(name: str) -> Markup:
    """A style sheet or a script that ships with the package, for a page as it is."""
    text = (content_folder("reports") / name).read_text(encoding="utf-8")
    return Markup(text)  # nosec B704 # our own file


def span(started: str, finished: str) -> str:
    """From when to when, the date once; both as ISO 8601 has them."""
    first, last = datetime.fromisoformat(started), datetime.fromisoformat(finished)
    same_day = first.date() == last.date()
    return f"{first:%d %B %Y, %H:%M:%S} to {last:{'%H:%M:%S' if same_day else '%d %B %Y, %H:%M:%S'}}"
