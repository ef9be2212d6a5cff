"""More processes behind one port, so that receiving is not bound to one processor.

Each is a whole archive on the same folder that accepts on the socket of the first one, which alone opens and
closes the folder.  Whoever is idle takes the next association.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

STOP_DEADLINE = 10.0
"""Seconds that a process gets to end its associations."""


@contextlib.contextmanager
def receivers(number: int, folder: Path, listener: int) -> Iterator[None]:
    """So many processes with this one's command line, for as long as the context lasts.

    They end too where this process dies: the system closes the pipe that each of them reads.
    """
    command = [sys.executable, *sys.orig_argv[1:], "--folder", str(folder), "--listener", str(listener)]
    running = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(listener,),
            start_new_session=True,  # Ctrl-C is for the first one, which ends them
        )
        for _ in range(number)
    ]
    try:
        yield
    finally:
        for one in running:
            assert one.stdin is not None
            one.stdin.close()
        for one in running:
            try:
                one.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
