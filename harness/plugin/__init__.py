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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "requirement: the clause that a scenario judges (see harness.scenario)"
    )
    config.addinivalue_line("markers", "intrusive: only with --intrusive: may disturb the product")
    path = config.getoption("--pacs", None)
    if path is None:
        return
    # Imported late: this module is loaded in every pytest of the environment.
    from harness.plugin.run import context_for_pytest, register, write_run
    from harness.target import TargetError, read_target

    try:
        context = context_for_pytest(
            read_target(Path(path)), Path(config.getoption("--pacs-output")), config.args
        )
    except TargetError as error:
        raise pytest.UsageError(str(error)) from None
    plugin = register(config, context)
    config.add_cleanup(lambda: write_run(context, plugin, ("pytest", *config.invocation_params.args)))
