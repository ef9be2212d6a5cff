"""The run folder and the session around a run of scenarios, for the command line and for plain pytest."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness import __version__
from harness.capabilities import Capabilities
from harness.content import content_folder
from harness.decide.exit_code import ExitCode, exit_code
from harness.documents import OWNER_ONLY, write_whole
from harness.events import EventStream, JsonLines, RunFinished
from harness.plugin import add_markers
from harness.plugin.auditing import AuditPlugin
from harness.plugin.context import RunContext, StoredLog
from harness.plugin.fixtures import FixturePlugin
from harness.plugin.identity import ScenarioRoot
from harness.plugin.recorder import RecorderPlugin
from harness.plugin.secure_transport import SecureTransportPlugin
from harness.plugin.waiting import WaitingPlugin
from harness.target import Target, TargetError
from harness.verdict import EDITION, Run, to_json


def our_scenarios() -> ScenarioRoot:
    """The scenarios that ship with the package."""
    return ScenarioRoot(content_folder("scenarios"))


def their_scenarios(folder: Path) -> ScenarioRoot:
    """A user's folder; its name is the prefix of its ids.  Raises TargetError where there is none."""
    if not folder.is_dir():
        raise TargetError(f"{folder}: no such folder of scenarios")
    resolved = folder.resolve()
    return ScenarioRoot(resolved, resolved.name.replace("_", "-"))


def make_run_folder(folder: Path) -> Path:
    """Create the run folder, for its owner only, or take an empty one as it is.

    Raises TargetError where that fails, or where it holds anything: nothing is overwritten or mixed up.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
        if (folder / "run.json").exists():
            raise TargetError(f"{folder}: holds a run already; give another --output")
        if any(folder.iterdir()):
            raise TargetError(f"{folder}: holds other files; give a new or an empty folder as --output")
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TargetError(f"{folder}: the run folder cannot be written: {error.strerror}") from None
    return folder


def environment() -> dict[str, str]:
    """What the run ran on."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: version(name) for name in ("pydicom", "pynetdicom", "pytest")},
    }


@dataclass
class RunFile:
    """``RUN/run.json``: written when the run starts, and again when it ends."""

    folder: Path
    run: Run

    @classmethod
    def start(
        cls,
        folder: Path,
        target: Target,
        command: Sequence[str],
        peer: dict[str, str],
        capabilities: Capabilities | None = None,
        how: Mapping[str, str] | None = None,
    ) -> RunFile:
        """Write a run that has no results yet, so that a killed run can be read.

        ``how`` is written beside the environment: what the run can be repeated with.
        """
        run = Run(
            target=target.public(),
            tool_version=__version__,
            edition=EDITION,
            started=datetime.now().astimezone().isoformat(timespec="seconds"),
            finished="",
            command=tuple(command),
            exit_code=None,
            ended_because="running",
            peer=peer,
            environment={**environment(), **(how or {})},
            capabilities=capabilities,
        )
        file = cls(folder, run)
        file.write()
        return file

    def finish(self, plugin: RecorderPlugin | None, code: int, because: str) -> None:
        """Write the end of the run."""
        self.run = replace(
            self.run,
            finished=datetime.now().astimezone().isoformat(timespec="seconds"),
            exit_code=int(code),
            ended_because=because,
            results=tuple(plugin.results) if plugin else (),
            measurements=tuple(plugin.measurements) if plugin else (),
            unselected=tuple(plugin.unselected) if plugin else (),
            environment={**self.run.environment, **(plugin.remarks if plugin else {})},
        )
        self.write()

    def saw(self, capabilities: Capabilities) -> None:
        """Write what the product was seen to offer."""
        self.run = replace(self.run, capabilities=capabilities)
        self.write()

    def write(self) -> None:
        document = json.dumps(to_json(self.run), ensure_ascii=False, indent=1, allow_nan=False)
        write_whole(self.folder / "run.json", document.encode())


class _NoTerminal:
    """Our console handler is what people see; pytest's own terminal would write between its lines."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.unregister(name="terminalreporter")


@dataclass
class Session:
    """pytest's part of a run: what it ended with."""

    plugin: RecorderPlugin
    pytest_code: int
    problems: list[str] = field(default_factory=list)


def run_pytest(
    context: RunContext, *, keyword: str = "", collect_only: bool = False, workers: int = 1
) -> Session:
    """Run (or only collect) the scenarios of ``context.roots``; nothing around reaches that pytest.

    With several workers raises TargetError where pytest-xdist is not installed.
    """
    if workers > 1 and not collect_only:
        return _run_parallel(context, keyword, workers)
    plugin = RecorderPlugin(context)
    more = ["--collect-only"] if collect_only else []
    plugins = [
        plugin,
        FixturePlugin(context, plugin),
        SecureTransportPlugin(),
        AuditPlugin(context, plugin),
        WaitingPlugin(context, plugin),
    ]
    code = _pytest_main(context, keyword, more, plugins)
    return Session(plugin, code, _problems(plugin, code))


def _run_parallel(context: RunContext, keyword: str, workers: int) -> Session:
    """Collected here, so that the selection is known; run by the workers."""
    if find_spec("xdist") is None:
        raise TargetError("several workers need pytest-xdist: pip install pytest-xdist")
    from harness.plugin.parallel import Controller

    session = run_pytest(context, keyword=keyword, collect_only=True)
    plugin = session.plugin
    if session.problems or not plugin.items:
        return session
    plugin.announce()
    with tempfile.TemporaryDirectory(prefix="pacs-harness-turns-") as turns:
        controller = Controller(context, plugin, workers, Path(turns))
        more = ["-p", "xdist", "-p", "harness.plugin.worker", "-n", str(workers)]
        code = _pytest_main(context, keyword, more, [controller])
    problems = _problems(plugin, code) + controller.problems()
    going_on = not (problems or plugin.broken or context.lost_after)
    if controller.doubtful and going_on and code != pytest.ExitCode.INTERRUPTED:
        again = run_pytest(controller.alone(), keyword=keyword)
        code = max(code, again.pytest_code, key=lambda one: one == pytest.ExitCode.INTERRUPTED)
        plugin.broken = plugin.broken or again.plugin.broken
    controller.settle()
    if not problems and not plugin.broken and code != pytest.ExitCode.INTERRUPTED:
        controller.blame_ourselves()
    plugin.sort_results()
    return Session(plugin, code, problems)


def _arguments(context: RunContext, keyword: str, *more: str) -> list[str]:
    root = our_scenarios().folder
    return [
        "-c",
        str(root / "pytest.ini"),
        f"--rootdir={root}",
        f"--confcutdir={context.roots[0].folder}",
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        # It collects all garbage ten times over, for warnings that nobody would see.
        "-p",
        "no:unraisableexception",
        # Nobody reads its tracebacks, and its own kind parses the sources for each.
        "--tb=native",
        "--capture=no",
        *(["-k", keyword] if keyword else []),
        *more,
        *(str(root.folder) for root in context.roots),
    ]


def _pytest_main(context: RunContext, keyword: str, more: Sequence[str], plugins: Sequence[object]) -> int:
    arguments = _arguments(context, keyword, *more)
    with _hermetic(writes_bytecode=context.roots == (our_scenarios(),)):
        return int(pytest.main(arguments, plugins=[*plugins, _NoTerminal(), _Markers()]))


def _problems(plugin: RecorderPlugin, code: int) -> list[str]:
    problems = list(plugin.collection_errors)
    if code == pytest.ExitCode.USAGE_ERROR and not problems:
        problems.append("pytest refused the scenarios or the -k expression")
    if code == pytest.ExitCode.INTERNAL_ERROR:
        problems.append("pytest itself failed")
    return problems


@contextlib.contextmanager
def _hermetic(*, writes_bytecode: bool) -> Iterator[None]:
    """No plugin or option of the surroundings, and no bytecode in them; all as before afterwards."""
    hidden = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    ours = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the workers' too
    if not writes_bytecode:
        ours["PYTHONDONTWRITEBYTECODE"] = "1"
    before = {name: os.environ.pop(name, None) for name in (*hidden, *ours)}
    os.environ.update(ours)
    bytecode = sys.dont_write_bytecode
    sys.dont_write_bytecode = bytecode or not writes_bytecode
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class _Markers:
    def pytest_configure(self, config: pytest.Config) -> None:
        add_markers(config)


def conclude(context: RunContext, session: Session, allow_untested: Sequence[str]) -> tuple[ExitCode, str]:
    """The exit code of a finished session and the words for it."""
    plugin = session.plugin
    if plugin.broken:
        return ExitCode.HARNESS, plugin.broken
    if session.problems:
        return ExitCode.HARNESS, f"scenarios could not be collected: {session.problems[0]}"
    if session.pytest_code == pytest.ExitCode.INTERRUPTED:
        return ExitCode.INTERRUPTED, "interrupted"
    if not plugin.results:
        return ExitCode.USAGE, "nothing was selected"
    code = exit_code(plugin.results, lost=context.was_lost, allow_untested=allow_untested)
    return code, context.ended_because


# ------------------------------------------------------------ plain pytest


def context_for_pytest(target: Target, folder: Path, arguments: Sequence[str]) -> RunContext:
    """The context of ``pytest --pacs``: the folders that pytest was given are the scenario roots."""
    make_run_folder(folder)
    roots = []
    for argument in arguments:
        path = Path(argument.split("::")[0]).resolve()
        roots.append(their_scenarios(path if path.is_dir() else path.parent))
    return RunContext(
        target,
        folder,
        EventStream(JsonLines(folder)),
        tuple(roots),
        on_stored=StoredLog(folder / "stored.csv"),
    )


def register(config: pytest.Config, context: RunContext) -> RecorderPlugin:
    """Add recorder and fixtures to a pytest that is configuring itself."""
    plugin = RecorderPlugin(context)
    config.pluginmanager.register(plugin, "pacs-recorder")
    config.pluginmanager.register(FixturePlugin(context, plugin), "pacs-fixtures")
    config.pluginmanager.register(SecureTransportPlugin(), "pacs-secure-transport")
    config.pluginmanager.register(AuditPlugin(context, plugin), "pacs-auditing")
    config.pluginmanager.register(WaitingPlugin(context, plugin), "pacs-waiting")
    return plugin


def write_run(context: RunContext, plugin: RecorderPlugin, command: Sequence[str]) -> None:
    """The end of ``pytest --pacs``: run.json beside the results."""
    code, because = exit_code(plugin.results, lost=context.was_lost), context.ended_because
    context.events.emit(RunFinished(int(code), because))
    RunFile.start(context.folder, context.target, command, {}).finish(plugin, code, because)
