"""All that one call asks for, in turn: what is to be expected, the objects, the study, the PDUs."""

from __future__ import annotations

import contextlib
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from harness.bulk.carrying import carried
from harness.bulk.objects import Kind, large_object
from harness.bulk.studies import carried_study, study_template
from harness.bulk.sweeping import FRAGMENTS, SIZE, sweep
from harness.bulk.ways import Ways, ways_back
from harness.destinations import listening
from harness.large import FAILURES, Estimate, ObjectCarried, Outcome, PduCarried, StudyCarried
from harness.plugin.context import peer_of
from harness.scu.session import Scu, Stored
from harness.synthesis import Identity
from harness.target import Target, TargetError
from harness.watching import Watched, servers_at, watching

TRIAL = 8 * 1024 * 1024
"""Bytes of the object by which the rate is estimated."""


FEW = 10
"""Instances of the study by which the time for many is estimated."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be carried."""

    kinds: tuple[Kind, ...]
    size: int
    """Bytes of each object."""
    instances: int = 0
    """Of the study; 0 for none."""
    sweeps: bool = False


@dataclass
class Told:
    """What has been seen so far: what ends a run early leaves it."""

    estimate: Estimate | None = None
    objects: list[ObjectCarried] = field(default_factory=list)
    study: StudyCarried | None = None
    pdus: list[PduCarried] = field(default_factory=list)
    server: str = ""

    @property
    def outcomes(self) -> list[Outcome]:
        """Of everything."""
        study = [self.study.outcome] if self.study is not None else []
        return [*(one.outcome for one in self.objects), *study, *(one.outcome for one in self.pdus)]

    @property
    def is_lost(self) -> bool:
        """Whether the product is gone, and nothing more can be asked of it."""
        return Outcome.DIED in self.outcomes


def needed(wanted: Wanted, root: str) -> int:
    """Bytes that the product has to keep.  Raises ValueError where there is no such object."""
    identity = Identity(root, "large")
    total = TRIAL + sum(large_object(kind, wanted.size, identity).length for kind in wanted.kinds)
    if wanted.instances:
        total += (wanted.instances + FEW) * len(study_template(root))
    if wanted.sweeps:
        total += (len(FRAGMENTS) + 2) * SIZE
    return total


def disk_of(target: Target) -> Path | None:
    """A folder that is likely to be on the product's disk: that which its process works in.

    None for a product on another machine.
    """
    if not target.is_loopback():
        return None
    for server in servers_at(target.dimse.port):
        with contextlib.suppress(psutil.Error):
            return Path(server.cwd())
    return Path(tempfile.gettempdir())


def free_on(folder: Path | None) -> int | None:
    """Bytes that are free there; None where nobody knows."""
    if folder is None:
        return None
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def refuse_beyond(free: int | None, bytes_: int) -> None:
    """Raises TargetError where the product's disk cannot hold it."""
    if free is not None and bytes_ > free:
        raise TargetError(
            f"the product would have to keep {bytes_:,} bytes, and its disk has {free:,} free: "
            "take a smaller --size, or say --anyway"
        )


def carry(
    target: Target,
    wanted: Wanted,
    root: str,
    told: Told,
    *,
    free: int | None,
    on_stored: Callable[[Stored], None],
    on_told: Callable[[], None],
) -> None:
    """Everything wanted, into `told`; `on_told` is called after each part.

    Raises TargetError, and DimseError where the product cannot be asked what it has.
    """
    scu = Scu(peer_of(target), on_stored=on_stored)
    with listening(target) as destination:
        ways = Ways(scu, ways_back(scu, destination), destination, target.dimse.visible_within)
        identity = Identity(root, "large")
        told.estimate = _estimated(ways, wanted, root, told, free, identity)
        on_told()
        for kind in wanted.kinds:
            if told.is_lost:
                return
            with watching(target) as watched:
                one = carried(ways, large_object(kind, wanted.size, identity))
            told.objects.append(msgspec.structs.replace(one, **_memory(watched, told)))
            on_told()
        if wanted.instances and not told.is_lost:
            with watching(target) as watched:
                study = carried_study(ways, root, wanted.instances)
            told.study = msgspec.structs.replace(study, **_memory(watched, told))
            on_told()
        for pdu in sweep(ways, identity) if wanted.sweeps and not told.is_lost else ():
            told.pdus.append(pdu)
            on_told()
            if told.is_lost:
                return


def _estimated(
    ways: Ways, wanted: Wanted, root: str, told: Told, free: int | None, identity: Identity
) -> Estimate | None:
    """By a small object; one with which anything is wrong is told like the others."""
    bytes_ = needed(wanted, root)
    for kind in (*wanted.kinds, Kind.ELEMENT):
        trial = carried(ways, large_object(kind, TRIAL, identity))
        if trial.outcome in FAILURES:
            told.objects.append(trial)
        if trial.out is not None:
            back = trial.back.rate if trial.back is not None else None
            seconds = bytes_ / trial.out.rate + (bytes_ / back if back else 0.0)
            seconds += _study_seconds(ways, root, wanted.instances)
            return Estimate(bytes_, trial.out.rate, back, seconds, free)
        if told.is_lost:
            return None
    return None


def _study_seconds(ways: Ways, root: str, instances: int) -> float:
    """How long so many instances may take, by a study of few."""
    if not instances:
        return 0.0
    few = carried_study(ways, root, min(instances, FEW), number=1)
    legs = [leg.seconds for leg in (few.out, few.back) if leg is not None]
    return (sum(legs) + (few.find_seconds or 0.0)) / FEW * instances


def _memory(watched: Watched, told: Told) -> dict[str, int]:
    """The product's memory before and at its peak, where it was seen."""
    told.server = told.server or watched.server
    if not watched.looks:
        return {}
    memory = [look.memory for _, look in watched.looks]
    return {"server_before": memory[0], "server_peak": max(memory)}


def own_peak() -> int:
    """The most resident bytes that this process has had."""
    with contextlib.suppress(OSError), Path("/proc/self/status").open() as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    # Linux counts in KiB; macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
