"""From what a load sustained to a hospital's words: its own mix of exams, and its own day."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

from harness.decide.hospital import Share, exams_of, retrieval_words
from harness.load.measuring import STUDY
from harness.load.workload import Constant, Daily, Poisson, Store, Workload
from harness.measurement import (
    ExamsMeasured,
    LimitMeasured,
    LoadMeasured,
    ObjectiveMeasured,
    OperationMeasured,
)

LONG_ENOUGH = 20.0
"""Seconds: what was kept up for less says nothing of an hour."""


def exams_at_limit(workload: Workload, limit: LimitMeasured, seconds: float) -> ExamsMeasured | None:
    """At the largest sustained rate, which each trial had for so many seconds.

    None where the workload is no hospital's, where nothing was sustained, or not for LONG_ENOUGH.
    """
    if limit.sustained is None:
        return None
    at_limit = [one.operations for one in limit.trials if one.is_sustained and one.rate == limit.sustained]
    rate = limit.sustained * _share_of_exams(workload)
    return _exams(workload, rate, seconds, at_limit, at_least=limit.is_at_least)


def exams_of_loads(
    workload: Workload, loads: Sequence[LoadMeasured], objectives: Sequence[ObjectiveMeasured]
) -> ExamsMeasured | None:
    """Of loads of one kind of client; None too where an objective broke or somebody was never served.

    The busiest hour of a day's curve is compressed as the day is; what is left of it is how long it was kept
    up with.
    """
    broken = {(one.client, one.repeat) for one in objectives if not one.is_met}
    if not loads or any(one.never_begun or (one.client, one.repeat) in broken for one in loads):
        return None
    held = min(one.seconds for one in loads)
    match workload.arrival:
        case Daily(peak=peak, curve=curve):
            rate, held = peak * _share_of_exams(workload), held / len(curve)
        case Constant(rate=offered) | Poisson(rate=offered):
            rate = offered * _share_of_exams(workload)
        case _:
            rate = statistics.median(study.rate if (study := one.of(STUDY)) else 0.0 for one in loads)
    return _exams(workload, rate, held, [one.operations for one in loads], at_least=True)


def _share_of_exams(workload: Workload) -> float:
    """Of all operations, those that store an exam."""
    stores = sum(one.weight for one in workload.operation if isinstance(one, Store))
    return stores / sum(one.weight for one in workload.operation)


def mix_of(workload: Workload) -> tuple[Share, ...]:
    """The exams that a workload stores: by modality, with their share."""
    stores = [one for one in workload.operation if isinstance(one, Store)]
    whole = sum(one.weight for one in stores)
    return tuple(
        Share(workload.dataset[one.dataset].kind.value, one.weight / whole, one.objects) for one in stores
    )


def peak_hour_of(workload: Workload) -> float | None:
    """The share of a day in its busiest hour: the file's own word, or that of its curve over 24 hours."""
    if workload.hospital is None:
        return None
    if workload.hospital.peak_hour is not None:
        return workload.hospital.peak_hour
    arrival = workload.arrival
    return max(arrival.curve) / sum(arrival.curve) if isinstance(arrival, Daily) else None


def _exams(
    workload: Workload,
    rate: float,
    held: float,
    loads: Sequence[tuple[OperationMeasured, ...]],
    *,
    at_least: bool,
) -> ExamsMeasured | None:
    peak_hour, mix = peak_hour_of(workload), mix_of(workload)
    if workload.hospital is None or peak_hour is None or not mix or held < LONG_ENOUGH:
        return None
    found = exams_of(rate, held, mix, peak_hour, workload.hospital.days, at_least=at_least)
    fetched = [
        one.latency
        for load in loads
        for one in load
        if one.name in ("move", "get") and one.latency is not None
    ]
    if not fetched or workload.population is None:
        return found
    p50, p95 = (statistics.median(getattr(one, name) for one in fetched) for name in ("p50", "p95"))
    words = retrieval_words(workload.population.objects, p50, p95)
    return msgspec.structs.replace(found, details=(*found.details, words))
