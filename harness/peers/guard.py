"""A small process that ends an archive when the harness was killed and could not do so itself.

It holds the reading end of a pipe whose writing end the harness alone has: the system closes that one
however the harness ends, SIGKILL included.  That needs no signal of one system and no help of the archive.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

_DEADLINE = 10.0
"""Seconds for the guard to end after it was dismissed."""

_GUARD = """
import os, signal, sys, time
group = int(sys.argv[1])
if not sys.stdin.buffer.read(1):
    end = time.monotonic() + 10
    try:
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < end:
            time.sleep(0.1)
            os.killpg(group, 0)
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


@contextlib.contextmanager
def guarded(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> Iterator[None]:
    """`process` and its children end where this harness dies inside the block.

    It has to lead a process group of its own (``start_new_session``).  At the block's end it is left alone.
    """
    # -S and -I: nothing but the interpreter, which starts in some 20 ms.
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD, str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        # `communicate` takes no offence at a guard that was killed.
        guard.communicate(b".", _DEADLINE)
