"""One typed stream of what happens in a run; console, JSON lines and the run folder are its handlers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.documents import appended
from harness.verdict import Measurement, Result, to_json


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The selection is known; nothing has been sent for it yet."""

    target: str
    groups: tuple[tuple[str, int], ...]
    """(group, number of requirements) in the order of the run."""


@dataclass(frozen=True, slots=True)
class RequirementStarted:
    """The first case of a requirement begins."""

    id: str
    group: str


@dataclass(frozen=True, slots=True)
class ResultRecorded:
    """A requirement has its outcome."""

    result: Result


@dataclass(frozen=True, slots=True)
class MeasurementRecorded:
    """A number was seen on the way."""

    measurement: Measurement


@dataclass(frozen=True, slots=True)
class TargetLost:
    """The product no longer answers C-ECHO; the rest of the run is not tested."""

    after: str
    why: str = ""
    """Why it could not be restarted, where there is a command for that."""


@dataclass(frozen=True, slots=True)
class TargetRestarted:
    """The product no longer answered C-ECHO; it was restarted, and the run goes on.

    ``lost``: what it had no more of what it had acknowledged, in words; empty where nothing is missed.
    """

    after: str
    lost: str = ""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The last event."""

    exit_code: int
    because: str


Event = (
    RunStarted
    | RequirementStarted
    | ResultRecorded
    | MeasurementRecorded
    | TargetLost
    | TargetRestarted
    | RunFinished
)
Handler = Callable[[Event], None]


class EventStream:
    """Hands each event to every handler, in the order in which they were added."""

    def __init__(self, *handlers: Handler) -> None:
        self._handlers = handlers

    def emit(self, event: Event) -> None:
        for handler in self._handlers:
            handler(event)


class JsonLines:
    """Appends results to ``results.jsonl`` and every event to ``events.jsonl``, each line as it happens.

    Lines are flushed one by one, so that a killed run keeps what it saw.
    """

    def __init__(self, folder: Path) -> None:
        self._results = appended(folder / "results.jsonl")
        self._events = appended(folder / "events.jsonl")

    def __call__(self, event: Event) -> None:
        if isinstance(event, ResultRecorded):
            self._results.write(json.dumps(to_json(event.result), ensure_ascii=False) + "\n")
            self._results.flush()
            document: dict[str, object] = {
                "id": event.result.requirement.id,
                "outcome": str(event.result.outcome),
            }
        else:
            document = asdict(event)
        self._events.write(json.dumps({"event": type(event).__name__, **document}, ensure_ascii=False) + "\n")
        self._events.flush()
        if isinstance(event, RunFinished):
            self._results.close()
            self._events.close()
