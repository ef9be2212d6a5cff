"""The pytest plugin: ``pytest --pacs target.toml`` runs anybody's scenarios; the command line uses the same.

Without ``--pacs`` it adds one option and nothing else.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pacs-harness")
    group.addoption("--pacs", metavar="TARGET.toml", help="run scenarios against this PACS")
    group.addoption(
        "--pacs-output", metavar="DIR", default="pacs-run", help="the run folder (default: pacs-run)"
    )


MARKERS = (
    "requirement: the clause that a scenario judges (see harness.scenario)",
    "intrusive: only with --intrusive: may disturb the product",
    "waiting: begun before all others and judged last (see harness.plugin.waiting)",
    "odd: leaves objects behind that others' queries may match, so it comes after those",
    "hostile: breaks the protocol, which not every product survives: comes after what ordinary peers ask",
    "restarts: the product is restarted, so it comes after all others",
    "alone: with several workers, no other scenario runs at the same time",
)


def add_markers(config: pytest.Config) -> None:
    """Make the markers of scenarios known."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)


def pytest_configure(config: pytest.Config) -> None:
    add_markers(config)
    path = config.getoption("--pacs", None)
    if path is None:
        return
    if hasattr(config, "workerinput") or config.getoption("tx", None):
        raise pytest.UsageError("--pacs runs in one process: for several use `pacs-harness run --workers N`")
    # Imported late: this module is loaded in every pytest of the environment.
    from harness.plugin.run import context_for_pytest, register, write_run
    from harness.target import TargetError
    from harness.target_file import read_target

    try:
        context = context_for_pytest(
            read_target(Path(path)), Path(config.getoption("--pacs-output")), config.args
        )
    except TargetError as error:
        raise pytest.UsageError(str(error)) from None
    plugin = register(config, context)
    config.add_cleanup(lambda: write_run(context, plugin, ("pytest", *config.invocation_params.args)))
