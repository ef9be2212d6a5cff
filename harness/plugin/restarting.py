"""A product that is restarted in the middle of a run, by the command that its target file names."""

from __future__ import annotations

import subprocess
import threading
import time

from harness.dimse.errors import DimseError
from harness.plugin.outcomes import NotTested
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION
from harness.target import Target

DEADLINE = 120.0
"""Seconds for the command to end, and then for the product to serve."""
_POLL = 0.2


def restart(scu: Scu, target: Target) -> None:
    """Restart the product, and return when it serves again.

    Raises NotTested where no command is named, where it fails, and where the product does not serve
    afterwards.
    """
    command = target.control.restart
    if not command:
        raise NotTested("the target file names no command that restarts the product ([control] restart)")
    _run(command)
    end = time.monotonic() + DEADLINE
    pause = threading.Event()
    while not serves(scu):
        if time.monotonic() >= end:
            raise NotTested(f"C-ECHO is not answered within {DEADLINE:g} s of the restart")
        pause.wait(_POLL)


def _run(command: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
    except OSError as error:
        raise NotTested(
            f"the command that restarts the product cannot be run: {command[0]}: {error.strerror}"
        ) from None
    except subprocess.TimeoutExpired:  # in its own words the whole command stands, which may hold a password
        raise NotTested(f"{command[0]}, which restarts the product, took more than {DEADLINE:g} s") from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["nothing said"]
        raise NotTested(f"{command[0]} ended with code {done.returncode}: {words[0]}")


def serves(scu: Scu) -> bool:
    """Whether C-ECHO on a new association is answered with Success."""
    try:
        with scu.open(VERIFICATION) as association:
            return echo(association).get("Status") == 0
    except DimseError:
        return False
