"""A worker from outside of its process: it takes part in load after load, until no master comes any more."""

from __future__ import annotations

import subprocess
import sys

from harness.load.distribution import Ended


def take_part(master: tuple[str, int], wait: float) -> Ended | None:
    """Share the loads of the master there; how the last one ended, None where a process of ours died.

    After ``wait`` seconds without a master it ends: DONE where there was a load before.  The first Ctrl-C
    leaves a load in good order, and the second one at once.
    """
    has_shared = False
    while True:
        code = _one_load(master, wait)
        if code == Ended.NO_MASTER and has_shared:
            return Ended.DONE
        if code not in (Ended.DONE, Ended.MASTER_GONE):
            return Ended(code) if code in list(Ended) else None
        has_shared |= code == Ended.DONE


def _one_load(master: tuple[str, int], wait: float) -> int:
    # A session of its own: Ctrl-C comes to us, and the worker leaves when we say so.
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.load.worker", master[0], str(master[1]), str(wait)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        process.stdin.write(b"\n")
        process.stdin.flush()
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return Ended.LEFT
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdin.close()
