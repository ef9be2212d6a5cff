"""Imports go one way (docs/ARCHITECTURE.md): a package may import only what stands below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    "dimse": (
        "pynetdicom",
        "pydicom",
        "pytest",
        "harness.target",
        "harness.scu",
        "harness.plugin",
        "harness.archive",
    ),
    "archive": ("harness.scu", "harness.dimse", "harness.plugin", "harness.synthesis", "pytest"),
    "scu": ("harness.plugin", "harness.archive", "harness.target", "pynetdicom", "pytest"),
    "synthesis": ("harness.scu", "harness.plugin", "harness.archive", "harness.dimse", "pytest"),
    "report": (
        "harness.scu",
        "harness.plugin",
        "harness.archive",
        "harness.dimse",
        "harness.target",
        "harness.load",
        "pytest",
    ),
    "decide": (
        "harness.scu",
        "harness.plugin",
        "harness.archive",
        "harness.dimse",
        "harness.target",
        "harness.load",
        "pytest",
    ),
    "observing": (
        "harness.archive",
        "harness.report",
        "harness.decide",
        "harness.cli",
        "harness.peers",
        "pynetdicom",
    ),
    "load": (
        "harness.archive",
        "harness.report",
        "harness.cli",
        "harness.peers",
        "pynetdicom",
        "pytest",
    ),
    "fuzz": (
        "harness.archive",
        "harness.report",
        "harness.cli",
        "harness.peers",
        "harness.load",
        "pynetdicom",
        "pytest",
    ),
    "security": (
        "harness.archive",
        "harness.report",
        "harness.decide",
        "harness.cli",
        "harness.peers",
        "harness.plugin",
        "pynetdicom",
        "pytest",
    ),
    "bulk": (
        "harness.archive",
        "harness.report",
        "harness.decide",
        "harness.cli",
        "harness.peers",
        "pynetdicom",
        "pytest",
    ),
    "deid": (
        "harness.scu",
        "harness.plugin",
        "harness.archive",
        "harness.target",
        "harness.report",
        "harness.decide",
        "harness.cli",
        "harness.peers",
        "harness.load",
        "pynetdicom",
        "pytest",
    ),
    "plugin": ("harness.archive", "harness.report", "harness.cli", "harness.peers", "pynetdicom"),
}


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("package", FORBIDDEN)
def test_arrows(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "harness" / package).rglob("*.py")
        for name in imports_of(path)
        if any(is_below(name, other) for other in FORBIDDEN[package])
    ]
    assert not wrong


def test_scenarios_do_not_know_the_archive() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "scenarios").rglob("*.py")
        for name in imports_of(path)
        if any(is_below(name, other) for other in ("harness.archive", "harness.peers", "pynetdicom"))
    ]
    assert not wrong


def test_a_wrong_import_would_be_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("from harness import archive\nimport pynetdicom.ae\n")
    assert {"harness.archive", "pynetdicom.ae"} <= imports_of(module)
