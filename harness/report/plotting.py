"""How charts look: one style, drawn in the colours of the page's style sheet or in those of print."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from harness.foreign_text import visible
from harness.report.charts import inline


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a chart."""

    ink: str
    paper: str
    grid: str
    bad: str
    series: tuple[str, ...]


# matplotlib wants colours in numbers; each of these stands for a variable of the style sheet.
PAGE = Palette("#000001", "#000002", "#000003", "#000004", ("#000020", "#000021", "#000022", "#000023"))
PRINT = Palette("#1a2129", "#ffffff", "#d5dbe1", "#b0241c", ("#1c4f8f", "#a34a00", "#1b6b3a", "#54458c"))
_VARIABLES = {
    PAGE.ink: "var(--ink)",
    PAGE.paper: "var(--paper)",
    PAGE.grid: "var(--line)",
    PAGE.bad: "var(--fail)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(PAGE.series, 1)},
}
DASHES = ("-", "--", "-.", ":")
"""Lines are told apart on paper too."""
MARKERS = ("o", "s", "^", "D")
WIDTH, HEIGHT = 8.4, 2.9
"""Inches."""
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "pacs-harness",
    "text.parse_math": False,
}


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Everything of a chart is drawn, and saved, within."""
    with matplotlib.rc_context(_STYLE):
        yield


def one_chart(palette: Palette, x: str, y: str, height: float = HEIGHT) -> tuple[Figure, Axes]:
    """A figure of one chart with its axes named, so many inches high."""
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0.09, 0.19, 0.89, 0.68))
    axes.set_xlabel(x, color=palette.ink)
    furnish(axes, palette, y)
    return figure, axes


def stacked(palette: Palette, x: str, ys: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """A figure of charts one above the other, on one axis."""
    figure = Figure(figsize=(WIDTH, 0.7 + 1.25 * len(ys)))
    all_axes = list(figure.subplots(len(ys), 1, sharex=True, squeeze=False)[:, 0])
    for axes, y in zip(all_axes, ys, strict=True):
        furnish(axes, palette, y)
    all_axes[-1].set_xlabel(x, color=palette.ink)
    height = figure.get_figheight()
    figure.subplots_adjust(left=0.09, right=0.98, top=1 - 0.25 / height, bottom=0.5 / height, hspace=0.22)
    figure.align_ylabels(all_axes)
    return figure, all_axes


def furnish(axes: Axes, palette: Palette, y: str) -> None:
    """What every chart has."""
    axes.set_ylabel(y, color=palette.ink)
    axes.tick_params(colors=palette.ink, length=3)
    axes.grid(color=palette.grid, linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(palette.ink)


def line(
    axes: Axes,
    palette: Palette,
    number: int,
    points: Sequence[tuple[float, float]],
    label: str = "",
    *,
    dots: bool = False,
) -> None:
    """The n-th line of a chart.  A few points are shown as such, or all (``dots``): they may lie alone."""
    axes.plot(
        *zip(*points, strict=True),
        color=palette.series[number % len(palette.series)],
        linestyle=DASHES[number % len(DASHES)],
        linewidth=1.7,
        marker=MARKERS[number % len(MARKERS)] if dots or len(points) < 8 else "",
        markersize=4 if len(points) < 8 else 2.5,
        label=visible(label),
    )


def label_logarithmic(axis: Axis) -> None:
    """Labelled at 1, 2 and 5, so that a narrow range has labels too."""
    low, high = sorted(axis.get_view_interval())
    wide = low > 0 and high / low > 1000
    axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def with_legend(figure: Figure, palette: Palette) -> Figure:
    """Named, where there is more than one thing to tell apart."""
    handles, labels = [], []
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            if label and label not in labels:
                handles.append(handle)
                labels.append(label)
    if len(labels) > 1:
        figure.legend(
            handles,
            labels,
            loc="upper right",
            ncols=4,
            frameon=False,
            labelcolor=palette.ink,
            borderpad=0.1,
        )
    return figure


def for_page(figure: Figure, description: str) -> Markup:
    """As an ``<svg>`` element that follows the page's light and dark style."""
    with styled():
        return inline(figure, visible(description), _VARIABLES)
