"""Commands of the target file's ``[control]`` in the middle of a run: a restart, the deletion of a study."""

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
    _run(command, "restarts the product")
    end = time.monotonic() + DEADLINE
    pause = threading.Event()
    while not serves(scu):
        if time.monotonic() >= end:
            raise NotTested(f"C-ECHO is not answered within {DEADLINE:g} s of the restart")
        pause.wait(_POLL)


def delete(target: Target, study_uid: str) -> None:
    """Have the product delete a study of the harness's own.  Raises NotTested as `restart` does."""
    if not target.control.delete_study:
        raise NotTested("the target file names no command that deletes a study ([control] delete_study)")
    command = tuple(part.replace("{study_uid}", study_uid) for part in target.control.delete_study)
    _run(command, "deletes a study")


def _run(command: tuple[str, ...], what: str) -> None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
    except OSError as error:
        raise NotTested(f"the command that {what} cannot be run: {command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:  # in its own words the whole command stands, which may hold a password
        raise NotTested(f"{command[0]}, which {what}, took more than {DEADLINE:g} s") from None
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
