"""Latency over the size of an archive, and what was fitted to it."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.decide.growth import Growth
from harness.foreign_text import visible
from harness.report.plotting import DASHES, Palette, label_logarithmic, one_chart, styled

HEIGHT = 3.6
ROOM = 10
"""The least ratio of the ends of the scale of latencies: what is flat is to look flat."""


def latency_by_size(palette: Palette, growths: Sequence[Growth]) -> Figure:
    """Medians over the number of studies, and what was fitted to them.

    A line for each operation, named at its end; what uses the same DIMSE service has the same colour.
    """
    services = dict.fromkeys(map(_service, growths))
    colours = dict(zip(services, itertools.cycle((*palette.series, palette.ink)), strict=False))
    sizes = sorted({point.size for growth in growths for point in growth.points})
    with styled():
        figure, axes = one_chart(palette, "studies in the archive", "median, ms", height=HEIGHT)
        axes.set_position((0.09, 0.15, 0.58, 0.82))
        axes.set_xscale("log")
        axes.set_yscale("log")
        seen: Counter[str] = Counter()
        for growth in growths:
            service = _service(growth)
            colour = colours[service]
            along: list[float] = [point.size for point in growth.points]
            medians = [point.median * 1000 for point in growth.points]
            axes.plot(along, medians, color=colour, linestyle="none", marker="o", markersize=5)
            if growth.fit is not None:
                along = _between(sizes[0], sizes[-1])
                medians = [growth.fit.at(size) * 1000 for size in along]
            dashes = DASHES[seen[service] % len(DASHES)]
            axes.plot(along, medians, color=colour, linestyle=dashes, linewidth=1.7)
            seen[service] += 1
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        low, high = axes.get_ylim()
        axes.set_ylim(min(0.9 * low, high / ROOM), high * 1.2)
        label_logarithmic(axes.yaxis)
        _name_ends(axes, palette, [(growth, colours[_service(growth)]) for growth in growths])
        return figure


def _service(growth: Growth) -> str:
    return growth.operation.split(" ")[0]


def _between(first: float, last: float, steps: int = 40) -> list[float]:
    """From the first to the last, evenly on a logarithmic scale."""
    return [first * (last / first) ** (step / steps) for step in range(steps + 1)]


def _name_ends(axes: Axes, palette: Palette, named: Sequence[tuple[Growth, str]]) -> None:
    """A name beside the end of each line, moved apart where they would lie on each other."""
    low, high = (math.log(end) for end in axes.get_ylim())
    gap = 0.19 / (axes.get_position().height * HEIGHT)
    ends = [
        ((math.log(growth.points[-1].median * 1000) - low) / (high - low), growth, colour)
        for growth, colour in named
    ]
    ends.sort(key=lambda end: end[0])
    below = -gap
    for number, (wanted, growth, colour) in enumerate(ends):
        place = min(max(wanted, below + gap), 1 - gap * (len(ends) - 1 - number))
        below = place
        axes.annotate(
            visible(f"{growth.operation}: {growth.fit.model}" if growth.fit else growth.operation),
            xy=(growth.points[-1].size, growth.points[-1].median * 1000),
            xytext=(1.03, place),
            textcoords="axes fraction",
            color=colour,
            verticalalignment="center",
            arrowprops={
                "arrowstyle": "-",
                "color": palette.grid,
                "linewidth": 0.8,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 4,
            },
        )
