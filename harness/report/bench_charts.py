"""Charts of a benchmark as inline SVG whose colours follow the page's light and dark style."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from harness.decide.growth import Growth
from harness.latencies import decode
from harness.measurement import LimitMeasured, LoadMeasured, Moment
from harness.report.charts import inline
from harness.report.text import visible

# matplotlib wants colours in numbers; each stands for a variable of the style sheet.
INK, PAPER, MUTED = "#000001", "#000002", "#000003"
SERIES = ("#000020", "#000021", "#000022", "#000023")
VARIABLES = {
    INK: "var(--ink)",
    PAPER: "var(--paper)",
    MUTED: "var(--line)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, 1)},
}
DASHES = ("-", "--", "-.", ":")
"""Lines are told apart on paper too."""
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "pacs-harness",
    "text.parse_math": False,
}
_WIDTH, _HEIGHT, _TALL = 8.4, 2.9, 3.6
ROOM = 10
"""The least ratio of the ends of a scale of latencies over size: what is flat is to look flat."""
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 99.99)


def rate_over_time(loads: Sequence[LoadMeasured], operation: str) -> str:
    """Operations a second over the time of each kind of client's first load."""
    return _over_time(
        loads,
        operation,
        lambda moment: moment.count / moment.span,
        "a second",
        f"{operation}: operations a second over time",
    )


def latency_over_time(loads: Sequence[LoadMeasured], operation: str) -> str:
    """The 95th percentile over time."""
    return _over_time(
        loads,
        operation,
        lambda moment: None if moment.p95 is None else moment.p95 * 1000,
        "95th percentile, ms",
        f"{operation}: 95th percentile of latency over time",
        logarithmic=True,
    )


def _over_time(
    loads: Sequence[LoadMeasured],
    operation: str,
    value: Callable[[Moment], float | None],
    label: str,
    description: str,
    *,
    logarithmic: bool = False,
) -> str:
    with matplotlib.rc_context(STYLE):
        figure, axes = _axes("seconds since the start", label)
        for number, load in enumerate(_first_of_each(loads)):
            points = [
                (moment.at + moment.span / 2, figure_)
                for moment in load.moments
                if moment.operation == operation and (figure_ := value(moment)) is not None
            ]
            if points:
                _line(axes, number, points, load.client)
        if logarithmic:
            axes.set_yscale("log")
            _label_logarithmic(axes.yaxis)
        else:
            axes.set_ylim(bottom=0)
        return _finished(figure, axes, description)


def percentiles(loads: Sequence[LoadMeasured], operation: str) -> str:
    """Latency by percentile, those near the whole spread out: an HDR plot."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _axes("percentile", "ms")
        for number, load in enumerate(_first_of_each(loads)):
            one = load.of(operation)
            if one is None or one.latency is None:
                continue
            points = [
                (1 / (1 - point.percent / 100), point.seconds * 1000)
                for point in decode(one.latency.histogram).distribution()
                if point.percent < 100
            ]
            if points:
                _line(axes, number, points, load.client)
        axes.set_xscale("log")
        ticks = [1 / (1 - percent / 100) for percent in PERCENTILES]
        axes.set_xticks(ticks, [f"{percent:g}" for percent in PERCENTILES])
        axes.minorticks_off()
        axes.set_yscale("log")
        _label_logarithmic(axes.yaxis)
        return _finished(figure, axes, f"{operation}: latency by percentile")


def latency_by_rate(limit: LimitMeasured) -> str:
    """The 95th percentile of each trial over the rate that was offered, with what was sustained marked."""
    with matplotlib.rc_context(STYLE):
        figure, axes = _axes("operations a second offered", "95th percentile, ms")
        for held, marker, label in ((True, "o", "sustained"), (False, "x", "not sustained")):
            points = [
                (trial.rate, trial.p95 * 1000)
                for trial in limit.trials
                if trial.is_sustained is held and trial.p95 is not None
            ]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    linestyle="none",
                    marker=marker,
                    color=SERIES[0 if held else 1],
                    label=label,
                )
        if limit.sustained is not None:
            axes.axvline(limit.sustained, color=INK, linewidth=0.9, linestyle="--")
        axes.set_xscale("log")
        axes.set_yscale("log")
        _label_logarithmic(axes.xaxis)
        _label_logarithmic(axes.yaxis)
        return _finished(figure, axes, "latency by the rate that was offered")


def latency_by_size(growths: Sequence[Growth]) -> str:
    """Medians over the number of studies, and what was fitted to them.

    A line for each operation, named at its end; what uses the same DIMSE service has the same colour.
    """
    if not growths:
        return ""
    colours = dict(zip(dict.fromkeys(map(_service, growths)), itertools.cycle((*SERIES, INK)), strict=False))
    sizes = sorted({point.size for growth in growths for point in growth.points})
    with matplotlib.rc_context(STYLE):
        figure, axes = _axes("studies in the archive", "median, ms", height=_TALL)
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
        _label_logarithmic(axes.yaxis)
        low, high = axes.get_ylim()
        axes.set_ylim(min(0.9 * low, high / ROOM), high * 1.2)
        _name_ends(axes, [(growth, colours[_service(growth)]) for growth in growths])
        return inline(figure, "latency by the number of studies in the archive", VARIABLES)


def _service(growth: Growth) -> str:
    return growth.operation.split(" ")[0]


def _between(first: float, last: float, steps: int = 40) -> list[float]:
    """From the first to the last, evenly on a logarithmic scale."""
    return [first * (last / first) ** (step / steps) for step in range(steps + 1)]


def _name_ends(axes: Axes, named: Sequence[tuple[Growth, str]]) -> None:
    """A name beside the end of each line, moved apart where they would lie on each other."""
    low, high = (math.log(end) for end in axes.get_ylim())
    gap = 0.19 / (axes.get_position().height * axes.figure.get_figheight())  # type: ignore[union-attr]
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
                "color": MUTED,
                "linewidth": 0.8,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 4,
            },
        )


def _first_of_each(loads: Sequence[LoadMeasured]) -> list[LoadMeasured]:
    firsts: dict[str, LoadMeasured] = {}
    for load in loads:
        firsts.setdefault(load.client, load)
    return list(firsts.values())


def _axes(x: str, y: str, height: float = _HEIGHT) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_axes((0.09, 0.19, 0.89, 0.68))
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=INK, length=3)
    axes.grid(color=MUTED, linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(INK)
    return figure, axes


def _line(axes: Axes, number: int, points: Sequence[tuple[float, float]], label: str) -> None:
    axes.plot(
        *zip(*points, strict=True),
        color=SERIES[number % len(SERIES)],
        linestyle=DASHES[number % len(DASHES)],
        linewidth=1.7,
        label=visible(label),
    )


def _label_logarithmic(axis: Axis) -> None:
    """Labelled at 1, 2 and 5, so that a narrow range has labels too."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def _finished(figure: Figure, axes: Axes, description: str) -> str:
    if not axes.lines:
        return ""
    if len(axes.lines) > 1:
        figure.legend(loc="upper right", ncols=4, frameon=False, labelcolor=INK, borderpad=0.1)
    return inline(figure, visible(description), VARIABLES)
