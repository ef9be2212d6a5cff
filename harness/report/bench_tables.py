"""CSV tables of a benchmark: everything that is plotted, and every figure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pandas as pd

from harness.decide.bench_summary import merged, rows
from harness.measurement import Bench, Moment, ResourceMoment, Spread, TrialMeasured
from harness.report.tables import Table


def tables(bench: Bench) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and table, of what there is.  Seconds, and milliseconds where a column says so."""
    made = {
        "figures": figures_table(bench),
        "operations": operations_table(bench),
        "errors": errors_table(bench),
        "phases": phases_table(bench),
        "moments": moments_table(bench),
        "percentiles": percentiles_table(bench),
        "objectives": pd.DataFrame(msgspec.to_builtins(bench.objectives)),
        "resources": resources_table(bench),
        "limit": limit_table(bench),
        "growth": growth_table(bench),
    }
    yield from ((name, frame) for name, frame in made.items() if len(frame))


def table_of(frame: pd.DataFrame) -> Table:
    """A frame for a CSV file."""
    known = frame.astype(object).where(frame.notna(), None)
    return Table(list(frame.columns), list(known.itertuples(index=False, name=None)))


def figures_table(bench: Bench) -> pd.DataFrame:
    """Medians of the repeats with their intervals: what the page shows."""
    names = ("per_second", "megabytes_per_second", "p50_ms", "p95_ms", "p99_ms")
    return pd.DataFrame(
        {
            "operation": row.operation,
            "client": row.client,
            **{
                f"{name}{part}": getattr(figure, field) if figure else None
                for name, figure in zip(names, row.figures, strict=True)
                for part, field in (("", "median"), ("_low", "low"), ("_high", "high"))
            },
            "errors": row.errors,
        }
        for row in rows(bench.loads)
    )


def operations_table(bench: Bench) -> pd.DataFrame:
    """Each operation of each load."""
    return pd.DataFrame(
        {
            "client": load.client,
            "repeat": load.repeat,
            "operation": one.name,
            "measured_seconds": load.seconds,
            "count": one.count,
            "errors": sum(one.errors.values()),
            "objects": one.objects,
            "bytes": one.bytes,
            "per_second": one.rate,
            **_spread(one.latency),
        }
        for load in bench.loads
        for one in load.operations
    )


def errors_table(bench: Bench) -> pd.DataFrame:
    """How often what went wrong, by load and operation."""
    return pd.DataFrame(
        {"client": load.client, "repeat": load.repeat, "operation": one.name, "kind": kind, "count": count}
        for load in bench.loads
        for one in load.operations
        for kind, count in sorted(one.errors.items())
    )


def phases_table(bench: Bench) -> pd.DataFrame:
    """How long the parts of operations took."""
    return pd.DataFrame(
        {
            "client": load.client,
            "repeat": load.repeat,
            "operation": one.operation,
            "phase": one.phase,
            "count": one.spread.count,
            **_spread(one.spread),
        }
        for load in bench.loads
        for one in load.phases
    )


def moments_table(bench: Bench) -> pd.DataFrame:
    """What ended when."""
    fields = [name for name in Moment.__struct_fields__ if name != "errors"]
    return pd.DataFrame(
        {
            "client": load.client,
            "repeat": load.repeat,
            **{name: getattr(moment, name) for name in fields},
            "errors": sum(moment.errors.values()),
        }
        for load in bench.loads
        for moment in load.moments
    )


def percentiles_table(bench: Bench) -> pd.DataFrame:
    """Latency by percentile, all repeats together."""
    return pd.DataFrame(
        {
            "client": client,
            "operation": name,
            "percentile": point.percent,
            "milliseconds": point.seconds * 1000,
        }
        for name in dict.fromkeys(one.name for load in bench.loads for one in load.operations)
        for client in dict.fromkeys(load.client for load in bench.loads)
        if (whole := merged(bench.loads, client, name)) is not None
        for point in whole.distribution()
    )


def resources_table(bench: Bench) -> pd.DataFrame:
    """What the server used when."""
    return pd.DataFrame(
        {
            "client": load.client,
            "repeat": load.repeat,
            **{name: getattr(moment, name) for name in ResourceMoment.__struct_fields__},
        }
        for load in bench.loads
        for moment in load.resources
    )


def limit_table(bench: Bench) -> pd.DataFrame:
    """The loads of the search for the limit, operation by operation."""
    fields = [name for name in TrialMeasured.__struct_fields__ if name != "operations"]
    return pd.DataFrame(
        {
            "trial": number,
            **{name: getattr(trial, name) for name in fields},
            "operation": one.name,
            "count": one.count,
            "errors": sum(one.errors.values()),
            "per_second": one.rate,
            **_spread(one.latency),
        }
        for number, trial in enumerate(bench.limit.trials if bench.limit else (), 1)
        for one in trial.operations
    )


def growth_table(bench: Bench) -> pd.DataFrame:
    """Each operation at each size of the archive."""
    return pd.DataFrame(
        {
            "client": size.client,
            "studies": size.studies,
            "filled": size.filled,
            "fill_seconds": size.fill_seconds,
            "operation": one.name,
            "count": one.latency.count if one.latency else 0,
            "errors": sum(one.errors.values()),
            **_spread(one.latency),
        }
        for size in bench.growth
        for one in size.operations
    )


def _spread(spread: Spread | None) -> dict[str, float | None]:
    return {
        f"{name}_ms": getattr(spread, name) * 1000 if spread else None
        for name in ("mean", "p50", "p95", "p99", "longest")
    }
