"""An archive ends with the harness, also with one that was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.peers.guard import guarded

ENDS_WITHIN = 30.0
HARNESS = """
import subprocess, sys
from pathlib import Path
from harness.peers.process import running
child = [sys.executable, "-c", sys.argv[1]]
with running(child, Path("."), Path("log"), lambda: "ready" in Path("log").read_text()) as archive:
    print(archive.pid, flush=True)
    sys.stdin.read()
"""
ARCHIVE = """
import subprocess, sys, threading
helper = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait(60)"])
print("ready", flush=True)
threading.Event().wait(60)
"""


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_harness_leaves_no_archive(tmp_path: Path, end: signal.Signals) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, ARCHIVE],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert harness.stdout is not None
    archive = family(int(harness.stdout.readline()))
    assert len(archive) == 2
    harness.send_signal(end)
    harness.communicate()
    _, alive = psutil.wait_procs(archive, ENDS_WITHIN)
    assert alive == []


def test_the_block_ends_with_the_process_left_alone() -> None:
    program = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, start_new_session=True) as process:
        before = {child.pid for child in psutil.Process().children()}
        with guarded(process):
            guards = {child.pid for child in psutil.Process().children()} - before
            assert len(guards) == 1
        assert {child.pid for child in psutil.Process().children()} == before, "the guard has ended"
        assert process.poll() is None
        process.communicate()
        assert process.returncode == 0


def test_a_guard_that_was_killed_is_no_harm() -> None:
    program = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, start_new_session=True) as process:
        before = {child.pid for child in psutil.Process().children()}
        with guarded(process):
            (guard,) = (child for child in psutil.Process().children() if child.pid not in before)
            guard.kill()
        process.communicate()
        assert process.returncode == 0
