"""The plugin proper: pytest's hooks become Results, each with its evidence, one by one."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.dimse.capture import Recorder
from harness.dimse.errors import DimseError, NoAnswer, Unreachable
from harness.documents import OWNER_ONLY
from harness.events import MeasurementRecorded, RequirementStarted, ResultRecorded, RunStarted
from harness.plugin.context import RunContext, recorder_for
from harness.plugin.identity import file_name, module_prefix, order_of, requirement_of
from harness.plugin.liveness import answers, is_gone, lose
from harness.plugin.order import sorted_pairs
from harness.plugin.outcomes import Judgement, LostTarget, Phase, judge, product_ended
from harness.scu.session import Scu
from harness.verdict import RESTARTED_AFTER, Evidence, Measurement, Outcome, Requirement, Result, worst

PATIENCE = 3.0
"""A silent product is asked once more with this many times the deadline: DICOM sets no response time."""
DUMP_LIMIT = 60_000
"""Characters of readable exchange that a result carries."""
WRITING_FIXTURES = frozenset(
    {"corpus", "stored_corpus", "stored_study", "store_study", "destination", "writes", "audit_sample"}
)
"""A scenario that asks for one of these writes to the product, or has it send."""


ALONE = ("alone", "waiting", "restarts")
"""Markers of items beside which no other worker's scenario runs."""


@dataclass
class _Case:
    name: str
    judgement: Judgement
    duration: float
    recorder: Recorder


@dataclass
class _Open:
    """A requirement whose cases are being run."""

    requirement: Requirement
    left: int
    cases: list[_Case] = field(default_factory=list)
    is_begun: bool = False


class RecorderPlugin:
    """Collects Requirements, runs them under the rule of silence, and emits a Result for each."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.results: list[Result] = []
        self.unselected: list[Requirement] = []
        self.collection_errors: list[str] = []
        self.measurements: list[Measurement] = []
        self.broken = ""
        """Why results can no longer be written."""
        self.items: tuple[pytest.Item, ...] = ()
        """The selected items, in the order of the run."""
        self.chosen: tuple[Requirement, ...] = ()
        """The requirement of each of them."""
        self._requirements: dict[str, Requirement] = {}
        self._open: dict[str, _Open] = {}
        self._recorders: dict[str, Recorder] = {}
        self._case: tuple[Judgement, float] | None = None
        self._alone = True
        """Whether no other worker's scenario ran beside the judgement of this one."""
        self.beside_others: set[str] = set()
        """Ids of requirements that did not pass, and were judged beside another worker's scenarios."""
        self.remarks: dict[str, str] = {}
        """What has to be said of the run as a whole, beside its environment."""

    # ------------------------------------------------------------ collection

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            last = report.longreprtext.strip().splitlines()[-1].removeprefix("E ").strip()
            self.collection_errors.append(f"{report.nodeid}: {last}")

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Modules that hold nothing selected are left out, where nobody asks what was not selected."""
        if self.context.narrow and collection_path.suffix == ".py":
            prefix = module_prefix(collection_path, self.context.roots)
            return not self.context.selection.may_take_from(prefix) or None
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen: list[tuple[Requirement, pytest.Item]] = []
        others: list[pytest.Item] = []
        places: dict[str, str] = {}
        unselected: dict[str, Requirement] = {}
        for item in items:
            requirement = requirement_of(
                item, self.context.roots, self.context.target.claims.security_profiles
            )
            if requirement is None:
                others.append(item)
                continue
            if places.setdefault(requirement.id, requirement.location) != requirement.location:
                raise pytest.UsageError(f"two scenarios have the id {requirement.id}")
            if self._selected(requirement, item):
                chosen.append((requirement, item))
            else:
                unselected.setdefault(requirement.id, requirement)
        self.unselected = list(unselected.values())
        chosen = sorted_pairs(chosen, self.context.order)
        items[:] = [item for _, item in chosen] + others
        for requirement, item in chosen:
            self._requirements[item.nodeid] = requirement
            entry = self._open.get(requirement.id)
            if entry is None:
                self._open[requirement.id] = _Open(requirement, 1)
            else:
                entry.left += 1
        self.chosen, self.items = tuple(r for r, _ in chosen), tuple(item for _, item in chosen)
        if not config.option.collectonly:
            self.announce()

    def announce(self) -> None:
        """Say what was selected."""
        groups: dict[str, int] = {}
        for requirement in sorted(self.selected(), key=order_of):
            groups[requirement.group] = groups.get(requirement.group, 0) + 1
        self.context.events.emit(RunStarted(self.context.target.name, tuple(groups.items())))

    def _selected(self, requirement: Requirement, item: pytest.Item) -> bool:
        if not self.context.selection.takes(requirement):
            return False
        fixtures = set(getattr(item, "fixturenames", ()))
        writing = WRITING_FIXTURES | ({"worklist"} if self.context.target.worklist.folder else set())
        if self.context.observe and fixtures & writing:
            return False
        return self.context.intrusive or item.get_closest_marker("intrusive") is None

    def selected(self) -> tuple[Requirement, ...]:
        """The requirements of this session, in the order of the run."""
        return tuple(entry.requirement for entry in self._open.values())

    # ------------------------------------------------------------ running

    def recorder_of(self, item: pytest.Item) -> Recorder:
        """The Recorder of this item's associations."""
        return self._recorders.setdefault(item.nodeid, recorder_for(self.context.target))

    def forget(self, item: pytest.Item) -> None:
        """Drop what was recorded for this item: it begins anew."""
        self._recorders.pop(item.nodeid, None)

    def measure(self, name: str, value: float, unit: str) -> None:
        """Record a number that nothing judges."""
        measurement = Measurement(name, value, unit)
        self.measurements.append(measurement)
        self.context.events.emit(MeasurementRecorded(measurement))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Where several workers exercise the product: wait for this scenario's turn."""
        self._alone = self.context.worker is None or any(map(item.get_closest_marker, ALONE))
        self.context.turns.begin(alone=item.get_closest_marker("alone") is not None)
        try:
            return (yield)
        finally:
            self.context.turns.end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        requirement = self._requirements.get(item.nodeid)
        if requirement is None:
            return
        self._open[requirement.id].is_begun = True
        if not self._open[requirement.id].cases:
            self.context.events.emit(RequirementStarted(requirement.id, requirement.group))
        if self.context.lost_after:
            raise LostTarget(f"it stopped answering after {self.context.lost_after}")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, None]:
        """The rule of silence: look at our own clock, echo, ask once more with patience.

        Without a connection it is asked once more as well: the product may have to be restarted before.
        """
        if pyfuncitem.nodeid not in self._requirements:
            yield
            return
        started = time.monotonic()
        outcome = yield
        waited = time.monotonic() - started
        _abort_open(pyfuncitem)
        error = outcome.excinfo[1] if outcome.excinfo else None
        if not isinstance(error, NoAnswer | Unreachable):
            return
        if isinstance(error, NoAnswer) and waited < error.seconds * 0.9:
            return  # a wait of the scenario's own, shorter than the deadline: the scenario has judged
        # Alone: another worker's scenario may be what the product is busy with.
        with self.context.turns.alone():
            self._ask_again(pyfuncitem, outcome, PATIENCE if isinstance(error, NoAnswer) else 1.0)
        self._alone = True

    def _ask_again(self, pyfuncitem: pytest.Function, outcome: Any, patience: float) -> None:
        id_ = self._requirements[pyfuncitem.nodeid].id
        if not answers(self.context) and not self._revive(id_):
            outcome.force_exception(LostTarget(f"C-ECHO is not answered after {id_}"))
            return
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        patient = {
            name: value.patient(patience) if isinstance(value, Scu) else value
            for name, value in arguments.items()
        }
        try:
            pyfuncitem.obj(**patient)
        except NoAnswer as again:
            outcome.force_exception(again)
        except BaseException as error:  # noqa: BLE001 - handed on to pytest, as the first call's would be
            outcome.force_exception(error)
        else:
            outcome.force_result(True)
        finally:
            _abort_open(pyfuncitem)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, None]:
        yield
        requirement = self._requirements.get(item.nodeid)
        if requirement is None:
            return
        phase = Phase(call.when)
        if phase is Phase.TEARDOWN:
            self._finish_case(item, requirement)
            return
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, KeyboardInterrupt | pytest.exit.Exception):
            return
        if phase is Phase.CALL or error is not None:
            judgement = judge(
                requirement.level,
                requirement.text,
                phase,
                error,
                in_scenario=call.excinfo is not None and self._in_scenario(call.excinfo),
                promised=frozenset(self.context.target.claims.services),
            )
            self._case = (self._look_after(item, requirement, judgement, error), call.duration)

    def _look_after(
        self, item: pytest.Item, requirement: Requirement, judgement: Judgement, error: BaseException | None
    ) -> Judgement:
        """After a broken connection, and after what breaks the protocol: is the product still there?"""
        hostile = error is None and item.get_closest_marker("hostile") is not None
        if self.context.lost_after or not (hostile or isinstance(error, DimseError)):
            return judgement
        with self.context.turns.alone():
            if is_gone(self.context) if hostile else not answers(self.context):
                came_back = self._revive(requirement.id)
                return product_ended(requirement.level, requirement.text, judgement, came_back)
        return judgement

    def _revive(self, id_: str) -> str:
        """The product no longer answers after this requirement; how it came back, empty where it did not."""
        came_back = lose(self.context, id_)
        if came_back:
            self.remarks[RESTARTED_AFTER] = ", ".join(self.context.restarted_after)
        return came_back

    def _in_scenario(self, info: pytest.ExceptionInfo[BaseException]) -> bool:
        innermost = info.traceback[-1].path
        return isinstance(innermost, Path) and any(
            innermost.is_relative_to(root.folder) for root in self.context.roots
        )

    # ------------------------------------------------------------ results

    def _finish_case(self, item: pytest.Item, requirement: Requirement) -> None:
        if self._case is None:
            return
        judgement, duration = self._case
        self._case = None
        entry = self._open[requirement.id]
        callspec = getattr(item, "callspec", None)
        recorder = self._recorders.pop(item.nodeid, None) or recorder_for(self.context.target)
        entry.cases.append(_Case(callspec.id if callspec else "", judgement, duration, recorder))
        entry.left -= 1
        if not self._alone and judgement.outcome not in (Outcome.PASS, Outcome.NOT_SUPPORTED):
            self.beside_others.add(requirement.id)
        if not entry.left:
            self._keep(entry)

    def _keep(self, entry: _Open) -> None:
        """Emit the result; where it can't be written any more, the run ends in good order."""
        try:
            self._emit(entry)
        except OSError as error:
            # The disk is full, or nobody reads what is printed: no further verdict could be kept.
            self.broken = f"results could no longer be written: {error.strerror}"
            raise pytest.exit.Exception(self.broken, returncode=pytest.ExitCode.INTERRUPTED) from error

    def _emit(self, entry: _Open) -> None:
        requirement, cases = entry.requirement, entry.cases
        outcome = worst([case.judgement.outcome for case in cases])
        shown = next(case for case in cases if case.judgement.outcome is outcome)
        captures = tuple(self._capture(requirement, number, case) for number, case in enumerate(cases))
        several = len(cases) > 1
        alike = all(case.judgement.reason == shown.judgement.reason for case in cases)
        prefix = "" if alike else f"[{shown.name}] "
        masked = self.context.target.masked
        result = Result(
            requirement=requirement,
            outcome=outcome,
            reason=prefix + masked(shown.judgement.reason),
            duration=sum(case.duration for case in cases),
            evidence=Evidence(
                expected=shown.judgement.expected or requirement.text,
                observed=masked(shown.judgement.observed),
                dump=shortened(shown.recorder.dump()) if outcome is not Outcome.PASS else "",
                captures=tuple(capture for capture in captures if capture),
            ),
            cases=tuple((case.name, case.judgement.outcome) for case in cases) if several else (),
        )
        self.record(result)

    def _capture(self, requirement: Requirement, number: int, case: _Case) -> str:
        if not case.recorder.endpoints:
            return ""
        suffix = f".{number + 1}" if case.name else ""
        name = f"captures/{file_name(requirement.id)}{suffix}.pcapng"
        (self.context.folder / "captures").mkdir(exist_ok=True, mode=OWNER_ONLY)
        case.recorder.write_pcapng(self.context.folder / name)
        return name

    def flush_unfinished(self) -> None:
        """What an interrupted run leaves open becomes NOT_TESTED, so that the report shows it."""
        for requirement in self.unfinished():
            begun = self._open[requirement.id].is_begun
            reason = f"the run ended {'during' if begun else 'before'} this requirement"
            self.record(Result(requirement, Outcome.NOT_TESTED, reason, 0.0))

    def record(self, result: Result) -> None:
        """One more requirement has its outcome."""
        self.results.append(result)
        self.context.events.emit(ResultRecorded(result))

    def sort_results(self) -> None:
        """Into the order of the selection, whatever order they came in."""
        place = {requirement.id: number for number, requirement in enumerate(self.selected())}
        self.results.sort(key=lambda result: place[result.requirement.id])

    def unfinished(self) -> list[Requirement]:
        """The selected requirements that have no result."""
        seen = {result.requirement.id for result in self.results}
        return [requirement for requirement in self.selected() if requirement.id not in seen]


def _abort_open(item: pytest.Function) -> None:
    """What a scenario left open, ending midway, would keep a product busy that has room for few."""
    scu = item.funcargs.get("scu")
    if isinstance(scu, Scu):
        scu.abort_open()


def shortened(dump: str) -> str:
    """A long dump without its middle."""
    if len(dump) <= DUMP_LIMIT:
        return dump
    half = DUMP_LIMIT // 2
    return f"{dump[:half]}\n… {len(dump) - 2 * half:,} characters left out; see the capture …\n{dump[-half:]}"
