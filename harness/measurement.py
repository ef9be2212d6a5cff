"""What a benchmark says of a product: Bench, and the loads that it is made of.

Every type goes to JSON and back by msgspec (`write_bench`, `read_bench`); seconds and bytes throughout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from harness.decide.intervals import Change, Interval
from harness.documents import read_document, write_document

FILE = "bench.json"


class Spread(Struct, frozen=True):
    """How latencies are spread."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    longest: float
    histogram: str
    """All of them, as HdrHistogram's text: microseconds, three digits."""


class OperationMeasured(Struct, frozen=True):
    """All of one operation in a load."""

    name: str
    count: int
    """Of those that succeeded."""
    errors: dict[str, int]
    """How often which kind came."""
    bytes: int
    objects: int
    rate: float
    """Successful ones a second."""
    latency: Spread | None
    """From the intended start to the final answer; None where none succeeded."""


class PhaseMeasured(Struct, frozen=True):
    """A part of an operation in a load."""

    operation: str
    phase: str
    spread: Spread


class Moment(Struct, frozen=True):
    """What ended of one operation in one stretch of time."""

    at: float
    """Where the stretch begins, in seconds since the start."""
    span: float
    operation: str
    count: int
    errors: dict[str, int]
    """How often which kind came."""
    bytes: int
    p50: float | None
    p95: float | None
    p99: float | None


class ResourceMoment(Struct, frozen=True):
    """What the server's processes used in the stretch up to one moment of a load."""

    at: float
    """The end of the stretch, in seconds since the start of the load."""
    cpu: float
    """Of one processor: 1.5 is one and a half of them busy."""
    memory: int
    """Resident bytes."""
    read: float | None
    written: float | None
    """Bytes a second from and to disks; None where the system does not say."""
    files: int | None
    """Open files and sockets."""


class LoadMeasured(Struct, frozen=True):
    """One load: a repeat of a workload with one kind of client."""

    client: str
    """``typical`` or ``unthrottled``."""
    repeat: int
    seconds: float
    """How long was measured, without the warm-up."""
    begun: int
    ended: int
    never_begun: int
    """Due, and not begun when the load ended: nobody was free for it."""
    operations: tuple[OperationMeasured, ...]
    phases: tuple[PhaseMeasured, ...]
    moments: tuple[Moment, ...]
    server: str = ""
    """The names of the server's processes; empty where it does not run on this machine."""
    resources: tuple[ResourceMoment, ...] = ()

    def of(self, operation: str) -> OperationMeasured | None:
        """The figures of an operation."""
        return next((one for one in self.operations if one.name == operation), None)


class ObjectiveMeasured(Struct, frozen=True):
    """One measure of one objective in one load."""

    client: str
    repeat: int
    operation: str
    measure: str
    wanted: float
    measured: float | None
    is_met: bool
    words: str


class TrialMeasured(Struct, frozen=True):
    """A load of the search for the limit."""

    rate: float
    """Offered: operations a second."""
    is_sustained: bool
    words: str
    """What broke."""
    operations: tuple[OperationMeasured, ...] = ()


class LimitMeasured(Struct, frozen=True):
    """The largest rate that is sustained."""

    sustained: float | None
    broken: float | None
    by: str
    is_at_least: bool
    """Whether the harness itself was too near its own end to say more."""
    ceiling: float
    """What the harness itself reaches."""
    words: str
    trials: tuple[TrialMeasured, ...]


class ExamsMeasured(Struct, frozen=True):
    """What a sustained rate comes to in a hospital."""

    an_hour: float
    """Exams in the busiest hour."""
    a_year: float
    at_least: bool
    """Whether the archive was not asked for more."""
    sentence: str
    details: tuple[str, ...] = ()
    """What the figure was made of, and what else it costs."""


class KeptMeasured(Struct, frozen=True):
    """What became of what was acknowledged."""

    acknowledged: int
    found: int
    unknown: int
    """How many could not be looked for."""
    compared: int
    altered: int
    lost: tuple[str, ...]
    """Some of those that are not found."""
    changed: tuple[str, ...]
    """Some of those that came back otherwise, in words."""
    remark: str


class GrowthOperation(Struct, frozen=True):
    """One operation at one size of an archive."""

    name: str
    errors: dict[str, int]
    """How often which kind came."""
    latency: Spread | None
    """From a request to its final response on an association that is there; None where none succeeded."""


class GrowthMeasured(Struct, frozen=True):
    """An archive at one size."""

    client: str
    """``typical`` or ``unthrottled``."""
    studies: int
    """So many of ours were there when measuring began; what is stored while measuring comes on top."""
    filled: int
    """So many were stored to come here from the size before."""
    fill_seconds: float
    operations: tuple[GrowthOperation, ...]

    def of(self, operation: str) -> GrowthOperation | None:
        """The figures of an operation."""
        return next((one for one in self.operations if one.name == operation), None)


class Compared(Struct, frozen=True):
    """One figure, then and now.  Rates a second, latencies in milliseconds."""

    client: str
    operation: str
    measure: str
    """``rate``, ``p50``, ``p95``, or ``errors`` in per cent."""
    before: Interval
    after: Interval
    change: Change

    def words(self) -> str:
        """For people."""
        unit = {"rate": "/s", "errors": " %"}.get(self.measure, " ms")
        before, after = (
            f"{one.median:,.1f}{unit} ({one.low:,.1f} to {one.high:,.1f})"
            for one in (self.before, self.after)
        )
        what = f"{self.operation} {self.measure}, {self.client} client"
        return f"{what}: {self.change}: {before} before, {after} now"


class Baseline(Struct, frozen=True):
    """What has changed since an earlier benchmark."""

    folder: str
    started: str
    """When the earlier one was."""
    tool_version: str
    """With which it was measured."""
    figures: tuple[Compared, ...]


class Bench(Struct, frozen=True):
    """A whole benchmark."""

    tool_version: str
    target: dict[str, Any]
    peer: dict[str, str]
    workload: dict[str, Any]
    started: str
    finished: str
    command: tuple[str, ...]
    environment: dict[str, str]
    exit_code: int | None
    ended_because: str
    loads: tuple[LoadMeasured, ...] = ()
    objectives: tuple[ObjectiveMeasured, ...] = ()
    kept: tuple[KeptMeasured, ...] = ()
    limit: LimitMeasured | None = None
    exams: ExamsMeasured | None = None
    growth: tuple[GrowthMeasured, ...] = ()
    baseline: Baseline | None = None


def write_bench(bench: Bench, folder: Path) -> None:
    """``FOLDER/bench.json``, whole or not at all."""
    write_document(bench, folder / FILE)


def read_bench(folder: Path) -> Bench:
    """What `write_bench` wrote.  Raises ValueError in one line where there is none, OSError."""
    return read_document(folder / FILE, Bench, "benchmark")
