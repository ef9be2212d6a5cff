"""Charts as inline SVG whose colours follow the page's light and dark style."""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.foreign_text import visible
from harness.report.services import groups_of, service_of
from harness.report.wording import SHOWN_ORDER
from harness.verdict import Outcome, Run

# matplotlib wants colours in numbers; each stands for a variable of the style sheet.
_VARIABLES = {
    "#000001": "var(--ink)",
    "#000002": "var(--paper)",
    **{
        f"#0000{number:02x}": f"var(--{str(outcome).lower().replace('_', '-')})"
        for number, outcome in enumerate(SHOWN_ORDER, start=16)
    },
}
_COLOUR_OF = dict(zip(SHOWN_ORDER, list(_VARIABLES)[2:], strict=True))
# No dots: matplotlib writes a quarter of a megabyte of circles for them.
_HATCH_OF = {Outcome.FAIL: "xxxx", Outcome.ERROR: "++++", Outcome.WARN: "////", Outcome.NOT_TESTED: "----"}
_INK, _PAPER = "#000001", "#000002"


def outcomes_by_service(run: Run) -> Markup:
    """A bar per service, its outcomes side by side: an ``<svg>`` element; empty for a run without results."""
    groups = groups_of(run)
    if not groups:
        return Markup()
    counts = {
        group: Counter(item.outcome for item in run.results if item.requirement.group == group)
        for group in groups
    }
    style: dict[Any, Any] = {
        "font.family": "sans-serif",
        "font.size": 10,
        "svg.fonttype": "none",
        "svg.hashsalt": "pacs-harness",
        "text.parse_math": False,
        "hatch.linewidth": 0.9,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(8.4, 0.85 + 0.38 * len(groups)))
        axes = figure.add_axes((0.26, 0.65 / figure.get_figheight(), 0.72, 1 - 0.7 / figure.get_figheight()))
        names = [visible(service_of(group).title) for group in groups]
        left = [0] * len(groups)
        for outcome in SHOWN_ORDER:
            widths = [counts[group][outcome] for group in groups]
            axes.barh(
                range(len(groups)),
                widths,
                left=left,
                height=0.62,
                color=_COLOUR_OF[outcome],
                hatch=_HATCH_OF.get(outcome),
                edgecolor=_PAPER,
                linewidth=0.8,
                label=str(outcome).replace("_", " ") if any(widths) else None,
            )
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axes.set_yticks(range(len(groups)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, max(left))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.tick_params(length=0, colors=_INK)
        figure.legend(loc="lower center", ncols=6, frameon=False, labelcolor=_INK, borderpad=0.1)
        for spine in axes.spines.values():
            spine.set_visible(False)
        words = f"Outcomes of {len(run.results)} requirements by service; the table says the same"
        return inline(figure, words, _VARIABLES)


def inline(figure: Figure, description: str, variables: Mapping[str, str]) -> Markup:
    """The figure as an ``<svg>`` element for the middle of a page: no prolog, no ids that could clash.

    ``variables`` says for which colours of it variables of the style sheet stand.  Descriptions of one page
    differ: the names of what is inside are made of them.
    """
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    svg = buffer.getvalue().decode()
    svg = svg[svg.index("<svg") :]
    # matplotlib's style element speaks of `*`, which inside a page is the whole page.
    svg = re.sub(r"<style\b.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="[a-z_]+[0-9_]*"', "", svg)
    svg = re.sub(
        r'<svg\b[^>]*viewBox="([^"]*)"[^>]*>',
        r'<svg viewBox="\1" role="img" @>',
        svg,
        count=1,
        flags=re.DOTALL,
    )
    svg = re.sub(r"#0000[0-9a-f]{2}", lambda match: variables.get(match[0], match[0]), svg)
    svg = re.sub(r"font-family: [^;\"]*; ", "", svg)
    # matplotlib names paths by addresses in memory, which another chart of the page may have had too.
    prefix = hashlib.sha256(description.encode()).hexdigest()[:8]
    for number, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]+)"', svg))):
        svg = svg.replace(f'"{name}"', f'"c{prefix}-{number}"').replace(f"#{name}", f"#c{prefix}-{number}")
    svg = svg.replace("@", f'aria-label="{escape(description)}"', 1).strip()
    return Markup(svg)  # nosec B704 # matplotlib escapes every text of it, and the description was just now
