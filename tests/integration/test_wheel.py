"""The wheel carries scenarios, datasets and templates, and runs in a project that would break pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_wheel_runs_in_a_hostile_project(tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "-w", str(tmp_path / "dist"), str(ROOT)], check=True, timeout=240
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True, timeout=120)
    project = tmp_path / "project"
    project.mkdir()
    (project / "conftest.py").write_text("raise SystemExit('a conftest of somebody else')\n")
    (project / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTEST_ADDOPTS": "--no-such-option"}
    where = subprocess.run(
        [sys.executable, "-c", "import harness; print(harness.__file__)"],
        capture_output=True,
        text=True,
        cwd=project,
        env=environment,
        check=True,
        timeout=60,
    )
    assert where.stdout.startswith(str(site))
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "--select", "verification", "--output", "run"],
        capture_output=True,
        text=True,
        cwd=project,
        env=environment,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = [json.loads(line) for line in (project / "run" / "results.jsonl").read_text().splitlines()]
    assert results
    assert {result["outcome"] for result in results} == {"PASS"}
    assert (project / "run" / "report.html").exists()
