"""Latencies in HDR histograms: microseconds, three significant digits, added up without loss."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from hdrh.codec import HdrCookieException, HdrLengthException  # type: ignore[import-untyped]
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
from numpy import flatnonzero
from numpy.ctypeslib import as_array

LONGEST = 3600.0
"""Seconds; what takes longer counts as this."""
_MICRO = 1_000_000
_LONGEST = int(LONGEST * _MICRO)
_DIGITS = 3
_FRESH = 10_000
"""Different values that are kept beside a histogram at most."""


class Latencies:
    """How often which latency came.  Seconds go in and come out."""

    def __init__(self) -> None:
        self._whole = HdrHistogram(1, _LONGEST, _DIGITS)
        # By microseconds, what the histogram has yet to be told: finding a value's place in it takes longer
        # than all else of counting, and loads count thousands a second.
        self._fresh: dict[int, int] = {}

    @property
    def _histogram(self) -> HdrHistogram:
        self._tell()
        return self._whole

    def _tell(self) -> None:
        for value, count in self._fresh.items():
            self._whole.record_value(value, count)
        self._fresh.clear()

    def __len__(self) -> int:
        return int(self._histogram.get_total_count())

    def record(self, seconds: float) -> None:
        """Count one; less than a microsecond counts as one."""
        value = min(max(round(seconds * _MICRO), 1), _LONGEST)
        self._fresh[value] = self._fresh.get(value, 0) + 1
        if len(self._fresh) > _FRESH:
            self._tell()

    def add(self, other: Latencies) -> None:
        """Count all of the other's too."""
        self._histogram.add(other._histogram)

    def add_text(self, text: str) -> None:
        """Count all of what `encode` gave, here or elsewhere.  Raises ValueError where it is none of that."""
        try:
            self._histogram.decode_and_add(text.encode("ascii"))
        except (ValueError, zlib.error, HdrCookieException, HdrLengthException) as error:
            raise ValueError(f"no HDR histogram: {error}") from None

    def percentile(self, percent: float) -> float:
        """Seconds below or at which so many per cent lie.  Raises ValueError where nothing was recorded."""
        self._demand()
        return float(self._histogram.get_value_at_percentile(percent)) / _MICRO

    def percentiles(self, *percents: float) -> tuple[float, ...]:
        """Several at once, which is quicker.  Raises ValueError where nothing was recorded."""
        self._demand()
        found = self._histogram.get_percentile_to_value_dict(list(percents))
        return tuple(found[percent] / _MICRO for percent in percents)

    @property
    def mean(self) -> float:
        """Seconds.  Raises ValueError where nothing was recorded."""
        self._demand()
        counts = as_array(self._histogram.counts)
        total = sum(int(counts[index]) * self._middle(int(index)) for index in flatnonzero(counts))
        return total / len(self) / _MICRO

    @property
    def longest(self) -> float:
        """Seconds.  Raises ValueError where nothing was recorded."""
        self._demand()
        return float(self._histogram.get_max_value()) / _MICRO

    def distribution(self, ticks: int = 5) -> Iterator[Point]:
        """Percentiles closer together the nearer they are to the whole: what an HDR plot shows."""
        for one in self._histogram.get_percentile_iterator(ticks):
            yield Point(one.percentile_level_iterated_to, one.value_iterated_to / _MICRO)

    def encode(self) -> str:
        """As text, in the format that HdrHistogram has for it (compressed, base64)."""
        return str(self._histogram.encode().decode("ascii"))

    def reset(self) -> None:
        """Forget all."""
        self._fresh.clear()
        self._whole.reset()

    def _middle(self, index: int) -> int:
        """Microseconds that the values of a slot count as in a mean, as HdrHistogram has it."""
        value = self._histogram.get_value_from_index(index)
        lowest = self._histogram.get_lowest_equivalent_value(value)
        return int(lowest + self._histogram.get_highest_equivalent_value(value) + 1) // 2

    def _demand(self) -> None:
        if not len(self):
            raise ValueError("nothing was recorded")


@dataclass(frozen=True, slots=True)
class Point:
    """So many per cent lie at or below so many seconds."""

    percent: float
    seconds: float


def decode(text: str) -> Latencies:
    """What `Latencies.encode` gave.  Raises ValueError where it is none of that."""
    latencies = Latencies()
    latencies.add_text(text)
    return latencies
