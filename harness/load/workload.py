"""Workload: what a benchmark does to a PACS, read from TOML and checked key by key.

A workload says what is asked (``[[operation]]``, drawn by weight), when (``[arrival]``), until when
(``[stop]``), what has to be there before (``[population]``) and what is good enough (``[[objective]]``).
Those that ship stand in ``scenarios/load``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from harness.content import content_folder
from harness.documents import Mistake
from harness.scu.uids import QueryLevel, Root
from harness.synthesis.recipe import Kind

PLACEHOLDERS = ("patient_id", "study_uid", "series_uid", "accession_number", "study_date", "study_week")
"""What key templates may name in braces; filled in with the values of a study of the population."""
HOURS = 24
MOST_CLIENTS = 1000
"""Associations at the same time: a load is bounded."""

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1)]
Clients = Annotated[int, Meta(ge=1, le=MOST_CLIENTS)]


class WorkloadError(Mistake):
    """A workload can't be used: one line that says where and what to do."""


class Kept(StrEnum):
    """How long an association is kept."""

    OPERATION = "operation"
    """One for each operation; of a store operation, one for its whole study."""
    CLIENT = "client"
    """One for all that a client does."""


class _Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: no key is passed over."""


# ------------------------------------------------------------ what is asked


class _Operation(_Table, frozen=True, tag_field="kind", kw_only=True):
    weight: Positive = 1.0
    """How often it is drawn, beside the others."""


class Echo(_Operation, frozen=True, tag="echo"):
    """C-ECHO."""


class Store(_Operation, frozen=True, tag="store"):
    """C-STORE of one study, object after object on one association."""

    dataset: str
    objects: Count = 1
    """Instances of a study."""
    series: Count = 1
    """Series that they are shared out to."""


class Find(_Operation, frozen=True, tag="find"):
    """C-FIND."""

    keys: dict[str, str]
    """By keyword; an empty one is asked for.  `PLACEHOLDERS` stand in braces."""
    model: Literal["PATIENT", "STUDY"] = "STUDY"
    """Patient Root or Study Root."""
    level: QueryLevel = QueryLevel.STUDY

    @property
    def root(self) -> Root:
        """The information model."""
        return Root[self.model]


class _Retrieve(_Operation, frozen=True, kw_only=True):
    level: QueryLevel = QueryLevel.STUDY
    """Of what is brought: a study of the population, a series or an image of it."""


class Move(_Retrieve, frozen=True, tag="move"):
    """C-MOVE of a study of the population to the harness's own destination."""


class Get(_Retrieve, frozen=True, tag="get"):
    """C-GET of a study of the population."""


class Commit(_Operation, frozen=True, tag="commit"):
    """Storage commitment of a study of the population; it ends with the result."""


Operation = Echo | Store | Find | Move | Get | Commit


class DatasetRecipe(_Table, frozen=True):
    """Objects of a kind: what is stored, and what the population is made of."""

    kind: Kind = Kind.CT
    rows: Annotated[int, Meta(ge=1, le=65_535)] = 512
    columns: Annotated[int, Meta(ge=1, le=65_535)] = 512
    frames: Count = 1
    pixels: str = ""
    """The name of a compressed image of ``datasets/pixels``; empty for uncompressed ones."""
    implicit: bool = False
    """Uncompressed ones in Implicit VR Little Endian; so by itself where a product takes nothing else."""


class Population(_Table, frozen=True):
    """Studies stored before the clock runs, about which is asked."""

    studies: Count
    dataset: str
    objects: Count = 1
    """Instances of each, in one series."""
    per_patient: Count = 1
    """Studies of a patient."""


# ------------------------------------------------------------ when


class _Arrival(_Table, frozen=True, tag_field="kind", kw_only=True):
    clients: Clients = 1
    """At most so many operations at the same time."""
    association: Kept = Kept.OPERATION


class Closed(_Arrival, frozen=True, tag="closed"):
    """Each client asks again when it has its answer, and has thought for so many seconds."""

    think: NotNegative = 0.0


class Constant(_Arrival, frozen=True, tag="constant"):
    """So many operations a second, evenly."""

    rate: Positive


class Ramp(_Arrival, frozen=True, tag="ramp"):
    """A rate that rises or falls evenly over the whole time."""

    first: NotNegative
    last: NotNegative


class Poisson(_Arrival, frozen=True, tag="poisson"):
    """Operations that know nothing of each other, so many a second on average."""

    rate: Positive


class Daily(_Arrival, frozen=True, tag="daily"):
    """A day, or a part of one, compressed into the whole time; an hour of it is as of `Poisson`."""

    peak: Positive
    """Operations a second in the busiest hour."""
    curve: Annotated[tuple[NotNegative, ...], Meta(min_length=2, max_length=HOURS)]
    """A number for each hour; only their proportions count."""


Arrival = Closed | Constant | Ramp | Poisson | Daily


class Stop(_Table, frozen=True):
    """When it ends: whichever comes first.  Times in seconds."""

    seconds: Positive | None = None
    operations: Count | None = None
    bytes: Count | None = None
    """Of data sets sent."""
    warm_up: NotNegative = 0.0
    """So long at the start is not measured."""


# ------------------------------------------------------------ what is good enough


class Objective(_Table, frozen=True):
    """What an operation has to reach.  Latencies are in milliseconds, counted from the intended start."""

    operation: str
    """A kind of operation, ``study`` for a whole study stored, or ``all``."""
    p50: Positive | None = None
    p95: Positive | None = None
    p99: Positive | None = None
    errors: Fraction | None = None
    """At most this share fails."""
    rate: Positive | None = None
    """At least so many a second."""
    megabytes: Positive | None = None
    """At least so many million bytes of data sets a second."""


class Hospital(_Table, frozen=True):
    """What turns a rate into exams a year.  The mix of exams is that of the store operations."""

    peak_hour: Annotated[float, Meta(gt=0, le=1)] | None = None
    """The share of a day's exams that falls into its busiest hour; left out, that of the curve."""
    days: Annotated[float, Meta(gt=0, le=366)] = 300.0
    """Working days of a year."""


class Workload(_Table, frozen=True):
    """What a benchmark does.  `name` is the file's, without its suffix."""

    about: str
    """A sentence for people."""
    operation: Annotated[tuple[Operation, ...], Meta(min_length=1)]
    arrival: Arrival
    stop: Stop
    dataset: dict[str, DatasetRecipe] = {}
    population: Population | None = None
    objective: tuple[Objective, ...] = ()
    hospital: Hospital | None = None
    seed: int = 1
    name: str = ""


def load_workload(workload: str | Path) -> Workload:
    """Read a workload: the name of one that ships with the package, or the path of a TOML file.

    Raises WorkloadError, in one line, where there is none, it is no TOML, or a key or a value is not allowed.
    """
    path = Path(workload)
    if path.suffix != ".toml":
        path = content_folder("scenarios") / "load" / f"{workload}.toml"
        if not path.is_file():
            raise WorkloadError(
                f"there is no workload {str(workload)!r}: take one of {', '.join(shipped())}, or a path to a "
                ".toml file"
            )
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=Workload)
    except OSError as error:
        raise WorkloadError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # msgspec's own are ValueErrors too
        raise WorkloadError(f"{path}: {_in_words(str(error))}") from None
    if read.name:
        raise WorkloadError(f"{path}: a workload is called after its file; leave `name` out")
    read = msgspec.structs.replace(read, name=path.stem)
    mistake = _mistake_in(read)
    if mistake:
        raise WorkloadError(f"{path}: {mistake}")
    return read


def shipped() -> tuple[str, ...]:
    """The names of the workloads that ship with the package."""
    return tuple(sorted(path.stem for path in (content_folder("scenarios") / "load").glob("*.toml")))


def _in_words(error: str) -> str:
    """msgspec's words, with the place as it is written in TOML."""
    words, at, place = error.partition(" - at `$")
    where = place.rstrip("`").removeprefix(".")
    words = words.replace("Object contains unknown field", "unknown key")
    words = words.replace("Object missing required field", "missing key")
    return f"{where}: {words}" if at and where else words


def _mistake_in(workload: Workload) -> str:
    """What the types alone don't say; empty where all is well."""
    stop = workload.stop
    if stop.seconds is None and stop.operations is None and stop.bytes is None:
        return "stop: give at least one of seconds, operations, bytes"
    if stop.seconds is None and isinstance(workload.arrival, Ramp | Daily):
        return "stop: a ramp and a daily curve need seconds, over which they are spread"
    if stop.seconds is not None and stop.warm_up >= stop.seconds:
        return "stop: warm_up leaves nothing to measure"
    if isinstance(workload.arrival, Ramp) and workload.arrival.first == workload.arrival.last == 0:
        return "arrival: a ramp from 0 to 0 does nothing"
    if isinstance(workload.arrival, Daily) and not any(workload.arrival.curve):
        return "arrival: a curve of zeros does nothing"
    hospital, arrival = workload.hospital, workload.arrival
    if hospital is not None:
        if not any(isinstance(one, Store) for one in workload.operation):
            return "hospital: no operation stores an exam"
        if hospital.peak_hour is None and not (isinstance(arrival, Daily) and len(arrival.curve) == HOURS):
            return f"hospital: without a daily curve of {HOURS} hours, give peak_hour"
    return _mistake_in_operations(workload)


def _mistake_in_operations(workload: Workload) -> str:
    named = [
        (f"operation[{n}]", one.dataset) for n, one in enumerate(workload.operation) if isinstance(one, Store)
    ]
    if workload.population is not None:
        named.append(("population", workload.population.dataset))
    for where, name in named:
        if name not in workload.dataset:
            known = ", ".join(sorted(workload.dataset)) or "none"
            return f"{where}: there is no [dataset.{name}]; there is {known}"
    for name, recipe in workload.dataset.items():
        if recipe.kind.refers or not recipe.kind.is_image:
            return f"dataset.{name}: {recipe.kind.value} is no image; take CT, MR, CR or US"
    for number, one in enumerate(workload.operation):
        mistake = _mistake_in_keys(one) if isinstance(one, Find) else ""
        asks = isinstance(one, Move | Get | Commit) or (isinstance(one, Find) and _placeholders(one))
        if asks and workload.population is None:
            mistake = "it asks about studies that are there: give a [population]"
        if mistake:
            return f"operation[{number}]: {mistake}"
    kinds = {"all", *(str(one.__struct_config__.tag) for one in workload.operation)}
    kinds |= {"study"} if "store" in kinds else set()
    for number, objective in enumerate(workload.objective):
        if objective.operation not in kinds:
            return f"objective[{number}]: {objective.operation!r} is none of {', '.join(sorted(kinds))}"
        if not any(getattr(objective, name) is not None for name in MEASURES):
            return f"objective[{number}]: give at least one of {', '.join(MEASURES)}"
    return ""


MEASURES = ("p50", "p95", "p99", "errors", "rate", "megabytes")
"""What an objective may be about."""


def _placeholders(find: Find) -> set[str]:
    return {name for value in find.keys.values() for name in re.findall(r"\{(\w*)\}", value)}


def _mistake_in_keys(find: Find) -> str:
    unknown = sorted(_placeholders(find) - set(PLACEHOLDERS))
    if unknown:
        return f"keys: {{{unknown[0]}}} is none of {', '.join(PLACEHOLDERS)}"
    return ""
