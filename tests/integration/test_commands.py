"""Commands besides `run`, started as people start them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.calling import call

COMMAND = [sys.executable, "-m", "harness"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_until_it_is_ended(tmp_path: Path, end: signal.Signals) -> None:
    command = [*COMMAND, "serve", "--folder", str(tmp_path / "store"), "--aet", "SMALLPACS", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as archive:
        assert archive.stdout is not None
        listening = re.search(r"listening on \S+:(\d+) as SMALLPACS", archive.stdout.readline())
        assert listening
        written = call(
            "init",
            *("--host", "127.0.0.1"),
            *("--port", listening[1]),
            *("--called", "SMALLPACS"),
            *("--output", tmp_path / "target.toml"),
        )
        assert written.returncode == 0, written.stdout + written.stderr
        assert "C-ECHO: SMALLPACS answers" in written.stdout
        asked = call("doctor", tmp_path / "target.toml")
        assert asked.returncode == 0, asked.stdout
        archive.send_signal(end)
        _, errors = archive.communicate(timeout=60)
    assert archive.returncode == 0, errors
    assert "Traceback" not in errors


def requirements(printed: str) -> int:
    found = re.search(r"requirements: (\d+)", printed)
    assert found, printed
    return int(found[1])


def test_a_plan_counts_what_the_run_would_do() -> None:
    whole = call("run", "--plan", "--intrusive").stdout
    careful = call("run", "--plan").stdout
    observer = call("run", "--plan", "--observe").stdout
    assert requirements(whole) >= requirements(careful) > requirements(observer) > 0
    assert "stores:" in careful
    assert "stores:" not in observer
    assert "some 70 short associations" in observer
    assert "short associations" not in call("run", "--plan", "--select", "verification").stdout
