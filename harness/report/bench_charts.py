"""The charts of a benchmark, each with its name, title, and what it says to those who can't see it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from harness.decide.bench_summary import merged
from harness.decide.growth import growths
from harness.measurement import Bench, LimitMeasured, LoadMeasured, Moment, ResourceMoment
from harness.report.growth_chart import latency_by_size
from harness.report.plotting import (
    MARKERS,
    Palette,
    label_logarithmic,
    line,
    one_chart,
    stacked,
    styled,
    with_legend,
)

CHARTED = ("study", "store", "find", "move", "get", "commit", "echo")
"""In this order, as far as they were measured."""
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 99.99)
FEWEST = 10
"""Of fewer the table says everything."""
SECONDS = "seconds since the start of the first load of each kind of client"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that has not been drawn yet."""

    name: str
    """Of its files."""
    section: str
    title: str
    description: str
    draw: Callable[[Palette], Figure]


def charts_of(bench: Bench) -> Iterator[Chart]:
    """All that there is something to draw of."""
    grown = list(growths(bench.growth))
    if grown:
        yield Chart(
            "growth",
            "growth",
            "Latency by size",
            "latency by the number of studies in the archive",
            lambda palette: latency_by_size(palette, grown),
        )
    if bench.limit is not None and any(trial.operations for trial in bench.limit.trials):
        yield _limit_chart(bench.limit)
    firsts = _first_of_each(bench.loads)
    counts: Counter[str] = Counter()
    for load in bench.loads:
        counts.update({one.name: one.count for one in load.operations})
    for name in CHARTED:
        if counts[name] >= FEWEST:
            yield from _operation_charts(bench.loads, firsts, name)
    if any(moment.errors for load in firsts for moment in load.moments):
        yield Chart(
            "errors",
            "errors",
            "Errors a second over time",
            "errors a second over time, by kind; the table says how many there were",
            lambda palette: _errors(palette, firsts),
        )
    for load in firsts:
        if load.resources:
            yield _resources_chart(load)


def _operation_charts(
    loads: Sequence[LoadMeasured], firsts: Sequence[LoadMeasured], name: str
) -> Iterator[Chart]:
    if any(moment.count for load in firsts for moment in load.moments if moment.operation == name):
        yield Chart(
            f"{name}-rate",
            name,
            "A second",
            f"{name}: how many a second over time",
            lambda palette: _rate(palette, firsts, name),
        )
        yield Chart(
            f"{name}-latency",
            name,
            "Latency over time: the line has 95 % below it, the band reaches from 50 % to 99 %",
            f"{name}: percentiles of latency over time",
            lambda palette: _latency(palette, firsts, name),
        )
    yield Chart(
        f"{name}-percentiles",
        name,
        "Latency by percentile, all repeats together",
        f"{name}: latency by percentile",
        lambda palette: _percentiles(palette, loads, name),
    )


def _first_of_each(loads: Sequence[LoadMeasured]) -> list[LoadMeasured]:
    firsts: dict[str, LoadMeasured] = {}
    for load in loads:
        firsts.setdefault(load.client, load)
    return list(firsts.values())


def _stretches(load: LoadMeasured, operation: str) -> list[tuple[float, float, Moment | None]]:
    """Middle and length of each stretch of a load, and what ended in it of the operation, if anything.

    Those in which nothing ended are there too: a line across them would tell of something.
    """
    starts = {one.at for one in load.moments}
    if not starts:
        return []
    span = load.moments[0].span
    ended = {one.at: one for one in load.moments if one.operation == operation}
    number = round((max(starts) - min(starts)) / span) + 1
    every = [min(starts) + span * step for step in range(number)]
    return [(at + span / 2, span, ended.get(at)) for at in every]


def _rate(palette: Palette, loads: Sequence[LoadMeasured], name: str) -> Figure:
    with styled():
        figure, axes = one_chart(palette, SECONDS, "a second")
        for number, load in enumerate(loads):
            points = [(at, one.count / span if one else 0.0) for at, span, one in _stretches(load, name)]
            if points:
                line(axes, palette, number, points, load.client)
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, _ends(loads))
        return with_legend(figure, palette)


def _latency(palette: Palette, loads: Sequence[LoadMeasured], name: str) -> Figure:
    with styled():
        figure, axes = one_chart(palette, SECONDS, "ms")
        for number, load in enumerate(loads):
            seen = [(at, *_percentiles_of(one)) for at, _, one in _stretches(load, name)]
            if not seen:
                continue
            at, p50, p95, p99 = zip(*seen, strict=True)
            axes.fill_between(at, p50, p99, color=palette.series[number], alpha=0.18, linewidth=0)
            line(axes, palette, number, list(zip(at, p95, strict=True)), load.client, dots=True)
        axes.set_yscale("log")
        axes.set_xlim(0, _ends(loads))
        label_logarithmic(axes.yaxis)
        return with_legend(figure, palette)


def _ends(loads: Sequence[LoadMeasured]) -> float:
    """Of the axis of time, the same for all charts."""
    return max((one.at + one.span for load in loads for one in load.moments), default=1.0)


def _percentiles_of(moment: Moment | None) -> tuple[float, float, float]:
    """50, 95 and 99 % in milliseconds; no numbers, which break a line, where nothing succeeded."""
    if moment is None or moment.p50 is None or moment.p95 is None or moment.p99 is None:
        return (math.nan,) * 3
    return moment.p50 * 1000, moment.p95 * 1000, moment.p99 * 1000


def _percentiles(palette: Palette, loads: Sequence[LoadMeasured], name: str) -> Figure:
    """Those near the whole are spread out, as an HDR plot has it."""
    with styled():
        figure, axes = one_chart(palette, "per cent of all", "within so many ms")
        most = 0
        for number, client in enumerate(dict.fromkeys(load.client for load in loads)):
            whole = merged(loads, client, name)
            if whole is None:
                continue
            most = max(most, len(whole))
            points = [
                (1 / (1 - point.percent / 100), point.seconds * 1000)
                for point in whole.distribution()
                if point.percent < 100
            ]
            if points:
                line(axes, palette, number, points, client)
        axes.set_xscale("log")
        # What so few can't tell is not on the axis.
        shown = [one for one in PERCENTILES if one == PERCENTILES[0] or 1 - one / 100 >= 0.5 / most]
        axes.set_xticks([1 / (1 - percent / 100) for percent in shown], [f"{one:g}" for one in shown])
        axes.minorticks_off()
        axes.set_yscale("log")
        label_logarithmic(axes.yaxis)
        return with_legend(figure, palette)


def _errors(palette: Palette, loads: Sequence[LoadMeasured]) -> Figure:
    with styled():
        figure, axes = one_chart(palette, SECONDS, "errors a second")
        kinds = dict.fromkeys(kind for load in loads for one in load.moments for kind in one.errors)
        number = 0
        for load in loads:
            for kind in kinds:
                by_time: dict[float, float] = {}
                for one in load.moments:
                    # What is counted of every operation would be counted twice in all of them together.
                    if kind in one.errors and one.operation not in ("all", "study"):
                        at = one.at + one.span / 2
                        by_time[at] = by_time.get(at, 0.0) + one.errors[kind] / one.span
                if by_time:
                    axes.plot(
                        *zip(*sorted(by_time.items()), strict=True),
                        linestyle="none",
                        marker=MARKERS[number % len(MARKERS)],
                        markersize=4,
                        color=palette.series[number % len(palette.series)],
                        label=f"{load.client}: {kind}",
                    )
                    number += 1
        axes.set_ylim(bottom=0)
        return with_legend(figure, palette)


def _limit_chart(limit: LimitMeasured) -> Chart:
    return Chart(
        "limit",
        "limit",
        "Latency by the rate that was offered",
        "the 95th percentile of latency by the rate that was offered, with the largest sustained one marked",
        lambda palette: _limit(palette, limit),
    )


def _limit(palette: Palette, limit: LimitMeasured) -> Figure:
    with styled():
        figure, axes = one_chart(palette, "operations a second offered", "95 % within, ms")
        for held, marker, label in ((True, "o", "sustained"), (False, "x", "not sustained")):
            points = [
                (trial.rate, one.latency.p95 * 1000)
                for trial in limit.trials
                for one in trial.operations
                if trial.is_sustained is held and one.name == "all" and one.latency is not None
            ]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    linestyle="none",
                    marker=marker,
                    color=palette.series[0] if held else palette.bad,
                    label=label,
                )
        if limit.sustained is not None:
            axes.axvline(limit.sustained, color=palette.ink, linewidth=0.9, linestyle="--")
            axes.annotate(
                f"{'at least ' if limit.is_at_least else ''}{limit.sustained:.3g} a second",
                (limit.sustained, 1),
                xycoords=("data", "axes fraction"),
                xytext=(-5, -3),
                textcoords="offset points",
                ha="right",
                va="top",
                color=palette.ink,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        label_logarithmic(axes.xaxis)
        label_logarithmic(axes.yaxis)
        return with_legend(figure, palette)


def _resources_chart(load: LoadMeasured) -> Chart:
    return Chart(
        f"server-{load.client}",
        "server",
        f"While {load.client} clients loaded it",
        f"what the server's processes ({load.server}) used under {load.client} clients, below the load",
        lambda palette: _resources(palette, load),
    )


def _resources(palette: Palette, load: LoadMeasured) -> Figure:
    """The load above, what it cost below, on one axis."""
    panels: list[tuple[str, list[tuple[float, float]]]] = [
        (
            "all a second",
            [(at, one.count / span if one else 0.0) for at, span, one in _stretches(load, "all")],
        ),
        ("CPUs busy", [(one.at, one.cpu) for one in load.resources]),
        ("memory, MB", [(one.at, one.memory / 1e6) for one in load.resources]),
        ("written, MB/s", _known(load, lambda one: None if one.written is None else one.written / 1e6)),
        ("read, MB/s", _known(load, lambda one: None if one.read is None else one.read / 1e6)),
        ("open files", _known(load, lambda one: one.files)),
    ]
    panels = [(label, points) for label, points in panels if points]
    with styled():
        figure, all_axes = stacked(palette, "seconds since the start", [label for label, _ in panels])
        for number, (axes, (_, points)) in enumerate(zip(all_axes, panels, strict=True)):
            # Only the first is the load; the others are in one colour.
            line(axes, palette, 0 if number == 0 else 2, points)
            axes.set_ylim(bottom=0)
        return figure


def _known(load: LoadMeasured, value: Callable[[ResourceMoment], float | None]) -> list[tuple[float, float]]:
    seen = ((one.at, value(one)) for one in load.resources)
    return [(at, one) for at, one in seen if one is not None]
