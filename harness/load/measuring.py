"""What a load measures: histograms, a second at a time, that add up exactly across workers."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.latencies import Latencies, decode

ALL = "all"
"""The name of all operations together; a stored study, whose objects count already, is none of them."""
STUDY = "study"


class Phase(enum.StrEnum):
    """A part of an operation."""

    CONNECT = "connect"
    """TCP, and TLS where it is spoken."""
    NEGOTIATE = "negotiate"
    """From A-ASSOCIATE-RQ to its answer."""
    FIRST_BYTE = "first byte"
    """From the start of the request until the first byte of an answer: the sending is part of it."""
    RESPONSE = "response"
    """From the start of the request until its final response."""
    RELEASE = "release"
    """From A-RELEASE-RQ to A-RELEASE-RP."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One operation that has ended: `ended` is a time on the load's clock, all else are spans in seconds."""

    operation: str
    ended: float
    latency: float
    """From the intended start."""
    error: str = ""
    """The kind of what went wrong; empty where nothing did."""
    bytes: int = 0
    """Of data sets, sent or received."""
    objects: int = 0


@dataclass
class Second:
    """What ended in one second of a load, of one operation."""

    count: int = 0
    bytes: int = 0
    objects: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    live: Latencies | None = None
    """Of those that succeeded, while they are being counted: some 200 KB."""
    told: list[str] = field(default_factory=list)
    """The same of other workers, and of seconds that are over: as text, which is a hundred times smaller."""

    @property
    def latencies(self) -> Latencies:
        """Of those that succeeded, put together anew."""
        whole = Latencies()
        if self.live is not None:
            whole.add(self.live)
        for text in self.told:
            whole.add_text(text)
        return whole

    def note(self, sample: Sample) -> None:
        """Count a sample."""
        if sample.error:
            self.errors[sample.error] += 1
            return
        self.count += 1
        self.bytes += sample.bytes
        self.objects += sample.objects
        if self.live is None:
            self.live = Latencies()
        self.live.record(sample.latency)

    def add(self, other: Second) -> None:
        """Count what another worker saw in the same second."""
        self.count += other.count
        self.bytes += other.bytes
        self.objects += other.objects
        self.errors.update(other.errors)
        self.told += other.told
        if other.live is not None:
            if self.live is None:
                self.live = Latencies()
            self.live.add(other.live)

    def to_json(self) -> list[object]:
        return [self.count, self.bytes, self.objects, dict(self.errors), self.latencies.encode()]

    @classmethod
    def from_json(cls, document: list[object]) -> Second:
        """Raises ValueError where it is none."""
        count, size, objects, errors, latencies = document
        if not (isinstance(count, int) and isinstance(size, int) and isinstance(objects, int)):
            raise ValueError("counts are whole numbers")
        if not isinstance(errors, dict) or not isinstance(latencies, str):
            raise ValueError("errors by kind, and a histogram")
        decode(latencies)  # so that whoever told nonsense is noticed now
        return cls(count, size, objects, Counter(errors), told=[latencies])


class Timeline:
    """Seconds by operation and by their number since the start; what lies before `warm_up` is left out."""

    def __init__(self, started: float, warm_up: float = 0.0) -> None:
        self.started = started
        self.warm_up = warm_up
        self._seconds: dict[str, dict[int, Second]] = {}
        self._phases: dict[tuple[str, Phase], Latencies] = {}

    def note(self, sample: Sample) -> bool:
        """Count a sample; whether it was measured, and not in the warm-up."""
        since = sample.ended - self.started
        if since < self.warm_up:
            return False
        names = (sample.operation,) if sample.operation == STUDY else (sample.operation, ALL)
        for name in names:
            self._second(name, int(since)).note(sample)
        return True

    def note_phase(self, operation: str, phase: Phase, seconds: float) -> None:
        """Count how long a part of an operation took."""
        self._phase(operation, phase).record(seconds)

    def operations(self) -> tuple[str, ...]:
        """Those of which anything ended, `ALL` last."""
        return tuple(sorted(self._seconds, key=lambda name: (name == ALL, name)))

    def seconds(self, operation: str) -> Mapping[int, Second]:
        """By number since the start; those in which nothing ended are absent."""
        return self._seconds.get(operation, {})

    def whole(self, operation: str) -> Second:
        """All seconds together."""
        whole = Second()
        for second in self.seconds(operation).values():
            whole.add(second)
        return whole

    def phases(self) -> Mapping[tuple[str, Phase], Latencies]:
        """By operation and phase."""
        return self._phases

    def add(self, other: Timeline) -> None:
        """Count what another worker saw, whose seconds have the same numbers."""
        for name, seconds in other._seconds.items():
            for number, second in seconds.items():
                self._second(name, number).add(second)
        for (name, phase), latencies in other._phases.items():
            self._phase(name, phase).add(latencies)

    def take(self, before: int) -> dict[str, object]:
        """What ended before that second, as JSON, and forget it; phases go with it."""
        taken: dict[str, dict[int, object]] = {}
        for name, seconds in self._seconds.items():
            ready = [number for number in seconds if number < before]
            if ready:
                taken[name] = {number: seconds.pop(number).to_json() for number in ready}
        phases = [[name, str(phase), one.encode()] for (name, phase), one in self._phases.items()]
        self._phases.clear()
        return {"seconds": taken, "phases": phases}

    def put(self, document: Mapping[str, object]) -> None:
        """Count what `take` gave, here or elsewhere.  Raises ValueError where it is none of that."""
        seconds, phases = document.get("seconds"), document.get("phases")
        if not isinstance(seconds, dict) or not isinstance(phases, list):
            raise ValueError("no measurement")
        for name, by_number in seconds.items():
            for number, second in by_number.items():
                self._second(name, int(number)).add(Second.from_json(second))
        for name, phase, latencies in phases:
            self._phase(name, Phase(phase)).add(decode(latencies))

    def _second(self, operation: str, number: int) -> Second:
        # No `setdefault`: it would make a histogram each time, which takes longer than all else.
        seconds = self._seconds.setdefault(operation, {})
        found = seconds.get(number)
        if found is None:
            found = seconds[number] = Second()
        return found

    def _phase(self, operation: str, phase: Phase) -> Latencies:
        found = self._phases.get((operation, phase))
        if found is None:
            found = self._phases[operation, phase] = Latencies()
        return found


def measured_seconds(timeline: Timeline, ended: float) -> float:
    """How long was measured, in seconds."""
    return max(ended - timeline.started - timeline.warm_up, 0.0)


def errors_of(seconds: Iterable[Second]) -> Counter[str]:
    """How often which kind of error came."""
    whole: Counter[str] = Counter()
    for second in seconds:
        whole.update(second.errors)
    return whole
